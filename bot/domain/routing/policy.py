"""How the company routes, as `content/routing.yml` says (F2, F5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

SAFETY_FIRST = 5
"""The highest priority: danger to people. Nothing is lifted to it."""


class Mode(StrEnum):
    """How a team's conversations find a person: given to somebody, or taken from the queue."""

    ASSIGN = "assign"
    OFFER = "offer"


@dataclass(frozen=True)
class Rank:
    """A priority as people call it, and within which time a person answers (D1)."""

    name: str
    promise: timedelta


@dataclass(frozen=True)
class Estimating:
    """How a wait is estimated; see `estimate`."""

    look_back: timedelta = timedelta(hours=1)
    min_takes: int = 3
    typical: timedelta = timedelta(minutes=4)
    shortest: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)


@dataclass(frozen=True)
class Policy:
    """The rules of the queue.

    Attributes:
        ranks: by priority.
        signals, emotions: the least priority for what is heard; emotions by level 0-3.
        skills: by main intent. script_skills: by the customer's script.
        modes: by team; `default` for the others.
        lift_at: the share (0-1) of a promise after which a conversation is lifted by one rank.
        late_promise: the least priority where a promise on the customer's ticket is broken.
        visits, visits_within, visits_priority: how many visits in which time are many, and how much they count (F3).
        callback_after: without a person for so long, a callback is offered (F2).
        bot_silent_after: without the bot's answer for so long, a person is asked (F2).
        gone_after: without a sign of life for so long, the waiting customer gets somebody else.
        tell_every, tell_in: how often, and in which channels, a moved place is told (F5, W2).
    """

    ranks: Mapping[int, Rank]
    signals: Mapping[str, int]
    emotions: Mapping[int, int]
    skills: Mapping[str, str]
    script_skills: Mapping[str, str]
    modes: Mapping[str, Mode]
    lift_at: float = 0.8
    late_promise: int = 1
    visits: int = 3
    visits_within: timedelta = timedelta(hours=24)
    visits_priority: int = 2
    callback_after: timedelta = timedelta(minutes=3)
    bot_silent_after: timedelta = timedelta(minutes=3)
    gone_after: timedelta = timedelta(seconds=90)
    tell_every: timedelta = timedelta(seconds=60)
    tell_in: frozenset[str] = frozenset({"web"})
    estimating: Estimating = Estimating()

    def mode_of(self, team: str) -> Mode:
        """How a team's conversations find a person."""
        return self.modes.get(team, self.modes["default"])

    def promise_of(self, priority: int) -> timedelta:
        """Within which time a person answers."""
        return self.ranks[min(max(priority, 0), max(self.ranks))].promise
