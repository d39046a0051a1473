"""How many messages may go to one customer, counted as the platform counts (W2, W3).

Nothing is accumulated: what is left follows from what happened, so that this can judge those who keep a ledger.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.simulator.refusals import COUNT_USED_UP, WINDOW_CLOSED, Refused


class Cause(StrEnum):
    """What a customer does that opens a grant."""

    WROTE = "wrote"
    MENU = "menu"
    """A key of the account's menu, or an entry of a menu message."""
    FOLLOWED = "followed"
    SCANNED = "scanned"


AT_ONCE = (3, timedelta(minutes=1))
OFFICIAL: Mapping[Cause, tuple[int, timedelta]] = {
    Cause.WROTE: (5, timedelta(hours=48)),
    Cause.MENU: AT_ONCE,
    Cause.FOLLOWED: AT_ONCE,
    Cause.SCANNED: AT_ONCE,
}
KF: Mapping[Cause, tuple[int, timedelta]] = {Cause.WROTE: (5, timedelta(hours=48))}


@dataclass(frozen=True)
class Grant:
    """A grant in force: how many of its messages are left, and until when."""

    cause: Cause
    left: int
    until: datetime


@dataclass
class Grants:
    """What one customer's doings allow, in the order in which things happen.

    Where two grants are open the documentation does not say which a message is counted against. Here it counts against
    every open one: the strictest reading under which none of them is cut short.
    """

    allowed: Mapping[Cause, tuple[int, timedelta]]
    _opened: dict[Cause, tuple[datetime, int]] = field(default_factory=dict)
    _sent: int = 0

    def open(self, cause: Cause, at: datetime) -> None:
        """The customer did this; a grant for the same cause begins anew."""
        if cause in self.allowed:
            self._opened[cause] = at, self._sent

    def close(self) -> None:
        """The customer has gone: nothing is allowed."""
        self._opened.clear()

    def in_force(self, now: datetime) -> Iterator[Grant]:
        """Those that have not run out of time, used up or not."""
        for cause, (at, sent_before) in self._opened.items():
            most, lasts = self.allowed[cause]
            if now < at + lasts:
                yield Grant(cause, max(0, most - (self._sent - sent_before)), at + lasts)

    def left(self, now: datetime) -> int:
        """How many messages may go now."""
        return max((grant.left for grant in self.in_force(now)), default=0)

    def check(self, now: datetime, closed: int = WINDOW_CLOSED, used_up: int = COUNT_USED_UP) -> None:
        """Whether a message may go now.

        Raises:
            Refused: no grant is in force (`closed`), or all are used up (`used_up`).
        """
        grants = list(self.in_force(now))
        if not grants:
            raise Refused(closed)
        if not any(grant.left for grant in grants):
            raise Refused(used_up)

    def count(self) -> None:
        """A message has gone."""
        self._sent += 1
