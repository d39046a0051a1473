"""Notices to departments and people: kept until they arrive, or until somebody looks at them (C6, D8)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

MOST_ATTEMPTS = 12
LONGEST_BACKOFF = timedelta(hours=1)
FIRST_BACKOFF = timedelta(seconds=10)


class Way(StrEnum):
    """How a notice travels: to a department, or to a system that subscribed (`HOOK`)."""

    WEBHOOK = "webhook"
    EMAIL = "email"
    HOOK = "hook"


class Fate(StrEnum):
    """What became of it. A dead one was tried often enough and waits for a person."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True)
class Notice:
    """One message to one address.

    Attributes:
        id: stays the same over all attempts, so that a receiver knows one that comes twice.
        key: what it is about; there is one notice a key.
        to: a department or a level, as `departments.yml` names it; a subscription's id.
    """

    id: str
    key: str
    way: Way
    to: str
    subject: str
    body: Mapping[str, Any]
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    state: Fate = Fate.WAITING
    error: str | None = None
    sent_at: datetime | None = None

    def arrived(self, now: datetime) -> "Notice":
        """The receiver has it."""
        return replace(self, state=Fate.SENT, attempts=self.attempts + 1, sent_at=now, error=None)

    def failed(self, error: str, now: datetime) -> "Notice":
        """Not this time: again later, each time after twice as long; at last it is dead."""
        attempts = self.attempts + 1
        if attempts >= MOST_ATTEMPTS:
            return replace(self, state=Fate.DEAD, attempts=attempts, error=error[:500])
        wait = min(FIRST_BACKOFF * 2 ** (attempts - 1), LONGEST_BACKOFF)
        return replace(self, attempts=attempts, error=error[:500], due_at=now + wait)

    def revive(self, now: datetime) -> "Notice":
        """Somebody has mended the way: try again from the start; one that has arrived is not sent twice."""
        if self.state is Fate.SENT:
            return self
        return replace(self, state=Fate.WAITING, attempts=0, due_at=now, error=None)
