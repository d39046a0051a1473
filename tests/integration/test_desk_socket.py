"""The desk's socket: what may be seen comes as it happens, what may not never does."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from bot.domain.actor import Role
from bot.domain.conversation import Owner
from bot.domain.person import Person
from bot.gateway.auth import staff_token
from bot.gateway.desk.desktop import MOST_WAITING, Desktop
from tests.integration.gateway_world import PEOPLE, SECRET, Conversation, World, gateway

Frame = dict[str, Any]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


@pytest.fixture
async def talk(world: World) -> Conversation:
    talk = await world.open()
    await talk.say("转人工")
    async with asyncio.timeout(5):
        while True:
            with world.uow() as work:
                found = work.conversations.get(talk.id)
            if found and found.owner is Owner.QUEUED:
                return talk
            await asyncio.sleep(0.01)


@asynccontextmanager
async def desk(world: World, by: str = "小李") -> AsyncIterator[ClientWebSocketResponse]:
    token = staff_token(SECRET, by, PEOPLE[by], world.clock())
    ws = await world.client.ws_connect("/api/v1/desk/socket", protocols=("anfu", token))
    assert (await frame(ws))["type"] == "hello"
    try:
        yield ws
    finally:
        await ws.close()


async def frame(ws: ClientWebSocketResponse, timeout: float = 5) -> Frame:
    received: Frame = json.loads(await ws.receive_str(timeout=timeout))
    return received


async def until(ws: ClientWebSocketResponse, wanted: Callable[[Frame], bool], timeout: float = 5) -> Frame:
    async with asyncio.timeout(timeout):
        while not wanted(received := await frame(ws)):
            pass
    return received


def kind(name: str) -> Callable[[Frame], bool]:
    return lambda received: received["type"] == name


def row_of(talk: Conversation, **fields: Any) -> Callable[[Frame], bool]:
    return lambda received: (
        received["type"] == "conversation"
        and received["conversation"]["id"] == talk.id
        and all(received["conversation"][name] == value for name, value in fields.items())
    )


async def never(ws: ClientWebSocketResponse, unwanted: Callable[[Frame], bool], within: float = 0.5) -> None:
    with pytest.raises(TimeoutError):
        await until(ws, unwanted, within)


async def send(ws: ClientWebSocketResponse, **sent: Any) -> None:
    await ws.send_str(json.dumps(sent))


def says(text: str) -> dict[str, str]:
    return {"client_id": str(uuid.uuid4()), "text": text}


async def post(world: World, talk: Conversation, what: str, body: Any, by: str = "小李") -> None:
    response = await world.ask("POST", f"/desk/conversations/{talk.id}{what}", body, by=by)
    assert response.status < 300, await response.text()


async def test_a_new_conversation_and_each_change_come_to_every_desk_that_may_see_it(world: World) -> None:
    async with desk(world) as one, desk(world, "王主管") as two:
        talk = await world.open()
        await talk.say("转人工")
        for ws in (one, two):
            queued = await until(ws, row_of(talk, owner="queued"))
            assert queued["conversation"]["position"] == 1
        await post(world, talk, "/take", {})
        for ws in (one, two):
            await until(ws, row_of(talk, owner="human", agent="小李"))


async def test_an_opened_conversation_gets_all_its_messages_once_and_in_order_notes_included(
    world: World, talk: Conversation
) -> None:
    async with desk(world) as ws:
        await send(ws, type="open", conversation_id=talk.id, after=1)
        await post(world, talk, "/take", {})
        for number in range(5):
            await post(world, talk, "/messages", says(f"第 {number} 句"))
            await talk.say(f"客户 {number}")
        await post(world, talk, "/notes", says("只给同事"))
        seqs: list[int] = []
        texts: list[str] = []
        while "只给同事" not in texts:
            messages = (await until(ws, kind("messages")))["messages"]
            seqs += [message["seq"] for message in messages]
            texts += [message["text"] for message in messages]
        assert seqs == list(range(2, 2 + len(seqs)))


async def test_a_conversation_that_is_not_open_brings_its_row_and_no_messages(world: World, talk: Conversation) -> None:
    async with desk(world) as ws:
        await talk.say("还在吗")
        await until(ws, row_of(talk))
        await send(ws, type="open", conversation_id=talk.id, after=0)
        await until(ws, kind("messages"))
        await send(ws, type="close", conversation_id=talk.id)
        await talk.say("喂")
        await never(ws, kind("messages"))


async def test_what_goes_to_another_team_is_gone_and_is_not_told_of_again(
    world: World, talk: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk(world) as ws, desk(world, "王主管") as leader:
        await post(world, talk, "/take", {})
        await until(ws, row_of(talk, owner="human"))
        await post(world, talk, "/transfer", {"to": {"kind": "level", "name": "supervisor"}, "reason": "超出权限"})
        assert (await until(ws, kind("gone")))["id"] == talk.id
        await until(leader, row_of(talk, level="supervisor"))
        await talk.say("秘密")
        await send(ws, type="open", conversation_id=talk.id, after=0)
        await never(ws, lambda received: "秘密" in str(received), 1)
    assert any("was refused conversation" in record.message for record in caplog.records)


async def test_who_is_given_a_conversation_gets_a_notice_and_who_takes_one_does_not(
    world: World, talk: Conversation
) -> None:
    async with desk(world) as one, desk(world, "小张") as two:
        await post(world, talk, "/take", {})
        await until(two, row_of(talk, agent="小李"))
        await never(one, kind("notice"), 0.3)
        await post(world, talk, "/transfer", {"to": {"kind": "person", "name": "小张"}, "reason": "请接手"})
        notice = await until(two, kind("notice"))
        assert (notice["kind"], talk.id in notice["link"]) == ("assigned", True)
        await post(world, talk, "/whisper", says("先道歉"), by="王主管")
        whisper = await until(two, lambda received: received.get("kind") == "whisper")
        assert whisper["text"] == "先道歉"


async def test_what_the_customer_is_typing_is_shown_to_who_has_opened_it_and_kept_nowhere(
    world: World, talk: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    customer = await talk.socket(after=1)
    await frame(customer)
    async with desk(world) as ws, desk(world, "小张") as other:
        await send(ws, type="open", conversation_id=talk.id, after=0)
        await until(ws, kind("messages"))
        await customer.send_str(json.dumps({"type": "typing", "text": "我的卡号是 6222" + "长" * 600}))
        typing = await until(ws, kind("typing"))
        assert typing["conversation_id"] == talk.id
        assert typing["text"].startswith("我的卡号是 6222")
        assert len(typing["text"]) == 500
        await never(other, kind("typing"), 0.3)
    assert not any("6222" in message.text for message in world.stored(talk.id))
    assert "6222" not in caplog.text
    await customer.close()


async def test_nobody_sees_what_is_typed_to_the_bot(world: World) -> None:
    talk = await world.open()
    customer = await talk.socket(after=0)
    await frame(customer)
    async with desk(world) as ws:
        await send(ws, type="open", conversation_id=talk.id, after=0)
        await until(ws, kind("messages"))
        await customer.send_str('{"type": "typing", "text": "心事"}')
        await never(ws, kind("typing"))
    await customer.close()


async def test_the_customer_sees_that_whoever_holds_the_conversation_is_typing(
    world: World, talk: Conversation
) -> None:
    await post(world, talk, "/take", {})
    customer = await talk.socket(after=50)
    await frame(customer)
    async with desk(world) as ws, desk(world, "王主管") as leader:
        for one in (ws, leader):
            await send(one, type="open", conversation_id=talk.id, after=0)
            await until(one, kind("messages"))
        await send(leader, type="typing", conversation_id=talk.id)
        await until(ws, lambda received: received["type"] == "agent_typing" and received["name"] == "王主管")
        await send(ws, type="typing", conversation_id=talk.id)
        seen = await frame(customer)
        assert seen["typing"] == {"name": "小李"}, "a leader who watches is not seen"
        await until(leader, lambda received: received["type"] == "agent_typing" and received["name"] == "小李")
    await customer.close()


async def test_who_edits_a_ticket_is_shown_to_the_others_until_they_leave(world: World) -> None:
    async with desk(world, "小张") as other:
        async with desk(world) as ws:
            await send(ws, type="editing", ticket="BX20261128-0001")
            assert (await until(other, kind("editing")))["people"] == ["小李"]
        assert (await until(other, kind("editing")))["people"] == []


async def test_queue_and_people_are_told_at_the_start_and_when_they_change(world: World, talk: Conversation) -> None:
    async with desk(world) as ws:
        queue = await until(ws, kind("queue"))
        assert (queue["waiting"], queue["ready_agents"]) == (1, 0)
        await until(ws, kind("presence"))
        response = await world.ask("PUT", "/presence", {"state": "ready"})
        assert response.status < 300
        assert (await until(ws, lambda r: r["type"] == "queue" and r["ready_agents"] == 1))["waiting"] == 1


@pytest.mark.parametrize(
    "nonsense",
    [
        "", "{", "[]", "null", '{"type": ["open"]}', '{"type": "open"}', '{"type": "open", "conversation_id": 7}',
        '{"type": "open", "conversation_id": "x", "after": -1}', '{"type": "open", "conversation_id": "x"}',
        '{"type": "typing", "conversation_id": {}}', '{"type": "editing", "ticket": 7}', "[" * 3000,
    ],
    ids=range(12),
)  # fmt: skip
async def test_what_the_desk_does_not_understand_it_ignores(world: World, talk: Conversation, nonsense: str) -> None:
    async with desk(world) as ws:
        await ws.send_str(nonsense)
        await ws.send_bytes(b"\x00\xff")
        await talk.say("还在吗")
        await until(ws, row_of(talk, unread=2))


async def test_nobody_unknown_gets_a_desk(world: World, talk: Conversation) -> None:
    for options in (
        {},
        {"protocols": ("anfu",)},
        {"protocols": ("anfu", "forged")},
        {"protocols": ("anfu", talk.token)},
    ):
        with pytest.raises(WSServerHandshakeError) as refused:
            await world.client.ws_connect("/api/v1/desk/socket", **options)
        assert refused.value.status in (401, 403)


async def test_who_is_disabled_is_sent_away_at_the_next_sign_of_life(world: World) -> None:
    async with desk(world) as ws:
        with world.uow() as work:
            person = work.users.get("小李")
            assert person
            work.users.save(replace(person, is_disabled=True), world.clock())
            work.commit()
        await send(ws, type="alive")
        async with asyncio.timeout(5):
            while (message := await ws.receive()).type is WSMsgType.TEXT:
                pass
        assert (message.type, message.data) == (WSMsgType.CLOSE, 4401)


async def test_a_sign_of_life_keeps_a_person_present(world: World) -> None:
    async with desk(world) as ws:
        with world.uow() as work:
            before = work.users.get("小李")
        world.clock.ahead = timedelta(minutes=1)
        await send(ws, type="alive")
        await until(ws, kind("alive"))
        async with asyncio.timeout(5):
            while True:
                with world.uow() as work:
                    now = work.users.get("小李")
                assert now and before and before.seen_at and now.seen_at
                if now.seen_at > before.seen_at:
                    break
                await asyncio.sleep(0.02)


async def test_a_desk_that_does_not_read_is_told_to_load_anew_and_holds_nobody_up(world: World) -> None:
    slow = Desktop(Person("小李", Role.AGENT))
    for number in range(MOST_WAITING + 5):
        slow.offer({"type": "conversation", "number": number})
    frames = [slow.waiting.get_nowait() for _ in range(slow.waiting.qsize())]
    assert frames[0] == {"type": "resync"}
    assert [f["number"] for f in frames[1:] if f] == list(range(MOST_WAITING, MOST_WAITING + 5))


async def test_a_server_that_stops_says_goodbye_to_desks(tmp_path: Path) -> None:
    async with gateway(tmp_path) as world:
        world.everybody()
        async with desk(world) as ws:
            stopping = asyncio.create_task(world.server.close())
            async with asyncio.timeout(5):
                while (message := await ws.receive()).type is WSMsgType.TEXT:
                    pass
            assert (message.type, message.data) == (WSMsgType.CLOSE, 1001)
            await ws.close()
            await stopping
