"""A clock that was ahead and is set right leaves work behind that waits for moments far from now (invariants 3 and 11).

Without this, what a clock stored that was an hour ahead would go out an hour late, and claims of that time would hold.
A clock that was behind leaves nothing of the kind: what it stored is due as soon as the clock is right.
"""

import logging
from datetime import datetime, timedelta

from bot.services.again import again
from bot.services.ports import Clock, UnitOfWorkFactory
from bot.services.ports.moments import SOON

log = logging.getLogger(__name__)


class SetBack:
    """Notices that the clock was set back, and pulls back what waits."""

    def __init__(self, uow: UnitOfWorkFactory, reading: UnitOfWorkFactory, clock: Clock) -> None:
        """Take what is needed.

        Args:
            reading: what looks for the latest moment, where that need not wait for writers.
        """
        self._uow = uow
        self._reading = reading
        self._clock = clock
        self._last = clock()
        """The time at the last look: it tells where nothing was stored of late."""

    def look(self) -> int:
        """A chore of the clock: the first look tells of what an earlier run has stored.

        Less than `SOON` is not worth it: nothing is due later than so.

        Returns:
            How much work need not wait any longer; 0 on a clock that is right.
        """
        with self._reading() as uow:
            stored = uow.moments.latest()
        now = self._clock()  # read last: what was stored until now is no later
        by = max(self._last, stored or now) - now
        moved = again(self._pull_back, now, by) if by > SOON else 0
        self._last = now
        return moved

    def _pull_back(self, now: datetime, by: timedelta) -> int:
        with self._uow() as uow:
            moved = uow.moments.pull_back(now, by)
            uow.commit()
        log.warning(
            "the clock was set back by %s: %s things that waited for its old time go on now. Let the machine keep its"
            " clock right (timedatectl set-ntp true); times that were stored meanwhile stay as they are",
            timedelta(seconds=round(by.total_seconds())), moved,
        )  # fmt: skip
        return moved
