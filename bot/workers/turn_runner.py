"""Starts turns: after the quiet time that lets a customer finish typing (A1), and after a restart (invariant 11)."""

import asyncio
import logging
import math
from collections.abc import Callable
from contextlib import suppress

from bot.domain import concern
from bot.domain.milestones import passing
from bot.services.ports import UnitOfWorkFactory
from bot.services.turns import Turns
from bot.workers.pace import Pace

log = logging.getLogger(__name__)

TYPING_PAUSE = 2.5
"""Seconds of silence after a typing signal that count as the end of typing."""
LONGEST_WAIT = 10.0
"""Seconds after which a customer is answered even while typing on."""
SWEEP_SECONDS = 5.0
MOST_AT_ONCE = 8
"""Turns that run at a time: after a restart thousands may wait, and others want the threads and the database too."""
MOST_IN_HAND = 5000
"""Conversations that have a task each; what comes beyond waits in the database for the sweep."""
PATIENCE_AFTER = 5.0
"""Seconds after which a customer whose turn has come and has no answer yet is asked for patience."""
FINISH_WITHIN = 12.0
"""Seconds that running turns may still take at a stop; then they are left to another node, or to the next start."""


class TurnRunner:
    """Implements `ports.TurnStarter`; one waiting task per conversation."""

    def __init__(
        self, turns: Turns, uow: UnitOfWorkFactory, quiet_seconds: float, *,
        ask_patience: Callable[[str], bool] = lambda _: False, most_waiting: int = 0,
        show_waiting: Callable[[int], None] = lambda _: None, note_seconds: Callable[[float], None] = lambda _: None,
    ) -> None:  # fmt: skip
        """Run nothing yet.

        Args:
            ask_patience: tells the customer of a conversation that the answer takes longer; whether it was told now.
            most_waiting: conversations that may wait for their turn before customers are refused; 0: as many as are
                answered within `pace.WAIT_AT_MOST`.
            show_waiting: hears how many wait. note_seconds: hears how long each turn took, from the message on.
        """
        self._turns = turns
        self._uow = uow
        self._quiet_seconds = quiet_seconds
        self._ask_patience = ask_patience
        self._most_waiting = most_waiting
        self._show_waiting = show_waiting
        self._note_seconds = note_seconds
        self._answer_at: dict[str, float] = {}
        self._latest_at: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._typing: set[str] = set()
        self._due_since: dict[str, float] = {}
        self._busy: set[str] = set()
        self._asked: set[str] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._running = asyncio.Semaphore(MOST_AT_ONCE)
        self._pace = Pace(least=MOST_AT_ONCE, most=MOST_IN_HAND)
        self._left_before: set[str] = set()
        self._stopping = False

    async def start(self) -> None:
        """Take up what an earlier run left unanswered, and look for more now and then."""
        self._loops = [asyncio.create_task(self._sweep()), asyncio.create_task(self._ask_for_patience())]

    async def stop(self) -> None:
        """Finish the turns that run; what else is unanswered stays so in the database, and is taken up elsewhere."""
        self._stopping = True
        running = [task for conversation_id, task in self._tasks.items() if conversation_id in self._busy]
        tasks = [*self._tasks.values(), *self._loops]
        for task in tasks:
            if task not in running:
                task.cancel()
        if running:
            await asyncio.wait(running, timeout=FINISH_WITHIN)
        for task in running:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def notice(self, conversation_id: str, quiet_seconds: float | None = None) -> None:
        """A message has come: answer once it has been quiet for the quiet time, the channel's own where it has one."""
        if self._stopping or (conversation_id not in self._tasks and len(self._tasks) >= MOST_IN_HAND):
            return  # it is stored, and a sweep takes it up, here or elsewhere
        now = asyncio.get_running_loop().time()
        self._latest_at.setdefault(conversation_id, now + LONGEST_WAIT)
        self._answer_at[conversation_id] = now + (self._quiet_seconds if quiet_seconds is None else quiet_seconds)
        if conversation_id not in self._tasks:
            self._tasks[conversation_id] = asyncio.create_task(self._run(conversation_id, now))
            self._show_waiting(self.waiting)
        passing("turn noticed")

    def typing(self, conversation_id: str) -> None:
        """The customer is typing on: while an answer waits, it waits for the end of the typing."""
        if conversation_id in self._answer_at:
            self._answer_at[conversation_id] = asyncio.get_running_loop().time() + TYPING_PAUSE
            self._typing.add(conversation_id)

    @property
    def waiting(self) -> int:
        """Conversations that wait for their turn; not those whose customers type on, for they hold up themselves."""
        return len(self._tasks) - len(self._busy) - len(self._typing)

    @property
    def in_hand(self) -> int:
        """Conversations that wait or are being answered."""
        return len(self._tasks)

    def has_room(self, conversation_id: str = "", coming: int = 0) -> bool:
        """Whether one message more can be answered in good time; one that joins those that wait costs nothing.

        Args:
            coming: messages that are being stored just now, and wait soon.
        """
        return conversation_id in self._tasks or self.waiting + coming < (self._most_waiting or self._pace.room)

    def room_in(self) -> int:
        """Seconds after which there may be room: half of what waits is answered then, as far as the pace tells."""
        return max(1, math.ceil(self.waiting * self._pace.seconds / 2))

    async def _run(self, conversation_id: str, noticed_at: float) -> None:
        loop = asyncio.get_running_loop()
        concern.conversation_id.set(conversation_id)
        try:
            while conversation_id in self._answer_at and not self._stopping:
                await self._wait_for_quiet(conversation_id)
                # From here on a new bubble is a new notice: it is answered in the next round.
                self._forget_notice(conversation_id)
                passing("turn due")
                self._due_since[conversation_id] = loop.time()
                async with self._running:
                    await self._run_turn(conversation_id)
                self._note_seconds(loop.time() - noticed_at)
                noticed_at = loop.time()
        except Exception:
            # The message stays unanswered in the database: the sweep tries again.
            log.exception("turn could not be run")
        finally:
            self._tasks.pop(conversation_id, None)
            self._forget_notice(conversation_id)
            self._forget_turn(conversation_id)
            self._show_waiting(self.waiting)

    async def _run_turn(self, conversation_id: str) -> None:
        self._busy.add(conversation_id)
        try:
            await self._turns.run(conversation_id)
        finally:
            self._forget_turn(conversation_id)
            self._pace.ended(asyncio.get_running_loop().time(), bool(self._due_since.keys() - self._busy))

    def _forget_notice(self, conversation_id: str) -> None:
        self._answer_at.pop(conversation_id, None)
        self._latest_at.pop(conversation_id, None)
        self._typing.discard(conversation_id)

    def _forget_turn(self, conversation_id: str) -> None:
        self._busy.discard(conversation_id)
        self._due_since.pop(conversation_id, None)
        self._asked.discard(conversation_id)

    async def _wait_for_quiet(self, conversation_id: str) -> None:
        loop = asyncio.get_running_loop()
        # Each further bubble or typing signal moves the moment while this sleeps, so it looks again when it wakes.
        while (due := min(self._answer_at[conversation_id], self._latest_at[conversation_id])) > loop.time():  # noqa: ASYNC110
            await asyncio.sleep(due - loop.time())

    async def _sweep(self) -> None:
        """Take up what an earlier run, or a node that is gone, has left."""
        is_start = True
        while True:
            try:
                unanswered = await asyncio.to_thread(self._unanswered)
                # What has just come to another node waits there for its customer's silence: it is no one's yet.
                left = set(unanswered) if is_start else self._left_before.intersection(unanswered)
                for conversation_id in unanswered:
                    if conversation_id in left and conversation_id not in self._tasks:
                        self.notice(conversation_id)
                self._left_before, is_start = set(unanswered), False
            except Exception:
                log.exception("looking for unanswered messages failed; trying again")
            await asyncio.sleep(SWEEP_SECONDS)

    def _unanswered(self) -> list[str]:
        with self._uow() as uow:
            return list(uow.conversations.unanswered())

    async def _ask_for_patience(self) -> None:
        """Now and then look for who has been waiting too long, and tell them; one after the other, for it is extra."""
        while True:
            await asyncio.sleep(PATIENCE_AFTER / 5)
            since = asyncio.get_running_loop().time() - PATIENCE_AFTER
            for conversation_id in [i for i, at in self._due_since.items() if at <= since and i not in self._asked]:
                if conversation_id not in self._due_since:
                    continue  # answered meanwhile
                self._asked.add(conversation_id)
                with suppress(Exception):  # it is a courtesy: the answer itself is what matters
                    await asyncio.to_thread(self._ask_patience, conversation_id)
