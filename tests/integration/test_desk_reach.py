"""The desk knows how a customer on a platform can be reached, and what became of each word (F, W2, W3)."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, FormData
from jsonschema import validate

from bot.adapters.channels.wechat.account import GRANTS
from bot.domain.conversation import Conversation, Need, Owner, OwnerChange
from bot.domain.incoming import Did, Incoming, Media
from bot.domain.message import Message, Reply, Sender
from bot.domain.reach import Limits
from bot.domain.ticket import Kind
from bot.gateway import keys
from bot.gateway.auth import SUBPROTOCOL, staff_token
from bot.gateway.limits import seldom
from bot.services.ports.channels import ENDED, WITH_PEOPLE
from bot.services.reaching import Reaching
from tests.integration.gateway_world import PEOPLE, SECRET, World, content_once, gateway, refusal
from tests.integration.test_gateway_openapi import SPEC, resolved

PUSH = Limits(GRANTS, reserve=1, text_bytes=2048, merges=True)
PASSIVE = Limits({}, passive=True)
DESK = "/desk/conversations/{}"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        connect(world, PUSH)
        yield world


def connect(world: World, limits: Limits) -> None:
    """The 公众号 is connected; what waits for it stays where it is, since nobody fetches it in these tests."""
    world.office.desk.reaching = Reaching({"wechat": limits}, content_once().channels, world.clock)


def writes(world: World, text: str = "洗衣机不转了", limits: Limits = PUSH, **more: Any) -> str:
    """The customer writes in WeChat; gives the conversation's id."""
    incoming = Incoming("openid-of-wang", str(uuid.uuid4()), text, world.clock(), **more)
    with world.uow() as work:
        received = world.anfu.intake.store(work, "wechat", limits, incoming)
        work.commit()
    return received.conversation_id


@pytest.fixture
def talk(world: World) -> str:
    """A WeChat conversation that 小李 holds."""
    return held(world, writes(world))


def held(world: World, conversation_id: str) -> str:
    with world.uow() as work:
        found = work.conversations.lock(conversation_id)
        assert found
        now = world.clock()
        work.conversations.save_owner(
            found.queue_for_human("asked", now, Need()).take("小李", now),
            OwnerChange(conversation_id, found.epoch + 2, Owner.HUMAN, "taken", now, "小李", "小李"),
        )
        work.commit()
    return conversation_id


def spend(world: World, conversation_id: str, count: int) -> None:
    """So many messages have gone."""
    with world.uow() as work:
        reach = work.reaches.get(conversation_id)
        for _ in range(count):
            reach = reach.spent(world.clock())
        work.reaches.save(reach)
        work.commit()


def stored(world: World, conversation_id: str) -> list[str]:
    return [message.text for message in world.stored(conversation_id) if message.sender is Sender.AGENT]


async def row(world: World, conversation_id: str) -> dict[str, Any]:
    answer = await (await world.ask("GET", DESK.format(conversation_id))).json()
    found: dict[str, Any] = answer["conversation"]
    validate(found, resolved(SPEC["components"]["schemas"]["DeskConversation"]))
    for message in answer["messages"]:
        validate(message, resolved(SPEC["components"]["schemas"]["DeskMessage"]))
    return found


async def say(world: World, conversation_id: str, text: str = "我来看看") -> Any:
    body = {"client_id": str(uuid.uuid4()), "text": text}
    return await world.ask("POST", f"{DESK.format(conversation_id)}/messages", body)


@asynccontextmanager
async def desk(world: World, conversation_id: str, after: int = 0) -> AsyncIterator[ClientWebSocketResponse]:
    """小李's desk with the conversation open, and all of it read."""
    token = staff_token(SECRET, "小李", PEOPLE["小李"], world.clock())
    async with world.client.ws_connect("/api/v1/desk/socket", protocols=(SUBPROTOCOL, token)) as ws:
        await ws.send_json({"type": "open", "conversation_id": conversation_id, "after": after})
        await frame(ws, "messages")
        yield ws


async def frame(ws: ClientWebSocketResponse, kind: str, **wanted: Any) -> dict[str, Any]:
    """The next frame of that kind."""
    async with asyncio.timeout(5):
        while True:
            found: dict[str, Any] = await ws.receive_json()
            if found["type"] == kind and all(found.get(name) == value for name, value in wanted.items()):
                return found


def settle(world: World, message: Message, state: str, note: str = "") -> None:
    with world.uow() as work:
        work.messages.mark_delivery([message.id], state, note)
        work.commit()


async def test_the_website_has_no_limits(world: World) -> None:
    talk = await world.open()
    found = await row(world, held(world, talk.id))
    assert (found["channel"], found["reach"]) == ("web", None)
    assert (await say(world, talk.id)).status == 201


async def test_what_may_still_go_is_told_with_its_end(world: World, talk: str) -> None:
    spend(world, talk, 2)
    reach = (await row(world, talk))["reach"]
    assert reach["name"] == "微信公众号"
    assert (reach["counts"], reach["left"], reach["most"], reach["may_send"]) == (True, 3, 5, True)
    assert (reach["reason"], reach["ways"], reach["has_left"], reach["passive"]) == ("", [], False, False)
    assert reach["until"] > (world.clock() + timedelta(hours=47)).isoformat()


async def test_people_use_the_last_one_that_the_bot_may_not(world: World, talk: str) -> None:
    spend(world, talk, 4)
    assert (await row(world, talk))["reach"]["left"] == 1
    assert (await say(world, talk)).status == 201


async def test_beyond_the_last_nothing_is_stored_and_the_ways_are_named(world: World, talk: str) -> None:
    spend(world, talk, 5)
    message = await refusal(await say(world, talk), 409, "out_of_reach")
    assert "5 条已经用完" in message
    assert all(name in message for name in ("登记回电工单", "派短信/电话任务", "请客户先发一条"))
    assert stored(world, talk) == []
    reach = (await row(world, talk))["reach"]
    assert (reach["may_send"], reach["left"], reach["until"]) == (False, 0, None)
    assert [way["id"] for way in reach["ways"]] == ["callback", "task", "ask"]
    assert "给我们发一条消息" in reach["ways"][2]["text"]


async def test_a_file_beyond_the_last_is_not_stored_either(world: World, talk: str) -> None:
    spend(world, talk, 5)
    form = FormData()
    form.add_field("client_id", str(uuid.uuid4()))
    form.add_field("file", b"%PDF-1.4 a bill", filename="a.pdf", content_type="application/pdf")
    token = staff_token(SECRET, "小李", PEOPLE["小李"], world.clock())
    answer = await world.client.post(
        f"/api/v1{DESK.format(talk)}/attachments", data=form, headers={"Authorization": f"Bearer {token}"}
    )
    await refusal(answer, 409, "out_of_reach")
    assert stored(world, talk) == []


async def test_after_48_hours_the_reason_is_the_time(world: World, talk: str) -> None:
    world.clock.ahead = timedelta(hours=48, seconds=1)
    message = await refusal(await say(world, talk), 409, "out_of_reach")
    assert "超过 48 小时" in message


async def test_a_click_on_the_menu_gives_three_for_a_minute(world: World) -> None:
    talk = held(world, writes(world, "我要报修", did=Did.CLICKED))
    assert ((await row(world, talk))["reach"]["left"], (await row(world, talk))["reach"]["most"]) == (3, 3)
    world.clock.ahead = timedelta(seconds=61)
    assert "不让主动发" in await refusal(await say(world, talk), 409, "out_of_reach")


async def test_who_no_longer_follows_is_not_reached_and_that_is_said(world: World, talk: str) -> None:
    writes(world, "", did=Did.LEFT)
    assert "取消关注" in await refusal(await say(world, talk), 409, "out_of_reach")
    assert (await row(world, talk))["reach"]["has_left"]


@pytest.mark.parametrize(("state", "why"), [(WITH_PEOPLE, "企业微信里的同事"), (ENDED, "已经结束")])
async def test_what_the_platform_says_of_the_session_counts(world: World, talk: str, state: str, why: str) -> None:
    with world.uow() as work:
        work.reaches.save(replace(work.reaches.get(talk), state=state))
        work.commit()
    assert why in await refusal(await say(world, talk), 409, "out_of_reach")
    assert (await row(world, talk))["reach"]["state"] == state


async def test_notes_remain_possible(world: World, talk: str) -> None:
    spend(world, talk, 5)
    body = {"client_id": str(uuid.uuid4()), "text": "等客户再来消息"}
    assert (await world.ask("POST", f"{DESK.format(talk)}/notes", body)).status == 201


async def test_where_the_customer_fetches_messages_they_wait(world: World) -> None:
    connect(world, PASSIVE)
    talk = held(world, writes(world, limits=PASSIVE))
    reach = (await row(world, talk))["reach"]
    assert (reach["passive"], reach["counts"], reach["may_send"]) == (True, False, True)
    assert (await say(world, talk)).status == 201
    with world.uow() as work:
        assert [one.message.text for one in work.outbox.waiting(talk)][-1] == "我来看看"


async def test_a_channel_that_is_not_connected_takes_nothing(world: World, talk: str) -> None:
    world.office.desk.reaching = Reaching({}, content_once().channels, world.clock)
    assert "没有接通" in await refusal(await say(world, talk), 409, "out_of_reach")


async def test_what_became_of_a_word_reaches_the_open_desk_at_once(world: World, talk: str) -> None:
    said = await (await say(world, talk)).json()
    assert said["delivery"] is None
    (message,) = [one for one in world.stored(talk) if one.seq == said["seq"]]
    async with desk(world, talk) as ws:
        spend(world, talk, 1)
        for state, note in (("waiting", "等客户再发消息后送出"), ("unknown", "发送途中服务中断"), ("failed", "45047")):
            settle(world, message, state, note)
            await world.wakeups.pass_on({"type": "restated", "conversation_id": talk, "seqs": [message.seq]})
            shown = (await frame(ws, "messages"))["messages"]
            assert [(one["seq"], one["delivery"]) for one in shown] == [
                (message.seq, {"state": state, "note": note})
            ]  # fmt: skip


async def test_the_row_comes_with_its_fresh_reach(world: World, talk: str) -> None:
    async with desk(world, talk) as ws:
        spend(world, talk, 2)
        await world.wakeups.pass_on({"type": "restated", "conversation_id": talk, "seqs": []})
        while (await frame(ws, "conversation"))["conversation"]["reach"]["left"] != 3:
            pass
        writes(world, "还在吗")
        await world.wakeups.publish(talk)
        while (await frame(ws, "conversation"))["conversation"]["reach"]["left"] != 5:
            pass


async def test_a_file_that_has_come_takes_the_place_of_its_message(world: World, talk: str) -> None:
    writes(world, "[图片]", source={"kind": "media"}, media=Media("media-1", "image"))
    async with desk(world, talk) as ws:
        (message,) = [one for one in world.stored(talk) if one.text == "[图片]"]
        with world.uow() as work:
            work.messages.restate(message.id, "[图片] 图片-120000.png", {"kind": "attachment", "id": "file-1"})
            work.commit()
        await world.wakeups.pass_on({"type": "restated", "conversation_id": talk, "seqs": [message.seq]})
        (shown,) = (await frame(ws, "messages"))["messages"]
        assert (shown["seq"], shown["source"]["kind"]) == (message.seq, "attachment")


async def test_a_message_that_the_desk_has_not_yet_comes_once(world: World, talk: str) -> None:
    async with desk(world, talk) as ws:
        said = await (await say(world, talk)).json()
        await world.wakeups.pass_on({"type": "restated", "conversation_id": talk, "seqs": [said["seq"]]})
        seqs = [one["seq"] for one in (await frame(ws, "messages"))["messages"]]
        assert seqs == [said["seq"]]


async def test_the_customer_on_the_platform_sees_that_somebody_types(world: World, talk: str) -> None:
    shown = list[str]()
    web = held(world, (await world.open()).id)
    app = world.server.app
    assert app is not None
    with pytest.warns(DeprecationWarning):  # the application runs; a test may still look over its shoulder
        app[keys.SHOW_TYPING] = seldom(shown.append, 5.0)
    async with desk(world, talk) as ws:
        await ws.send_json({"type": "open", "conversation_id": web, "after": 0})
        await frame(ws, "messages", conversation_id=web)
        for conversation_id in (talk, web, talk, talk):
            await ws.send_json({"type": "typing", "conversation_id": conversation_id})
        await ws.send_json({"type": "alive"})
        await frame(ws, "alive")
    assert shown == [talk]


def test_a_call_is_made_once_in_so_many_seconds_for_each() -> None:
    done, moments = list[str](), iter((0.0, 1.0, 4.9, 5.0, 5.5, 6.0))
    call = seldom(done.append, 5.0, lambda: next(moments))
    for key in "abaabb":
        call(key)
    assert done == ["a", "b", "a", "b"]


async def test_a_department_is_asked_to_call(world: World, talk: str) -> None:
    fields = {"phone": "13800138000", "topic": "维修时间改了"}
    number = world.ticketing.open(Kind.CALLBACK, fields, key="1", conversation_id=talk).number
    asked = {"department": "agent", "what": "请打电话告诉客户，师傅明天上午来"}
    answer = await world.ask("POST", f"/tickets/{number}/tasks", asked)
    assert answer.status == 201
    task = await answer.json()
    validate(task, resolved(SPEC["components"]["schemas"]["Task"]))
    assert (task["department_name"], task["what"], task["opened_by"]) == ("客服", asked["what"], "小李")
    listed = await (await world.ask("GET", f"/tasks?ticket={number}")).json()
    assert [one["id"] for one in listed["tasks"]] == [task["id"]]
    await refusal(await world.ask("POST", f"/tickets/{number}/tasks", asked | {"department": "moon"}), 422, "invalid")
    await refusal(await world.ask("POST", f"/tickets/{number}/tasks", asked | {"what": " "}), 422, "invalid")
    await refusal(await world.ask("POST", "/tickets/HD20200101-0001/tasks", asked), 404, "not_found")


async def test_the_wall_tells_from_which_channels_customers_come(world: World, talk: str) -> None:
    for _ in range(2):
        held(world, (await world.open()).id)
    seen = await (await world.ask("GET", "/desk/wall", by="王主管")).json()
    validate(seen, resolved(SPEC["components"]["schemas"]["Wall"]))
    assert seen["channels"] == [
        {"channel": "web", "name": "网页", "count": 2}, {"channel": "wechat", "name": "微信公众号", "count": 1},
    ]  # fmt: skip


def test_the_conversation_begins_without_a_reach(world: World) -> None:
    """What nobody has written in has no ledger, and nothing may go."""
    with world.uow() as work:
        opened = Conversation(str(uuid.uuid4()), "wechat", "openid-of-li", world.clock())
        work.conversations.add(opened)
        work.messages.add(opened.id, Sender.BOT, [Reply("您好", {})], world.clock())
        work.commit()
    seen = world.office.desk.reaching.view(opened, None)
    assert (seen.may_send, seen.left, seen.until) == (False, 0, None)
