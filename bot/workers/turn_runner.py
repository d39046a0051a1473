"""Starts turns: after the quiet time that lets a customer finish typing (A1), and after a restart (invariant 11)."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from bot.services.ports import UnitOfWorkFactory
from bot.services.turns import Turns

log = logging.getLogger(__name__)

TYPING_PAUSE = 2.5
"""Seconds of silence after a typing signal that count as the end of typing."""
LONGEST_WAIT = 10.0
"""Seconds after which a customer is answered even while typing on."""
SWEEP_SECONDS = 5.0
MOST_AT_ONCE = 8
"""Turns that run at a time: after a restart thousands may wait, and others want the threads and the database too."""


class TurnRunner:
    """Implements `ports.TurnStarter`; one waiting task per conversation."""

    def __init__(
        self, turns: Turns, uow: UnitOfWorkFactory, after_turn: Callable[[], None], quiet_seconds: float
    ) -> None:
        self._turns = turns
        self._uow = uow
        self._after_turn = after_turn
        self._quiet_seconds = quiet_seconds
        self._answer_at: dict[str, float] = {}
        self._latest_at: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._sweeper: asyncio.Task[None] | None = None
        self._running = asyncio.Semaphore(MOST_AT_ONCE)

    async def start(self) -> None:
        """Take up what an earlier run left unanswered, and look for more now and then."""
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Stop; what is unanswered stays so in the database and is taken up at the next start."""
        tasks = [*self._tasks.values(), *([self._sweeper] if self._sweeper else [])]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    def notice(self, conversation_id: str, quiet_seconds: float | None = None) -> None:
        """A message has come: answer once it has been quiet for the quiet time, the channel's own where it has one."""
        now = asyncio.get_running_loop().time()
        self._latest_at.setdefault(conversation_id, now + LONGEST_WAIT)
        self._answer_at[conversation_id] = now + (self._quiet_seconds if quiet_seconds is None else quiet_seconds)
        if conversation_id not in self._tasks:
            self._tasks[conversation_id] = asyncio.create_task(self._run(conversation_id))

    def typing(self, conversation_id: str) -> None:
        """The customer is typing on: while an answer waits, it waits for the end of the typing."""
        if conversation_id in self._answer_at:
            self._answer_at[conversation_id] = asyncio.get_running_loop().time() + TYPING_PAUSE

    async def _run(self, conversation_id: str) -> None:
        try:
            while conversation_id in self._answer_at:
                await self._wait_for_quiet(conversation_id)
                # From here on a new bubble is a new notice: it is answered in the next round.
                self._answer_at.pop(conversation_id, None)
                self._latest_at.pop(conversation_id, None)
                async with self._running:
                    await self._turns.run(conversation_id)
                self._after_turn()
        except Exception:
            # The message stays unanswered in the database: the sweep tries again.
            log.exception("turn could not be run")
        finally:
            self._tasks.pop(conversation_id, None)
            self._answer_at.pop(conversation_id, None)
            self._latest_at.pop(conversation_id, None)

    async def _wait_for_quiet(self, conversation_id: str) -> None:
        loop = asyncio.get_running_loop()
        # Each further bubble or typing signal moves the moment while this sleeps, so it looks again when it wakes.
        while (due := min(self._answer_at[conversation_id], self._latest_at[conversation_id])) > loop.time():  # noqa: ASYNC110
            await asyncio.sleep(due - loop.time())

    async def _sweep(self) -> None:
        while True:
            try:
                for conversation_id in await asyncio.to_thread(self._unanswered):
                    if conversation_id not in self._tasks:
                        self.notice(conversation_id)
            except Exception:
                log.exception("looking for unanswered messages failed; trying again")
            await asyncio.sleep(SWEEP_SECONDS)

    def _unanswered(self) -> list[str]:
        with self._uow() as uow:
            return list(uow.conversations.unanswered())
