"""Deadlines as pure functions of a matter's history and the calendars; nothing is added up in between (invariant 5)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.actor import LEVELS, Role, next_level
from bot.domain.calendar import Calendar
from bot.domain.sla.course import Course, Run, Stretch
from bot.domain.sla.policy import Case, Policy, Rule, Target

_JUST_AFTER = timedelta(microseconds=1)
_NOTHING = timedelta()


class State(StrEnum):
    """Where a deadline stands. Dropped: nothing was owed any more before it fell due."""

    RUNNING = "running"
    WARNED = "warned"
    BREACHED = "breached"
    MET = "met"
    MET_LATE = "met_late"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Deadline:
    """One promise on one matter, as of some moment.

    Attributes:
        run: when its clock began, and how it ended.
        due_at: the last moment at which it is kept. While the clock stands it is open-ended: the one that holds if the
            clock goes on right now, so it moves with time, and never to an earlier moment.
        warn_at: the moments of its warnings, the earliest first; those ahead move with `due_at`.
        warned: how many of them were reached while it ran.
        next_event_at: the first moment at which time alone changes what stands here: a warning, or just after `due_at`;
            None where time changes nothing, as while the clock stands.
        stretches: when the clock ran and when it stood, without a gap.
    """

    rule: Rule
    run: Run
    due_at: datetime
    state: State
    warn_at: tuple[datetime, ...]
    warned: int
    next_event_at: datetime | None
    stretches: tuple[Stretch, ...]

    @property
    def target(self) -> Target:
        """What is promised."""
        return self.rule.limit.target

    @property
    def clause(self) -> str:
        """The requirement that the promise rests on."""
        return self.rule.limit.clause

    @property
    def started_at(self) -> datetime:
        """When its clock began."""
        return self.run.started_at

    @property
    def met_at(self) -> datetime | None:
        """When what was promised was done, in time or late."""
        return self.run.ended_at if self.run.kept else None

    @property
    def paused(self) -> timedelta:
        """For how long, by day and night, the clock has stood."""
        return sum((still.end - still.begin for still in self.stretches if still.standing), _NOTHING)

    @property
    def is_open(self) -> bool:
        """Whether what was promised is still owed, late or not."""
        return self.run.ended_at is None

    @property
    def is_paused(self) -> bool:
        """Whether it is owed and its clock stands."""
        return self.is_open and self.stretches[-1].standing is not None

    @property
    def is_broken(self) -> bool:
        """Whether the promise was not kept in time (D8)."""
        return self.state in (State.BREACHED, State.MET_LATE)


def deadlines(case: Case, policy: Policy, now: datetime) -> tuple[Deadline, ...]:
    """All promises on a matter, kept, broken and running; one for each time that an answer was wanted.

    Args:
        case: the matter with its whole history.
        now: aware; one that is earlier than the last of the history counts as that.
    """
    course = Course(case, now)
    return tuple(
        _deadline(course, rule, run)
        for rule in policy.rules(case.kind, case.priority, case.team)
        for run in course.runs(rule.limit.target)
    )


def next_due(found: Iterable[Deadline]) -> Deadline | None:
    """The promise to keep next: the earliest that is owed and whose clock runs; an overdue one stays ahead of all."""
    running = [deadline for deadline in found if deadline.is_open and not deadline.is_paused]
    return min(running, key=lambda deadline: deadline.due_at) if running else None


def next_event(found: Iterable[Deadline]) -> datetime | None:
    """When time alone next changes the state of one of them."""
    return min((deadline.next_event_at for deadline in found if deadline.next_event_at), default=None)


def level_after(found: Iterable[Deadline]) -> Role:
    """Who has to deal with a matter: every broken promise lifts it one level, as far as its limit says (A6)."""
    level = LEVELS[0]
    for broken in sorted((deadline for deadline in found if deadline.is_broken), key=lambda deadline: deadline.due_at):
        if LEVELS.index(level) < LEVELS.index(broken.rule.limit.escalate_to):
            level = next_level(level)
    return level


def _deadline(course: Course, rule: Rule, run: Run) -> Deadline:
    stretches = course.stretches(run, rule.limit)
    time, warnings = rule.times(run.started_at)
    due_at = _reached(time, stretches, rule.calendar)
    warn_at = tuple([_reached(warning, stretches, rule.calendar) for warning in warnings])
    end = run.ended_at or course.now
    warned = bisect_right(warn_at, end)
    state = _state(run, end, due_at, warned)
    next_event_at = None
    if state in (State.RUNNING, State.WARNED) and not stretches[-1].standing:
        next_event_at = warn_at[warned] if warned < len(warn_at) else due_at + _JUST_AFTER
    return Deadline(rule, run, due_at, state, warn_at, warned, next_event_at, tuple(stretches))


def _reached(time: timedelta, stretches: Sequence[Stretch], calendar: Calendar) -> datetime:
    """When a clock shows so much; if it does not yet, as though it went on from the end of the last stretch."""
    *earlier, last = stretches
    for stretch in earlier:
        if stretch.standing:
            continue
        ran = calendar.between(stretch.begin, stretch.end)
        if ran >= time:
            return calendar.add(stretch.begin, time)
        time -= ran
    return calendar.add(last.end if last.standing else last.begin, time)


def _state(run: Run, end: datetime, due_at: datetime, warned: int) -> State:
    """What timestamps say, whenever somebody looks (invariant 5)."""
    if run.kept:
        return State.MET if end <= due_at else State.MET_LATE
    if end > due_at:
        return State.BREACHED
    if run.ended_at:
        return State.DROPPED
    return State.WARNED if warned else State.RUNNING
