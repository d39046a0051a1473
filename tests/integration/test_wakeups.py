"""Readers are woken where they wait: in the process, across nodes, and without Redis at least locally."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from bot.adapters.wakeups import LocalWakeups, RedisWakeups
from bot.domain.conversation import Owner
from bot.domain.message import Button, Message, Sender
from bot.services.ports import Change

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
SOON = 3.0
NEVER = 0.15


class Cable:
    """A TCP line to Redis that can be cut, held silent and mended."""

    def __init__(self, address: str) -> None:
        target = urlsplit(address)
        self._target = (target.hostname or "127.0.0.1", target.port or 6379)
        self._database = target.path
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.silent = False
        self.port = 0

    @property
    def address(self) -> str:
        return f"redis://127.0.0.1:{self.port}{self._database}"

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server:
            self._server.close()
        for end in list(self._ends):
            end.transport.abort()

    async def _connect(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far_in, far_out = await asyncio.open_connection(*self._target)
        self._ends |= {near_out, far_out}
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(self._carry(near_in, far_out), self._carry(far_in, near_out))

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            if not self.silent:
                target.write(data)
        target.close()


@pytest.fixture
async def cable(redis_address: str) -> AsyncIterator[Cable]:
    cable = Cable(redis_address)
    await cable.mend()
    yield cable
    await cable.cut()


@contextlib.asynccontextmanager
async def node(address: str) -> AsyncIterator[RedisWakeups]:
    wakeups = RedisWakeups(address)
    await wakeups.start()
    try:
        yield wakeups
    finally:
        await wakeups.stop()


async def hears_in_time(speaker: RedisWakeups, listener: RedisWakeups, within: float = SOON) -> bool:
    """Whether the listener hears the speaker, who repeats itself: a subscription takes its moment to begin."""
    deadline = time.monotonic() + within
    with listener.waiting("talk") as ear:
        while time.monotonic() < deadline:
            await speaker.publish("talk")
            if await ear.wait(0.1):
                return True
    return False


@pytest.mark.parametrize("publish_first", [True, False])
async def test_news_wakes_a_reader_even_when_it_comes_before_the_wait(publish_first: bool) -> None:
    wakeups = LocalWakeups()
    with wakeups.waiting("talk") as ear:
        waiting = None if publish_first else asyncio.create_task(ear.wait(SOON))
        await asyncio.sleep(0)
        await wakeups.publish("talk")
        assert await (waiting or ear.wait(SOON))
        assert not await ear.wait(NEVER), "one call wakes once"


async def test_news_wakes_every_reader_of_its_conversation_and_no_other() -> None:
    wakeups = LocalWakeups()
    with wakeups.waiting("talk") as one, wakeups.waiting("talk") as two, wakeups.waiting("other") as stranger:
        await wakeups.publish("talk")
        assert await one.wait(SOON)
        assert await two.wait(SOON)
        assert not await stranger.wait(NEVER)


async def test_a_reader_who_left_is_not_called() -> None:
    wakeups = LocalWakeups()
    with wakeups.waiting("talk") as gone:
        pass
    await wakeups.publish("talk")
    assert not await gone.wait(NEVER)


async def test_news_on_one_node_wakes_a_reader_on_another(redis_address: str) -> None:
    async with node(redis_address) as here, node(redis_address) as there:
        assert await hears_in_time(here, there)
        assert await hears_in_time(there, here)


async def test_what_one_node_commits_is_heard_on_another_as_it_is(redis_address: str) -> None:
    said = Message(
        "m1", "one", 3, Sender.BOT, "您好，“洗衣机”\n修好了吗？", NOW, (Button("修好了", "修好了"),),
        {"kind": "script", "id": "x"}, "key",
    )  # fmt: skip
    changes = [Change("one", (said,), NOW, Owner.BOT), Change("one", (), NOW), Change("two", (), NOW, Owner.HUMAN)]
    async with node(redis_address) as here, node(redis_address) as there:
        assert await hears_in_time(here, there)
        with there.waiting("one") as one, there.waiting("two") as two, there.waiting("other") as stranger:
            for change in changes:
                here.announce(change)
            assert await two.wait(SOON) and await one.wait(SOON)
            assert [*one.heard(), *two.heard()] == changes
            assert not await stranger.wait(NEVER)


async def test_a_node_that_another_cannot_understand_is_no_harm(redis_address: str) -> None:
    async with node(redis_address) as here, node(redis_address) as there:
        assert await hears_in_time(here, there)
        for nonsense in ("", "other", "other {", "other [1]", 'other [{"said": 3}]'):
            await here._redis.publish(here._names["changes"], nonsense)
        assert await hears_in_time(here, there)


async def test_a_reader_that_cannot_keep_up_is_told_to_read_instead() -> None:
    wakeups = LocalWakeups()
    with wakeups.waiting("talk") as ear:
        for _ in range(1000):
            wakeups.announce(Change("talk", (), NOW))
        assert ear.has_news
        assert len(ear.heard()) <= 20


@pytest.fixture(params=["refused", "silent"])
def broken(request: pytest.FixtureRequest, cable: Cable) -> Callable[[], Awaitable[None]]:
    async def refuse() -> None:
        await cable.cut()

    async def silence() -> None:
        cable.silent = True

    return refuse if request.param == "refused" else silence


async def test_without_redis_readers_on_the_same_node_are_woken_at_once(
    cable: Cable, broken: Callable[[], Awaitable[None]]
) -> None:
    async with node(cable.address) as here:
        assert await hears_in_time(here, here)
        await broken()
        with here.waiting("talk") as ear:
            async with asyncio.timeout(SOON):
                await here.publish("talk")
            assert await ear.wait(SOON)


async def test_a_node_hears_the_others_again_when_redis_comes_back(cable: Cable, redis_address: str) -> None:
    async with node(cable.address) as here, node(redis_address) as there:
        assert await hears_in_time(there, here)
        await cable.cut()
        assert not await hears_in_time(there, here, within=0.5)
        await cable.mend()
        assert await hears_in_time(there, here, within=10)


async def test_a_node_starts_while_redis_is_away(cable: Cable, redis_address: str) -> None:
    await cable.cut()
    async with node(cable.address) as here, node(redis_address) as there:
        await here.publish("talk")
        await cable.mend()
        assert await hears_in_time(there, here, within=10)
