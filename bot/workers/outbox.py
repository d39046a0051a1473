"""Drains the outbox: at once when something was stored here, and now and then for what other nodes left."""

import asyncio
import logging
from contextlib import suppress

from bot.services.delivery import Deliveries

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0


class OutboxWorker:
    """One draining task."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to drain."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; what is not delivered stays in the outbox."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """Something was stored: deliver it now."""
        self._wake.set()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_EVERY)
            self._wake.clear()
            try:
                while await self._deliveries.drain():
                    pass
            except Exception:
                log.exception("draining the outbox failed; trying again")
