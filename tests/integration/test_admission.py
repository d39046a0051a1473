"""While more comes than can be answered: refused before it is stored, told honestly, and nobody is forgotten."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from bot.adapters import uow as uow_module
from bot.domain.conversation import Owner
from bot.domain.message import Sender
from bot.services.ports import Answer, Turn
from bot.workers.turn_runner import MOST_AT_ONCE
from tests.integration.gateway_world import Conversation, World, gateway, refusal

WITHIN_SECONDS = 60.0
ROOM = 3


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A gateway in which as many may wait as are told; the bot says nothing until it is let."""
    async with gateway(tmp_path, waiting_turns=ROOM, most_readers=2, messages_per_minute=1000) as world:
        world.everybody()
        yield world


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while not await asyncio.to_thread(met):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def full(world: World) -> list[Conversation]:
    """So many customers that each place is taken: those who are being answered, and those who wait."""
    world.engine.pace = 3600
    talks = [await world.open() for _ in range(MOST_AT_ONCE + ROOM)]
    before = len(world.engine.heard)
    for asked, talk in enumerate(talks[:MOST_AT_ONCE], before + 1):
        assert (await talk.say("在吗")).status == 202
        await until(lambda asked=asked: len(world.engine.heard) == asked)  # type: ignore[misc]
    for talk in talks[MOST_AT_ONCE:]:
        assert (await talk.say("在吗")).status == 202
    assert world.runner.waiting == ROOM
    return talks


async def number(world: World, name: str) -> float:
    """One of the gateway's numbers."""
    lines = (await (await world.client.get("/metrics")).text()).splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0.0)


async def test_a_message_too_many_is_refused_before_it_is_stored_and_told_when_to_come_again(world: World) -> None:
    newcomer = await world.open()
    await full(world)
    response = await newcomer.say("在吗")
    message = await refusal(response, 503, "busy")
    assert message.startswith("现在咨询的人很多")
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert f"{response.headers['Retry-After']} 秒" in message
    assert [m.sender for m in world.stored(newcomer.id)] == [Sender.BOT], "the greeting alone"
    await refusal(await world.client.post("/api/v1/conversations", json={"channel": "web"}), 503, "busy")
    assert await number(world, 'anfu_refused_total{what="message"}') == 1
    assert await number(world, 'anfu_refused_total{what="conversation"}') == 1
    assert await number(world, "anfu_turns_waiting") == ROOM


async def test_who_waits_may_go_on_writing(world: World) -> None:
    *_, last = await full(world)
    assert (await last.say("洗衣机不转了")).status == 202
    assert (await last.read())["owner"] == "bot"


async def test_who_talks_to_a_person_is_not_held_up_by_the_bot(world: World) -> None:
    talk = await world.open()
    await talk.say("转人工")
    await until(lambda: _owner(world, talk) is Owner.QUEUED)
    assert (await world.ask("POST", f"/desk/conversations/{talk.id}/take", {})).status == 200
    await full(world)
    assert (await talk.say("您好")).status == 202


def _owner(world: World, talk: Conversation) -> Owner | None:
    with world.uow() as uow:
        conversation = uow.conversations.get(talk.id)
    return conversation.owner if conversation else None


async def test_when_there_is_room_again_the_refused_are_let_in_and_everybody_is_answered_once(tmp_path: Path) -> None:
    async with gateway(tmp_path, waiting_turns=ROOM, messages_per_minute=1000) as world:
        answer, may_speak = world.engine.answer, asyncio.Event()

        async def wait_and_answer(turn: Turn) -> Answer:
            await may_speak.wait()
            return await answer(turn)

        world.engine.answer = wait_and_answer  # type: ignore[method-assign]
        talks = [await world.open() for _ in range(40)]

        async def insist(talk: Conversation) -> int:
            refused = 0
            while (response := await talk.say("在吗", f"00000000-0000-4000-8000-{0:012}")).status == 503:
                refused += 1
                may_speak.set()
                await asyncio.sleep(0.05)
            assert response.status == 202
            return refused

        async with asyncio.timeout(WITHIN_SECONDS):
            refused = await asyncio.gather(*map(insist, talks))
        assert sum(refused), "there was more than could be answered"
        for talk in talks:
            await until(lambda talk=talk: len(world.stored(talk.id)) == 3)  # type: ignore[misc]
        assert sorted(world.engine.heard) == ["在吗"] * 40
        assert await number(world, "anfu_turn_seconds_count") == 40


async def test_who_waits_long_is_asked_for_patience_once_and_answered_all_the_same(world: World) -> None:
    world.engine.pace = 7
    talk = await world.open()
    await talk.say("在吗")
    await until(lambda: len(world.stored(talk.id)) == 4)
    sources = [(message.source or {}).get("id") for message in world.stored(talk.id)]
    assert sources == ["greeting.welcome", None, "turn.patience", None]
    frame = await talk.read()
    assert frame["messages"][-1]["text"] == "您说的是：在吗"

    def has_gone() -> bool:
        with world.uow() as uow:
            return not uow.outbox.waiting(talk.id)

    await until(has_gone)  # it went through the outbox, as every answer does


async def test_only_so_many_may_look_on_at_a_time(world: World) -> None:
    """A socket, or a request that is held, costs a connection; who only asks what is new costs none."""
    talk = await world.open()
    async with await talk.socket():
        held = asyncio.create_task(talk.get(after=99, wait=20))
        await until(lambda: world.readers.locked())
        response = await talk.get(after=99, wait=20)
        await refusal(response, 503, "busy")
        assert (await talk.get(after=0)).status == 200
        await talk.say("在吗")
        assert (await held).status == 200
    await until(lambda: not world.readers.locked())
    async with await talk.socket():
        pass
    assert await number(world, 'anfu_refused_total{what="reader"}') == 1


# The database


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_database_that_does_not_answer_is_told_quickly(database: Engine, tmp_path: Path) -> None:
    address = database.url.render_as_string(hide_password=False)
    async with gateway(tmp_path, database=address) as world:
        talk = await world.open()
        with database.connect() as connection, connection.begin():
            connection.execute(text("LOCK TABLE conversations IN ACCESS EXCLUSIVE MODE"))
            async with asyncio.timeout(WITHIN_SECONDS):
                await refusal(await talk.say("在吗", "00000000-0000-4000-8000-000000000001"), 503, "busy")
        # What was stored all the same is answered; the same again is the same.
        response = await talk.say("在吗", "00000000-0000-4000-8000-000000000001")
        assert response.status == 202
        await until(lambda: len(world.stored(talk.id)) == 3)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_database_without_a_connection_to_spare_is_told_quickly(database: Engine, tmp_path: Path) -> None:
    address = database.url.render_as_string(hide_password=False)
    with patch.object(uow_module, "_CONNECTION_WITHIN_SECONDS", 1):
        async with gateway(tmp_path, database=address) as world:
            talk = await world.open()
            taken = [world.anfu.database.connect() for _ in range(16)]
            await refusal(await talk.say("在吗"), 503, "busy")
            await refusal(await talk.get(), 503, "unreachable")
            for connection in taken:
                connection.close()
            assert (await talk.say("在吗")).status == 202


# Behind a proxy


async def test_behind_our_proxy_each_customer_is_counted_alone(tmp_path: Path) -> None:
    async with gateway(tmp_path, conversations_per_minute=1, trusted_proxies="127.0.0.1") as world:

        async def comes(*forwarded: str) -> int:
            headers = {"X-Forwarded-For": ", ".join(forwarded)} if forwarded else {}
            response = await world.client.post("/api/v1/conversations", json={"channel": "web"}, headers=headers)
            return int(response.status)

        assert [await comes("203.0.113.1"), await comes("203.0.113.2")] == [201, 201]
        assert await comes("203.0.113.1") == 429
        assert await comes("198.51.100.7", "203.0.113.1") == 429, "what a customer invents changes nothing"


async def test_without_a_proxy_of_ours_nobody_can_hide_behind_the_header(tmp_path: Path) -> None:
    async with gateway(tmp_path, conversations_per_minute=1) as world:
        await world.open()
        headers = {"X-Forwarded-For": "203.0.113.9"}
        response = await world.client.post("/api/v1/conversations", json={"channel": "web"}, headers=headers)
        assert response.status == 429
