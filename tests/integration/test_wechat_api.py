"""The API of 公众号, as WeChat answers it on good days and on bad ones (W2, W4, W5)."""

import asyncio
import base64
import json
import logging
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy.engine import Engine

from bot.adapters.channels import tokens
from bot.adapters.channels.tokens import AHEAD, ASKING_LASTS, AccessTokens
from bot.adapters.channels.wechat.account import PASSIVE, WeChatAccount
from bot.adapters.channels.wechat.channel import WeChatChannel
from bot.adapters.channels.wechat.door import WeChatDoor
from bot.adapters.uow import UnitsOfWork
from bot.domain.errors import ChannelFailure, MediaGone
from bot.domain.incoming import Media
from bot.domain.message import Button
from bot.services.ports import UnitOfWorkFactory
from bot.services.ports.channels import SENT, Check, Envelope, Outcome, OutgoingFile, Receipt
from tests.integration.fake_wechat import CUT, HALF, OK, SLOW, WeChat, serve
from tests.integration.fixtures_database import Clock, database_in

SECRET = "a secret of the tests that is long enough"
APP_SECRET, TOKEN = "5d1f0c8d9b7a63524f1e0c8d9b7a6352", "anfu2026"
KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
OPENID = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
TEXT = Envelope("m-1", "c-1", OPENID, "请问是什么型号？😊")
NOBODY = "http://127.0.0.1:1"
PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000


@dataclass
class World:
    """A channel, and the platform that it calls."""

    platform: WeChat
    channel: WeChatChannel
    account: WeChatAccount
    server: TestServer

    async def send(self, envelope: Envelope = TEXT) -> Receipt:
        return await self.channel.send(envelope)

    async def fetch(self) -> bytes:
        return b"".join([piece async for piece in self.channel.fetch(Media("MEDIA-9", "image"))])


@pytest.fixture
async def world(migrated_file: Path, tmp_path: Path, clock: Clock) -> AsyncIterator[World]:
    shutil.copy(migrated_file, tmp_path / "anfu.db")
    database = database_in(tmp_path)
    platform, uow = WeChat(), UnitsOfWork(database)
    async with serve(platform) as server:
        account = WeChatAccount("wx4f1e0c8d9b7a6352", APP_SECRET, TOKEN, KEY, api=str(server.make_url("")))
        async with WeChatChannel(account, uow, SECRET, clock, str(server.make_url("/wechat")), timeout=2) as channel:
            yield World(platform, channel, account, server)
    database.dispose()


# What goes out


async def test_a_text_goes_out_as_it_is_written(world: World) -> None:
    assert await world.send() == SENT
    ((path, query, body),) = world.platform.asked[1:]
    assert (path, query) == ("message/custom/send", {"access_token": "1_AaBbCc"})
    assert body == {"touser": OPENID, "msgtype": "text", "text": {"content": TEXT.text}}


async def test_chinese_goes_out_in_letters_since_wechat_shows_escapes(world: World) -> None:
    await world.send()
    assert "请问是什么型号？😊".encode() in world.platform.raw


async def test_choices_go_out_as_a_menu_whose_entries_name_themselves(world: World) -> None:
    buttons = (Button("要", "/affirm"), Button("不用", "/deny"))
    assert await world.send(replace(TEXT, text="要上门吗？", buttons=buttons, choice_seq=12)) == SENT
    (body,) = world.platform.bodies("message/custom/send")
    assert body["msgmenu"] == {
        "head_content": "要上门吗？",
        "list": [{"id": "12-0", "content": "要"}, {"id": "12-1", "content": "不用"}],
        "tail_content": "",
    }


async def test_an_image_is_given_to_the_platform_first(world: World, tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(PIXEL)
    file = OutgoingFile("阀门位置.png", "image/png", str(tmp_path / "1"))
    assert await world.send(replace(TEXT, file=file)) == SENT
    (upload,) = world.platform.bodies("media/upload")
    assert PIXEL in upload and b'name="media"; filename="image.png"' in upload
    assert world.platform.asked[1][1]["type"] == "image"
    (body,) = world.platform.bodies("message/custom/send")
    assert body == {"touser": OPENID, "msgtype": "image", "image": {"media_id": "MEDIA-1"}}


@pytest.mark.parametrize(
    ("type_", "size", "why"),
    [("image/webp", 1, "image/webp"), ("application/pdf", 1, "链接"), ("image/png", 10 * 1024 * 1024 + 1, "10 MB"),
     ("image/png", None, "不在了")],
    ids=["webp", "pdf", "too big", "gone"],
)  # fmt: skip
async def test_what_never_goes_is_refused_without_asking(
    world: World, tmp_path: Path, type_: str, size: int | None, why: str
) -> None:
    if size is not None:
        (tmp_path / "1").write_bytes(b"\0" * size)
    receipt = await world.send(replace(TEXT, file=OutgoingFile("x", type_, str(tmp_path / "1"))))
    assert receipt.outcome is Outcome.REFUSED and why in receipt.reason
    assert not world.platform.asked


@pytest.mark.parametrize("answer", [CUT, HALF, web.Response(status=502, text="<html>")], ids=["cut", "half", "502"])
async def test_an_image_that_the_platform_did_not_take_is_tried_again(
    world: World, tmp_path: Path, answer: Any
) -> None:
    """Nothing has gone to the customer yet, so nothing can arrive twice."""
    (tmp_path / "1").write_bytes(PIXEL)
    world.platform.will("media/upload", answer)
    receipt = await world.send(replace(TEXT, file=OutgoingFile("x", "image/png", str(tmp_path / "1"))))
    assert receipt.outcome is Outcome.LATER and "图片没有传上去" in receipt.reason
    assert not world.platform.bodies("message/custom/send")


async def test_a_customer_sees_that_somebody_writes(world: World) -> None:
    await world.channel.show_typing(OPENID)
    assert world.platform.bodies("message/custom/typing") == [{"touser": OPENID, "command": "Typing"}]


@pytest.mark.parametrize("answer", [{"errcode": 45081, "errmsg": "already in typing"}, CUT])
async def test_typing_that_cannot_be_shown_bothers_nobody(world: World, answer: Any) -> None:
    world.platform.will("message/custom/typing", answer)
    await world.channel.show_typing(OPENID)


# What the platform refuses

RULES = [
    (-1, Outcome.LATER, False), (45015, Outcome.CLOSED, False), (45047, Outcome.CLOSED, False),
    (40003, Outcome.REFUSED, False), (43004, Outcome.GONE, False), (43019, Outcome.GONE, False),
    (48002, Outcome.GONE, False), (45002, Outcome.REFUSED, False), (45009, Outcome.LATER, True),
    (45011, Outcome.LATER, True), (40164, Outcome.LATER, True), (48001, Outcome.REFUSED, True),
    (48004, Outcome.REFUSED, True), (99999, Outcome.REFUSED, False),
]  # fmt: skip


@pytest.mark.parametrize(("number", "outcome", "everyone"), RULES)
async def test_each_refusal_has_its_rule(world: World, number: int, outcome: Outcome, everyone: bool) -> None:
    world.platform.will("message/custom/send", {"errcode": number, "errmsg": "no more rid: 66f3bd4d-25a283a9"})
    receipt = await world.send()
    assert (receipt.outcome, receipt.everyone) == (outcome, everyone)
    assert receipt.reason.startswith(f"微信返回 {number}：") and len(receipt.reason) < 120
    assert len(world.platform.bodies("message/custom/send")) == 1


async def test_who_calls_too_much_waits_before_the_next_call(world: World) -> None:
    world.platform.will("message/custom/send", {"errcode": 45009}, {"errcode": -1})
    assert (await world.send()).after == timedelta(minutes=10)
    assert (await world.send()).after is None


@pytest.mark.parametrize("number", [40001, 40014, 42001])
async def test_a_token_that_no_longer_holds_is_replaced_once(world: World, number: int) -> None:
    await world.send()
    world.platform.will("message/custom/send", {"errcode": number, "errmsg": "invalid credential"})
    assert await world.send() == SENT
    used = [query["access_token"] for path, query, _ in world.platform.asked if path == "message/custom/send"]
    assert used == ["1_AaBbCc", "1_AaBbCc", "2_AaBbCc"]
    world.platform.will("message/custom/send", {"errcode": number}, {"errcode": number})
    receipt = await world.send()
    assert (receipt.outcome, receipt.everyone) == (Outcome.LATER, True)
    assert world.platform.tokens == 3


@pytest.mark.parametrize("number", [40001, 42001])
async def test_an_image_is_given_again_with_the_new_token(world: World, tmp_path: Path, number: int) -> None:
    (tmp_path / "1").write_bytes(PIXEL)
    world.platform.will("media/upload", {"errcode": number})
    assert await world.send(replace(TEXT, file=OutgoingFile("x", "image/png", str(tmp_path / "1")))) == SENT
    assert all(PIXEL in body for body in world.platform.bodies("media/upload"))


# What the platform does not answer

NONSENSE = {
    "slow": SLOW,
    "cut": CUT,
    "half": HALF,
    "busy page": web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html"),
    "busy json": web.json_response(OK, status=503),
    "page": web.Response(text="<html></html>", content_type="text/html"),
    "nothing": web.Response(),
    "list": web.json_response([0]),
    "word": web.json_response("ok"),
    "errcode is a word": {"errcode": "0", "errmsg": "ok"},
    "no errcode": {"errmsg": "ok"},
    "deep": web.Response(text="[" * 100_000, content_type="application/json"),
    "elsewhere": web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}),
}


@pytest.mark.parametrize("answer", [pytest.param(key, id=key) for key in NONSENSE])
async def test_without_an_answer_nobody_knows_and_nothing_is_sent_twice(world: World, answer: str) -> None:
    await world.send()
    said = NONSENSE[answer]
    world.platform.will("message/custom/send", said if not isinstance(said, web.Response) else _copy(said))
    receipt = await world.send()
    assert receipt.outcome is Outcome.UNKNOWN and receipt.reason
    assert len(world.platform.bodies("message/custom/send")) == 2


def _copy(response: web.Response) -> web.Response:
    """A response can be sent once only."""
    return web.Response(status=response.status, body=response.body, headers=response.headers)


async def test_a_platform_that_is_down_is_tried_again(world: World) -> None:
    await _is_tried_again(world, NOBODY)


async def test_a_platform_that_speaks_no_tls_is_tried_again(world: World) -> None:
    await _is_tried_again(world, str(world.server.make_url("")).replace("http:", "https:"))


async def test_a_platform_that_lets_nobody_in_is_tried_again(world: World) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()):  # the one that may wait
            await _is_tried_again(world, f"http://127.0.0.1:{full.getsockname()[1]}")


async def _is_tried_again(world: World, api: str) -> None:
    """With a good token at hand: it is the message that does not get out."""
    await world.send()
    world.channel._api.calls.api = api
    receipt = await world.send()
    assert receipt.outcome is Outcome.LATER and receipt.everyone and "连不上微信" in receipt.reason


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"errcode": 40013, "errmsg": "invalid appid"}, "ANFU_WECHAT_APP_ID"),
        ({"errcode": 40125, "errmsg": "invalid appsecret"}, "ANFU_WECHAT_SECRET"),
        ({"errcode": 40164, "errmsg": "invalid ip 1.2.3.4, not in whitelist"}, "白名单"),
        ({"errcode": 45009, "errmsg": "reach max api daily quota limit"}, "次数已用完"),
        ({"access_token": "", "expires_in": 7200}, "读不懂"),
        ({"access_token": "x", "expires_in": "soon"}, "读不懂"),
        ({"access_token": "x", "expires_in": 10**12}, "读不懂"),
        ({}, "读不懂"),
        (SLOW, "没有回答"),
        (CUT, "连接就断了"),
    ],
    ids=range(10),
)
async def test_without_a_token_nothing_was_sent(world: World, answer: Any, words: str) -> None:
    world.platform.will("stable_token", answer)
    receipt = await world.send()
    assert receipt.outcome is Outcome.LATER and receipt.everyone and words in receipt.reason
    assert not world.platform.bodies("message/custom/send")
    assert await world.send() == SENT


async def test_secrets_are_in_no_reason_and_in_no_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await world.send()
    echo = {"errcode": 99999, "errmsg": f"bad access_token 1_AaBbCc of {APP_SECRET}, {KEY}, call 13800000001"}
    world.platform.will("message/custom/send", echo)
    receipts = [await world.send()]
    world.platform.will("message/custom/send", CUT, {"errcode": 40001})
    world.platform.will("stable_token", {"errcode": 99998, "errmsg": f"invalid secret {APP_SECRET}"})
    receipts += [await world.send(), await world.send()]
    logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]  # the platform's own
    said = " ".join([receipt.reason for receipt in receipts] + logged)
    assert "99999" in said and "99998" in said
    for secret in ("AaBbCc", APP_SECRET, KEY, TOKEN, "13800000001"):
        assert secret not in said


# Files of customers


async def test_a_file_comes_in_pieces(world: World) -> None:
    world.platform.will("media/get", web.Response(body=PIXEL, content_type="image/png"))
    assert await world.fetch() == PIXEL
    assert world.platform.asked[-1][1] == {"access_token": "1_AaBbCc", "media_id": "MEDIA-9"}


@pytest.mark.parametrize("type_", ["application/json", "text/plain"])
async def test_a_file_that_is_no_longer_there_is_gone(world: World, type_: str) -> None:
    said = json.dumps({"errcode": 40007, "errmsg": "invalid media_id"})
    world.platform.will("media/get", web.Response(text=said, content_type=type_))
    with pytest.raises(MediaGone, match="40007"):
        await world.fetch()


async def test_a_file_comes_with_a_new_token_where_the_old_one_no_longer_holds(world: World) -> None:
    world.platform.will("media/get", {"errcode": 42001}, web.Response(body=PIXEL, content_type="image/png"))
    assert await world.fetch() == PIXEL


@pytest.mark.parametrize("answer", [{"errcode": -1}, {"errcode": 45009}, OK, SLOW, CUT, HALF, web.Response(status=503)])
async def test_a_file_that_does_not_come_now_is_fetched_later(world: World, answer: Any) -> None:
    world.platform.will("media/get", *[_copy(answer) if isinstance(answer, web.Response) else answer] * 2)
    with pytest.raises(ChannelFailure):
        await world.fetch()


async def test_a_video_is_fetched_where_the_platform_says(world: World) -> None:
    world.platform.will("media/get", {"video_url": str(world.server.make_url("/video/1"))})
    world.platform.will("/video/1", web.Response(body=PIXEL, content_type="video/mp4"))
    assert await world.fetch() == PIXEL
    assert world.platform.asked[-1][1] == {}, "the token goes nowhere else"


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest/meta-data", "https://evilqq.com/1", "https://qq.com.evil.cn/1", "file:///etc/passwd",
     "https://qq.com@127.0.0.1/", "nothing", "http://[::1", "//qq.com/1"],
)  # fmt: skip
async def test_a_video_that_lies_elsewhere_is_not_fetched(world: World, address: str) -> None:
    world.platform.will("media/get", {"video_url": address})
    with pytest.raises(MediaGone):
        await world.fetch()
    assert len(world.platform.asked) == 2


def test_a_video_of_the_platform_is_fetched_over_https() -> None:
    api = WeChatChannel(WeChatAccount("wx", "s", "t"), lambda: None, SECRET, Clock())._api  # type: ignore[arg-type,return-value]
    assert api._trusted("http://vweixinp.tc.qq.com/1007_x.f10.mp4?vkey=1") == (
        "https://vweixinp.tc.qq.com/1007_x.f10.mp4?vkey=1"
    )


# Access tokens of several nodes


@dataclass
class Asking:
    """Who gives tokens, counts how often it was asked, and takes as long as a test likes."""

    times: int = 0
    lasts: timedelta = timedelta(hours=2)
    failure: Exception | None = None
    gate: asyncio.Event | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> tuple[str, timedelta]:
        self.times += 1
        self.asked.set()
        number = self.times
        await (self.gate.wait() if self.gate else asyncio.sleep(0.02))
        if self.failure:
            raise self.failure
        return f"token {number}", self.lasts


Node = Callable[..., AccessTokens]


@pytest.fixture
def node(database: Engine, clock: Clock) -> Node:
    """Makes nodes that share the database and nothing else."""

    def make(ask: Callable[[], Awaitable[tuple[str, timedelta]]], secret: str = SECRET) -> AccessTokens:
        return AccessTokens(UnitsOfWork(database), secret, clock, "wechat:wx1", ask)

    return make


async def test_four_nodes_ask_once_for_each_time_that_a_token_lasts(node: Node, clock: Clock) -> None:
    ask = Asking()
    nodes = [node(ask) for _ in range(4)]
    for expiry in range(1, 4):
        got = await asyncio.gather(*(nodes[n % 4].get() for n in range(200)))
        assert set(got) == {f"token {expiry}"} and ask.times == expiry
        clock.advance(hours=2)


async def test_ahead_of_its_end_one_asks_and_the_others_go_on_with_the_old_one(node: Node, clock: Clock) -> None:
    ask = Asking()
    one, another = node(ask), node(ask)
    assert await one.get() == await another.get() == "token 1"
    clock.now += timedelta(hours=2) - AHEAD + timedelta(seconds=1)
    ask.gate = asyncio.Event()
    ask.asked.clear()
    asking = asyncio.create_task(one.get())
    await ask.asked.wait()
    assert await another.get() == await one.get() == "token 1"
    ask.gate.set()
    assert await asking == "token 2"
    assert await another.get() == "token 2"
    assert ask.times == 2


async def test_those_who_have_none_wait_for_who_asks(node: Node) -> None:
    ask = Asking(gate=asyncio.Event())
    waiting = [asyncio.create_task(node(ask).get()) for _ in range(4)]
    await ask.asked.wait()
    assert ask.gate
    ask.gate.set()
    assert set(await asyncio.gather(*waiting)) == {"token 1"} and ask.times == 1


async def test_a_bad_token_is_replaced_once_however_many_notice(node: Node) -> None:
    ask = Asking()
    nodes = [node(ask) for _ in range(4)]
    assert {await one.get() for one in nodes} == {"token 1"}
    got = await asyncio.gather(*(nodes[n % 4].renew("token 1") for n in range(40)))
    assert set(got) == {"token 2"} and ask.times == 2
    assert await nodes[0].renew("token 1") == "token 2" and ask.times == 2


async def test_who_dies_while_asking_is_replaced_after_a_while(
    node: Node, uow: UnitOfWorkFactory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_WAIT_SECONDS", 0.2)
    with uow() as work:
        assert work.platform_tokens.take_refresh("wechat:wx1", "the dead one", clock(), clock() + ASKING_LASTS)
        work.commit()
    with pytest.raises(ChannelFailure, match="另一个节点"):
        await node(Asking()).get()
    clock.advance(seconds=16)
    assert await node(Asking()).get() == "token 1"


async def test_who_gets_none_lets_the_next_one_ask(node: Node) -> None:
    ask = Asking(failure=ChannelFailure("busy"))
    with pytest.raises(ChannelFailure, match="busy"):
        await node(ask).get()
    ask.failure = None
    assert await node(ask).get() == "token 2"


async def test_who_is_interrupted_while_asking_lets_the_next_one_ask(node: Node) -> None:
    ask = Asking(gate=asyncio.Event())
    asking = asyncio.create_task(node(ask).get())
    await ask.asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    ask.gate = None
    assert await node(ask).get() == "token 2"


async def test_while_the_platform_gives_none_the_old_one_serves_and_it_is_asked_seldom(
    node: Node, clock: Clock
) -> None:
    ask = Asking()
    nodes = [node(ask) for _ in range(2)]
    await nodes[0].get()
    clock.now += timedelta(hours=2) - timedelta(minutes=1)
    ask.failure = ChannelFailure("busy")
    for _ in range(5):
        assert {await one.get() for one in nodes} == {"token 1"}
    assert ask.times == 2
    clock.advance(minutes=2)
    with pytest.raises(ChannelFailure):
        await nodes[0].get()


async def test_tokens_are_stored_sealed_and_another_secret_does_not_open_them(
    node: Node, uow: UnitOfWorkFactory
) -> None:
    ask = Asking()
    await node(ask).get()
    with uow() as work:
        stored = work.platform_tokens.get("wechat:wx1")
    assert stored and "token" not in stored.value
    assert await node(ask, "another secret of the tests, as long").get() == "token 2"


# Looking at the connection


async def looked(world: World, **changed: Any) -> dict[str, Check]:
    """What a check finds, of an account that is set up a little differently."""
    account, clock = replace(world.account, **changed), world.channel._clock
    world.platform.clock = world.platform.clock or clock
    world.platform.door = WeChatDoor(world.account, clock)
    url = str(world.server.make_url("/wechat"))
    async with WeChatChannel(account, lambda: None, SECRET, clock, url, timeout=2) as channel:  # type: ignore[arg-type,return-value]
        return {check.what: check for check in await channel.check()}


def wrong(checks: dict[str, Check]) -> dict[str, str]:
    return {check.what: check.detail for check in checks.values() if not check.is_good}


async def test_what_is_set_up_well_is_good(world: World) -> None:
    checks = await looked(world)
    assert not wrong(checks) and len(checks) == 4


async def test_a_wrong_secret_is_named(world: World) -> None:
    world.platform.will("stable_token", {"errcode": 40125, "errmsg": "invalid appsecret"})
    assert "ANFU_WECHAT_SECRET" in wrong(await looked(world))["AppID 和 AppSecret"]


async def test_an_account_that_only_answers_needs_no_secret(world: World) -> None:
    assert not wrong(await looked(world, mode=PASSIVE, secret=""))
    assert not world.platform.tokens


@pytest.mark.parametrize(("key", "is_good"), [("", True), ("short", False), (KEY + "=", False)])
async def test_a_key_that_is_none_is_named(world: World, key: str, is_good: bool) -> None:
    check = (await looked(world, aes_key=key))["EncodingAESKey"]
    assert check.is_good is is_good and check.detail


async def test_a_clock_that_is_off_is_named(world: World, clock: Clock) -> None:
    world.platform.clock = Clock(clock() + timedelta(minutes=7))
    assert "420 秒" in wrong(await looked(world))["本机时钟"]


async def test_an_address_that_does_not_answer_as_the_platform_wants_is_named(world: World) -> None:
    assert "403" in wrong(await looked(world, token="another"))["服务器地址（URL）和 Token"]


async def test_a_platform_that_is_down_is_said_to_be(world: World) -> None:
    found = wrong(await looked(world, api=NOBODY))
    assert set(found) == {"AppID 和 AppSecret", "本机时钟"}
    assert all("连不上微信" in detail for detail in found.values())
