"""Business calendars: several working blocks a day, public holidays and 调休 working days (D7).

A calendar counts working time between aware moments. Its days are days in Shanghai; no daylight saving is known to it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from bot.domain.timeline import Timeline

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True)
class Block:
    """A span of a day in which people work, in minutes from midnight; the end is no longer part of it."""

    begin: int
    end: int

    def __post_init__(self) -> None:
        """A block lies within its day and is not empty."""
        if not 0 <= self.begin < self.end <= MINUTES_A_DAY:
            raise ValueError(f"{self} 应先早后晚，且不跨过 24:00；跨夜请分成当天和第二天两段")

    def __str__(self) -> str:
        return f"{_clock(self.begin)}-{_clock(self.end)}"


Blocks = tuple[Block, ...]


def read_block(text: str) -> Block:
    """A block from `09:00-12:00`; it may end at `24:00`.

    Raises:
        ValueError: it is no span of a day; the message says why.
    """
    begin, dash, end = text.partition("-")
    try:
        if not dash:
            raise ValueError
        return Block(_minutes(begin), _minutes(end))
    except ValueError as error:
        raise ValueError(f"时段 {text} 写错了：{str(error) or '应写成 09:00-12:00'}") from error


def in_order(blocks: Sequence[Block]) -> bool:
    """Whether the blocks of a day follow one another without overlapping."""
    return all(earlier.end <= later.begin for earlier, later in pairwise(blocks))


def _minutes(text: str) -> int:
    hours, colon, minutes = text.strip().partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2 and int(minutes) < 60):
        raise ValueError("应写成 09:00-12:00")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


class DayKind(StrEnum):
    """Why a date does not follow its weekday."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"
    OTHER_HOURS = "other_hours"


@dataclass(frozen=True)
class SpecialDay:
    """A date that does not follow its weekday: a public holiday, a 调休 working day, or one with hours of its own.

    Attributes:
        reason: what people call it, such as 国庆节.
        blocks: its working hours, where its kind is `OTHER_HOURS`.
    """

    kind: DayKind
    reason: str
    blocks: Blocks = ()


def no_special_days(day: date) -> SpecialDay | None:
    """Every date follows its weekday."""
    return None


@dataclass(frozen=True)
class Calendar:
    """When a team works.

    Attributes:
        name: how files refer to it.
        title: how people read it.
        week: the blocks of Monday to Sunday.
        special_day: what is special about a date, if anything.
        on_holiday: the blocks of a public holiday.
        on_workday: the blocks of a 调休 working day.
        arranged_until: the last day whose holidays are known; None where holidays change nothing.
    """

    name: str
    title: str
    week: tuple[Blocks, ...]
    special_day: Callable[[date], SpecialDay | None] = no_special_days
    on_holiday: Blocks = ()
    on_workday: Blocks = ()
    arranged_until: date | None = None
    _timeline: Timeline = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """A week has seven days, and somebody works in it."""
        if len(self.week) != 7 or not any(self.week):
            raise ValueError(f"日历 {self.name} 一周要有七天，并且至少有一个工作时段")
        object.__setattr__(self, "_timeline", Timeline(self.name, self._spans))

    def blocks(self, day: date) -> Blocks:
        """The working blocks of a date in Shanghai."""
        special = self.special_day(day)
        if special is None:
            return self.week[day.weekday()]
        return {DayKind.HOLIDAY: self.on_holiday, DayKind.WORKDAY: self.on_workday}.get(special.kind, special.blocks)

    def is_rest_day(self, day: date) -> bool:
        """Whether nobody works on a date."""
        return not self.blocks(day)

    def _spans(self, day: date) -> Iterator[tuple[int, int]]:
        return ((block.begin, block.end) for block in self.blocks(day))

    def is_working(self, moment: datetime) -> bool:
        """Whether somebody works at that moment; the end of a block is after work."""
        return self.next_working(moment) == moment

    def next_working(self, moment: datetime) -> datetime:
        """The earliest working moment that is not before `moment`."""
        return self._timeline.next_working(moment).astimezone(UTC)

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The earliest moment from `start` by which so much working time has passed: 12:00 rather than 13:30.

        Args:
            start: aware.
            amount: of working time, not negative.

        Returns:
            Aware UTC; `start` itself where the amount is nothing.

        Raises:
            ContentError: the calendar has not that much working time in the next decades.
        """
        if amount < timedelta():
            raise ValueError(f"negative working time: {amount}")
        return self._timeline.add(start, amount) if amount else start.astimezone(UTC)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`; none where the end is the earlier."""
        return self._timeline.between(start, end) if end > start else timedelta()


class _Elapsed(Calendar):
    """Every moment of every day: working time is the time that passes."""

    def add(self, start: datetime, amount: timedelta) -> datetime:
        if amount < timedelta():
            raise ValueError(f"negative time: {amount}")
        return (start + amount).astimezone(UTC)

    def between(self, start: datetime, end: datetime) -> timedelta:
        return max(end - start, timedelta())

    def next_working(self, moment: datetime) -> datetime:
        return moment.astimezone(UTC)


_WHOLE_DAY = (Block(0, MINUTES_A_DAY),)
ALWAYS: Calendar = _Elapsed("always", "全天 24 小时", (_WHOLE_DAY,) * 7, on_holiday=_WHOLE_DAY, on_workday=_WHOLE_DAY)
"""Service round the clock (D1)."""


@dataclass(frozen=True)
class Calendars:
    """The calendars by name, and which team works by which."""

    named: Mapping[str, Calendar]
    teams: Mapping[str, str]
    default: str

    def of_team(self, team: str) -> Calendar:
        """The calendar of a team; a team that is not listed works by the default one."""
        return self.named[self.teams.get(team, self.default)]
