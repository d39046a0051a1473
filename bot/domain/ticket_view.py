"""Which tickets are listed, in which order; lists that people keep under a name, and those everybody has."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.actor import LEVELS, Role
from bot.domain.dates import SHANGHAI, local_day
from bot.domain.errors import InvalidInput
from bot.domain.text import clean
from bot.domain.ticket import Kind, Status

ME, NOBODY = "@me", "@nobody"
"""Stand for whoever looks, and for no one, as the one who deals with a ticket."""
TODAY = "today"
SOON = timedelta(hours=4)
RUNNING = tuple(status for status in Status if status not in (Status.RESOLVED, Status.CLOSED, Status.CANCELLED))
"""Where something is still owed."""
LONGEST_NAME = 30
MOST_COLUMNS = 20


class Due(StrEnum):
    """When the next promise on a ticket falls due."""

    LATE = "late"
    SOON = "soon"
    TODAY = "today"
    WEEK = "week"


class Sort(StrEnum):
    """The order of a list: the newest first, the last changed first, the most urgent first."""

    OPENED = "opened"
    CHANGED = "changed"
    DUE = "due"


@dataclass(frozen=True)
class Filter:
    """What a ticket must be to stand in a list; what is None or empty asks for nothing.

    Attributes:
        running: whether something is still owed on it.
        assignee: a person's name, `@me` or `@nobody`.
        opened_from, opened_to: days in Shanghai, the last one included; `today` or `2026-11-28`.
    """

    kind: Kind | None = None
    status: Status | None = None
    running: bool | None = None
    step: str | None = None
    team: str | None = None
    level: Role | None = None
    assignee: str | None = None
    priority: int | None = None
    due: Due | None = None
    opened_from: str | None = None
    opened_to: str | None = None
    phone: str | None = None
    attachments: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """Only what it asks for."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}

    def seen_by(self, name: str) -> "Filter":
        """The filter with whoever looks in the place of `@me`."""
        return Filter(**{**self.as_json(), "assignee": name}) if self.assignee == ME else self


def read_filter(raw: Mapping[str, Any]) -> Filter:
    """A filter as a query string or a saved list has it; empty values ask for nothing.

    Raises:
        InvalidInput: there is no such filter, or it cannot have this value.
    """
    known = {f.name for f in fields(Filter)}
    if unknown := [str(name) for name in raw if name not in known]:
        raise InvalidInput(f"没有这样的筛选条件：{'、'.join(unknown[:5])}；可用的是：{'、'.join(sorted(known))}")
    return Filter(**{name: _READERS[name](name, value) for name, value in raw.items() if value not in (None, "")})


def due_span(due: Due, now: datetime) -> tuple[datetime | None, datetime]:
    """From when until before when the next promise falls due; None is any time past."""
    day = local_day(now)
    if due is Due.LATE:
        return None, now
    if due is Due.SOON:
        return now, now + SOON
    return now, day_begins(day + timedelta(days=1 if due is Due.TODAY else 7 - day.weekday()))


def opened_span(wanted: Filter, now: datetime) -> tuple[datetime | None, datetime | None]:
    """From when until before when a ticket was opened."""
    begin, end = (day and _day(day, now) for day in (wanted.opened_from, wanted.opened_to))
    return day_begins(begin) if begin else None, day_begins(end + timedelta(days=1)) if end else None


def day_begins(day: date) -> datetime:
    """The moment, in UTC, at which a day begins in Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)


def _day(text: str, now: datetime) -> date:
    return local_day(now) if text == TODAY else date.fromisoformat(text)


def _choice(kind: type[StrEnum]) -> Any:
    def read(name: str, value: Any) -> StrEnum:
        try:
            return kind(value)
        except ValueError:
            raise InvalidInput(f"筛选条件 {name} 应是其中之一：{'、'.join(kind)}") from None

    return read


def _level(name: str, value: Any) -> Role:
    if value not in LEVELS:
        raise InvalidInput(f"筛选条件 {name} 应是其中之一：{'、'.join(LEVELS)}")
    return Role(value)


def _flag(name: str, value: Any) -> bool:
    if value not in (True, False, "true", "false"):
        raise InvalidInput(f"筛选条件 {name} 应是 true 或 false")
    return value in (True, "true")


def _priority(name: str, value: Any) -> int:
    if isinstance(value, bool) or value not in (0, 1, 2, "0", "1", "2"):
        raise InvalidInput(f"筛选条件 {name} 应是 0、1 或 2")
    return int(value)


def _words(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > 60:
        raise InvalidInput(f"筛选条件 {name} 应是 60 字以内的文字")
    return clean(value)


def _date(name: str, value: Any) -> str:
    try:
        if value == TODAY or 2000 <= date.fromisoformat(value).year < 3000:
            return str(value)
    except (TypeError, ValueError):
        pass
    raise InvalidInput(f"筛选条件 {name} 应是日期，例如 2026-11-28，或 today")


_READERS: Mapping[str, Any] = {
    "kind": _choice(Kind), "status": _choice(Status), "running": _flag, "step": _words, "team": _words,
    "level": _level, "assignee": _words, "priority": _priority, "due": _choice(Due), "opened_from": _date,
    "opened_to": _date, "phone": _words, "attachments": _flag,
}  # fmt: skip


@dataclass(frozen=True)
class TicketView:
    """A list that somebody keeps under a name.

    Attributes:
        is_shared: whether everybody sees it.
        columns: what is shown of each ticket; empty is the usual.
    """

    id: str
    name: str
    owner: str
    is_shared: bool
    filters: Mapping[str, Any]
    sort: Sort
    columns: tuple[str, ...]
    created_at: datetime
    is_removed: bool = False
    version: int = 0


@dataclass(frozen=True)
class BuiltIn:
    """A list that everybody has; `labels.yml` names it."""

    id: str
    filters: Filter = field(default=Filter())
    sort: Sort = Sort.OPENED


BUILT_IN = (
    BuiltIn("mine", Filter(assignee=ME, running=True), Sort.DUE),
    BuiltIn("soon", Filter(due=Due.SOON), Sort.DUE),
    BuiltIn("late", Filter(due=Due.LATE), Sort.DUE),
    BuiltIn("today", Filter(opened_from=TODAY), Sort.OPENED),
    BuiltIn("waiting_customer", Filter(status=Status.WAITING_CUSTOMER), Sort.CHANGED),
    BuiltIn("waiting_parts", Filter(status=Status.WAITING_PARTS), Sort.CHANGED),
    BuiltIn("running", Filter(running=True), Sort.OPENED),
    BuiltIn("all"),
)


@dataclass(frozen=True)
class Place:
    """Where a page of a list ended: the part of the list, the value it is ordered by, and the number."""

    part: int
    key: str
    number: str

    def in_words(self, sort: str) -> str:
        """As a reader hands it back for the next page."""
        told = json.dumps([sort, self.part, self.key, self.number], separators=(",", ":"))
        return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


_ROWS = 2**63
"""No database counts further."""


def read_place(text: str, sort: str) -> Place:
    """The place that `Place.in_words` wrote.

    Raises:
        InvalidInput: it is none of this list.
    """
    try:
        was, part, key, number = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if was == sort and isinstance(part, int) and isinstance(key, str) and isinstance(number, str):
            if sort == "match":
                readable = abs(int(key)) < _ROWS
            else:
                at = datetime.fromisoformat(key)
                readable = at.tzinfo is not None and at.astimezone(UTC).year >= 2000
            if readable and number.isprintable():
                return Place(part, key, number)
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError):
        pass
    raise InvalidInput("翻页的位置不对，请从第一页重新看")
