"""The node's feed: who misses a wake-up is called, who has read is not, and idle readers cost nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.wakeups import LocalWakeups, RedisWakeups
from bot.domain.conversation import Conversation as Stored
from bot.services.ports import UnitOfWorkFactory
from tests.integration.fixtures_database import Clock
from tests.integration.gateway_world import World, gateway

NOW = datetime(2026, 11, 28, 4, tzinfo=UTC)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


async def test_a_reader_is_called_for_a_change_that_it_has_not_read_and_for_no_other() -> None:
    wakeups = LocalWakeups()
    with wakeups.waiting("talk") as ear:
        ear.seen = NOW
        wakeups.touched({"talk": NOW, "other": NOW})
        assert not await ear.wait(0.1)
        wakeups.touched({"talk": NOW + timedelta(seconds=1)})
        assert await ear.wait(1)
        # An older moment is another change too: its transaction may have ended later.
        ear.seen = NOW
        wakeups.touched({"talk": NOW - timedelta(seconds=1)})
        assert await ear.wait(1)


async def test_the_wide_ear_hears_each_conversation_once_however_often_it_changes() -> None:
    wakeups = LocalWakeups()
    with wakeups.everything() as ear:
        for _ in range(100):
            await wakeups.publish("talk")
        await wakeups.pass_on({"type": "typing"})
        assert await ear.collect() == ({"talk"}, [{"type": "typing"}])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ear.collect(), 0.1)


async def test_a_wide_ear_that_nobody_empties_forgets_what_passes_and_grows_no_further() -> None:
    wakeups = LocalWakeups()
    with wakeups.everything() as ear:
        for number in range(2000):
            await wakeups.pass_on({"number": number})
        _, passing = await ear.collect()
    assert [passing[0]["number"], passing[-1]["number"], len(passing)] == [1500, 1999, 500]


async def test_what_changes_or_passes_on_one_node_is_heard_on_another_once(redis_address: str) -> None:
    here, there = RedisWakeups(redis_address), RedisWakeups(redis_address)
    await here.start()
    await there.start()
    try:
        with here.everything() as own, there.everything() as ear:
            async with asyncio.timeout(10):
                heard: set[str] = set()
                passed: list[Any] = []
                while not (heard and passed):
                    await here.publish("talk")
                    await here.pass_on({"type": "typing", "text": "您好"})
                    try:
                        changed, passing = await asyncio.wait_for(ear.collect(), 0.2)
                    except TimeoutError:
                        continue
                    heard |= changed
                    passed += passing
            assert heard == {"talk"}
            assert passed[0] == {"type": "typing", "text": "您好"}
            await own.collect()
            await asyncio.sleep(0.3)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(own.collect(), 0.1)  # no echo of its own
    finally:
        await here.stop()
        await there.stop()


async def test_installations_in_other_databases_of_the_same_redis_do_not_hear_each_other(redis_address: str) -> None:
    server, _, _ = redis_address.rpartition("/")
    here, there, stranger = RedisWakeups(redis_address), RedisWakeups(redis_address), RedisWakeups(f"{server}/0")
    for node in (here, there, stranger):
        await node.start()
    try:
        with there.everything() as ear, stranger.everything() as foreign:
            async with asyncio.timeout(10):
                heard: set[str] = set()
                while "our-talk" not in heard:  # until both listen
                    await here.publish("our-talk")
                    try:
                        heard |= (await asyncio.wait_for(ear.collect(), 0.2))[0]
                    except TimeoutError:
                        continue
            await here.publish("our-talk")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(foreign.collect(), 0.5)
    finally:
        for node in (here, there, stranger):
            await node.stop()


async def test_conversations_touched_since_a_moment_are_found(uow: UnitOfWorkFactory, clock: Clock) -> None:
    for name in ("old", "new"):
        with uow() as work:
            work.conversations.add(Stored(name, "web", name, clock()))
            work.commit()
        clock.advance(minutes=5)
    with uow() as work:
        assert set(work.desk.touched_since(clock() - timedelta(minutes=6))) == {"new"}


async def test_a_desk_sees_what_it_was_not_woken_for(world: World) -> None:
    from tests.integration.test_desk_socket import desk, row_of, until

    talk = await world.open()
    async with desk(world) as ws:
        await until(ws, lambda received: received["type"] == "queue")
        world.store(talk.id, "没有人被叫醒")
        row = await until(ws, row_of(talk), timeout=6)
        assert row["conversation"]["id"] == talk.id


async def test_a_reader_asks_the_database_for_nothing_but_what_nobody_told(world: World) -> None:
    talk = await world.open()
    ws = await talk.socket(after=0)
    await ws.receive_str()
    await asyncio.sleep(0.3)
    reads = 0

    def counting() -> Any:
        nonlocal reads
        reads += 1
        return world.anfu.uow()

    world.server.app._state[_uow_key()] = counting
    await asyncio.sleep(3)
    assert reads == 0
    await talk.say("在吗")
    async with asyncio.timeout(5):
        while "您说的是：在吗" not in json.dumps(json.loads(await ws.receive_str()), ensure_ascii=False):
            pass
    assert reads == 0, "it was told what was said"
    world.store(talk.id, "没有人被叫醒")
    assert "没有人被叫醒" in await asyncio.wait_for(ws.receive_str(), 6)
    assert reads == 1
    await ws.close()


def _uow_key() -> Any:
    from bot.gateway import keys

    return keys.UOW


async def test_a_hundred_changes_in_a_moment_are_read_together(world: World) -> None:
    from tests.integration.test_desk_socket import desk, frame

    talk = await world.open()
    async with desk(world) as ws:
        for _ in range(100):
            await world.wakeups.publish(talk.id)
        rows = 0
        try:
            async with asyncio.timeout(1):
                while True:
                    rows += (await frame(ws))["type"] == "conversation"
        except TimeoutError:
            pass
    assert 1 <= rows <= 3
