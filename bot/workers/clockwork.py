"""What time asks for: broken promises, lapsed approvals, follow-ups that are due (A6, C7, D8)."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0

Chore = Callable[[], int]
"""Does a batch of what is due and says how much that was."""


class Clockwork:
    """One task that does the chores, each by itself: one that fails does not hold up the others."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._chores = chores
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; what is due stays due."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            for chore in self._chores:
                try:
                    while await asyncio.to_thread(chore):
                        pass
                except Exception:
                    log.exception("a chore failed; it is tried again")
            await asyncio.sleep(LOOK_EVERY)
