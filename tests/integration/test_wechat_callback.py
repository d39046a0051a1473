"""WeChat calls the gateway: stored before it hears `success`, once however often it calls (W1, W2, W5)."""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree

import pytest
import wechatpy
from aiohttp import ClientResponse, web
from sqlalchemy import text

from bot.adapters.channels.wechat import xml
from bot.adapters.channels.wechat.crypto import Seal, sign
from bot.domain.conversation import Owner
from bot.domain.incoming import Did
from bot.domain.message import Button, Message, Reply, Sender
from bot.gateway import exchange, passive
from tests.integration.fake_wechat import WeChat, serve
from tests.integration.gateway_world import World, gateway, refusal

TOKEN, APP_ID, CORP_ID = "anfu2026", "wx4f1e0c8d9b7a6352", "ww4f1e0c8d9b7a6352"
KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
SEAL = Seal(TOKEN, KEY, APP_ID)
OURS, OPENID, NONCE = "gh_e136c6e50636", "o6_bmjrPTlm6_2sgVt7hMZOPfL2M", "9Kd3"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(100)


@dataclass
class Phone:
    """A customer's phone, and the platform between it and us.

    Attributes:
        said: how many messages it has sent.
    """

    world: World
    platform: WeChat
    openid: str = OPENID
    is_sealed: bool = True
    said: int = field(default=0)

    def message(self, kind: str, **fields: Any) -> bytes:
        self.said += 1
        now = int(self.world.clock().timestamp())
        return xml.write({
            "ToUserName": OURS, "FromUserName": self.openid, "CreateTime": now, "MsgType": kind,
            **({} if kind == "event" else {"MsgId": 23456789012345678 + self.said}), **fields,
        })  # fmt: skip

    async def bring(self, body: bytes) -> ClientResponse:
        """The platform brings a message, once."""
        timestamp = str(int(self.world.clock().timestamp()))
        query = {"signature": sign(TOKEN, timestamp, NONCE), "timestamp": timestamp, "nonce": NONCE}
        if self.is_sealed:
            encrypted, signature = SEAL.seal(body, timestamp, NONCE)
            query |= {"encrypt_type": "aes", "msg_signature": signature}
            body = xml.write({"ToUserName": OURS, "Encrypt": encrypted})
        response: ClientResponse = await self.world.client.post(
            "/wechat", params=query, data=body, headers={"Content-Type": "text/xml"}
        )
        return response

    async def say(self, said: str) -> ClientResponse:
        return await self.bring(self.message("text", Content=said))

    async def does(self, event: str, key: str = "") -> ClientResponse:
        return await self.bring(self.message("event", Event=event, EventKey=key))

    @property
    def conversation(self) -> str:
        with self.world.anfu.reading() as work:
            row = work._connection.execute(  # type: ignore[attr-defined]
                text("SELECT id FROM conversations WHERE external_id = :id"), {"id": self.openid}
            ).first()
        return str(row[0]) if row else ""

    def stored(self, sender: Sender = Sender.CUSTOMER) -> list[Message]:
        return [message for message in self.world.stored(self.conversation) if message.sender is sender]

    @property
    def shown(self) -> list[str]:
        """The texts that the platform has shown to the customer."""
        bodies = self.platform.bodies("message/custom/send")
        own = [body for body in bodies if body["touser"] == self.openid]
        return [body["text"]["content"] if "text" in body else body["msgmenu"]["head_content"] for body in own]


async def until(true: Callable[[], Any]) -> None:
    """Wait until something has happened, in whichever worker."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@asynccontextmanager
async def phone(folder: Path, **settings: str) -> AsyncIterator[Phone]:
    platform = WeChat()
    async with serve(platform) as server:
        api = str(server.make_url(""))
        account: dict[str, Any] = {
            "wechat_app_id": APP_ID, "wechat_secret": "s", "wechat_token": TOKEN, "wechat_aes_key": KEY,
            "wechat_api": api, "kf_corp_id": CORP_ID, "kf_secret": "s", "kf_token": TOKEN, "kf_aes_key": KEY,
            "kf_api": api,
        }  # fmt: skip
        async with gateway(folder, **(account | settings)) as world:
            yield Phone(world, platform, is_sealed=bool(settings.get("wechat_aes_key", KEY)))


@pytest.fixture
async def customer(tmp_path: Path) -> AsyncIterator[Phone]:
    async with phone(tmp_path) as customer:
        yield customer


@pytest.fixture
async def open_customer(tmp_path: Path) -> AsyncIterator[Phone]:
    """Of an account in plain mode."""
    async with phone(tmp_path, wechat_aes_key="") as customer:
        yield customer


async def succeeds(response: ClientResponse) -> None:
    assert (response.status, await response.text()) == (200, "success")
    assert response.content_type == "text/plain"


def counted(world: World, channel: str, result: str) -> float:
    from bot.gateway import keys

    assert world.server.app
    metrics = world.server.app[keys.METRICS]
    return float(metrics.registry.get_sample_value("anfu_callbacks_total", {"channel": channel, "result": result}) or 0)


# Accounts that send


@pytest.mark.parametrize("key", [KEY, ""], ids=["safe mode", "plain mode"])
async def test_what_a_customer_says_is_stored_and_answered_through_the_platform(tmp_path: Path, key: str) -> None:
    async with phone(tmp_path, wechat_aes_key=key) as customer:
        await succeeds(await customer.say("洗衣机不转了"))
        assert [message.text for message in customer.stored()] == ["洗衣机不转了"]
        await until(lambda: customer.shown)
        (answer,) = customer.shown
        assert "机器人" in answer and answer.endswith("您说的是：洗衣机不转了"), "greeting and answer are one message"


async def test_what_comes_again_is_stored_and_answered_once(customer: Phone) -> None:
    body = customer.message("text", Content="洗衣机不转了")
    responses = await asyncio.gather(*(customer.bring(body) for _ in range(5)))
    for response in responses:
        await succeeds(response)
    await until(lambda: customer.shown)
    await succeeds(await customer.bring(body))
    assert len(customer.stored()) == 1 and len(customer.world.engine.heard) == 1
    assert counted(customer.world, "wechat", "new") == 1 and counted(customer.world, "wechat", "repeated") == 5


async def test_quick_bubbles_are_one_question(customer: Phone) -> None:
    for said in ("我家", "洗衣机", "不转了"):
        await succeeds(await customer.say(said))
    await until(lambda: customer.shown)
    assert customer.world.engine.heard == ["我家\n洗衣机\n不转了"]


async def test_who_follows_is_greeted_and_who_leaves_hears_nothing(customer: Phone) -> None:
    await succeeds(await customer.does("subscribe", "qrscene_store7"))
    await until(lambda: customer.shown)
    assert "机器人" in customer.shown[0]
    await succeeds(await customer.does("unsubscribe"))
    with customer.world.uow() as work:
        reach = work.reaches.get(customer.conversation)
    assert reach.has_left and not reach.openings
    assert not customer.stored()


async def test_a_menu_says_what_service_staff_have_written(customer: Phone) -> None:
    await succeeds(await customer.does("CLICK", "REPAIR"))
    assert [message.text for message in customer.stored()] == ["我要报修"]
    with customer.world.uow() as work:
        (opening,) = work.reaches.get(customer.conversation).openings
    assert opening.did is Did.CLICKED


async def test_a_clicked_choice_says_what_its_button_says(customer: Phone) -> None:
    await customer.say("你好")
    buttons = (Button("要", "/affirm"), Button("不用", "/deny"))
    with customer.world.uow() as work:
        asked = [Reply("要上门吗？", {"kind": "test"}, buttons)]
        (question,) = work.messages.add(customer.conversation, Sender.BOT, asked, customer.world.clock())
        work.commit()
    await succeeds(await customer.bring(customer.message("text", Content="不用", bizmsgmenuid=f"{question.seq}-1")))
    assert customer.stored()[-1].text == "/deny"


async def test_a_picture_is_said_at_once_and_fetched_after(customer: Phone) -> None:
    customer.platform.will("media/get", web.Response(body=PNG, content_type="image/png"))
    await succeeds(await customer.bring(customer.message("image", MediaId="MEDIA-9", PicUrl="http://x/1")))
    assert customer.stored()[0].text.startswith("[图片")
    await until(lambda: (customer.stored()[0].source or {}).get("kind") == "attachment")


@pytest.mark.parametrize("event", ["VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "MASSSENDJOBFINISH"])
async def test_what_says_nothing_is_a_success_and_opens_nothing(customer: Phone, event: str) -> None:
    await succeeds(await customer.does(event, "https://example.com/"))
    assert not customer.conversation


async def test_customers_do_not_see_each_other(customer: Phone) -> None:
    other = Phone(customer.world, customer.platform, openid="o6_another")
    await asyncio.gather(customer.say("我是甲"), other.say("我是乙"))
    await until(lambda: customer.shown and other.shown)
    assert "我是甲" in customer.shown[0] and "我是乙" in other.shown[0]
    assert customer.conversation != other.conversation


# Calls that are not the platform's, and bad days


async def test_the_platform_is_answered_when_it_asks_whose_the_address_is(customer: Phone) -> None:
    timestamp = str(int(customer.world.clock().timestamp()))
    query = {"signature": sign(TOKEN, timestamp, NONCE), "timestamp": timestamp, "nonce": NONCE, "echostr": "314"}
    response = await customer.world.client.get("/wechat", params=query)
    assert (response.status, await response.text(), response.content_type) == (200, "314", "text/plain")
    for forged in ({}, {**query, "nonce": "other"}, {**query, "timestamp": "1"}):
        await refusal(await customer.world.client.get("/wechat", params=forged), 403, "forged")
    encrypted, signature = Seal(TOKEN, KEY, CORP_ID).seal(b"2718", timestamp, NONCE)
    query = {"msg_signature": signature, "timestamp": timestamp, "nonce": NONCE, "echostr": encrypted}
    assert await (await customer.world.client.get("/kf", params=query)).text() == "2718"


async def test_forged_and_unreadable_calls_change_nothing_and_are_counted(
    open_customer: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    customer = open_customer
    client, timestamp = customer.world.client, str(int(customer.world.clock().timestamp()))
    body = customer.message("text", Content="我的电话是13800000001")
    query = {"signature": sign(TOKEN, timestamp, NONCE), "timestamp": timestamp, "nonce": NONCE}
    with caplog.at_level(logging.INFO):
        for forged in ({}, {**query, "nonce": "other"}, {**query, "encrypt_type": "aes"}):
            response = await client.post("/wechat", params=forged, data=body)
            assert response.status in (400, 403) and "success" not in await response.text()
        old = str(int(timestamp) - 301)
        aged = {"signature": sign(TOKEN, old, NONCE), "timestamp": old, "nonce": NONCE}
        await refusal(await client.post("/wechat", params=aged, data=body), 403, "forged")
        defined = b"<!DOCTYPE xml><xml><Content>13800000001</Content></xml>"
        for unreadable in (b"", b"hello", b"\xff", b"<xml/>", defined):
            await refusal(await client.post("/wechat", params=query, data=unreadable), 400, "bad_request")
    assert not customer.conversation
    assert counted(customer.world, "wechat", "forged") == 3 and counted(customer.world, "wechat", "unreadable") == 6
    assert "turned away" in caplog.text and "13800000001" not in caplog.text and OPENID not in caplog.text


async def test_five_megabytes_are_not_read(customer: Phone) -> None:
    for size in (130 * 1024, 5 * 1024 * 1024):
        await refusal(await customer.bring(customer.message("text", Content="啊" * (size // 3))), 413, "too_long")


async def test_a_body_that_does_not_come_is_not_waited_for(customer: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "BODY_WITHIN_SECONDS", 0.1)
    url = customer.world.server.make_url("/wechat")
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /wechat HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<xml>")
    assert b" 408 " in await reader.readline()
    writer.close()


async def test_what_could_not_be_stored_is_no_success_and_is_stored_when_it_comes_again(customer: Phone) -> None:
    body = customer.message("text", Content="洗衣机不转了")
    with customer.world.anfu.database.begin() as database:
        database.execute(text("ALTER TABLE messages RENAME TO gone"))
    response = await customer.bring(body)
    assert response.status == 500 and "success" not in await response.text()
    with customer.world.anfu.database.begin() as database:
        database.execute(text("ALTER TABLE gone RENAME TO messages"))
    await succeeds(await customer.bring(body))
    assert [message.text for message in customer.stored()] == ["洗衣机不转了"]


async def test_where_no_account_is_set_up_nobody_opens(tmp_path: Path) -> None:
    async with gateway(tmp_path) as world:
        for path in ("/wechat", "/kf"):
            await refusal(await world.client.get(path), 404, "not_found")
            await refusal(await world.client.post(path, data=b"<xml/>"), 404, "not_found")


async def test_a_platform_that_says_that_there_is_more_is_asked_for_it(customer: Phone) -> None:
    customer.platform.will("gettoken", {"errcode": 0, "access_token": "kf-token", "expires_in": 7200})
    page = {"errcode": 0, "errmsg": "ok", "next_cursor": "c1", "has_more": 0, "msg_list": []}
    customer.platform.will("kf/sync_msg", page)
    timestamp = str(int(customer.world.clock().timestamp()))
    news = xml.write({
        "ToUserName": CORP_ID, "CreateTime": int(timestamp), "MsgType": "event", "Event": "kf_msg_or_event",
        "Token": "ENCApHxnGDNAVNY4AaSJKj4Tb5mwsEMzxhFmHVGcra996NR", "OpenKfId": "wkxxxxxxx",
    })  # fmt: skip
    encrypted, signature = Seal(TOKEN, KEY, CORP_ID).seal(news, timestamp, NONCE)
    query = {"msg_signature": signature, "timestamp": timestamp, "nonce": NONCE}
    body = xml.write({"ToUserName": CORP_ID, "Encrypt": encrypted, "AgentID": ""})
    await succeeds(await customer.world.client.post("/kf", params=query, data=body))
    await until(lambda: customer.platform.bodies("kf/sync_msg"))
    asked = customer.platform.bodies("kf/sync_msg")[0]
    assert (asked["open_kfid"], asked["token"][:5]) == ("wkxxxxxxx", "ENCAp")
    assert counted(customer.world, "kf", "more") == 1


# Accounts that only answer


@pytest.fixture
async def asker(tmp_path: Path) -> AsyncIterator[Phone]:
    """A customer of an account that may not send."""
    async with phone(tmp_path, wechat_mode="passive") as customer:
        yield customer


@contextmanager
def impatient() -> Iterator[None]:
    """The platform waits for a moment only, so that a test need not wait for five seconds."""
    with patch.multiple(passive, ANSWER_WITHIN_SECONDS=0.2, CUT_AFTER_SECONDS=0.3):
        yield


async def heard(response: ClientResponse) -> str:
    """What the customer reads in the answer to the platform's call."""
    body = await response.read()
    assert response.status == 200, body
    if body == b"success":
        return ""
    assert response.content_type == "application/xml"
    fields = xml.read(body)
    if "Encrypt" in fields:
        body = SEAL.open(fields["Encrypt"], fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"])
    reply = wechatpy.parse_message(body)
    assert (reply.source, reply.target) == (OURS, OPENID)
    return str(reply.content)


@pytest.mark.parametrize("key", [KEY, ""], ids=["safe mode", "plain mode"])
async def test_the_answer_is_in_the_reply_with_the_greeting(tmp_path: Path, key: str) -> None:
    async with phone(tmp_path, wechat_mode="passive", wechat_aes_key=key) as asker:
        answer = await heard(await asker.say("洗衣机不转了"))
        assert "机器人" in answer and answer.endswith("您说的是：洗衣机不转了")
        assert not asker.platform.asked, "nothing is sent"
        delivered = {message.delivery for message in asker.stored(Sender.BOT)}
        assert delivered == {"sent"}


async def test_a_call_whose_answer_was_lost_gets_the_same_again(asker: Phone) -> None:
    body = asker.message("text", Content="洗衣机不转了")
    answer = await heard(await asker.bring(body))
    assert answer and await heard(await asker.bring(body)) == answer
    assert len(asker.world.engine.heard) == 1


async def test_an_answer_that_takes_long_is_in_the_reply_to_a_later_call(asker: Phone) -> None:
    asker.world.engine.pace = 1
    body = asker.message("text", Content="洗衣机不转了")
    with impatient():
        assert (await asker.bring(body)).status == 503
    assert (await heard(await asker.bring(body))).endswith("您说的是：洗衣机不转了")
    assert len(asker.stored()) == 1


async def test_one_that_takes_too_long_is_picked_up_with_the_next_word(asker: Phone) -> None:
    asker.world.engine.pace = 2
    body = asker.message("text", Content="洗衣机不转了")
    with impatient():
        assert (await asker.bring(body)).status == 503
        asker.world.clock.ahead += passive.LAST_CALL_AFTER * 1.2
        assert "继续" in await heard(await asker.bring(body))
    await until(lambda: len(asker.stored(Sender.BOT)) == 2)
    assert (await heard(await asker.say("继续"))).endswith("您说的是：洗衣机不转了")
    assert len(asker.world.engine.heard) == 1


async def test_of_two_bubbles_one_gets_the_answer_and_the_other_nothing(asker: Phone) -> None:
    bodies = [asker.message("text", Content=said) for said in ("洗衣机", "不转了")]
    answers = [await heard(response) for response in await asyncio.gather(*map(asker.bring, bodies))]
    assert sorted(map(bool, answers)) == [False, True]


async def test_who_follows_is_greeted_in_the_reply(asker: Phone) -> None:
    assert "机器人" in await heard(await asker.does("subscribe"))
    assert await heard(await asker.does("VIEW", "https://example.com/")) == ""


async def test_a_persons_words_are_in_the_reply_too(asker: Phone) -> None:
    asker.world.everybody()
    assert await heard(await asker.say("转人工"))
    with asker.world.uow() as work:
        conversation = work.conversations.get(asker.conversation)
    assert conversation and conversation.owner is not Owner.BOT
    await asker.world.ask("PUT", "/presence", {"status": "online"})
    if conversation.owner is Owner.QUEUED:
        taken = await asker.world.ask("POST", f"/desk/conversations/{asker.conversation}/take", {})
        assert taken.status == 200, await taken.text()
    assert "小李" in await heard(await asker.say("在吗"))
    calling = asyncio.create_task(asker.say("还在吗"))
    await until(lambda: asker.stored()[-1].text == "还在吗")
    said = {"text": "马上帮您看", "client_id": "123e4567-e89b-42d3-a456-426614174000"}
    sent = await asker.world.ask("POST", f"/desk/conversations/{asker.conversation}/messages", said)
    assert sent.status == 201, await sent.text()
    assert "马上帮您看" in await heard(await calling)


@pytest.mark.parametrize("event", ["unsubscribe", "TEMPLATESENDJOBFINISH"])
async def test_what_nobody_would_read_is_kept(asker: Phone, event: str) -> None:
    assert await heard(await asker.say("你好"))
    with asker.world.anfu.reading() as work:
        conversation = work.conversations.get(asker.conversation)
    assert conversation
    with asker.world.uow() as work:
        asker.world.anfu.handoff.say(work, conversation, [Reply("明天上午上门", {"kind": "test"})], Sender.BOT)
        work.commit()
    await succeeds(await asker.does(event))
    assert asker.stored(Sender.BOT)[-1].delivery != "sent"
    assert "明天上午上门" in await heard(await asker.say("继续"))


async def test_a_server_that_stops_lets_the_platform_call_another_one(asker: Phone) -> None:
    from bot.gateway import keys

    asker.world.engine.pace = 3
    calling = asyncio.create_task(asker.say("洗衣机不转了"))
    await until(lambda: asker.world.engine.heard)
    assert asker.world.server.app
    asker.world.server.app[keys.CLOSING].set()
    asker.world.wakeups.call_all()
    assert (await calling).status == 503


async def test_the_sealed_reply_names_its_parts_as_the_platform_does(asker: Phone) -> None:
    envelope = ElementTree.fromstring(await (await asker.say("洗衣机不转了")).read())
    assert {part.tag for part in envelope} == {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}
