"""What the company promises on a matter, within which time and by which calendar (D1-D3, D7, E4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from bot.domain.actor import Role
from bot.domain.calendar import ALWAYS, Calendar, Calendars
from bot.domain.dates import SHANGHAI, as_utc

OVER = frozenset({"resolved", "closed"})
"""Statuses in which the company is done; a customer who is not satisfied reopens (C7)."""


class Entry(Protocol):
    """What deadlines read of one thing that happened to a matter; `bot.domain.ticket.HistoryEntry` is one."""

    @property
    def at(self) -> datetime:
        """When, aware."""

    @property
    def actor(self) -> str:
        """`customer`, `bot`, `system`, or the name of a member of staff."""

    @property
    def event(self) -> str:
        """What kind of thing."""

    @property
    def from_status(self) -> str | None:
        """The status before."""

    @property
    def to_status(self) -> str:
        """The status after."""


class Case(Protocol):
    """What deadlines read of a matter; `bot.domain.ticket.Ticket` is one."""

    @property
    def kind(self) -> str:
        """What it is about."""

    @property
    def priority(self) -> int:
        """0 normal, 1 high, 2 urgent (A13)."""

    @property
    def team(self) -> str:
        """Who deals with it."""

    @property
    def opened_at(self) -> datetime:
        """When the customer came with it, aware."""

    @property
    def history(self) -> Sequence[Entry]:
        """All that happened since, in order."""


class Target(StrEnum):
    """What is promised."""

    FIRST_REPLY = "first_reply"
    NEXT_REPLY = "next_reply"
    RESOLUTION = "resolution"
    REFUND = "refund"


class Unit(StrEnum):
    """What a time limit is counted in: all but working hours pass by day and night."""

    HOURS = "hours"
    DAYS = "days"
    WORKING_HOURS = "working_hours"
    MONTHS = "months"


_UNIT_WORDS = {Unit.HOURS: "小时", Unit.DAYS: "天", Unit.WORKING_HOURS: "个工作小时", Unit.MONTHS: "个月"}


@dataclass(frozen=True)
class Within:
    """A time limit, such as 4 hours or one calendar month."""

    count: float
    unit: Unit

    def time(self, start: datetime) -> timedelta:
        """How much time it is when counted from `start`: a month is as long as that month."""
        if self.unit is Unit.MONTHS:
            return months_later(start, int(self.count)) - start
        return timedelta(days=self.count) if self.unit is Unit.DAYS else timedelta(hours=self.count)

    def __str__(self) -> str:
        return f"{self.count:g} {_UNIT_WORDS[self.unit]}"


def months_later(start: datetime, months: int) -> datetime:
    """The same day and time in Shanghai so many months later; the month's last day where it has no such day."""
    local = start.astimezone(SHANGHAI)
    years, month = divmod(local.month - 1 + months, 12)
    first = local.replace(year=local.year + years, month=month + 1, day=1)
    length = ((first + timedelta(days=31)).replace(day=1) - first).days
    return as_utc(first.replace(day=min(local.day, length)))


@dataclass(frozen=True)
class Warn:
    """When to warn: a share of the limit and a time beyond it; half of it, 7 days after the start, an hour before."""

    share: float = 0
    offset: timedelta = timedelta()

    def time(self, limit: timedelta) -> timedelta:
        """How much of the limit has been counted by then."""
        return limit * self.share + self.offset


@dataclass(frozen=True)
class Limit:
    """One promise on one kind of matter, as content states it.

    Attributes:
        clause: the requirement it rests on.
        by_priority: shorter limits of a higher priority.
        pauses: statuses in which its clock stands.
        calendar: the name of the one it counts by; None for that of the team.
        escalate_to: up to whom a breach lifts the matter (A6).
        tells_customer: whether the customer hears of a breach unasked (D8).
    """

    target: Target
    clause: str
    within: Within
    by_priority: Mapping[int, Within] = field(default_factory=dict)
    warn_at: tuple[Warn, ...] = ()
    pauses: frozenset[str] = frozenset()
    calendar: str | None = ALWAYS.name
    escalate_to: Role = Role.MANAGER
    tells_customer: bool = True

    @cached_property
    def stands_in(self) -> frozenset[str]:
        """Statuses in which its clock stands: what is done and reopened has not run meanwhile (D7)."""
        return self.pauses | OVER if self.target is Target.RESOLUTION else self.pauses

    def warnings(self, time: timedelta) -> tuple[timedelta, ...]:
        """After how much of that time it warns, the earliest first; a warning that would fall outside is none."""
        return tuple(sorted({at for warn in self.warn_at if timedelta() < (at := warn.time(time)) < time}))


@dataclass(frozen=True)
class Rule:
    """A limit with its calendar, as it holds for a matter of some priority with some team."""

    limit: Limit
    within: Within
    calendar: Calendar

    def times(self, start: datetime) -> tuple[timedelta, tuple[timedelta, ...]]:
        """How much time there is when counted from `start`, and after how much of it to warn."""
        return self._constant_times if self.within.unit is not Unit.MONTHS else self._times(start)

    @cached_property
    def _constant_times(self) -> tuple[timedelta, tuple[timedelta, ...]]:
        return self._times(datetime.min)

    def _times(self, start: datetime) -> tuple[timedelta, tuple[timedelta, ...]]:
        time = self.within.time(start)
        return time, self.limit.warnings(time)


@dataclass(frozen=True)
class Policy:
    """All promises by kind of matter, and the calendars that they count by."""

    limits: Mapping[str, tuple[Limit, ...]]
    calendars: Calendars
    _chosen: dict[tuple[str, int, str], tuple[Rule, ...]] = field(default_factory=dict, repr=False, compare=False)

    def rules(self, kind: str, priority: int, team: str) -> tuple[Rule, ...]:
        """What holds for such a matter; nothing for a kind without promises."""
        chosen = self._chosen.get((kind, priority, team))
        if chosen is None:
            chosen = tuple(self._rule(limit, priority, team) for limit in self.limits.get(kind, ()))
            self._chosen[kind, priority, team] = chosen
        return chosen

    def _rule(self, limit: Limit, priority: int, team: str) -> Rule:
        raised = max((level for level in limit.by_priority if level <= priority), default=None)
        within = limit.within if raised is None else limit.by_priority[raised]
        if within.unit is not Unit.WORKING_HOURS:
            return Rule(limit, within, ALWAYS)
        named = self.calendars.named
        return Rule(limit, within, named[limit.calendar] if limit.calendar else self.calendars.of_team(team))


def promise(kind: str, priority: int, team: str, opened_at: datetime, policy: Policy) -> datetime:
    """By when a person answers a matter that is opened at that moment (D1-D3, D8).

    Args:
        opened_at: aware.

    Returns:
        Aware UTC.

    Raises:
        KeyError: the kind has no promise of a first reply; the content loader refuses such a policy.
    """
    for rule in policy.rules(kind, priority, team):
        if rule.limit.target is Target.FIRST_REPLY:
            return rule.calendar.add(opened_at, rule.times(opened_at)[0])
    raise KeyError(kind)
