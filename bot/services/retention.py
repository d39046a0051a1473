"""Nothing is kept longer than it is needed: once a day what is old is cleared away, a little at a time (E10)."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.domain.pause import Pause
from bot.domain.retention import Period, Then
from bot.services.ports import Clock, UnitOfWorkFactory

log = logging.getLogger(__name__)

BATCH = 500
"""Rows of a table in one transaction: no customer waits for it."""
EVERY = timedelta(days=1)


class Retention:
    """Clears away what is old; safe on any number of nodes at once."""

    def __init__(self, uow: UnitOfWorkFactory, periods: Sequence[Period], clock: Clock) -> None:
        self.periods = periods
        self._uow = uow
        self._clock = clock
        self._rest = Pause()
        self._cleared = 0

    def look(self) -> int:
        """A chore of the clock: one batch at each look, until nothing is left; then a day of rest.

        Returns:
            0 always, so that the other chores have their turn between two batches.
        """
        if self._rest.lasts(self._clock()):
            return 0
        cleared = sum(self._clear(period) for period in self._ending())
        self._cleared += cleared
        if cleared == 0:
            self._rest.begin(self._clock(), EVERY)
            if self._cleared:
                log.info("retention: %s rows cleared away", self._cleared)
            self._cleared = 0
        return 0

    def preview(self) -> list[tuple[Period, int]]:
        """How many rows of each kind are old now."""
        with self._uow() as uow:
            return [(period, uow.expired.count(period.kind, self._before(period))) for period in self._ending()]

    def run(self) -> Iterator[tuple[Period, int]]:
        """Clear everything away at once, batch by batch; how much of each kind that was."""
        for period in self._ending():
            total = 0
            while cleared := self._clear(period):
                total += cleared
            yield period, total

    def _ending(self) -> list[Period]:
        return [period for period in self.periods if period.then is not Then.KEEP]

    def _clear(self, period: Period) -> int:
        with self._uow() as uow:
            cleared = uow.expired.clear(period.kind, self._before(period), BATCH)
            if cleared:
                uow.commit()
        return cleared

    def _before(self, period: Period) -> datetime:
        return self._clock() - timedelta(days=period.days)
