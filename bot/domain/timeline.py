"""Working time laid out on a line and kept, so that each question to a calendar costs a search by halves (D7)."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.dates import SHANGHAI, local_day
from bot.domain.errors import ContentError

_DAY = timedelta(days=1)
_NOTHING = timedelta()
_MARGIN = 100 * _DAY
"""Laid out beyond what is asked for."""
_FARTHEST = 40 * 366 * _DAY
"""After this the search for working time ends."""


@dataclass(frozen=True)
class _Layout:
    """The working spans of a run of days; `before` and `after` are the time worked up to the ends of each."""

    first: datetime
    last: datetime
    begins: list[datetime]
    ends: list[datetime]
    before: list[timedelta]
    after: list[timedelta]

    def worked(self, moment: datetime) -> timedelta:
        """The working time from the layout's first moment to one in it."""
        place = bisect_right(self.begins, moment) - 1
        if place < 0:
            return _NOTHING
        return self.before[place] + (min(moment, self.ends[place]) - self.begins[place])


class Timeline:
    """The working time of one calendar.

    Args:
        name: of the calendar, for its errors.
        spans: the working spans of a date, in minutes from midnight, in order.
    """

    def __init__(self, name: str, spans: Callable[[date], Iterable[tuple[int, int]]]) -> None:
        self._name = name
        self._spans = spans
        self._layout: _Layout | None = None

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The earliest moment by which `amount` (more than nothing) has been worked since `start`.

        Raises:
            ContentError: there is not that much working time in the next decades.
        """
        layout = self._covering(start, start)
        wanted = layout.worked(start) + amount
        while not layout.after or layout.after[-1] < wanted:
            layout = self._longer(start, layout)
        place = bisect_left(layout.after, wanted)
        return layout.begins[place] + (wanted - layout.before[place])

    def between(self, start: datetime, end: datetime) -> timedelta:
        """What is worked from `start` to `end`, which is not before it."""
        layout = self._covering(start, end)
        return layout.worked(end) - layout.worked(start)

    def next_working(self, moment: datetime) -> datetime:
        """The earliest moment not before `moment` at which work goes on.

        Raises:
            ContentError: there is none in the next decades.
        """
        layout = self._covering(moment, moment)
        while not layout.ends or layout.ends[-1] <= moment:
            layout = self._longer(moment, layout)
        return max(moment, layout.begins[bisect_right(layout.ends, moment)])

    def _covering(self, first: datetime, last: datetime) -> _Layout:
        """A layout that holds both moments: the one kept, or a longer one that is kept from now on."""
        layout = self._layout
        if layout is None:
            return self._lay_out(first - _MARGIN, last + _MARGIN)
        if layout.first <= first and last <= layout.last:
            return layout
        return self._lay_out(min(first - _MARGIN, layout.first), max(last + _MARGIN, layout.last))

    def _longer(self, moment: datetime, layout: _Layout) -> _Layout:
        """A layout of the same beginning that reaches farther into the future."""
        if layout.last - moment > _FARTHEST:
            raise ContentError(f"日历 {self._name} 往后几十年都没有足够的工作时间，请检查 calendar.yml 的时段和假日")
        return self._lay_out(layout.first, layout.last + (layout.last - layout.first))

    def _lay_out(self, first: datetime, last: datetime) -> _Layout:
        """Whole days around both moments."""
        day, last_day, worked = local_day(first), local_day(last) + _DAY, _NOTHING
        layout = _Layout(midnight(day), midnight(last_day), [], [], [], [])
        while day < last_day:
            began = midnight(day)
            for begin, end in self._spans(day):
                layout.begins.append(began + timedelta(minutes=begin))
                layout.ends.append(began + timedelta(minutes=end))
                layout.before.append(worked)
                worked += timedelta(minutes=end - begin)
                layout.after.append(worked)
            day += _DAY
        self._layout = layout
        return layout


def midnight(day: date) -> datetime:
    """The moment, in UTC, at which a day begins in Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)
