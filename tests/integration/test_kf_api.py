"""微信客服 over HTTP: what is sent arrives once or says why not, sessions stay in the right hands (W3, W4, W5)."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import BodyPartReader, web
from aiohttp.test_utils import TestServer

from bot.adapters.channels.calls import NotSent
from bot.adapters.channels.kf.account import KfAccount
from bot.adapters.channels.kf.channel import KfChannel
from bot.adapters.channels.kf.door import KfDoor
from bot.adapters.channels.kf.puller import BEFORE_US, KfPuller
from bot.domain.errors import ChannelFailure, MediaGone, TooLong
from bot.domain.incoming import Media
from bot.domain.message import Button
from bot.services.ports import UnitOfWorkFactory
from bot.services.ports.channels import SENT, Envelope, Outcome, OutgoingFile
from bot.simulator import credentials
from bot.simulator.kf import State
from bot.simulator.platform import Platform
from bot.simulator.server import Simulator
from tests.integration.fixtures_database import Clock

SECRET = "a secret of the service, long enough"
KFID, WHO = credentials.OPEN_KFID, "wmZhang"
CUSTOMER = f"{KFID}:{WHO}"
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 100
LETTER = Envelope("0123456789abcdef01234567-1-0", "c1", CUSTOMER, "您好，洗衣机已经修好了😊")


def account_at(address: str, **more: Any) -> KfAccount:
    return KfAccount(
        credentials.CORP_ID, credentials.KF_SECRET, credentials.KF_TOKEN, credentials.KF_AES_KEY, address, **more
    )


@dataclass
class Stand:
    """The channel and the puller, with the platform behind them."""

    simulator: Simulator
    channel: KfChannel
    puller: KfPuller

    @property
    def platform(self) -> Platform:
        return self.simulator.platform

    @property
    def said(self) -> list[str]:
        return [reply.text for reply in self.simulator.kf.replies(KFID, WHO)]

    @property
    def paths(self) -> list[str]:
        """Which interfaces were called, without what is before their names."""
        return [call.path.rpartition("/cgi-bin/")[2] for call in self.platform.calls]

    def state(self, state: State) -> None:
        self.platform.kf.session(KFID, WHO).state = state

    async def customer_writes(self, text: str = "在吗") -> None:
        await self.simulator.kf.say(KFID, WHO, text)


@pytest.fixture
async def stand(uow: UnitOfWorkFactory, clock: Clock) -> AsyncIterator[Stand]:
    async with Simulator(Platform(clock), "http://127.0.0.1:9", retry_after=0.01) as simulator:
        account = account_at(simulator.address)
        async with KfChannel(account, uow, SECRET, clock, "http://127.0.0.1:9/kf") as channel:
            one = Stand(simulator, channel, KfPuller(account, channel.api, clock))
            await one.customer_writes()
            yield one


async def test_a_new_session_is_taken_before_the_first_word_and_not_asked_for_again(stand: Stand) -> None:
    assert await stand.channel.send(LETTER) == SENT
    assert stand.platform.kf.session(KFID, WHO).state is State.ASSISTANT
    assert await stand.channel.send(Envelope("second-1-0", "c1", CUSTOMER, "还有什么可以帮您？")) == SENT
    assert stand.said == [LETTER.text, "还有什么可以帮您？"]
    assert stand.paths == ["gettoken", "kf/service_state/get", "kf/service_state/trans", "kf/send_msg", "kf/send_msg"]


async def test_a_session_is_looked_at_again_after_some_minutes(stand: Stand, clock: Clock) -> None:
    await stand.channel.send(LETTER)
    clock.advance(minutes=11)
    await stand.channel.send(Envelope("second-1-0", "c1", CUSTOMER, "在的"))
    assert stand.paths.count("kf/service_state/get") == 2


@pytest.mark.parametrize(
    ("state", "words"),
    [(State.QUEUED, "排队"), (State.PERSON, "正在接待"), (State.ENDED, "已经结束")],
)
async def test_what_is_in_other_hands_is_left_there(stand: Stand, state: State, words: str) -> None:
    stand.state(state)
    receipt = await stand.channel.send(LETTER)
    assert (receipt.outcome, stand.said) == (Outcome.CLOSED, [])
    assert words in receipt.reason


async def test_a_session_that_changed_hands_meanwhile_says_in_whose_it_is(stand: Stand) -> None:
    await stand.channel.send(LETTER)
    stand.state(State.PERSON)
    receipt = await stand.channel.send(Envelope("second-1-0", "c1", CUSTOMER, "在的"))
    assert receipt.outcome is Outcome.CLOSED
    assert "正在接待" in receipt.reason
    stand.state(State.ASSISTANT)
    assert await stand.channel.send(Envelope("second-1-0", "c1", CUSTOMER, "在的")) == SENT


async def test_the_sixth_message_waits_for_the_customer(stand: Stand) -> None:
    receipts = [await stand.channel.send(Envelope(f"m-{n}-0", "c1", CUSTOMER, f"第{n}条")) for n in range(6)]
    assert [receipt.outcome for receipt in receipts] == [Outcome.SENT] * 5 + [Outcome.CLOSED]
    assert "95001" in receipts[-1].reason
    await stand.customer_writes()
    assert await stand.channel.send(Envelope("m-7-0", "c1", CUSTOMER, "第7条")) == SENT


async def test_the_same_envelope_again_arrives_once_and_is_called_sent(stand: Stand) -> None:
    stand.simulator.faults.loses_answers = True
    assert (await stand.channel.send(LETTER)).outcome is Outcome.UNKNOWN
    stand.simulator.faults.loses_answers = False
    assert await stand.channel.send(LETTER) == SENT
    assert stand.said == [LETTER.text]


async def test_choices_go_as_a_menu_and_a_long_text_takes_them_as_words(stand: Stand) -> None:
    buttons, person = (Button("是的" * 40, "是"), Button("不用了", "不用")), (Button("转人工", "转人工"),)
    await stand.channel.send(Envelope("a-1-0", "c1", CUSTOMER, "要转人工吗？", buttons, choice_seq=12))
    await stand.channel.send(Envelope("b-1-0", "c1", CUSTOMER, "长" * 400, person, choice_seq=13))
    await stand.channel.send(Envelope("c-1-0", "c1", CUSTOMER, "长" * 680, person, choice_seq=14))
    menu, words, whole = stand.simulator.kf.replies(KFID, WHO)
    assert [(entry.id, entry.title) for entry in menu.buttons] == [("12-0", ("是的" * 40)[:42]), ("12-1", "不用了")]
    assert words.text.endswith("长\n（可以回复：转人工）")
    assert whole.text == "长" * 680


async def test_pictures_go_as_pictures_and_documents_as_files_with_their_names(stand: Stand, tmp_path: Path) -> None:
    for number, (name, type_, content) in enumerate([
        ("照片.jpg", "image/jpeg", JPEG), ('发票 "11月".pdf', "application/pdf", b"%PDF-1.7 ..."),
    ]):  # fmt: skip
        (tmp_path / str(number)).write_bytes(content)
        file = OutgoingFile(name, type_, str(tmp_path / str(number)))
        assert await stand.channel.send(Envelope(f"f-{number}-0", "c1", CUSTOMER, "[文件]", file=file)) == SENT
    picture, document = stand.simulator.kf.replies(KFID, WHO)
    assert (picture.kind, document.kind) == ("image", "file")
    stored = stand.platform.media.get(document.media_id)
    assert (stored.name, stored.content) == ('发票 "11月".pdf', b"%PDF-1.7 ...")


async def test_a_file_that_is_gone_is_refused_and_one_that_is_not_uploaded_waits(stand: Stand, tmp_path: Path) -> None:
    gone = OutgoingFile("a.jpg", "image/jpeg", str(tmp_path / "nothing"))
    assert (await stand.channel.send(Envelope("f-1-0", "c1", CUSTOMER, "[图片]", file=gone))).outcome is Outcome.REFUSED
    (tmp_path / "a").write_bytes(JPEG)
    there = OutgoingFile("a.jpg", "image/jpeg", str(tmp_path / "a"))
    stand.simulator.faults.down = True
    receipt = await stand.channel.send(Envelope("f-2-0", "c1", CUSTOMER, "[图片]", file=there))
    assert receipt.outcome is Outcome.LATER


async def test_a_busy_platform_is_tried_again_and_a_stranger_is_gone(stand: Stand) -> None:
    stranger = Envelope("s-1-0", "c1", f"{KFID}:wmNobody", "您好")
    assert (await stand.channel.send(stranger)).outcome is Outcome.GONE
    stand.simulator.faults.busy = True
    receipt = await stand.channel.send(LETTER)
    assert (receipt.outcome, stand.said) == (Outcome.LATER, [])


async def test_an_unreachable_platform_holds_for_everyone(stand: Stand) -> None:
    async with stand.simulator.away():
        receipt = await stand.channel.send(LETTER)
    assert (receipt.outcome, receipt.everyone) == (Outcome.LATER, True)


async def test_a_token_that_is_no_longer_taken_is_replaced_once(stand: Stand) -> None:
    await stand.channel.send(LETTER)
    stand.platform.advance(timedelta(hours=3))
    await stand.customer_writes()
    assert await stand.channel.send(Envelope("second-1-0", "c1", CUSTOMER, "在的")) == SENT
    assert stand.platform.tokens_issued == 2


async def test_a_refused_secret_says_what_to_check_and_tells_nothing(uow: UnitOfWorkFactory, clock: Clock) -> None:
    async with Simulator(Platform(clock), "http://127.0.0.1:9") as simulator:
        account = KfAccount(credentials.CORP_ID, "wrong-secret", "t", credentials.KF_AES_KEY, simulator.address)
        async with KfChannel(account, uow, SECRET, clock) as channel:
            receipt = await channel.send(LETTER)
            with pytest.raises(NotSent):
                await channel.api.ask_token()
    assert (receipt.outcome, receipt.everyone) == (Outcome.LATER, True)
    assert "ANFU_KF_SECRET" in receipt.reason
    assert "wrong-secret" not in receipt.reason


async def test_a_page_is_pulled_with_the_token_of_the_callback(stand: Stand, clock: Clock) -> None:
    token = stand.platform.kf.give_sync_token()
    page = await stand.puller.pull(KFID, token, "")
    assert [incoming.text for incoming in page.incoming] == ["在吗"]
    assert [incoming.at for incoming in page.incoming] == [clock()]
    assert not page.has_more
    again = await stand.puller.pull(KFID, token, page.cursor)
    assert (again.incoming, again.cursor) == ((), page.cursor)


async def test_without_a_good_token_it_is_pulled_all_the_same_but_not_often(stand: Stand) -> None:
    token = stand.platform.kf.give_sync_token()
    stand.platform.advance(timedelta(minutes=11))
    assert len((await stand.puller.pull(KFID, token, "")).incoming) == 1
    with pytest.raises(ChannelFailure, match="次数"):
        await stand.puller.pull(KFID, "", "")


async def test_what_others_answered_before_we_were_connected_is_left_to_them(stand: Stand, clock: Clock) -> None:
    clock.advance(hours=5)
    for text in ("新问题一", "新问题二", "新问题三"):
        await stand.customer_writes(text)
    stand.platform.kf.page_size = 2
    token = stand.platform.kf.give_sync_token()
    texts, cursor, more = [], "", True
    while more:
        page = await stand.puller.pull(KFID, token, cursor)
        texts += [incoming.text for incoming in page.incoming]
        cursor, more = page.cursor, page.has_more
        clock.advance(hours=2)  # what was new when it began stays so, however long it takes
    assert texts == ["新问题一", "新问题二", "新问题三"]
    assert timedelta(hours=5) > BEFORE_US
    stand.platform.kf.written(stand.platform.kf.session(KFID, WHO), stand.platform.kf.session(KFID, WHO).chat[0], {})
    assert len((await stand.puller.pull(KFID, token, cursor)).incoming) == 1


async def test_an_account_that_is_not_there_says_so(stand: Stand) -> None:
    with pytest.raises(ChannelFailure, match="95004"):
        await stand.puller.pull("wkNobody", "", "")


async def test_a_customers_file_comes_in_pieces_and_a_text_file_is_no_answer(stand: Stand) -> None:
    for kind, name, type_, content in (
        ("image", "a.jpg", "image/jpeg", JPEG * 5000), ("file", "说明.txt", "text/plain", b'{"errcode": 1}'),
        ("file", "a.json", "application/json", b"[1]"),
    ):  # fmt: skip
        media = stand.platform.media.add(kind, name, type_, content)
        assert b"".join([piece async for piece in stand.channel.fetch(Media(media.id, kind))]) == content
    with pytest.raises(MediaGone, match="40007"):
        _ = [piece async for piece in stand.channel.fetch(Media("gone", "image"))]


async def test_the_check_names_the_accounts_and_finds_a_closed_door(stand: Stand) -> None:
    checks = {check.what: check for check in await stand.channel.check()}
    assert checks["客服账号"].detail == credentials.KF_NAME
    assert [what for what, check in checks.items() if not check.is_good] == ["本机时钟", "回调地址（URL）和 Token"]


async def test_the_check_asks_our_own_door_as_the_platform_would(uow: UnitOfWorkFactory, clock: Clock) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=KfDoor(account_at("http://127.0.0.1:9"), clock).verify(request.query))

    app = web.Application()
    app.router.add_get("/kf", answer)
    async with (
        TestServer(app) as server,
        Simulator(Platform(clock), "http://127.0.0.1:9") as simulator,
        KfChannel(account_at(simulator.address), uow, SECRET, clock, str(server.make_url("/kf"))) as channel,
    ):
        checks = {check.what: check for check in await channel.check()}
    assert checks["回调地址（URL）和 Token"].is_good


@dataclass
class Odd:
    """A platform that answers in ways the simulator does not; what is listed comes one after the other."""

    answers: dict[str, Any] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        if request.path.endswith("/upload"):
            part = await (await request.multipart()).next()
            assert isinstance(part, BodyPartReader)
            self.names.append(part.headers["Content-Disposition"])
        else:
            self.bodies.append(await request.read())
        said = self.answers.get(request.path.rpartition("/cgi-bin/")[2], {})
        said = said.pop(0) if isinstance(said, list) else said
        return web.json_response({"errcode": 0, "errmsg": "ok", **said})


@pytest.fixture
async def odd() -> AsyncIterator[tuple[Odd, str]]:
    one = Odd({"gettoken": {"access_token": "T", "expires_in": 7200}, "kf/service_state/get": {"service_state": 1}})
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", one.answer)
    async with TestServer(app) as server:
        yield one, str(server.make_url("/"))


@pytest.fixture
async def channel(odd: tuple[Odd, str], uow: UnitOfWorkFactory, clock: Clock) -> AsyncIterator[KfChannel]:
    async with KfChannel(account_at(odd[1]), uow, SECRET, clock) as channel:
        yield channel


async def test_chinese_is_written_as_it_is(odd: tuple[Odd, str], channel: KfChannel, tmp_path: Path) -> None:
    assert await channel.send(LETTER) == SENT
    assert "洗衣机已经修好了😊".encode() in odd[0].bodies[-1]  # 40033: no \uxxxx
    odd[0].answers["media/upload"] = {"media_id": "M"}
    (tmp_path / "a").write_bytes(b"%PDF-1.7")
    file = OutgoingFile("保修卡.pdf", "application/pdf", str(tmp_path / "a"))
    assert await channel.send(Envelope("f-1-0", "c1", CUSTOMER, "[文件]", file=file)) == SENT
    assert re.search('filename="保修卡.pdf"', odd[0].names[-1])


@pytest.mark.parametrize(
    ("code", "outcome", "everyone"),
    [
        (95002, Outcome.CLOSED, False), (95013, Outcome.CLOSED, False), (95018, Outcome.CLOSED, False),
        (45009, Outcome.LATER, True), (60020, Outcome.LATER, True), (48002, Outcome.LATER, True),
        (95017, Outcome.LATER, True), (40201, Outcome.REFUSED, False), (95000, Outcome.REFUSED, False),
        (12345, Outcome.REFUSED, False), (-1, Outcome.LATER, False),
    ],
)  # fmt: skip
async def test_each_code_has_its_outcome(
    odd: tuple[Odd, str], channel: KfChannel, code: int, outcome: Outcome, everyone: bool
) -> None:
    odd[0].answers["kf/send_msg"] = {"errcode": code, "errmsg": "no, hint: [17], from ip: 1.2.3.4"}
    receipt = await channel.send(LETTER)
    assert (receipt.outcome, receipt.everyone) == (outcome, everyone)
    assert str(code) in receipt.reason or outcome is Outcome.CLOSED
    assert not everyone or receipt.after


@pytest.mark.parametrize("state", [{"service_state": 9}, {"service_state": "x"}, {}])
async def test_a_state_that_nobody_knows_sends_nothing(odd: tuple[Odd, str], channel: KfChannel, state: Any) -> None:
    odd[0].answers["kf/service_state/get"] = state
    assert (await channel.send(LETTER)).outcome is Outcome.LATER


async def test_a_session_that_somebody_else_takes_at_the_same_moment_is_left_to_them(
    odd: tuple[Odd, str], channel: KfChannel
) -> None:
    odd[0].answers["kf/service_state/get"] = [{"service_state": 0}, {"service_state": 3}]
    odd[0].answers["kf/service_state/trans"] = {"errcode": 95016, "errmsg": "not allowed"}
    receipt = await channel.send(LETTER)
    assert receipt.outcome is Outcome.CLOSED
    assert "正在接待" in receipt.reason


@pytest.mark.parametrize("said", [{"msg_list": "none"}, {"msg_list": [], "next_cursor": 5}])
async def test_a_page_that_makes_no_sense_is_tried_again(
    odd: tuple[Odd, str], channel: KfChannel, clock: Clock, said: Any
) -> None:
    odd[0].answers["kf/sync_msg"] = said
    with pytest.raises(ChannelFailure):
        await KfPuller(account_at(odd[1]), channel.api, clock).pull(KFID, "t", "c")


async def test_a_page_without_a_next_cursor_stays_where_it_is(
    odd: tuple[Odd, str], channel: KfChannel, clock: Clock
) -> None:
    odd[0].answers["kf/sync_msg"] = {"msg_list": [], "has_more": 1}
    page = await KfPuller(account_at(odd[1]), channel.api, clock).pull(KFID, "t", "c9")
    assert (page.cursor, page.incoming, page.has_more) == ("c9", (), False)  # else it would be asked for ever


async def test_an_empty_page_in_the_middle_is_no_end(odd: tuple[Odd, str], channel: KfChannel, clock: Clock) -> None:
    odd[0].answers["kf/sync_msg"] = {"msg_list": [], "has_more": 1, "next_cursor": "c10"}
    page = await KfPuller(account_at(odd[1]), channel.api, clock).pull(KFID, "t", "c9")
    assert (page.cursor, page.has_more) == ("c10", True)


async def test_a_file_too_big_for_one_piece_is_too_long(odd: tuple[Odd, str], channel: KfChannel) -> None:
    odd[0].answers["media/get"] = {"errcode": 830002, "errmsg": "file too large"}
    with pytest.raises(TooLong):
        _ = [piece async for piece in channel.fetch(Media("m", "video"))]
