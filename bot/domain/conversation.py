"""A conversation and who holds it: the bot, the queue, or a person (F1-F7)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Owner(StrEnum):
    """Who answers the customer now."""

    BOT = "bot"
    QUEUED = "queued"
    HUMAN = "human"


@dataclass(frozen=True)
class Conversation:
    """One customer's thread in one channel.

    Each change of owner raises `epoch`; a reply of an older epoch never speaks (invariant 2).
    """

    id: str
    channel: str
    external_id: str
    opened_at: datetime
    owner: Owner = Owner.BOT
    epoch: int = 0
    queued_at: datetime | None = None
    handover_reason: str | None = None
    script: str = "hans"

    def queue_for_human(self, reason: str, now: datetime) -> "Conversation":
        """Hand the conversation to the queue of people (F2, F3); keeps its place when it waits already."""
        if self.owner is not Owner.BOT:
            return self
        return replace(self, owner=Owner.QUEUED, epoch=self.epoch + 1, queued_at=now, handover_reason=reason)

    def return_to_bot(self) -> "Conversation":
        """Give the conversation back to the bot; only with the customer's consent (F7)."""
        return replace(self, owner=Owner.BOT, epoch=self.epoch + 1, queued_at=None, handover_reason=None)


@dataclass(frozen=True)
class OwnerChange:
    """A line of the conversation's history: who holds it from when, and why."""

    conversation_id: str
    epoch: int
    owner: Owner
    reason: str
    at: datetime
