"""The socket: pushed frames, typing, refusals, goodbye."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from bot.domain.conversation import OwnerChange
from bot.domain.message import Reply, Sender
from bot.gateway.auth import customer_token
from tests.integration.gateway_world import SECRET, SOCKET, Conversation, World, gateway, refusal


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        yield world


@pytest.fixture
async def talk(world: World) -> Conversation:
    return await world.open()


async def frame(ws: ClientWebSocketResponse, timeout: float = 5) -> dict[str, Any]:
    received: dict[str, Any] = json.loads(await ws.receive_str(timeout=timeout))
    return received


async def until(ws: ClientWebSocketResponse, text: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while True:
            received = await frame(ws)
            if any(text in message["text"] for message in received["messages"]):
                return received


async def test_a_socket_begins_with_everything_after_seq(talk: Conversation) -> None:
    ws = await talk.socket()
    assert ws.protocol == "anfu"
    first = await frame(ws)
    assert (len(first["messages"]), first["owner"]) == (1, "bot")
    again = await talk.socket(after=1)
    assert await frame(again) == {"messages": [], "owner": "bot"}
    await ws.close()
    await again.close()


async def test_a_client_that_can_set_headers_needs_no_subprotocol(talk: Conversation) -> None:
    ws = await talk.socket(headers=talk.headers)
    assert len((await frame(ws))["messages"]) == 1
    await ws.close()


async def test_own_messages_and_answers_are_pushed_to_every_tab(talk: Conversation) -> None:
    tabs = [await talk.socket(after=1), await talk.socket(after=1)]
    client_id = str(uuid.uuid4())
    await talk.say("几点开门", client_id)
    for tab in tabs:
        own = await until(tab, "几点开门")
        assert own["messages"][0]["client_id"] == client_id
        if len(own["messages"]) == 1:
            await until(tab, "您说的是：几点开门")
        await tab.close()


async def test_no_message_is_pushed_twice_and_none_is_missed(talk: Conversation) -> None:
    ws = await talk.socket(after=1)
    for number in range(10):
        await talk.say(f"第 {number} 句")
    seqs: list[int] = []
    last = ""
    while not ("您说的是" in last and "第 9 句" in last):
        messages = (await frame(ws))["messages"]
        seqs += [message["seq"] for message in messages]
        last = messages[-1]["text"] if messages else last
    assert seqs == list(range(2, 2 + len(seqs)))
    await ws.close()


async def test_what_was_told_comes_after_what_was_not(world: World, talk: Conversation) -> None:
    """Who is told of a message, and has missed the one before, gets both in their order."""
    ws = await talk.socket(after=1)
    await frame(ws)
    world.store(talk.id, "没有人被叫醒")
    await talk.say("几点开门")
    seen: list[tuple[int, str]] = []
    while not seen or not seen[-1][1].startswith("您说的是"):
        seen += [(message["seq"], message["text"]) for message in (await frame(ws))["messages"]]
    assert seen == [(2, "没有人被叫醒"), (3, "几点开门"), (4, "您说的是：几点开门")]
    await ws.close()


async def test_private_notes_are_not_told_and_what_comes_after_them_is(world: World, talk: Conversation) -> None:
    """Invariant 9."""
    ws = await talk.socket(after=1)
    await frame(ws)
    with world.uow() as work:
        work.messages.add(talk.id, Sender.AGENT, [Reply("只给同事看", {})], world.clock(), note=True)
        work.messages.add(talk.id, Sender.BOT, [Reply("给客户看", {})], world.clock())
        work.commit()
    assert [message["text"] for message in (await frame(ws))["messages"]] == ["给客户看"]
    await ws.close()


async def test_what_is_not_committed_is_told_to_nobody(world: World, talk: Conversation) -> None:
    ws = await talk.socket(after=1)
    await frame(ws)
    with world.uow() as work:
        work.messages.add(talk.id, Sender.BOT, [Reply("不算数的话", {})], world.clock())
    with pytest.raises(TimeoutError):
        await frame(ws, timeout=0.3)
    await ws.close()


async def test_a_change_of_owner_alone_makes_a_frame(world: World, talk: Conversation) -> None:
    ws = await talk.socket(after=1)
    await frame(ws)
    with world.uow() as work:
        conversation = work.conversations.get(talk.id)
        assert conversation
        now = world.clock()
        queued = conversation.queue_for_human("test", now)
        work.conversations.save_owner(queued, OwnerChange(talk.id, queued.epoch, queued.owner, "test", now))
        work.commit()
    assert await frame(ws, timeout=1) == {"messages": [], "owner": "queued"}
    await ws.close()


async def test_a_frame_comes_even_when_its_wake_up_was_lost(world: World, talk: Conversation) -> None:
    ws = await talk.socket(after=1)
    await frame(ws)
    world.store(talk.id, "没有人被叫醒")
    assert (await frame(ws, timeout=4))["messages"][0]["text"] == "没有人被叫醒"
    await ws.close()


async def test_the_bot_waits_while_the_customer_types_on(world: World, talk: Conversation) -> None:
    ws = await talk.socket(after=1)
    await frame(ws)
    world.runner._quiet_seconds = 0.3
    await talk.say("我想问")
    await ws.send_str('{"type": "typing"}')
    began = time.monotonic()
    await asyncio.sleep(0.5)
    assert world.engine.heard == []
    await talk.say("洗衣机的价格")
    await until(ws, "您说的是")
    assert world.engine.heard == ["我想问\n洗衣机的价格"]
    assert time.monotonic() - began < 3
    await ws.close()


@pytest.mark.parametrize(
    "nonsense",
    ["", "{", "[]", "null", '"typing"', '{"type": "dance"}', '{"type": ["typing"]}', "[" * 3000],
    ids=range(8),
)
async def test_what_the_socket_does_not_understand_it_ignores(world: World, talk: Conversation, nonsense: str) -> None:
    ws = await talk.socket(after=1)
    await frame(ws)
    await ws.send_str(nonsense)
    await ws.send_bytes(b"\x00\xff")
    await talk.say("还在吗")
    await until(ws, "还在吗")
    await ws.close()


async def test_a_frame_over_4_kib_ends_the_socket(talk: Conversation) -> None:
    ws = await talk.socket(after=1)
    await frame(ws)
    await ws.send_str("话" * 4096)
    message = await ws.receive(timeout=5)
    assert message.type is WSMsgType.CLOSE
    assert message.data == 1009


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"headers": {}}, 401),
        ({"headers": {"Authorization": "Bearer garbled"}}, 401),
        ({"protocols": ("anfu",)}, 401),
        ({"protocols": ("anfu", "garbled")}, 401),
        ({"protocols": ("other",)}, 400),
    ],
)
async def test_without_a_good_token_the_socket_is_refused_before_the_upgrade(
    talk: Conversation, options: dict[str, Any], status: int
) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await talk.socket(**options)
    assert refused.value.status == status


async def test_another_conversations_socket_is_refused_and_an_unknown_one_not_found(
    world: World, talk: Conversation
) -> None:
    other = await world.open()
    with pytest.raises(WSServerHandshakeError) as refused:
        await talk.socket(protocols=("anfu", other.token))
    assert refused.value.status == 403
    unknown = str(uuid.uuid4())
    with pytest.raises(WSServerHandshakeError) as refused:
        await Conversation(world.client, unknown, customer_token(SECRET, unknown, world.clock())).socket()
    assert refused.value.status == 404


async def test_a_plain_request_to_the_socket_is_told_what_to_do(talk: Conversation) -> None:
    response = await talk.client.get(SOCKET.format(talk.id), headers=talk.headers)
    await refusal(response, 400, "bad_request")
    response = await talk.client.get(SOCKET.format(talk.id), params={"after": "x"}, headers=talk.headers)
    await refusal(response, 400, "bad_request")


async def test_a_server_that_stops_says_goodbye_to_sockets_and_long_polls(tmp_path: Path) -> None:
    async with gateway(tmp_path) as world:
        talk = await world.open()
        ws = await talk.socket(after=1)
        await frame(ws)
        reading = asyncio.create_task(talk.read(after=1, wait=30))
        await asyncio.sleep(0.2)
        began = time.monotonic()
        stopping = asyncio.create_task(world.server.close())
        message = await ws.receive(timeout=5)
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1001)
        assert await reading == {"messages": [], "owner": "bot"}
        await ws.close()
        await stopping
        assert time.monotonic() - began < 3


async def test_open_sockets_are_counted_and_forgotten(world: World, talk: Conversation) -> None:
    async def count() -> str:
        text: str = await (await world.client.get("/metrics")).text()
        return next(line for line in text.splitlines() if line.startswith("anfu_open_sockets"))

    ws = await talk.socket()
    await frame(ws)
    assert await count() == "anfu_open_sockets 1.0"
    await ws.close()
    await asyncio.sleep(0.2)
    assert await count() == "anfu_open_sockets 0.0"
    assert not world.wakeups._ears


async def test_an_unexpected_error_ends_the_socket_with_1011(
    world: World, talk: Conversation, monkeypatch: Any
) -> None:
    ws = await talk.socket(after=1)
    await frame(ws)

    def broken(*_: Any) -> Any:
        raise RuntimeError("13800138000")

    monkeypatch.setattr("bot.gateway.chat._read", broken)
    await world.wakeups.publish(talk.id)
    message = await ws.receive(timeout=5)
    assert (message.type, message.data) == (WSMsgType.CLOSE, 1011)
