"""Appointments: time slots in which a technician comes, and how many there are (B2, G11, G16)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise

from bot.domain.dates import SHANGHAI
from bot.domain.errors import Conflict, ContentError, InvalidInput


class Appointment(StrEnum):
    """Where a visit stands."""

    BOOKED = "booked"
    MOVED = "moved"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Visit:
    """One appointment. `place` numbers the technicians of a slot: a place is booked once."""

    id: str
    ticket: str
    starts_at: datetime
    ends_at: datetime
    place: int
    state: Appointment = Appointment.BOOKED
    result: str | None = None
    version: int = 0

    def end(self, state: Appointment, result: str = "") -> "Visit":
        """It was done, moved to another time, or called off.

        Raises:
            Conflict: it is over already. InvalidInput: that is no end.
        """
        if state is Appointment.BOOKED:
            raise InvalidInput("预约的结果应是已完成、已改期或已取消")
        if self.state is not Appointment.BOOKED:
            raise Conflict("这次预约已经结束或改期，请查看最新的预约")
        return replace(self, state=state, result=result or None)


@dataclass(frozen=True)
class Slot:
    """A span of a day in which visits begin."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Timetable:
    """When technicians come.

    Attributes:
        spans: from-to in Shanghai time, for each working day.
        capacity: visits a span.
        notice: the shortest time between booking and visit.
        ahead: how many days ahead may be booked.
    """

    spans: tuple[tuple[time, time], ...]
    capacity: int
    notice: timedelta
    ahead: int

    def slots(self, now: datetime, rest_days: Collection[date] = ()) -> Iterator[Slot]:
        """The slots that may be booked now, the earliest first; none on a rest day."""
        today = now.astimezone(SHANGHAI).date()
        for day in (today + timedelta(days=n) for n in range(self.ahead + 1)):
            for begin, end in self.spans if day not in rest_days else ():
                slot = Slot(_at(day, begin), _at(day, end))
                if slot.starts_at >= now + self.notice:
                    yield slot


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, SHANGHAI).astimezone(UTC)


def read_timetable(raw: dict[str, object]) -> Timetable:
    """The timetable from its YAML form.

    Raises:
        ContentError: a field is missing or makes no sense.
    """
    try:
        listed = raw["spans"]
        assert isinstance(listed, list)
        spans = tuple(_span(str(span)) for span in listed)
        table = Timetable(
            spans,
            int(str(raw["capacity"])),
            timedelta(hours=float(str(raw["notice_hours"]))),
            int(str(raw["ahead_days"])),
        )
    except (KeyError, TypeError, ValueError, OverflowError, AssertionError) as error:
        raise ContentError(
            f"visits.yml：{error} 缺失或写错，要写 spans（如 09:00-12:00）、capacity、notice_hours、ahead_days"
        ) from error
    if not spans or any(begin >= end for begin, end in spans) or any(a[1] > b[0] for a, b in pairwise(spans)):
        raise ContentError("visits.yml：spans 至少写一段，每段先早后晚，各段按先后写、互不重叠")
    if table.capacity < 1 or table.ahead < 0 or table.notice < timedelta(0):
        raise ContentError("visits.yml：capacity 至少 1，ahead_days 和 notice_hours 不能是负数")
    return table


def _span(text: str) -> tuple[time, time]:
    begin, end = text.split("-")
    return time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())
