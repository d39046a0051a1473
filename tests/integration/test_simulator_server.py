"""The WeChat simulator calls as WeChat calls, and answers as it answers: it is what the channels are tried against."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import wechatpy
from aiohttp import web
from aiohttp.test_utils import TestServer
from wechatpy.crypto import WeChatCrypto
from wechatpy.enterprise.crypto import WeChatCrypto as WorkCrypto
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.replies import create_reply
from wechatpy.utils import check_signature

from bot.simulator import credentials as own
from bot.simulator.chat import Entry
from bot.simulator.platform import Platform
from bot.simulator.server import BROKEN, Simulator

ANNA = "oAnna"
BEN = "wmBen"


@dataclass
class Receiver:
    """A tiny service: keeps what it is called with, and answers as it is told to."""

    url: str = ""
    status: int = 200
    answer: bytes = b"success"
    waits: float = 0.0
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        self.calls.append((request.path, dict(request.query), await request.read()))
        await asyncio.sleep(self.waits)
        return web.Response(status=self.status, body=self.answer)

    async def confirm(self, request: web.Request) -> web.Response:
        query = request.query
        if request.path == "/kf":
            crypto = WorkCrypto(own.KF_TOKEN, own.KF_AES_KEY, own.CORP_ID)
            word = crypto.check_signature(
                query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"]
            )  # fmt: skip
            return web.Response(body=word)
        check_signature(own.TOKEN, query["signature"], query["timestamp"], query["nonce"])
        return web.Response(text=query["echostr"])


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    app = web.Application()
    for path in ("/wechat", "/kf"):
        app.router.add_post(path, one.hear)
        app.router.add_get(path, one.confirm)
    async with TestServer(app) as server:
        one.url = str(server.make_url("")).rstrip("/")
        yield one


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sim(receiver: Receiver, clock: Clock) -> AsyncIterator[Simulator]:
    async with Simulator(Platform(clock), receiver.url, retry_after=0.01, answer_within=0.3) as simulator:
        yield simulator


@pytest.fixture
async def plain(receiver: Receiver, clock: Clock) -> AsyncIterator[Simulator]:
    platform = Platform(clock)
    async with Simulator(platform, receiver.url, aes=False, retry_after=0.01, answer_within=0.3) as simulator:
        yield simulator


@dataclass
class Client:
    """The service's side of the interfaces, as plain as can be."""

    sim: Simulator
    session: aiohttp.ClientSession
    token: str = ""
    kf_token: str = ""

    async def call(self, path: str, body: Any = None, token: str | None = None) -> Any:
        """Call an interface with the token of its platform; a GET where there is no body."""
        own_token = self.kf_token if path.startswith("kf/") else self.token
        address = f"{self.sim.address}/cgi-bin/{path}"
        query = {"access_token": own_token if token is None else token}
        method = "GET" if body is None else "POST"
        async with self.session.request(method, address, params=query, json=body) as answer:
            return json.loads(await answer.read())

    async def send(self, openid: str, text: str = "您好") -> int:
        """Send a text; the code."""
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        return (await self.call("message/custom/send", body))["errcode"]

    async def send_kf(self, text: str = "您好", **more: Any) -> Any:
        body = {"touser": BEN, "open_kfid": own.OPEN_KFID, "msgtype": "text", "text": {"content": text}}
        return await self.call("kf/send_msg", {**body, **more})

    async def pull(self, **more: Any) -> Any:
        token = self.sim.platform.kf.give_sync_token()
        return await self.call("kf/sync_msg", {"open_kfid": own.OPEN_KFID, "token": token, **more})

    async def get_tokens(self) -> None:
        asked = {"grant_type": "client_credential", "appid": own.APP_ID, "secret": own.SECRET}
        self.token = (await self.call("stable_token", asked))["access_token"]
        query = f"gettoken?corpid={own.CORP_ID}&corpsecret={own.KF_SECRET}"
        self.kf_token = (await self.call(query))["access_token"]


@pytest.fixture
async def client(sim: Simulator) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        one = Client(sim, session)
        await one.get_tokens()
        yield one


def opened(call: tuple[str, dict[str, str], bytes]) -> Any:
    """A sealed call of the 公众号, checked and read by another's library."""
    _, query, body = call
    check_signature(own.TOKEN, query["signature"], query["timestamp"], query["nonce"])
    crypto = WeChatCrypto(own.TOKEN, own.AES_KEY, own.APP_ID)
    text = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
    return wechatpy.parse_message(text)


class TestCallingTheService:
    async def test_a_message_that_is_received_is_brought_once(self, sim: Simulator, receiver: Receiver) -> None:
        delivery = await sim.say(ANNA, "空调不制冷")

        assert delivery.is_taken and delivery.is_done
        assert [attempt.status for attempt in delivery.attempts] == [200]
        assert len(receiver.calls) == 1

    @pytest.mark.parametrize("answer", [b"success", b"", b"success\n"])
    async def test_these_answers_say_that_it_is_received(
        self, sim: Simulator, receiver: Receiver, answer: bytes
    ) -> None:
        receiver.answer = answer
        assert (await sim.say(ANNA, "你好")).is_taken

    async def test_an_error_is_called_three_times_and_no_more(self, sim: Simulator, receiver: Receiver) -> None:
        receiver.status = 500
        delivery = await sim.say(ANNA, "你好")

        assert not delivery.is_taken and delivery.is_done
        assert [attempt.status for attempt in delivery.attempts] == [500, 500, 500]
        assert len(receiver.calls) == 3
        assert sim.platform.official.follower(ANNA).chat[-1].text == BROKEN

    async def test_who_answers_late_is_called_three_times(self, sim: Simulator, receiver: Receiver) -> None:
        receiver.waits = 0.6
        delivery = await sim.say(ANNA, "你好")

        assert [attempt.status for attempt in delivery.attempts] == [0, 0, 0]
        assert all("没有回答" in attempt.problem for attempt in delivery.attempts)

    async def test_nonsense_is_not_taken_for_an_answer(self, sim: Simulator, receiver: Receiver) -> None:
        receiver.answer = b"<html>Bad Gateway</html>"
        assert len((await sim.say(ANNA, "你好")).attempts) == 3

    async def test_the_same_message_has_the_same_id_each_time(self, sim: Simulator, receiver: Receiver) -> None:
        receiver.status = 500
        await sim.say(ANNA, "你好")
        await sim.say(ANNA, "你好")

        ids = [opened(call).id for call in receiver.calls]
        assert ids[0] == ids[1] == ids[2] != ids[3]

    async def test_a_service_that_is_not_there_is_called_three_times(self, clock: Clock) -> None:
        async with Simulator(Platform(clock), "http://127.0.0.1:1", retry_after=0) as sim:
            delivery = await sim.say(ANNA, "你好")
        assert [attempt.status for attempt in delivery.attempts] == [0, 0, 0]

    async def test_the_next_attempt_waits(self, receiver: Receiver, clock: Clock) -> None:
        receiver.status = 500
        loop = asyncio.get_running_loop()
        async with Simulator(Platform(clock), receiver.url, retry_after=0.1) as sim:
            began = loop.time()
            await sim.say(ANNA, "你好")
        assert loop.time() - began >= 0.19


class TestSigning:
    async def test_a_sealed_message_is_read_by_another_library(self, sim: Simulator, receiver: Receiver) -> None:
        await sim.say(ANNA, "空调 & <冰箱> ]]> 坏了")

        message = opened(receiver.calls[0])
        assert (message.source, message.target, message.type) == (ANNA, own.ORIGINAL_ID, "text")
        assert message.content == "空调 & <冰箱> ]]> 坏了"
        assert receiver.calls[0][1]["encrypt_type"] == "aes"
        assert "空调".encode() not in receiver.calls[0][2]

    async def test_an_open_message_is_signed_and_read(self, plain: Simulator, receiver: Receiver) -> None:
        await plain.say(ANNA, "你好")

        path, query, body = receiver.calls[0]
        check_signature(own.TOKEN, query["signature"], query["timestamp"], query["nonce"])
        message = wechatpy.parse_message(body)
        assert (path, message.content, message.source) == ("/wechat", "你好", ANNA)
        assert "msg_signature" not in query

    async def test_another_token_signs_otherwise(self, sim: Simulator, receiver: Receiver) -> None:
        await sim.say(ANNA, "你好")
        query = receiver.calls[0][1]
        with pytest.raises(InvalidSignatureException):
            check_signature("another", query["signature"], query["timestamp"], query["nonce"])

    async def test_the_call_of_kf_is_sealed_for_the_company(self, sim: Simulator, receiver: Receiver) -> None:
        await sim.kf.say(own.OPEN_KFID, BEN, "你好")

        path, query, body = receiver.calls[0]
        crypto = WorkCrypto(own.KF_TOKEN, own.KF_AES_KEY, own.CORP_ID)
        text = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
        assert path == "/kf"
        assert all(word in text for word in ("kf_msg_or_event", own.OPEN_KFID, "<Token>"))
        assert "你好" not in text

    async def test_both_addresses_are_verified(self, sim: Simulator) -> None:
        assert await sim.verify()
        assert await sim.kf.verify()

    async def test_each_kind_of_message_is_read_by_another_library(self, sim: Simulator, receiver: Receiver) -> None:
        await sim.send_image(ANNA, b"\xff\xd8\xff", "空调.jpg")
        await sim.send_voice(ANNA, recognition="空调不制冷")
        await sim.send_video(ANNA, b"film")
        await sim.send_location(ANNA, 31.23, 121.47, "上海市黄浦区")
        await sim.choose(ANNA, Entry("7-1", "查订单"))

        image, voice, video, location, chosen = map(opened, receiver.calls)
        assert (image.type, bool(image.media_id), bool(image.image)) == ("image", True, True)
        assert (voice.type, voice.recognition) == ("voice", "空调不制冷")
        assert (video.type, bool(video.thumb_media_id)) == ("video", True)
        assert (location.type, location.label) == ("location", "上海市黄浦区")
        assert (chosen.type, chosen.content) == ("text", "查订单")
        assert chosen._data["bizmsgmenuid"] == "7-1"

    async def test_each_event_is_read_by_another_library(self, sim: Simulator, receiver: Receiver) -> None:
        await sim.follow(ANNA)
        await sim.click(ANNA, "HUMAN")
        await sim.scan(ANNA, "shop-7")
        await sim.unfollow(ANNA)
        await sim.follow(ANNA, "shop-7")

        assert [opened(call).event for call in receiver.calls] == [
            "subscribe", "click", "scan", "unsubscribe", "subscribe_scan",
        ]  # fmt: skip

    async def test_a_passive_reply_is_shown_to_the_customer(self, plain: Simulator, receiver: Receiver) -> None:
        message = wechatpy.parse_message(b"<xml><MsgType>text</MsgType><FromUserName>oAnna</FromUserName></xml>")
        receiver.answer = create_reply("马上为您查", message).render().encode()
        delivery = await plain.say(ANNA, "查订单")

        assert delivery.is_taken
        assert [(reply.text, reply.is_passive) for reply in plain.replies(ANNA)] == [("马上为您查", True)]

    async def test_a_sealed_passive_reply_is_opened(self, sim: Simulator, receiver: Receiver) -> None:
        crypto = WeChatCrypto(own.TOKEN, own.AES_KEY, own.APP_ID)
        words = "<xml><MsgType>text</MsgType><Content>马上为您查</Content></xml>"
        receiver.answer = crypto.encrypt_message(words, "7", "1700000000").encode()
        await sim.say(ANNA, "查订单")

        assert [reply.text for reply in sim.replies(ANNA)] == ["马上为您查"]


class TestSendingToCustomers:
    async def test_the_sixth_message_is_refused(self, sim: Simulator, client: Client) -> None:
        await sim.say(ANNA, "你好")
        assert [await client.send(ANNA) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
        assert len(sim.replies(ANNA)) == 5
        assert sim.platform.sent_beyond_quota == 1

    async def test_after_48_hours_nothing_goes(self, sim: Simulator, client: Client, clock: Clock) -> None:
        await sim.say(ANNA, "你好")
        clock.passes(hours=48)
        await client.get_tokens()
        assert await client.send(ANNA) == 45015

    async def test_a_follow_allows_three_within_a_minute(self, sim: Simulator, client: Client, clock: Clock) -> None:
        await sim.follow(ANNA)
        assert [await client.send(ANNA) for _ in range(4)] == [0, 0, 0, 45047]
        clock.passes(minutes=1)
        assert await client.send(ANNA) == 45015

    async def test_a_touched_entry_opens_only_the_short_grant(
        self, sim: Simulator, client: Client, clock: Clock
    ) -> None:
        await sim.choose(ANNA, Entry("1-1", "查订单"))
        clock.passes(seconds=61)
        assert await client.send(ANNA) == 45015

    async def test_unknown_customers_and_those_who_left_are_not_reached(self, sim: Simulator, client: Client) -> None:
        assert await client.send("oNobody") == 40003
        await sim.say(ANNA, "你好")
        await sim.unfollow(ANNA)
        assert await client.send(ANNA) == 43004
        assert sim.platform.sent_beyond_quota == 0

    async def test_a_text_may_have_2048_bytes(self, sim: Simulator, client: Client) -> None:
        await sim.say(ANNA, "你好")
        assert await client.send(ANNA, "您" * 682 + "ok") == 0
        assert await client.send(ANNA, "您" * 683) == 45002

    async def test_a_menu_message_has_buttons(self, sim: Simulator, client: Client) -> None:
        await sim.say(ANNA, "你好")
        menu = {
            "head_content": "请选一项",
            "list": [{"id": "3-1", "content": "报修"}, {"id": "3-2", "content": "退货"}],
            "tail_content": "点一下就行",
        }
        body = {"touser": ANNA, "msgtype": "msgmenu", "msgmenu": menu}
        assert (await client.call("message/custom/send", body))["errcode"] == 0

        (reply,) = await sim.wait_for_replies(ANNA, 1, timeout=1)
        assert (reply.text, reply.tail) == ("请选一项", "点一下就行")
        assert reply.buttons == (Entry("3-1", "报修"), Entry("3-2", "退货"))

    async def test_tokens_that_are_wrong_old_or_missing_open_nothing(
        self, sim: Simulator, client: Client, clock: Clock
    ) -> None:
        await sim.say(ANNA, "你好")
        body = {"touser": ANNA, "msgtype": "text", "text": {"content": "您好"}}
        assert (await client.call("message/custom/send", body, token="wrong"))["errcode"] == 40001
        assert (await client.call("message/custom/send", body, token=client.kf_token))["errcode"] == 40001
        assert (await client.call("message/custom/send", body, token=""))["errcode"] == 41001
        clock.passes(seconds=7200)
        assert await client.send(ANNA) == 42001

    async def test_a_wrong_secret_gives_no_token(self, client: Client) -> None:
        asked = {"grant_type": "client_credential", "appid": own.APP_ID, "secret": "wrong"}
        assert (await client.call("stable_token", asked))["errcode"] == 40001
        assert (await client.call("stable_token", {**asked, "appid": "wx0"}))["errcode"] == 40013

    async def test_the_quota_of_a_day_ends_and_comes_back(self, sim: Simulator, client: Client, clock: Clock) -> None:
        await sim.say(ANNA, "你好")
        sim.platform.daily_limit = 2
        assert [await client.send(ANNA) for _ in range(3)] == [0, 0, 45009]
        sim.platform.official.tokens.expire()
        clock.passes(hours=5)  # midnight in China
        await client.get_tokens()
        assert await client.send(ANNA) == 0

    async def test_typing_is_shown_once_and_soon(self, sim: Simulator, client: Client, clock: Clock) -> None:
        typing = {"touser": ANNA, "command": "Typing"}
        await sim.say(ANNA, "你好")
        codes = [(await client.call("message/custom/typing", typing))["errcode"] for _ in range(2)]
        clock.passes(seconds=31)
        codes.append((await client.call("message/custom/typing", typing))["errcode"])
        assert codes == [0, 45081, 45080]

    async def test_files_go_up_and_come_down(self, sim: Simulator, client: Client, clock: Clock) -> None:
        form = aiohttp.FormData()
        form.add_field("media", b"\x89PNG", filename="空调.png", content_type="image/png")
        query = {"access_token": client.token, "type": "image"}
        address = f"{sim.address}/cgi-bin/media"
        async with client.session.post(f"{address}/upload", params=query, data=form) as answer:
            media_id = (await answer.json())["media_id"]
        query = {"access_token": client.token, "media_id": media_id}
        async with client.session.get(f"{address}/get", params=query) as answer:
            assert (await answer.read(), answer.content_type) == (b"\x89PNG", "image/png")

        await sim.say(ANNA, "你好")
        body = {"touser": ANNA, "msgtype": "image", "image": {"media_id": media_id}}
        assert (await client.call("message/custom/send", body))["errcode"] == 0
        clock.passes(days=3)
        await client.get_tokens()
        assert (await client.call(f"media/get?media_id={media_id}"))["errcode"] == 40007


class TestKf:
    async def test_what_customers_write_is_pulled_page_by_page(self, sim: Simulator, client: Client) -> None:
        for number in range(5):
            await sim.kf.say(own.OPEN_KFID, BEN, f"第 {number} 句")
        sim.platform.kf.page_size = 2

        heard, cursor, more = [], "", 1
        while more:
            page = await client.pull(cursor=cursor)
            cursor, more = page["next_cursor"], page["has_more"]
            heard += [message["text"]["content"] for message in page["msg_list"]]
        assert heard == [f"第 {number} 句" for number in range(5)]
        assert (await client.pull(cursor=cursor))["msg_list"] == []

    async def test_a_service_that_outlived_the_last_simulator_goes_on_with_this_one(
        self, sim: Simulator, client: Client
    ) -> None:
        await sim.kf.say(own.OPEN_KFID, BEN, "又开了一次")
        page = await client.pull(cursor="cursor-00c0ffee-000000000012")
        assert [message["text"]["content"] for message in page["msg_list"]] == ["又开了一次"]
        assert (await client.pull(cursor="12"))["errcode"] == 40058

    async def test_a_pull_needs_the_token_of_a_call(self, sim: Simulator, client: Client, clock: Clock) -> None:
        ask: Callable[..., Any] = lambda **body: client.call("kf/sync_msg", body)  # noqa: E731
        assert (await ask(token="wrong"))["errcode"] == 95007
        token = sim.platform.kf.give_sync_token()
        assert (await ask(token=token))["errcode"] == 0
        clock.passes(minutes=10)
        assert (await ask(token=token))["errcode"] == 95007
        assert [(await ask())["errcode"] for _ in range(2)] == [0, 45009]

    async def test_five_go_and_each_once(self, sim: Simulator, client: Client) -> None:
        await sim.kf.say(own.OPEN_KFID, BEN, "你好")
        assert (await client.send_kf("一", msgid="m-1")) == {"errcode": 0, "errmsg": "ok", "msgid": "m-1"}
        assert (await client.send_kf("一", msgid="m-1"))["errcode"] == 40058
        codes = [(await client.send_kf(f"{n}"))["errcode"] for n in range(5)]
        assert codes == [0, 0, 0, 0, 95001]
        assert len(sim.kf.replies(own.OPEN_KFID, BEN)) == 5
        assert sim.platform.sent_beyond_quota == 1

    async def test_after_48_hours_nothing_goes(self, sim: Simulator, client: Client, clock: Clock) -> None:
        await sim.kf.say(own.OPEN_KFID, BEN, "你好")
        clock.passes(hours=48)
        await client.get_tokens()
        assert (await client.send_kf())["errcode"] == 95002

    async def test_nothing_goes_while_a_person_has_the_session(self, sim: Simulator, client: Client) -> None:
        await sim.kf.say(own.OPEN_KFID, BEN, "转人工")
        who = {"open_kfid": own.OPEN_KFID, "external_userid": BEN}
        assert (await client.call("kf/service_state/get", who))["service_state"] == 0
        changed = await client.call("kf/service_state/trans", {**who, "service_state": 2})
        assert (changed["errcode"], bool(changed["msg_code"])) == (0, True)
        assert (await client.send_kf())["errcode"] == 95018

        greeting = {"code": changed["msg_code"], "msgtype": "text", "text": {"content": "正在为您转接"}}
        assert (await client.call("kf/send_msg_on_event", greeting))["errcode"] == 0
        assert (await client.call("kf/send_msg_on_event", greeting))["errcode"] == 41050

    async def test_states_change_as_the_table_says(self, sim: Simulator, client: Client) -> None:
        await sim.kf.say(own.OPEN_KFID, BEN, "你好")
        who = {"open_kfid": own.OPEN_KFID, "external_userid": BEN}

        async def become(state: int, **more: str) -> int:
            body = {**who, "service_state": state, **more}
            return int((await client.call("kf/service_state/trans", body))["errcode"])

        assert await become(1) == 0
        assert await become(0) == 95016
        assert await become(3, servicer_userid="nobody") == 95014
        assert await become(3, servicer_userid=own.SERVICERS[0]) == 0
        assert await become(4) == 0
        assert await become(1) == 95016

    async def test_who_enters_is_welcomed_once_and_soon(self, sim: Simulator, client: Client, clock: Clock) -> None:
        await sim.kf.enter(own.OPEN_KFID, BEN)
        (event,) = (await client.pull())["msg_list"]
        assert (event["origin"], event["event"]["event_type"]) == (4, "enter_session")
        welcome = {"code": event["event"]["welcome_code"], "msgtype": "text", "text": {"content": "欢迎"}}
        clock.passes(seconds=19)
        assert (await client.call("kf/send_msg_on_event", welcome))["errcode"] == 0

        await sim.kf.enter(own.OPEN_KFID, BEN)
        assert "welcome_code" not in (await client.pull())["msg_list"][-1]["event"]

    async def test_a_late_welcome_is_refused(self, sim: Simulator, client: Client, clock: Clock) -> None:
        await sim.kf.enter(own.OPEN_KFID, BEN)
        (event,) = (await client.pull())["msg_list"]
        clock.passes(seconds=20)
        welcome = {"code": event["event"]["welcome_code"], "msgtype": "text", "text": {"content": "欢迎"}}
        assert (await client.call("kf/send_msg_on_event", welcome))["errcode"] == 41050

    async def test_what_people_of_the_company_do_there_is_pulled_too(self, sim: Simulator, client: Client) -> None:
        await sim.kf.say(own.OPEN_KFID, BEN, "你好")
        await sim.kf.take(own.OPEN_KFID, BEN, own.SERVICERS[0])
        await sim.kf.person_says(own.OPEN_KFID, BEN, "我是小赵")
        await sim.kf.end(own.OPEN_KFID, BEN)

        wrote, taken, said, ended = (await client.pull())["msg_list"]
        assert [one["origin"] for one in (wrote, taken, said, ended)] == [3, 4, 5, 4]
        assert (taken["event"]["change_type"], ended["event"]["change_type"]) == (1, 3)

    async def test_accounts_are_listed_and_strangers_refused(self, client: Client) -> None:
        (account,) = (await client.call("kf/account/list"))["account_list"]
        assert account["open_kfid"] == own.OPEN_KFID
        assert (await client.send_kf(open_kfid="gh_1"))["errcode"] == 95000
        assert (await client.send_kf(open_kfid="wk1"))["errcode"] == 95004
        assert (await client.send_kf())["errcode"] == 40096


class TestFaults:
    async def test_busy_does_nothing(self, sim: Simulator, client: Client) -> None:
        await sim.say(ANNA, "你好")
        sim.faults.busy = True
        assert await client.send(ANNA) == -1
        assert sim.replies(ANNA) == []

    async def test_down_cuts_the_connection(self, sim: Simulator, client: Client) -> None:
        await sim.say(ANNA, "你好")
        sim.faults.down = True
        with pytest.raises(aiohttp.ClientError):
            await client.send(ANNA)
        sim.faults.down = False
        assert await client.send(ANNA) == 0
        assert len(sim.replies(ANNA)) == 1

    async def test_away_refuses_connections_and_comes_back(self, sim: Simulator, client: Client) -> None:
        await sim.say(ANNA, "你好")
        async with sim.away():
            with pytest.raises(aiohttp.ClientConnectorError):
                await client.send(ANNA)
        assert await client.send(ANNA) == 0

    async def test_a_lost_answer_has_delivered_and_counted(self, sim: Simulator, client: Client) -> None:
        await sim.say(ANNA, "你好")
        sim.faults.loses_answers = True
        with pytest.raises(aiohttp.ClientError):
            await client.send(ANNA)
        assert len(sim.replies(ANNA)) == 1
        assert sim.platform.official.follower(ANNA).grants.left(sim.platform.now()) == 4

    async def test_nonsense_is_html(self, sim: Simulator, client: Client) -> None:
        sim.faults.nonsense = True
        async with client.session.get(f"{sim.address}/cgi-bin/token") as answer:
            assert answer.content_type == "text/html"

    async def test_slow_delivers_at_once_and_answers_late(self, sim: Simulator, client: Client) -> None:
        await sim.say(ANNA, "你好")
        sim.faults.slow_seconds = 0.2
        sending = asyncio.create_task(client.send(ANNA))
        await sim.wait_for_replies(ANNA, 1, timeout=1)
        assert not sending.done()
        assert await sending == 0

    async def test_a_good_token_is_taken_for_a_wrong_one(self, sim: Simulator, client: Client) -> None:
        await sim.say(ANNA, "你好")
        sim.faults.wrong_token = True
        assert await client.send(ANNA) == 40001
        assert (await client.pull())["errcode"] == 40014


class TestControl:
    async def test_another_process_plays_a_customer_and_waits_for_the_answer(
        self, sim: Simulator, client: Client
    ) -> None:
        steer = f"{sim.address}/simulator"
        async with client.session.post(f"{steer}/do", json={"what": "say", "customer": ANNA, "text": "你好"}) as did:
            assert did.status == 202
        await sim.wait_until(lambda: ANNA in sim.platform.official.followers, timeout=1)
        await client.send(ANNA, "您好，我是安服")
        query = {"customer": ANNA, "count": "1", "timeout": "1"}
        async with client.session.get(f"{steer}/replies", params=query) as answer:
            assert [reply["text"] for reply in (await answer.json())["replies"]] == ["您好，我是安服"]

    async def test_faults_and_clock_are_set(self, sim: Simulator, client: Client) -> None:
        steer = f"{sim.address}/simulator"
        await sim.say(ANNA, "你好")
        await client.session.post(f"{steer}/faults", json={"busy": True, "slow_seconds": 0.1})
        assert (sim.faults.busy, sim.faults.slow_seconds) == (True, 0.1)
        await client.session.post(f"{steer}/faults", json={"busy": False, "slow_seconds": 0})
        await client.session.post(f"{steer}/clock", json={"seconds": 48 * 3600})
        async with client.session.get(f"{steer}/state") as answer:
            (customer,) = (await answer.json())["official"]
        assert (customer["left"], customer["grants"]) == (0, [])

    async def test_it_can_be_sent_away_for_a_while(self, sim: Simulator, client: Client) -> None:
        async with client.session.post(f"{sim.address}/simulator/away", json={"seconds": 0.3}) as answer:
            assert answer.status == 202
        await asyncio.sleep(0.35)
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.call("kf/account/list")
        await asyncio.sleep(0.3)
        assert (await client.call("kf/account/list"))["errcode"] == 0

    async def test_what_a_fault_did_is_in_the_log(self, sim: Simulator, client: Client) -> None:
        await sim.say(ANNA, "你好")
        sim.faults.loses_answers = True
        with pytest.raises(aiohttp.ClientError):
            await client.send(ANNA)
        async with client.session.get(f"{sim.address}/simulator/state") as answer:
            call = (await answer.json())["calls"][-1]
        assert (call["path"], call["is_good"], call["words"]) == (
            "/cgi-bin/message/custom/send", False, "做了，没有回答",
        )  # fmt: skip

    async def test_pages_of_others_may_not_steer_it(self, sim: Simulator, client: Client) -> None:
        headers = {"Origin": "http://evil.example"}
        address = f"{sim.address}/simulator/clock"
        async with client.session.post(address, json={"seconds": 1}, headers=headers) as answer:
            assert answer.status == 403

    async def test_what_is_asked_wrongly_says_so(self, sim: Simulator, client: Client) -> None:
        async with client.session.post(f"{sim.address}/simulator/do", json={"what": "say"}) as answer:
            assert answer.status == 400
