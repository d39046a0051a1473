"""Where a customer stands in the queue, and what can be said of the wait (F5)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.actor import Role
from bot.domain.conversation import Need
from bot.domain.person import Person
from bot.domain.routing.assign import is_at_work
from bot.domain.routing.estimate import estimated_wait, free_places, pace
from bot.domain.routing.order import Waiting, in_order, positions
from bot.domain.routing.policy import Estimating, Policy

OpensAt = Callable[[str, datetime], datetime | None]
"""When a team's people come, where that is later than the moment; None while it is their time."""
STEP = 30
"""Seconds to which a wait is rounded up: finer would be a pretence, and news every moment."""


@dataclass(frozen=True)
class Place:
    """A place in the queue.

    Attributes:
        position: from 1, in the line of one team and level.
        wait: how long it will probably take; None where nobody is there to tell by.
        opens_at: when people come, where it is not their time now and nobody is there.
    """

    position: int
    wait: timedelta | None = None
    opens_at: datetime | None = None

    @property
    def ahead(self) -> int:
        """How many are served before."""
        return self.position - 1


def places(
    waiting: Iterable[Waiting], people: Iterable[Person], takes: Mapping[str, tuple[int, int]], opens_at: OpensAt,
    now: datetime, policy: Policy,
) -> dict[str, Place]:  # fmt: skip
    """The place of everybody who waits.

    Args:
        takes: how many conversations of each team were taken of late, and by how many people.
    """
    ordered, staff = in_order(waiting, now, policy), list(people)
    lines = {
        (team, level): _Line(team, level, staff, takes, opens_at, now, policy.estimating)
        for team, level in {one.line for one in ordered}
    }
    positioned = positions(ordered)
    return {one.id: lines[one.line].place(positioned[one.id]) for one in ordered}


def place_at(
    position: int, need: Need, people: Iterable[Person], takes: Mapping[str, tuple[int, int]], opens_at: OpensAt,
    now: datetime, policy: Policy,
) -> Place:  # fmt: skip
    """The place at a position, from 1, of the line that a need stands in; the rest as for `places`."""
    return _Line(need.team, need.level, list(people), takes, opens_at, now, policy.estimating).place(position)


class _Line:
    """What holds for everybody in a line."""

    def __init__(
        self, team: str, level: str, staff: Sequence[Person], takes: Mapping[str, tuple[int, int]], opens_at: OpensAt,
        now: datetime, rules: Estimating,
    ) -> None:  # fmt: skip
        able = [person for person in staff if person.fits(Need(team=team, level=Role(level)))]
        self._agents = sum(is_at_work(person, now) for person in able)
        self._free = free_places(able, now)
        self._each = pace(*takes.get(team, (0, 0)), rules)
        self._opens_at = None if self._agents else opens_at(team, now)
        self._rules = rules

    def place(self, position: int) -> Place:
        wait = estimated_wait(position, self._free, self._agents, self._each, self._rules)
        return Place(position, _rounded(wait), self._opens_at)


def _rounded(wait: timedelta | None) -> timedelta | None:
    return None if wait is None else timedelta(seconds=-(-wait.total_seconds() // STEP) * STEP)
