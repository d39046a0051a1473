"""Bringing stored messages to their channels, in order, until they arrive (invariant 3)."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from bot.services.ports import Channel, Clock, Delivery, UnitOfWorkFactory

log = logging.getLogger(__name__)

BATCH = 100
LONGEST_BACKOFF = timedelta(minutes=5)
MOST_DOUBLINGS = 9
"""Enough to reach the longest back-off; after days of doubling no timedelta could hold the wait."""


class Deliveries:
    """Drains the outbox."""

    def __init__(self, uow: UnitOfWorkFactory, channels: Mapping[str, Channel], clock: Clock) -> None:
        self._uow = uow
        self._channels = channels
        self._clock = clock

    async def drain(self) -> int:
        """Deliver everything that is due; a message that fails holds back the later ones of its conversation.

        Returns:
            How many were delivered.
        """
        due = await asyncio.to_thread(self._due)
        delivered: list[str] = []
        failed: dict[str, Delivery] = {}
        for delivery in due:
            if delivery.message.conversation_id in failed:
                continue
            try:
                await self._channels[delivery.channel].deliver(delivery.message)
                delivered.append(delivery.message.id)
            except Exception:
                log.exception("delivery failed; it is tried again later")
                failed[delivery.message.conversation_id] = delivery
        if due:
            await asyncio.to_thread(self._settle, delivered, list(failed.values()))
        return len(delivered)

    def _due(self) -> list[Delivery]:
        with self._uow() as uow:
            return list(uow.outbox.due(self._clock(), BATCH))

    def _settle(self, delivered: list[str], failed: list[Delivery]) -> None:
        now = self._clock()
        with self._uow() as uow:
            for message_id in delivered:
                uow.outbox.sent(message_id)
            for delivery in failed:
                wait = min(timedelta(seconds=2 ** min(delivery.attempts, MOST_DOUBLINGS)), LONGEST_BACKOFF)
                uow.outbox.retry_later(delivery.message.id, now + wait)
            uow.commit()
