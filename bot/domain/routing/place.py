"""Where a customer stands in the queue, and what can be said of the wait (F5)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.actor import Role
from bot.domain.conversation import Need
from bot.domain.person import Person
from bot.domain.routing.assign import is_at_work
from bot.domain.routing.estimate import estimated_wait, free_places, pace
from bot.domain.routing.order import Waiting, in_order, positions
from bot.domain.routing.policy import Policy

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
    rules = policy.estimating
    lines: dict[tuple[str, str], tuple[int, int, timedelta, datetime | None]] = {}
    for team, level in {one.line for one in ordered}:
        able = [person for person in staff if person.fits(Need(team=team, level=Role(level)))]
        agents = sum(is_at_work(person, now) for person in able)
        each = pace(*takes.get(team, (0, 0)), rules)
        lines[team, level] = (agents, free_places(able, now), each, None if agents else opens_at(team, now))
    positioned = positions(ordered)
    found: dict[str, Place] = {}
    for one in ordered:
        agents, free, each, opens = lines[one.line]
        wait = estimated_wait(positioned[one.id], free, agents, each, rules)
        found[one.id] = Place(positioned[one.id], _rounded(wait), opens)
    return found


def _rounded(wait: timedelta | None) -> timedelta | None:
    return None if wait is None else timedelta(seconds=-(-wait.total_seconds() // STEP) * STEP)
