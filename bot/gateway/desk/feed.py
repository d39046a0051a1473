"""The node's live feed: one listener to what changes, and every socket gets of it what it may see.

Readers of single conversations wait for free: who may have missed a wake-up is called from here.
"""

import asyncio
import logging
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from bot.domain.channel import WEBSITE
from bot.domain.conversation import Conversation, Owner
from bot.domain.desk import Row, may_look
from bot.domain.message import Message
from bot.domain.person import Person
from bot.gateway.desk.desktop import Desktop, Frame
from bot.gateway.desk.editing import Editing
from bot.gateway.desk.rows import message_json, row_json, unread_of
from bot.gateway.exchange import MAX_WHOLE_NUMBER, moment
from bot.gateway.office import Office
from bot.services.ports import Clock, UnitOfWorkFactory, Wakeups

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.05
"""How long changes are gathered before they are read together."""
LOOK_EVERY = 2.0
"""The safety net: wake-ups make readers prompt, not correct."""
LOOK_BACK = timedelta(seconds=30)
"""A change may be seen later than the moment that it bears: its commit, and other nodes' clocks."""
TELL_EVERY = 3.0
BATCH = 200
_MOST_KNOWN = 10_000
_NONE: Mapping[str, Collection[int]] = {}


@dataclass(frozen=True)
class _News:
    """What was read of changed conversations, once for all desks."""

    rows: list[Row]
    unread: dict[tuple[str, str], int]
    messages: dict[str, list[Message]]
    oldest: Mapping[str, int]
    restated: Mapping[str, list[Message]]


class Feed:
    """Listens for the node."""

    def __init__(self, uow: UnitOfWorkFactory, wakeups: Wakeups, office: Office, clock: Clock) -> None:
        self._uow = uow
        self._wakeups = wakeups
        self._office = office
        self._clock = clock
        self._desks: set[Desktop] = set()
        self._known: OrderedDict[str, Conversation] = OrderedDict()
        self._said: dict[str, Frame] = {}
        self._editing = Editing()
        self._changed: set[str] = set()
        self._restated: defaultdict[str, set[int]] = defaultdict(set)
        self._tasks: list[asyncio.Task[None]] = []
        self._one_by_one = asyncio.Lock()

    async def start(self) -> None:
        """Begin to listen and to look."""
        self._looked_at = self._clock()
        self._tasks = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(_every(LOOK_EVERY, self._look)),
            asyncio.create_task(_every(TELL_EVERY, self._sum_up)),
        ]

    async def stop(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    def say_goodbye(self) -> None:
        """The server stops: everybody who waits is called, and desks are told to go."""
        self._wakeups.call_all()
        for desk in self._desks:
            desk.offer(None)

    def enter(self, desk: Desktop) -> None:
        """A desk has opened; it is told at once how things stand."""
        self._desks.add(desk)
        for frame in self._said.values():
            desk.offer(frame)

    def desks_of(self, person: str) -> int:
        """How many desks of a person are open at this node."""
        return sum(desk.person.name == person for desk in self._desks)

    def leave(self, desk: Desktop) -> None:
        """A desk has closed."""
        self._desks.discard(desk)

    async def open(self, desk: Desktop, conversation_id: str, after: int) -> None:
        """Show a conversation's messages after `after`, and what comes; nothing where the person may not look.

        That is asked first: an open conversation shows what the customer types, which no reading goes before.
        """
        if not await asyncio.to_thread(self._is_for, desk.person, conversation_id):
            log.warning("%s was refused conversation %s", desk.person.name, conversation_id)
            desk.offer({"type": "gone", "id": conversation_id})
            return
        desk.opened[conversation_id] = after
        await self._publish({conversation_id})

    def holds(self, person: str, conversation_id: str) -> bool:
        """Whether the person was last seen to hold the conversation."""
        known = self._known.get(conversation_id)
        return bool(known and known.is_held_by(person))

    def is_elsewhere(self, conversation_id: str) -> bool:
        """Whether the conversation was last seen to be on somebody else's platform."""
        known = self._known.get(conversation_id)
        return bool(known and known.channel != WEBSITE)

    def editors(self, ticket: str) -> list[str]:
        """Who edits a ticket now."""
        return self._editing.who(ticket)

    def _is_for(self, person: Person, conversation_id: str) -> bool:
        with self._uow() as uow:
            conversation = uow.conversations.get(conversation_id)
        return conversation is not None and may_look(person, conversation)

    async def _listen(self) -> None:
        with self._wakeups.everything() as ear:
            while True:
                changed, passing = await ear.collect()
                for frame in passing:
                    self._pass(frame)
                self._changed |= changed
                if not self._changed or not self._desks:
                    self._changed.clear()
                    self._restated.clear()
                    continue
                await asyncio.sleep(GATHER_SECONDS)
                ids, self._changed = self._changed, set()
                restated, self._restated = self._restated, defaultdict(set)
                try:
                    await self._publish(ids, restated)
                except Exception:
                    log.exception("changes could not be read; desks see them at the next look")

    async def _look(self) -> None:
        since = min(self._looked_at, self._clock()) - LOOK_BACK
        self._looked_at = self._clock()
        changes = await asyncio.to_thread(self._touched_since, since)
        self._wakeups.touched(changes)
        self._wakeups.show_moves(await asyncio.to_thread(self._office.standing.refresh))
        if self._desks:
            missed = {i for i, at in changes.items() if i not in self._known or self._known[i].touched_at != at}
            await self._publish(missed)

    def _touched_since(self, since: datetime) -> dict[str, datetime]:
        with self._uow() as uow:
            return uow.desk.touched_since(since)

    async def _publish(self, ids: Collection[str], restated: Mapping[str, Collection[int]] = _NONE) -> None:
        """Read these conversations once, and give each desk what it may see of them.

        Args:
            restated: the messages in them that now say, or tell of themselves, something else.
        """
        async with self._one_by_one:  # an older reading must not be shown after a newer one
            for some in _batches(ids):
                await self._publish_some(some, restated)

    async def _publish_some(self, some: tuple[str, ...], restated: Mapping[str, Collection[int]]) -> None:
        people = {desk.person.name for desk in self._desks}
        oldest: dict[str, int] = {}
        for desk in self._desks:
            for conversation_id in desk.opened.keys() & set(some):
                after = desk.opened[conversation_id]
                oldest[conversation_id] = min(after, oldest.get(conversation_id, after))
        anew = {i: restated[i] for i in oldest if i in restated}
        news = await asyncio.to_thread(self._read, some, people, oldest, anew)
        for row in news.rows:
            before = self._known.get(row.conversation.id)
            for desk in self._desks:
                self._show(desk, row, before, news)
            self._known[row.conversation.id] = row.conversation
            self._known.move_to_end(row.conversation.id)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    def _read(
        self, ids: Collection[str], people: Collection[str], oldest: Mapping[str, int],
        restated: Mapping[str, Collection[int]],
    ) -> _News:  # fmt: skip
        with self._uow() as uow:
            return _News(
                uow.desk.rows(ids),
                uow.desk.unread(ids, people),
                {i: uow.messages.after(i, after, notes=True) for i, after in oldest.items()},
                oldest,
                {i: uow.desk.messages_at(i, seqs) for i, seqs in restated.items()},
            )

    def _show(self, desk: Desktop, row: Row, before: Conversation | None, news: _News) -> None:
        now, person = row.conversation, desk.person
        if not may_look(person, now):
            if desk.opened.pop(now.id, None) is not None:
                log.warning("%s was refused conversation %s of team %s", person.name, now.id, now.need.team)
            if before is None or may_look(person, before):
                desk.offer({"type": "gone", "id": now.id})
            return
        unread = unread_of(row, person.name, news.unread)
        desk.offer({"type": "conversation", "conversation": row_json(row, unread, self._office)})
        # Who has just opened it with an earlier message is served by the reading that the opening asked for.
        if desk.opened.get(now.id, -1) >= news.oldest.get(now.id, MAX_WHOLE_NUMBER):
            fresh = [message for message in news.messages[now.id] if message.seq > desk.opened[now.id]]
            anew = [message for message in news.restated.get(now.id, ()) if message.seq <= desk.opened[now.id]]
            if fresh:
                desk.opened[now.id] = fresh[-1].seq
            if anew or fresh:
                shown = [message_json(message) for message in (*anew, *fresh)]
                desk.offer({"type": "messages", "conversation_id": now.id, "messages": shown})
        if _is_given(row, before, person):
            notice = {"type": "notice", "kind": "assigned", "title": "有新会话交给您", "text": row.title}
            desk.offer({**notice, "link": f"/desk?conversation={now.id}"})

    def _pass(self, frame: Frame) -> None:
        """Give desks what is stored nowhere: typing to those who have it open, the rest to all or to whom it names."""
        kind, conversation_id = frame.get("type"), str(frame.get("conversation_id"))
        if kind == "restated":  # it is stored, and read anew; that the customer can be reached has changed with it
            self._restated[conversation_id].update(frame["seqs"])
            self._changed.add(conversation_id)
            return
        if kind == "editing_by":
            frame = self._editing.note(frame)
        if kind == "agent_typing" and frame.get("holds"):
            self._wakeups.show_typing(conversation_id, str(frame["name"]))
        told = {name: value for name, value in frame.items() if name not in ("to", "holds")}
        for desk in self._desks:
            if kind in ("typing", "agent_typing"):
                wanted = conversation_id in desk.opened and desk.person.name != frame.get("name")
            else:
                wanted = "to" not in frame or desk.person.name in frame["to"]
            if wanted:
                desk.offer(told)

    async def _sum_up(self) -> None:
        """How long the queue is, and who is there, where that has changed."""
        if not self._desks:
            self._said.clear()
            return
        for frame in await asyncio.to_thread(self._sums):
            if self._said.get(frame["type"]) != frame:
                self._said[frame["type"]] = frame
                for desk in self._desks:
                    desk.offer(frame)
        for frame in self._editing.forget_gone():
            for desk in self._desks:
                desk.offer(frame)

    def _sums(self) -> tuple[Frame, ...]:
        now = self._clock()
        with self._uow() as uow:
            waiting, oldest = uow.desk.queue()
            people = uow.users.all()
        ready = sum(person.takes_new(now) for person in people)
        queue = {
            "type": "queue",
            "waiting": waiting,
            "since": moment(oldest) if oldest else None,
            "longest_seconds": int((now - oldest).total_seconds()) if oldest else 0,
            "ready_agents": ready,
        }
        there = [
            {
                "name": person.name,
                "role": person.role,
                "team": person.team,
                "presence": person.presence if person.is_there(now) else "off",
                "load": person.load,
                "capacity": person.capacity,
            }
            for person in people
        ]
        return queue, {"type": "presence", "people": there}


def _is_given(row: Row, before: Conversation | None, person: Person) -> bool:
    """Whether somebody else, or the system, has just put the conversation into the person's hands."""
    now = row.conversation
    is_new = before is not None and before.epoch != now.epoch
    return is_new and now.owner is Owner.HUMAN and now.agent == person.name and row.by != person.name


def _batches(ids: Collection[str]) -> Iterator[tuple[str, ...]]:
    rest = iter(ids)
    while some := tuple(islice(rest, BATCH)):
        yield some


async def _every(seconds: float, do: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await do()
        except Exception:
            log.exception("the feed could not look; it tries again")
        await asyncio.sleep(seconds)
