"""Counting days as 民法典 201-203 counts them: from the day after, by calendar months, never ending on a rest day."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

IsRestDay = Callable[[date], bool]
"""Whether nobody works on a day: weekends and public holidays, but no 调休 working day."""

Span = tuple[date, date]
"""From a day to a day; the second is the first that no longer counts."""

_LONGEST_HOLIDAY = 31
"""Days; a calendar that knows nothing but rest days must not count for ever."""


@dataclass(frozen=True)
class Term:
    """A period that was counted, with its arithmetic.

    Attributes:
        start: the day that sets it going; it does not count itself.
        days: its length, where it is counted in days.
        months: its length, where it is counted in months.
        extra_days: days in repair that do not count and so come on top (E6).
        due: its last day before rest days are looked at.
        last: its last day; it ends at midnight in Shanghai.
    """

    start: date
    days: int
    months: int
    extra_days: int
    due: date
    last: date

    def holds(self, day: date) -> bool:
        """Whether the day lies in the period; the day that sets it going does too."""
        return self.start <= day <= self.last


def term_of_days(start: date, days: int, is_rest_day: IsRestDay) -> Term:
    """So many days from the day after `start`."""
    due = start + timedelta(days=days)
    return Term(start, days, 0, 0, due, working_day(due, is_rest_day))


def term_of_months(start: date, months: int, repairs: Iterable[Span], is_rest_day: IsRestDay) -> Term:
    """So many months from the day after `start`, and the days in repair that began before the period was over (E6)."""
    plain = add_months(start, months)
    due = plain
    for begins, ends in merged(repairs):
        if begins > working_day(due, is_rest_day):
            break
        due += ends - begins
    return Term(start, 0, months, (due - plain).days, due, working_day(due, is_rest_day))


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it is shorter (民法典 202)."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def working_day(day: date, is_rest_day: IsRestDay) -> date:
    """The day itself, or the first working day after the rest days that it falls on (民法典 203)."""
    for later in range(_LONGEST_HOLIDAY):
        if not is_rest_day(day + timedelta(days=later)):
            return day + timedelta(days=later)
    return day


def merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans in order of time, overlapping ones as one: no day counts twice."""
    current: Span | None = None
    for begins, ends in sorted(spans):
        if current and begins <= current[1]:
            current = current[0], max(current[1], ends)
        else:
            if current:
                yield current
            current = begins, ends
    if current:
        yield current


def days_in(spans: Iterable[Span]) -> int:
    """Days that the spans cover, each once."""
    return sum((ends - begins).days for begins, ends in merged(spans))
