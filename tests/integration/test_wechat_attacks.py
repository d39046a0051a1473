"""What may go wrong with WeChat, brought to the gateway: refused or recovered, nothing lost and nothing doubled."""

import asyncio
import json
import logging
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import wechatpy
from aiohttp import web

from bot.adapters.channels.wechat import xml
from bot.adapters.channels.wechat.crypto import Seal
from bot.domain.conversation import Owner
from bot.domain.incoming import Did, Incoming
from bot.domain.message import Sender
from bot.domain.reach import Limits
from bot.domain.text import MAX_MESSAGE_CHARS
from bot.services import sending
from bot.services.ports import UnitOfWorkFactory
from bot.services.ports.channels import Outcome, Receipt
from tests.integration.fake_wechat import CUT, SLOW
from tests.integration.fixtures_database import DATA_KEY, Clock, empty
from tests.integration.gateway_world import World, gateway, refusal
from tests.integration.test_bindings import BINDINGS, ask
from tests.integration.test_kf_pulling import Company, company, drained
from tests.integration.test_sending import LIMITS, open_talk
from tests.integration.test_sending import World as Talk
from tests.integration.test_wechat_callback import (
    APP_ID,
    CORP_ID,
    KEY,
    NONCE,
    OPENID,
    OURS,
    SEAL,
    TOKEN,
    Phone,
    phone,
    succeeds,
    until,
)

__all__ = ["company"]

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><Content>&c;</Content></xml>'
)
THIEF = b'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Content>&a;</Content></xml>'


@pytest.fixture
async def customer(tmp_path: Path) -> AsyncIterator[Phone]:
    async with phone(tmp_path) as customer:
        yield customer


@pytest.fixture
def emptied(migrated_schema: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a PostgreSQL database with nothing in it, whose nodes share their data key."""
    monkeypatch.setenv("ANFU_DATA_KEYS", DATA_KEY)
    empty(migrated_schema)
    return migrated_schema


@asynccontextmanager
async def two_nodes(folder: Path, address: str) -> AsyncIterator[tuple[Phone, Phone]]:
    """One customer, whose platform calls two nodes of one database."""
    async with phone(folder, database=address) as one:
        accounts: dict[str, Any] = {
            "wechat_app_id": APP_ID, "wechat_secret": "s", "wechat_token": TOKEN, "wechat_aes_key": KEY,
            "wechat_api": one.world.anfu.settings.wechat_api,
        }  # fmt: skip
        async with gateway(folder, database=address, **accounts) as other:
            yield one, Phone(other, one.platform)


async def bring_sealed(phone: Phone, body: bytes, seal: Seal, at: str = "") -> Any:
    timestamp = at or str(int(phone.world.clock().timestamp()))
    encrypted, signature = seal.seal(body, timestamp, NONCE)
    query = {"encrypt_type": "aes", "msg_signature": signature, "timestamp": timestamp, "nonce": NONCE}
    return await phone.world.client.post("/wechat", params=query, data=xml.write({"Encrypt": encrypted}))


# Calls that are no good


async def test_what_was_sealed_for_another_account_is_turned_away(customer: Phone) -> None:
    body = customer.message("text", Content="洗衣机不转了")
    for seal in (Seal(TOKEN, KEY, "wx0000000000000000"), Seal(TOKEN, KEY, ""), Seal("another token", KEY, APP_ID)):
        await refusal(await bring_sealed(customer, body, seal), 403, "forged")
    assert not customer.conversation


async def test_an_overheard_call_is_worth_nothing_after_five_minutes_and_doubles_nothing_before(
    customer: Phone,
) -> None:
    body, at = customer.message("text", Content="洗衣机不转了"), str(int(customer.world.clock().timestamp()))
    for _ in range(2):
        await succeeds(await bring_sealed(customer, body, SEAL, at))
    assert len(customer.stored()) == 1
    customer.world.clock.ahead = timedelta(seconds=302)
    await refusal(await bring_sealed(customer, body, SEAL, at), 403, "forged")


@pytest.mark.parametrize(
    "body",
    [
        BOMB, THIEF, b"<xml><Content>half", b"<xml>" + b"<a>" * 9000, b"\x00<xml/>",
        b"<xml><Content>\x00</Content></xml>",
        b"<xml><Content>&#0;</Content></xml>", b"<xml><Content>&#xD800;</Content></xml>",
        b"<xml><Content>\xed\xa0\x80</Content></xml>", b'<?xml version="1.0" encoding="utf-7"?><xml/>', b"{}",
    ],
    ids=["bomb", "thief", "half", "deep", "nul", "nul within", "named nul", "surrogate", "half", "utf-7", "json"],
)  # fmt: skip
async def test_what_is_no_message_is_turned_away_however_it_is_signed(customer: Phone, body: bytes) -> None:
    await refusal(await customer.bring(body), 400, "bad_request")
    await succeeds(await customer.say("还在吗"))
    assert [message.text for message in customer.stored()] == ["还在吗"]


@pytest.mark.parametrize("openid", ["../../etc/passwd", "o' OR 1=1 --", "o\u202e", "😀", "o" * 65, "<b>o</b>", "a:b"])
async def test_who_cannot_be_a_customer_is_turned_away(customer: Phone, openid: str) -> None:
    stranger = Phone(customer.world, customer.platform, openid)
    await refusal(await stranger.say("你好"), 400, "bad_request")
    assert not stranger.conversation


async def test_a_kind_that_nobody_knows_is_kept_and_answered(customer: Phone) -> None:
    await succeeds(await customer.bring(customer.message("hologram", Content="?")))
    await until(lambda: customer.shown)
    assert customer.stored()[0].text == "[暂不支持的消息]" and not customer.world.engine.heard


# A platform on a bad day


@pytest.mark.parametrize(
    "answer",
    [CUT, web.Response(status=502, text="<html>Bad Gateway</html>"), web.Response(text="maintenance"),
     {"errcode": "0"}, [1], {"errcode": 0.5}, {}],
    ids=["cut", "502", "words", "a word as code", "a list", "half a code", "nothing"],
)  # fmt: skip
async def test_an_answer_that_says_nothing_is_never_called_sent_and_the_next_word_goes(
    customer: Phone, answer: Any
) -> None:
    customer.platform.will("message/custom/send", answer)
    await succeeds(await customer.say("第一句"))
    await until(lambda: any(message.delivery for message in customer.stored(Sender.BOT)))
    assert {message.delivery for message in customer.stored(Sender.BOT)} == {"unknown"}
    await succeeds(await customer.say("第二句"))
    await until(lambda: customer.stored(Sender.BOT)[-1].delivery == "sent")
    assert len(customer.platform.bodies("message/custom/send")) == 2


async def test_a_busy_platform_gets_it_later_once(customer: Phone) -> None:
    customer.platform.will("message/custom/send", {"errcode": -1, "errmsg": "system error"})
    await succeeds(await customer.say("洗衣机不转了"))
    await until(lambda: customer.stored(Sender.BOT) and customer.stored(Sender.BOT)[-1].delivery == "sent")
    assert [text.endswith("您说的是：洗衣机不转了") for text in customer.shown] == [True, True]


async def test_a_node_that_dies_after_success_leaves_its_message_to_the_next_start(tmp_path: Path) -> None:
    async with phone(tmp_path) as before:
        before.world.engine.pace = 60
        await succeeds(await before.say("洗衣机不转了"))
    async with phone(tmp_path) as after:
        await until(lambda: after.shown)
        assert len(after.stored()) == 1 and after.world.engine.heard == ["洗衣机不转了"]


async def test_a_node_that_is_stopped_while_it_sends_hears_what_became_of_it(tmp_path: Path) -> None:
    async with phone(tmp_path) as before:
        before.platform.will("message/custom/send", SLOW)
        await succeeds(await before.say("洗衣机不转了"))
        await until(lambda: before.shown)
        asyncio.get_running_loop().call_later(0.3, before.platform.done.set)
    async with phone(tmp_path) as after:
        assert {message.delivery for message in after.stored(Sender.BOT)} == {"sent"}


# Much at once


async def test_the_same_call_fifty_times_at_once_is_one_message_and_one_answer(customer: Phone) -> None:
    body = customer.message("text", Content="洗衣机不转了")
    for response in await asyncio.gather(*(customer.bring(body) for _ in range(50))):
        await succeeds(response)
    await until(lambda: customer.shown)
    assert len(customer.stored()) == len(customer.world.engine.heard) == len(customer.shown) == 1


async def test_two_nodes_get_every_message_three_times_and_store_it_once(tmp_path: Path, emptied: str) -> None:
    async with two_nodes(tmp_path, emptied) as (one, other):
        bodies = [one.message("text", Content=f"第{n}句") for n in range(8)]
        calls = [node.bring(body) for body in bodies for node in (one, other, one)]
        for response in await asyncio.gather(*calls):
            await succeeds(response)
        assert sorted(message.text for message in one.stored()) == [f"第{n}句" for n in range(8)]
        await until(lambda: one.shown and not waiting(one.world))
        heard = Counter("\n".join(one.world.engine.heard + other.world.engine.heard).split("\n"))
        assert heard == {f"第{n}句": 1 for n in range(8)}
        greetings = [text for text in one.shown if "机器人" in text]
        assert len(greetings) == 1


async def test_who_comes_to_two_nodes_at_once_has_one_conversation_and_one_greeting(
    tmp_path: Path, emptied: str
) -> None:
    async with two_nodes(tmp_path, emptied) as nodes:
        for n in range(10):
            new = [Phone(node.world, node.platform, f"o6_new{n}") for node in nodes]
            bodies = [new[0].message("event", Event="subscribe", EventKey=""), new[0].message("text", Content="在吗")]
            for response in await asyncio.gather(new[0].bring(bodies[0]), new[1].bring(bodies[1])):
                await succeeds(response)
            said = new[0].world.stored(new[0].conversation)
            assert [message.text for message in said if message.sender is Sender.CUSTOMER] == ["在吗"]
            assert sum((message.source or {}).get("id") == "greeting.welcome" for message in said) == 1


def waiting(world: World) -> list[str]:
    with world.anfu.reading() as work:
        return list(work.conversations.unanswered())


async def test_five_hundred_messages_of_one_customer_are_few_turns_and_all_kept(customer: Phone) -> None:
    bodies = [customer.message("text", Content=f"第{n}句") for n in range(500)]
    for at in range(0, 500, 50):
        await asyncio.gather(*map(customer.bring, bodies[at : at + 50]))
    await until(lambda: not waiting(customer.world))
    assert sorted(int(message.text[1:-1]) for message in customer.stored()) == list(range(500))
    assert len(customer.world.engine.heard) <= 10
    assert len(customer.shown) <= 5


async def test_four_nodes_pull_everything_once_and_in_order(company: Company) -> None:
    texts = [f"第{number}句" for number in range(60)]
    for said in texts:
        company.write(said)
        company.write(said, "wmLi")
    company.platform.kf.page_size = 7
    company.knock()
    nodes = [company.node() for _ in range(4)]
    while sum(await asyncio.gather(*(node.drain() for node in nodes))):
        pass
    assert company.stored() == {"wmZhang": texts, "wmLi": texts}


async def test_a_page_that_cannot_be_stored_is_tried_again_and_holds_up_no_other_account(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    company.write("第一句")
    company.anfu.intake.want_pull("kf", "wkAnother", "")
    company.knock()
    with patch.object(company.anfu.intake, "store", side_effect=[ValueError("洗衣机")]):
        await company.node().drain()
    assert "could not be dealt with" in caplog.text
    assert company.stored() == {}
    company.clock.advance(seconds=5)
    await drained(company.node())
    assert company.stored() == {"wmZhang": ["第一句"]}


# Sending, while something else happens


@pytest.fixture
def talk(uow: UnitOfWorkFactory, clock: Clock) -> Talk:
    return Talk(uow, clock)


@pytest.mark.parametrize("outcome", [Outcome.CLOSED, Outcome.GONE])
async def test_who_writes_while_the_platform_says_no_gets_their_answer(talk: Talk, outcome: Outcome) -> None:
    conversation = await open_talk(talk)
    talk.says(conversation, "明天上午上门")
    talk.platform.answers, talk.platform.takes = [Receipt(outcome, "微信返回 45015")], 0.1
    talk.platform.called.clear()
    sends = asyncio.create_task(talk.sending.drain())
    await talk.platform.called.wait()
    talk.clock.advance(seconds=1)
    talk.does(text="我在呢")
    await sends
    talk.clock.advance(seconds=5)
    assert await talk.arrived_now() == ["明天上午上门"]


async def test_who_leaves_while_it_is_sent_gets_nothing_more_and_the_desk_knows(talk: Talk) -> None:
    conversation = await open_talk(talk)
    talk.says(conversation, "明天上午上门")
    talk.platform.answers, talk.platform.takes = [Receipt(Outcome.GONE, "客户已取消关注")], 0.1
    talk.platform.called.clear()
    sends = asyncio.create_task(talk.sending.drain())
    await talk.platform.called.wait()
    talk.does(Did.LEFT)
    await sends
    talk.says(conversation, "还在吗")
    talk.clock.advance(seconds=5)
    assert await talk.arrived_now() == []
    assert talk.states(conversation)[-2:] == ["failed", "waiting"]


async def test_leaving_that_is_brought_late_does_not_shut_out_who_came_back(talk: Talk) -> None:
    conversation = await open_talk(talk)
    left_at = talk.clock()
    talk.clock.advance(seconds=3)
    talk.does(text="我又回来了")
    talk.intake.receive("wechat", LIMITS, Incoming("openid-1", "e:late", "", left_at, Did.LEFT))
    talk.says(conversation, "欢迎回来")
    assert await talk.arrived_now() == ["欢迎回来"]


async def test_a_platform_that_never_says_what_became_of_it_is_asked_ever_more_seldom_and_then_no_more(
    talk: Talk,
) -> None:
    talk.use(Limits(**{**vars(LIMITS), "repeats": True}))
    conversation = await open_talk(talk)
    talk.says(conversation, "明天上午上门")
    talk.platform.tried.clear()
    talk.platform.answers = [Receipt(Outcome.UNKNOWN, "没有回答")] * 100
    for _ in range(3600 * 4 // 10):
        await talk.sending.drain()
        talk.clock.advance(seconds=10)
    assert len(talk.platform.tried) == sending.MOST_TRIES + 1
    assert len({envelope.id for envelope in talk.platform.tried}) == 1
    assert talk.states(conversation)[-1] == "unknown"


@pytest.mark.parametrize("then", [Outcome.LATER, Outcome.CLOSED])
async def test_what_may_have_arrived_is_never_packed_into_another_message(talk: Talk, then: Outcome) -> None:
    talk.use(Limits(**{**vars(LIMITS), "repeats": True}))
    conversation = await open_talk(talk)
    talk.says(conversation, "明天上午上门")
    talk.platform.tried.clear()
    talk.platform.answers = [Receipt(Outcome.UNKNOWN, "没有回答"), Receipt(then, "平台忙")]
    for said in ("师傅姓王", "电话稍后发您"):
        await talk.sending.drain()
        talk.clock.advance(seconds=5)
        talk.does(text="好的")
        talk.says(conversation, said)
    for _ in range(5):
        await talk.sending.drain()
        talk.clock.advance(seconds=40)
    tried = {envelope.id: envelope.text for envelope in talk.platform.tried}
    assert [text for text in tried.values() if "明天上午上门" in text] == ["明天上午上门"]
    assert {"师傅姓王", "电话稍后发您"} <= set("\n\n".join(e.text for e in talk.platform.arrived).split("\n\n"))


async def test_what_the_bot_had_thought_of_before_a_person_came_is_not_sent(customer: Phone) -> None:
    customer.world.engine.pace = 1
    await succeeds(await customer.say("洗衣机不转了"))
    await until(lambda: customer.world.engine.heard)
    with customer.world.uow() as work:
        conversation = work.conversations.get(customer.conversation)
        assert conversation
        customer.world.anfu.handoff.queue(work, conversation, "asked")
        work.commit()
    await until(lambda: any(message.note for message in customer.world.stored(customer.conversation)))
    await until(lambda: customer.shown)
    assert not any("您说的是" in text for text in customer.shown)


async def test_while_a_person_serves_neither_the_bot_nor_private_notes_reach_the_customer(customer: Phone) -> None:
    customer.world.everybody()
    await succeeds(await customer.say("转人工"))
    await until(lambda: customer.shown)
    await customer.world.ask("PUT", "/presence", {"status": "online"})
    with customer.world.uow() as work:
        conversation = work.conversations.get(customer.conversation)
    assert conversation
    if conversation.owner is Owner.QUEUED:
        await customer.world.ask("POST", f"/desk/conversations/{customer.conversation}/take", {})
    said = {"text": "您好，我是小李", "client_id": str(uuid.uuid4())}
    path = f"/desk/conversations/{customer.conversation}"
    assert (await customer.world.ask("POST", f"{path}/messages", said)).status == 201
    note = {"text": "客户很急，内部先别承诺", "client_id": str(uuid.uuid4())}
    assert (await customer.world.ask("POST", f"{path}/notes", note)).status == 201
    await succeeds(await customer.say("洗衣机不转了"))
    await until(lambda: any("我是小李" in text for text in customer.shown))
    await asyncio.sleep(0.5)
    assert not any("内部" in text or "您说的是：洗衣机" in text for text in customer.shown)


# What customers send


async def test_twenty_thousand_characters_are_kept_whole(customer: Phone) -> None:
    said = "".join(f"第{n}句很长的话。" for n in range(2200))[:20_000]
    await succeeds(await customer.say(said))
    stored = [message.text for message in customer.stored()]
    assert "".join(stored) == said and max(map(len, stored)) <= MAX_MESSAGE_CHARS
    await succeeds(await customer.bring(customer.message("text", Content=said)))
    await until(lambda: customer.shown)


@pytest.mark.parametrize("said", ["😀🎉👍🏽", "\u200b\u200d\ufeff", "  \n ", "\u202e\u2066", "？？！！……"])
async def test_what_has_no_words_is_answered_as_such(customer: Phone, said: str) -> None:
    await succeeds(await customer.say(said))
    await until(lambda: customer.shown)
    assert not customer.world.engine.heard
    assert (customer.stored(Sender.BOT)[-1].source or {})["id"] == "input.no_words"


@pytest.mark.parametrize("is_sealed", [True, False])
@pytest.mark.parametrize("said", [
    "]]></Content><MsgType>news</MsgType><Content>", "</xml><xml>", "<![CDATA[x]]>", "字]]", "字]]]]>>",
    "&lt;b&gt; &amp;",
])  # fmt: skip
async def test_a_customers_words_stay_words_in_the_reply(tmp_path: Path, said: str, is_sealed: bool) -> None:
    async with phone(tmp_path, wechat_mode="passive", wechat_aes_key=KEY if is_sealed else "") as asker:
        body = await (await asker.say(said)).read()
        if is_sealed:
            sealed = xml.read(body)
            body = SEAL.open(sealed["Encrypt"], sealed["MsgSignature"], sealed["TimeStamp"], sealed["Nonce"])
        fields = xml.read(body)
        assert set(fields) == {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"}
        assert (fields["MsgType"], fields["ToUserName"], fields["FromUserName"]) == ("text", OPENID, OURS)
        assert wechatpy.parse_message(body).content.endswith(f"您说的是：{said}")


async def test_the_name_of_a_file_is_a_name_and_nothing_else(customer: Phone) -> None:
    for media_id in ("../../../etc/passwd", "x&access_token=y#z", "<script>"):
        await succeeds(await customer.bring(customer.message("image", MediaId=media_id)))

    def asked() -> list[str]:
        return [query["media_id"] for path, query, _ in customer.platform.asked if path == "media/get"]

    await until(lambda: len(asked()) == 3)
    assert sorted(asked()) == sorted(["../../../etc/passwd", "x&access_token=y#z", "<script>"])
    await succeeds(await customer.bring(customer.message("image", MediaId="M" * 5000)))
    assert customer.stored()[-1].text == "[暂不支持的消息]"


async def test_places_and_links_are_words_at_the_desk(customer: Phone) -> None:
    customer.world.everybody()
    script = "<script>alert(1)</script>\u202e"
    place = customer.message("location", Location_X="23.1", Location_Y="113.3", Scale="20", Label=script)
    link = customer.message("link", Title="<img src=x onerror=alert(1)>", Description="", Url="javascript:alert(1)")
    for body in (place, link):
        await succeeds(await customer.bring(body))
    assert [(m.text, (m.source or {})["kind"]) for m in customer.stored()] == [
        ("<script>alert(1)</script>", "location"),
        ("<img src=x onerror=alert(1)>\njavascript:alert(1)", "link"),
    ]
    response = await customer.world.ask("GET", f"/desk/conversations/{customer.conversation}", by="王主管")
    assert response.content_type == "application/json" and response.headers["X-Content-Type-Options"] == "nosniff"


async def test_what_a_page_of_kf_must_not_hold_spoils_nothing_else_of_it(tmp_path: Path, emptied: str) -> None:
    async with phone(tmp_path, database=emptied) as shop:
        common = {
            "open_kfid": "wkA",
            "external_userid": "wmA",
            "origin": 3,
            "send_time": int(shop.world.clock().timestamp()),
        }
        poison: list[Any] = [
            {"msgtype": "location", "location": {"latitude": float("nan"), "longitude": 1e999, "name": "\ud800\x00"}},
            {"msgtype": "text", "text": {"content": "点这里", "menu_id": "9" * 5000 + "-1"}},
            {"msgtype": "text", "text": {"content": "点这里", "menu_id": "999999999999-1"}},
            {"msgtype": "text", "text": {"content": "\ud83d\x00半个字"}},
            {"msgtype": "link", "link": {"title": "\ud83d", "url": "javascript:\x00"}},
            {"msgtype": "image", "image": {"media_id": "M" * 5000}},
            {"msgtype": 5}, "nonsense", {"msgtype": "text", "text": {"content": "最后一句"}},
        ]  # fmt: skip
        messages = [{**common, "msgid": f"m{n}", **m} if isinstance(m, dict) else m for n, m in enumerate(poison)]
        page = {"errcode": 0, "errmsg": "ok", "next_cursor": "c1", "has_more": 0, "msg_list": messages}
        shop.platform.will("gettoken", {"errcode": 0, "access_token": "kf-token", "expires_in": 7200})
        shop.platform.will("kf/sync_msg", web.Response(text=json.dumps(page), content_type="application/json"))
        await knock(shop, "wkA")
        customer = Phone(shop.world, shop.platform, "wkA:wmA")
        await until(lambda: customer.conversation and customer.stored())
        assert len(customer.stored()) == 8 and customer.stored()[-1].text == "最后一句"
        shop.world.everybody()
        await until(lambda: not waiting(shop.world))
        response = await shop.world.ask("GET", f"/desk/conversations/{customer.conversation}", by="王主管")
        assert response.status == 200, await response.text()


async def knock(shop: Phone, account: str) -> None:
    timestamp = str(int(shop.world.clock().timestamp()))
    news = xml.write({
        "ToUserName": CORP_ID, "CreateTime": int(timestamp), "MsgType": "event", "Event": "kf_msg_or_event",
        "Token": "ENC", "OpenKfId": account,
    })  # fmt: skip
    encrypted, signature = Seal(TOKEN, KEY, CORP_ID).seal(news, timestamp, NONCE)
    query = {"msg_signature": signature, "timestamp": timestamp, "nonce": NONCE}
    await succeeds(await shop.world.client.post("/kf", params=query, data=xml.write({"Encrypt": encrypted})))


# Rights, and what stays


async def test_two_who_delete_their_binding_at_once_are_both_parted(tmp_path: Path, emptied: str) -> None:
    async with gateway(tmp_path, database=emptied) as world:
        world.office.bindings.channels = ("wechat",)
        for _ in range(5):
            webs = [await world.open(), await world.open()]
            wechat = world.anfu.intake.open_conversation("wechat", f"o-{uuid.uuid4().hex}").id
            with world.uow() as work:
                for one in (*(web.id for web in webs), wechat):
                    work.bindings.bind(one, wechat, world.clock())
                work.commit()
            responses = await asyncio.gather(*(ask(web, "DELETE", BINDINGS) for web in webs))
            assert [response.status for response in responses] == [200, 200]
            assert [await response.json() for response in responses] == [{"bound": [], "channels": ["wechat"]}] * 2
            told = Counter((message.source or {}).get("id") for message in world.stored(wechat))
            assert told["binding.unbound"] >= 1


async def test_nothing_of_who_writes_what_or_our_secrets_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with phone(tmp_path, wechat_secret="secret-of-the-account") as customer:
            customer.platform.will("message/custom/send", {"errcode": 45015, "errmsg": f"no {OPENID} 13800000001"}, CUT)
            query: Callable[[str], Any] = customer.say
            for said in ("我的电话是13800000001", "洗衣机不转了"):
                await succeeds(await query(said))
                await until(lambda: not waiting(customer.world))
            await customer.world.client.get("/wechat", params={"openid": OPENID, "signature": "x"})
            await until(lambda: customer.platform.bodies("message/custom/send"))
            await asyncio.sleep(0.3)
    ours = [record for record in caplog.records if record.name != "aiohttp.access"]  # the test's servers keep that one
    logged = "\n".join(f"{record.getMessage()} {record.exc_text}" for record in ours)
    for hidden in (OPENID, "13800000001", "洗衣机", "secret-of-the-account", "1_AaBbCc", TOKEN, KEY):
        assert hidden not in logged


# A channel that is switched off


async def test_a_channel_that_is_switched_off_keeps_what_was_said_and_the_desk_says_so(tmp_path: Path) -> None:
    async with phone(tmp_path) as before:
        await succeeds(await before.say("洗衣机不转了"))
        await until(lambda: before.shown)
        talk = before.conversation
    async with gateway(tmp_path) as world:
        world.everybody()
        accepted = world.anfu.intake.accept(talk, str(uuid.uuid4()), "还在吗")
        world.runner.notice(talk)
        await until(lambda: world.stored(talk)[-1].seq > accepted.message.seq)
        assert world.stored(talk)[-1].text == "您说的是：还在吗"
        with world.uow() as work:
            conversation = work.conversations.get(talk)
            assert conversation
            world.anfu.handoff.enqueue(work, conversation, "asked")
            work.commit()
        await world.ask("PUT", "/presence", {"status": "online"})
        await world.ask("POST", f"/desk/conversations/{talk}/take", {})
        said = {"text": "您好", "client_id": str(uuid.uuid4())}
        response = await world.ask("POST", f"/desk/conversations/{talk}/messages", said)
        assert "没有接通" in await refusal(response, 409, "out_of_reach")
        shown = await (await world.ask("GET", f"/desk/conversations/{talk}")).text()
        assert "没有接通" in shown
        assert (await world.ask("POST", f"/desk/conversations/{talk}/typing")).status < 500
    async with phone(tmp_path) as again:
        await until(lambda: "还在吗" in "".join(again.shown))
