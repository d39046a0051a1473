"""In which order the waiting are served (F5): by priority, then by who came first; a promise that runs out lifts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.conversation import Need
from bot.domain.routing.policy import SAFETY_FIRST, Policy


@dataclass(frozen=True)
class Told:
    """What a waiting customer knows.

    Attributes:
        entered_at: since when the customer waits this time.
        position: the place that was told last, and `at` when.
        callback_offered: whether a callback was offered in place of waiting.
    """

    entered_at: datetime
    position: int
    at: datetime
    callback_offered: bool = False


@dataclass(frozen=True)
class Waiting:
    """A conversation that waits for a person.

    Attributes:
        queued_at: when it came into the queue first.
        waiting_since: since when the customer has had no answer of a person.
        last_agent: who served this customer last.
        told: what the customer knows of this wait; None where nothing was told yet.
    """

    id: str
    need: Need
    queued_at: datetime
    waiting_since: datetime
    last_agent: str | None = None
    channel: str = "web"
    reason: str | None = None
    epoch: int = 0
    told: Told | None = None

    @property
    def line(self) -> tuple[str, str]:
        """The line it stands in: its team's, at its level."""
        return self.need.team, self.need.level


def due_at(waiting: Waiting, policy: Policy) -> datetime:
    """By when a person answers, as promised for its priority."""
    return waiting.waiting_since + policy.promise_of(waiting.need.priority)


def urgency(waiting: Waiting, now: datetime, policy: Policy) -> int:
    """The priority, one more where the promise nearly runs out; never as high as danger to people."""
    return urgency_since(waiting.need.priority, waiting.waiting_since, lifts(now, policy))


def urgency_since(priority: int, waiting_since: datetime, lifted: Mapping[int, datetime]) -> int:
    """The same of a priority and a moment; `lifted` as `lifts` gives them."""
    return priority + (priority in lifted and waiting_since <= lifted[priority])


def lifts(now: datetime, policy: Policy) -> dict[int, datetime]:
    """By priority, since when somebody must have waited to be lifted by one."""
    return {priority: now - policy.promise_of(priority) * policy.lift_at for priority in range(SAFETY_FIRST - 1)}


def in_order(waiting: Iterable[Waiting], now: datetime, policy: Policy) -> list[Waiting]:
    """The waiting as they are to be served."""
    lifted = lifts(now, policy)

    def key(one: Waiting) -> tuple[int, datetime, str]:
        return -urgency_since(one.need.priority, one.waiting_since, lifted), one.queued_at, one.id

    return sorted(waiting, key=key)


def positions(ordered: Iterable[Waiting]) -> dict[str, int]:
    """The place of each in its own line, from 1."""
    lengths: dict[tuple[str, str], int] = {}
    places: dict[str, int] = {}
    for one in ordered:
        places[one.id] = lengths[one.line] = lengths.get(one.line, 0) + 1
    return places
