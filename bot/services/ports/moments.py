"""Moments that were stored by a clock which was ahead."""

from datetime import datetime, timedelta
from typing import Protocol

CLAIMS_LAST = timedelta(minutes=2)
"""No claim of work is made for longer."""
SOON = timedelta(minutes=1)
"""What is due within so long is due soon enough."""


class Moments(Protocol):
    """What waits for a moment, or counts from one."""

    def latest(self) -> datetime | None:
        """The latest moment at which something happened, as the clock of then had it; None where nothing has."""
        ...

    def pull_back(self, now: datetime, by: timedelta) -> int:
        """Make everything as though the clock had not been ahead.

        What is due later than `SOON` is due earlier by that much, but not before now; claims end earlier, and within
        `CLAIMS_LAST`; a lease from the future is free. What happened at a moment that is still to come happened now,
        and who waits since such a moment keeps the place in the queue.

        Returns:
            How much work was waiting for a moment from the future.
        """
        ...
