"""Telling waiting readers that a conversation has news: within the process, or through Redis to every node."""

import asyncio
import json
import logging
import uuid
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import redis.asyncio as redis

from bot.domain.conversation import Owner
from bot.domain.message import Button, Message, Sender
from bot.services.ports import Change

log = logging.getLogger(__name__)
_NEWS = "news"
_CHANGES = "changes"
_PASSING = "passing"
_MOST_PASSING = 500
"""Frames that nobody has collected; beyond these the oldest are lost, as they may be."""
_MOST_HEARD = 20
"""Changes that one reader has not taken; beyond these it reads what there is."""
_PUBLISH_WITHIN_SECONDS = 1.0


class Signal:
    """One reader's ear: remembers a call that came while nobody listened.

    Attributes:
        seen: the moment of the newest change that the reader knows, which it need not be called for.
        typing: who of the company is writing to the customer just now, until the reader takes it.
        has_moved: the place in the queue is another one.
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.seen: datetime | None = None
        self.has_news = False
        self._heard: list[Change] = []
        self.typing: str | None = None
        self.has_moved = False

    def call(self, touched_at: datetime | None = None) -> None:
        """There is news; one who has read the change of `touched_at` is not bothered."""
        if touched_at is None or touched_at != self.seen:
            self.has_news = True
            self._event.set()

    def hear(self, change: Change) -> None:
        """This has changed; who cannot keep up reads."""
        if len(self._heard) >= _MOST_HEARD:
            self._heard.clear()
            self.has_news = True
        self._heard.append(change)
        self._event.set()

    def heard(self) -> list[Change]:
        """What has changed since the last asking; the reader who knows all before it need not read."""
        heard, self._heard = self._heard, []
        return heard

    def see_typing(self, name: str) -> None:
        """Somebody is writing."""
        self.typing = name
        self._event.set()

    def see_move(self) -> None:
        """The queue has moved."""
        self.has_moved = True
        self._event.set()

    async def wait(self, timeout: float | None = None) -> bool:
        """Whether news came within `timeout` seconds; without one it is waited for until it comes."""
        if timeout is None:
            await self._event.wait()
        else:
            try:
                async with asyncio.timeout(timeout):
                    await self._event.wait()
            except TimeoutError:
                return False
        self._event.clear()
        return True


class WideEar:
    """Hears of every conversation, and of what is passed on without being stored."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._changed: set[str] = set()
        self._passing: deque[Mapping[str, Any]] = deque(maxlen=_MOST_PASSING)

    def hear(self, conversation_id: str) -> None:
        """That conversation has news."""
        self._changed.add(conversation_id)
        self._event.set()

    def overhear(self, frame: Mapping[str, Any]) -> None:
        """Something passes."""
        self._passing.append(frame)
        self._event.set()

    async def collect(self) -> tuple[set[str], list[Mapping[str, Any]]]:
        """Wait until there is something; then what has changed, and what has passed, each once."""
        await self._event.wait()
        self._event.clear()
        changed, passing = self._changed, list(self._passing)
        self._changed = set()
        self._passing.clear()
        return changed, passing


class LocalWakeups:
    """Implements `ports.Wakeups` for one process."""

    def __init__(self) -> None:
        self._ears: dict[str, set[Signal]] = defaultdict(set)
        self._wide: set[WideEar] = set()
        self.reaches_others = True

    def announce(self, change: Change) -> None:
        """Let every reader of the conversation hear it."""
        for ear in list(self._ears.get(change.conversation_id, ())):
            ear.hear(change)
        for wide in self._wide:
            wide.hear(change.conversation_id)

    async def publish(self, conversation_id: str) -> None:
        """Call every reader of the conversation."""
        self._call(conversation_id)

    async def pass_on(self, frame: Mapping[str, Any]) -> None:
        """Let the wide ears hear what is worth nothing a second later, such as that somebody types."""
        self._overhear(frame)

    def _call(self, conversation_id: str) -> None:
        for ear in list(self._ears.get(conversation_id, ())):
            ear.call()
        for wide in self._wide:
            wide.hear(conversation_id)

    def _overhear(self, frame: Mapping[str, Any]) -> None:
        for wide in self._wide:
            wide.overhear(frame)

    def touched(self, changes: Mapping[str, datetime]) -> None:
        """Call those readers on this node that have not read these changes: their wake-up may be lost."""
        for conversation_id, at in changes.items():
            for ear in list(self._ears.get(conversation_id, ())):
                ear.call(at)

    def show_typing(self, conversation_id: str, name: str) -> None:
        """Let the conversation's readers on this node see that somebody writes."""
        for ear in list(self._ears.get(conversation_id, ())):
            ear.see_typing(name)

    def show_moves(self, conversation_ids: Iterable[str]) -> None:
        """Let the readers of waiting conversations on this node see that they have another place in the queue."""
        for conversation_id in conversation_ids:
            for ear in list(self._ears.get(conversation_id, ())):
                ear.see_move()

    def call_all(self) -> None:
        """Call every reader on this node, as when it stops."""
        for ears in list(self._ears.values()):
            for ear in list(ears):
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

    @contextmanager
    def everything(self) -> Iterator[WideEar]:
        """Listen to all conversations for as long as the block runs."""
        ear = WideEar()
        self._wide.add(ear)
        try:
            yield ear
        finally:
            self._wide.discard(ear)


class RedisWakeups(LocalWakeups):
    """The same over Redis, so that an answer made on one node wakes a reader on another.

    Readers also look by themselves every few seconds: Redis makes them prompt, not correct. Installations that
    share a Redis server keep apart by its database numbers.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._node = uuid.uuid4().hex
        self._redis = redis.from_url(url, socket_keepalive=True, health_check_interval=15)
        # Redis publishes across its numbered databases, so the number goes into the name.
        number = self._redis.connection_pool.connection_kwargs.get("db", 0)
        self._channels = {f"anfu:{number}:{kind}": kind for kind in (_NEWS, _CHANGES, _PASSING)}
        self._names = {kind: name for name, kind in self._channels.items()}
        self._listener: asyncio.Task[None] | None = None
        self._teller: asyncio.Task[None] | None = None
        self._changed: list[Change] = []
        self._has_changed = asyncio.Event()

    async def start(self) -> None:
        """Begin to listen to the other nodes, and to tell them."""
        self._listener = asyncio.create_task(self._listen())
        self._teller = asyncio.create_task(self._tell())

    async def stop(self) -> None:
        """Tell what is still to be told, and stop."""
        for task in filter(None, (self._listener, self._teller)):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._tell_changes()
        await self._redis.close()

    def announce(self, change: Change) -> None:
        """Let readers here hear it at once, and those on other nodes through Redis."""
        super().announce(change)
        self._changed.append(change)
        self._has_changed.set()

    async def publish(self, conversation_id: str) -> None:
        """Call readers here at once and on all nodes through Redis."""
        self._call(conversation_id)
        await self._send(_NEWS, f"{self._node} {conversation_id}")

    async def pass_on(self, frame: Mapping[str, Any]) -> None:
        """Let the wide ears of all nodes hear what passes."""
        self._overhear(frame)
        await self._send(_PASSING, f"{self._node} {json.dumps(frame, ensure_ascii=False)}")

    async def _send(self, kind: str, text: str) -> None:
        try:
            async with asyncio.timeout(_PUBLISH_WITHIN_SECONDS):
                await self._redis.publish(self._names[kind], text)
            self.reaches_others = True
        except (redis.RedisError, TimeoutError):
            self.reaches_others = False
            log.warning("redis unreachable: other nodes notice within their own polling time")

    async def _tell(self) -> None:
        while True:
            await self._has_changed.wait()
            self._has_changed.clear()
            await self._tell_changes()

    async def _tell_changes(self) -> None:
        """Say together what has changed while this was at the line before."""
        changed, self._changed = self._changed, []
        if changed:
            told = [_written(change) for change in changed]
            await self._send(_CHANGES, f"{self._node} {json.dumps(told, ensure_ascii=False)}")

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(*self._channels)
                    self.reaches_others = True
                    async for item in subscription.listen():
                        if item["type"] == "message":
                            self._hear(self._channels[item["channel"].decode()], item["data"].decode())
            except redis.RedisError:
                self.reaches_others = False
                log.warning("redis connection lost; trying again")
                await asyncio.sleep(1)

    def _hear(self, kind: str, text: str) -> None:
        node, _, news = text.partition(" ")
        if node == self._node:
            return  # its own readers were called at once
        try:
            if kind == _NEWS:
                self._call(news)
            elif kind == _CHANGES:
                for told in json.loads(news):
                    super().announce(_read(told))
            else:
                self._overhear(json.loads(news))
        except (ValueError, KeyError, TypeError):
            log.warning(
                "another node, maybe of another version, says what cannot be read here; readers look themselves"
            )


def _written(change: Change) -> dict[str, Any]:
    """A change as other nodes are told it."""
    said = [
        {
            "id": one.id, "seq": one.seq, "sender": one.sender, "text": one.text, "sent_at": one.sent_at.isoformat(),
            "buttons": [[button.title, button.payload] for button in one.buttons], "source": one.source,
            "client_id": one.client_id,
        }
        for one in change.said
    ]  # fmt: skip
    return {"conversation_id": change.conversation_id, "said": said, "at": change.at.isoformat(), "owner": change.owner}


def _read(told: Mapping[str, Any]) -> Change:
    said = tuple(
        Message(
            one["id"], told["conversation_id"], one["seq"], Sender(one["sender"]), one["text"],
            datetime.fromisoformat(one["sent_at"]), tuple(Button(*button) for button in one["buttons"]), one["source"],
            one["client_id"],
        )
        for one in told["said"]
    )  # fmt: skip
    owner = told["owner"] and Owner(told["owner"])
    return Change(told["conversation_id"], said, datetime.fromisoformat(told["at"]), owner)
