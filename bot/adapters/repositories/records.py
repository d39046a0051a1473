"""Approvals, agreements, tasks, follow-ups, visits: dataclasses to rows and back, every change on the audit trail."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from sqlalchemy import Table, and_, bindparam, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from bot.adapters.repositories.prepared import Prepared, equal, insert, update
from bot.adapters.repositories.trail import TrailRows
from bot.domain.audit import Change, differences
from bot.domain.errors import Conflict
from bot.domain.text import mask

R = TypeVar("R")

MOST = 2**31 - 1
"""A limit that is none."""
CHANGED_MEANWHILE = "刚刚有人改过这一项，请刷新后看看最新的情况再操作"


class RecordRows(Generic[R]):
    """Implements `ports.Records` for a frozen dataclass with `id` and `version` whose fields are the columns."""

    def __init__(self, connection: Connection, table: Table, kind: type[R], trail: TrailRows) -> None:
        self._db = connection
        self._table = table
        self._kind = kind
        self._trail = trail

    def add(self, record: R, actor: str, reason: str, at: datetime) -> None:
        """Store a new record.

        Raises:
            Conflict: its place is taken.
        """
        row = _row(record)
        try:
            with self._db.begin_nested():
                insert(self._db, self._table, row)
        except IntegrityError as error:
            raise Conflict(CHANGED_MEANWHILE) from error
        self._note("add", row["id"], actor, reason, at, {}, row)

    def get(self, record_id: str) -> R | None:
        """The record, or None."""
        return next(iter(self.find(id=record_id)), None)

    def find(self, limit: int | None = None, **equals: Any) -> list[R]:
        """Records whose columns have these values, or one of a list of values, in the order in which they began."""
        values = {name: _plain(value) for name, value in equals.items()}
        if not any(value is None or isinstance(value, list) for value in values.values()):
            own = {f"its_{name}": value for name, value in values.items()}
            own["limit"] = MOST if limit is None else limit
            return self._found(self._db.execute(_finding(self._table, tuple(values)), own))
        c = self._table.c
        where = [c[n].in_(value) if isinstance(value, list) else c[n] == value for n, value in values.items()]
        return self._read(and_(True, *where), limit)

    def due(self, state: StrEnum, now: datetime, limit: int) -> list[R]:
        """Records in a state whose moment (`due_at`, `expires_at`) has come, the longest overdue first."""
        moment = self._table.c["due_at" if "due_at" in self._table.c else "expires_at"]
        return self._read(and_(self._table.c.state == state.value, moment <= now), limit, moment)

    def save(self, record: R, actor: str, reason: str, at: datetime) -> R:
        """Store a changed record, once for each version.

        Returns:
            It, with its new version.

        Raises:
            Conflict: somebody else has changed it meanwhile.
        """
        known: Any = record
        before = self.get(known.id)
        saved: Any = replace(known, version=known.version + 1)
        row = _row(saved)
        changed = update(self._db, self._table, {"id": known.id, "version": known.version}, row)
        if changed != 1 or before is None:
            raise Conflict(CHANGED_MEANWHILE)
        self._note("change", known.id, actor, reason, at, _row(before), row)
        result: R = saved
        return result

    def _read(self, where: Any, limit: int | None, order: Any = None) -> list[R]:
        first = _beginning(self._table) if order is None else order
        query = select(self._table).where(where).order_by(first, self._table.c.id)
        return self._found(self._db.execute(query.limit(limit)))

    def _found(self, found: Any) -> list[R]:
        readers = _readers(self._kind)
        return [self._kind(**{name: readers[name](value) for name, value in row.items()}) for row in found.mappings()]

    def _note(
        self, action: str, record_id: str, actor: str, reason: str, at: datetime,
        before: Mapping[str, Any], after: Mapping[str, Any],
    ) -> None:  # fmt: skip
        was, became = differences(_told(before), _told(after))
        subject = f"{self._table.name.removesuffix('s')}:{record_id}"
        self._trail.add(Change(at, actor, subject, action, mask(reason), was, became))


def _beginning(table: Table) -> Any:
    names = ("requested_at", "offered_at", "opened_at", "starts_at", "reported_at", "due_at")
    return next((table.c[name] for name in names if name in table.c), table.c.id)


@cache
def _finding(table: Table, names: tuple[str, ...]) -> Prepared:
    found = select(table).where(equal(table, names)).order_by(_beginning(table), table.c.id)
    return Prepared(found.limit(bindparam("limit")))


def _row(record: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the trail keeps it: without its key and version, times as text, long numbers masked (E10)."""
    return {name: masked(value) for name, value in row.items() if name not in ("id", "version")}


def masked(value: Any) -> Any:
    """A value with phone and card numbers hidden, in a form that JSON holds."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: masked(inner) for name, inner in value.items()}
    return [masked(inner) for inner in value] if isinstance(value, list | tuple) else value


_KNOWN_READERS: dict[type, dict[str, Callable[[Any], Any]]] = {}


def _readers(kind: type) -> dict[str, Callable[[Any], Any]]:
    if kind not in _KNOWN_READERS:
        _KNOWN_READERS[kind] = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}
    return _KNOWN_READERS[kind]


def _reader(hint: Any) -> Callable[[Any], Any]:
    if get_origin(hint) is tuple:
        return tuple
    kinds = [kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and issubclass(kind, StrEnum)]
    return (lambda value: None if value is None else kinds[0](value)) if kinds else (lambda value: value)
