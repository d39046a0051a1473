"""Bringing stored messages to a channel of our own, in order, until they arrive (invariant 3).

What goes to other people's platforms, where messages are few and nothing may arrive twice, is `sending`.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from bot.domain.milestones import passing
from bot.services.ports import Clock, Delivery, UnitOfWorkFactory
from bot.services.ports.channels import Channel, Envelope, Outcome

log = logging.getLogger(__name__)

BATCH = 100
LONGEST_BACKOFF = timedelta(minutes=5)
MOST_DOUBLINGS = 9
"""Enough to reach the longest back-off; after days of doubling no timedelta could hold the wait."""


class Deliveries:
    """Drains what waits for one channel that takes everything, and the same twice without harm."""

    def __init__(
        self, uow: UnitOfWorkFactory, channel: Channel, clock: Clock, reading: UnitOfWorkFactory | None = None
    ) -> None:
        """Deliver nothing yet.

        Args:
            reading: what looks for something due, where that need not wait for writers.
        """
        self._uow = uow
        self._reading = reading or uow
        self._channel = channel
        self._clock = clock

    async def drain(self) -> int:
        """Deliver everything that is due; a message that fails holds back the later ones of its conversation.

        What is stored meanwhile wakes whoever drains, so that only a full batch is reason to look again.

        Returns:
            How many were delivered.
        """
        count = 0
        due = await asyncio.to_thread(self._due)
        while due:
            delivered: list[str] = []
            failed: dict[str, Delivery] = {}
            for delivery in due:
                if delivery.message.conversation_id in failed:
                    continue
                if await self._arrives(delivery):
                    delivered.append(delivery.message.id)
                else:
                    failed[delivery.message.conversation_id] = delivery
            passing("readers woken")
            count += len(delivered)
            await asyncio.to_thread(self._settle, delivered, list(failed.values()))
            due = await asyncio.to_thread(self._due) if len(due) == BATCH else ()
        return count

    async def drain_all(self) -> int:
        """The same for a loop that goes on until nothing is left.

        Returns:
            Always 0: nothing is.
        """
        await self.drain()
        return 0

    async def _arrives(self, delivery: Delivery) -> bool:
        message = delivery.message
        envelope = Envelope(message.id, message.conversation_id, message.conversation_id, message.text, message.buttons)
        try:
            receipt = await self._channel.send(envelope)
        except Exception:
            log.exception("delivery failed; it is tried again later")
            return False
        return receipt.outcome is Outcome.SENT

    def _due(self) -> Sequence[Delivery]:
        with self._reading() as uow:
            return uow.outbox.due(self._channel.name, self._clock(), BATCH)

    def _settle(self, delivered: list[str], failed: list[Delivery]) -> None:
        """Keep what became of them."""
        now = self._clock()
        with self._uow() as uow:
            uow.outbox.sent(*delivered)
            for delivery in failed:
                wait = min(timedelta(seconds=2 ** min(delivery.attempts, MOST_DOUBLINGS)), LONGEST_BACKOFF)
                uow.outbox.retry_later(delivery.message.id, now + wait)
            uow.commit()
