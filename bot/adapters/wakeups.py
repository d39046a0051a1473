"""Telling waiting readers that a conversation has news: within the process, or through Redis to every node."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import redis.asyncio as redis

log = logging.getLogger(__name__)
_CHANNEL = "anfu:news"
_PUBLISH_WITHIN_SECONDS = 1.0


class Signal:
    """One reader's ear: remembers a call that came while nobody listened."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def call(self) -> None:
        """There is news."""
        self._event.set()

    async def wait(self, timeout: float) -> bool:
        """Whether news came within `timeout` seconds."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout)
        except TimeoutError:
            return False
        self._event.clear()
        return True


class LocalWakeups:
    """Implements `ports.Wakeups` for one process."""

    def __init__(self) -> None:
        self._ears: dict[str, set[Signal]] = defaultdict(set)

    async def publish(self, conversation_id: str) -> None:
        """Call every reader of the conversation."""
        self._call(conversation_id)

    def _call(self, conversation_id: str) -> None:
        for ear in list(self._ears.get(conversation_id, ())):
            ear.call()

    @contextmanager
    def waiting(self, conversation_id: str) -> Iterator[Signal]:
        """Listen to a conversation for as long as the block runs."""
        ear = Signal()
        self._ears[conversation_id].add(ear)
        try:
            yield ear
        finally:
            self._ears[conversation_id].discard(ear)
            if not self._ears[conversation_id]:
                del self._ears[conversation_id]


class RedisWakeups(LocalWakeups):
    """The same over Redis, so that an answer made on one node wakes a reader on another.

    Readers also look by themselves every few seconds: Redis makes them prompt, not correct.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._redis = redis.from_url(url, socket_keepalive=True, health_check_interval=15)
        self._listener: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen to the other nodes."""
        self._listener = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Stop listening."""
        if self._listener:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
        await self._redis.close()

    async def publish(self, conversation_id: str) -> None:
        """Call readers here at once and on all nodes through Redis."""
        self._call(conversation_id)
        try:
            async with asyncio.timeout(_PUBLISH_WITHIN_SECONDS):
                await self._redis.publish(_CHANNEL, conversation_id)
        except (redis.RedisError, TimeoutError):
            log.warning("redis unreachable: other nodes notice within their own polling time")

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(_CHANNEL)
                    async for item in subscription.listen():
                        if item["type"] == "message":
                            self._call(item["data"].decode())
            except redis.RedisError:
                log.warning("redis connection lost; trying again")
                await asyncio.sleep(1)
