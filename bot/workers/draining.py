"""Drains what waits to be delivered: at once when something was stored here, and now and then for other nodes'."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0
FINISH_WITHIN = 3.0
"""Seconds that what is in hand may still take at a stop: cut off, nobody would know whether it has arrived."""


class Draining:
    """One draining task.

    Args:
        drain: delivers what is due and says how much that was; it is called again until that is 0.
    """

    def __init__(self, drain: Callable[[], Awaitable[int]]) -> None:
        self._drain = drain
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Begin to drain."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop once what is in hand is done; what waits, or takes too long, is for the next start."""
        if self._task:
            self._stopping = True
            self._wake.set()
            await asyncio.wait({self._task}, timeout=FINISH_WITHIN)
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """Something was stored: deliver it now."""
        self._wake.set()

    async def _run(self) -> None:
        while not self._stopping:
            # Not wait_for, which loses a cancellation that comes together with a wake-up.
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._wake.wait()
            self._wake.clear()
            try:
                while not self._stopping and await self._drain():
                    pass
            except Exception:
                log.exception("delivering failed; trying again")
