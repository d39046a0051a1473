"""Pages of tickets by what the desk asks for, stable while tickets change: each begins after the last one shown."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    and_,
    any_,
    bindparam,
    column,
    func,
    literal,
    literal_column,
    not_,
    select,
    table,
    text,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.tickets import read_ticket
from bot.adapters.tables.base import UTCTime
from bot.adapters.tables.sealed import Wanted
from bot.adapters.ticket_terms import asked, asked_by_word
from bot.domain.search_terms import Phrase
from bot.domain.ticket import Status
from bot.domain.ticket_view import NOBODY, RUNNING, Filter, Place, Sort, due_span, opened_span
from bot.services.ports import ListedTicket, TicketPage

_c, _s = t.tickets.c, t.ticket_terms.c
_INDEX = table("ticket_search", column("rowid"))
"""SQLite's full-text index over `ticket_terms`."""
_FTS: Any = literal_column("ticket_search")
MATCH = "match"
"""The order of a search: what has the words side by side first, then the newest first."""
COMMON = 2000
"""What more tickets than this are is no use to find few."""

Condition = Callable[[Any], Any]
"""What a column must be."""


class TicketListRows:
    """Implements `ports.TicketLists`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def page(
        self, wanted: Filter, sort: Sort, now: datetime, limit: int, after: Place | None = None, words: str = ""
    ) -> TicketPage:
        """A page of tickets without their history.

        Args:
            wanted: with a name, not `@me`, as the one who deals with them.
            after: where the page before ended.
            words: what is looked for; the order is then how well it is found.
        """
        parts = self._matching(words, wanted, now) if words.strip() else _PARTS[sort]
        rows: list[Any] = []
        first = after.part if after else 0
        for number, part in enumerate(parts):
            if number < first:
                continue
            rows += self._rows(wanted, now, part, limit + 1 - len(rows), after, number)
            after = None
            if len(rows) > limit:
                break
        listed = [
            ListedTicket(read_ticket(row[1]), row[1]["changed_at"], row[1]["has_attachments"]) for row in rows[:limit]
        ]
        return TicketPage(listed, _place(*rows[limit - 1]) if len(rows) > limit else None)

    def count(self, wanted: Filter, now: datetime, most: int) -> int:
        """How many tickets there are, counted up to `most`."""
        return self._count(_every(_asked(wanted, now)), most)

    def _count(self, where: Any, most: int) -> int:
        some = select(literal(1)).select_from(t.tickets).where(where).limit(most).subquery()
        return self._db.execute(select(func.count()).select_from(some)).scalar_one()

    def _is(self, wanted: Filter, now: datetime, key: Any) -> Any:
        """What is asked for.

        SQLite takes the index of any equality, and sorts all that it finds; where that is much, the index of the
        list's own order is quicker, since it stops early. PostgreSQL's statistics know which is which.
        """
        asked = _asked(wanted, now)
        if self._db.dialect.name == "postgresql":
            return _every(asked)
        return and_(
            true(),
            *(is_so(_not_by_index(c) if c is not key and self._is_common(is_so(c)) else c) for c, is_so in asked),
        )

    def _few(self, column: Any, where: Any) -> Any:
        """What is so, told one by one; None where it is common."""
        numbers = self._db.execute(select(column).where(where).limit(COMMON + 1)).scalars().all()
        return None if len(numbers) > COMMON else _s[column.name] == any_(literal(numbers, ARRAY(column.type)))

    def _is_common(self, where: Any) -> bool:
        return self._count(where, COMMON + 1) > COMMON

    def _rows(
        self, wanted: Filter, now: datetime, part: Any, limit: int, after: Place | None, number: int
    ) -> list[Any]:
        where, key, order, source = part
        query = select(*_COLUMNS, key.label("order_key")).select_from(source).where(self._is(wanted, now, key), where)
        if after:
            query = query.where(_after(key, order, after))
        found = self._db.execute(query.order_by(*order).limit(limit)).mappings()
        rows = [dict(row) for row in found]
        return [(number, row, row.pop("order_key")) for row in rows]

    def _matching(self, query: str, wanted: Filter, now: datetime) -> Iterable[Any]:
        """Two parts: what was typed stands there so; then each of its words does."""
        phrases = asked(query)
        if not phrases:
            return [(literal(1) == 0, _s.id, (_s.id.desc(),), _joined())]
        typed, by_word = phrases, asked_by_word(query)
        if self._db.dialect.name == "postgresql":
            parts = self._found_by_postgresql(typed, by_word, _asked(wanted, now))
            return ((where, _s.id, (_s.id.desc(),), _joined()) for where in parts)
        found = [[typed]] if typed == by_word else [[typed], [by_word, typed]]
        matches = [_FTS.op("MATCH")(literal(phrases, Wanted())) for phrases in found]
        rowid = _INDEX.c.rowid
        source = _INDEX.join(t.ticket_terms, _s.id == rowid).join(t.tickets, _c.number == _s.number)
        return [(where, rowid, (rowid.desc(),), source) for where in matches]

    def _found_by_postgresql(
        self, typed: Sequence[Phrase], by_word: Sequence[Phrase], asked: Sequence[tuple[Any, Condition]]
    ) -> Iterator[Any]:
        """The parts of a search, each from whatever is few: what else is asked for, or what has the words.

        Left alone, PostgreSQL looks up every ticket that has a common word, or walks from the newest ticket on for
        a rare one: it does not know how often words stand side by side.
        """
        few = self._few(_c.number, _every(asked)) if asked else None
        near = _found("typed", typed, by_index=few is None)
        yield self._from_few(near, few)
        if typed != by_word:
            yield self._from_few(and_(_found("by_word", by_word, by_index=few is None), not_(near)), few)

    def _from_few(self, found: Any, few: Any) -> Any:
        if few is not None:
            return and_(few, found)
        ids = self._few(_s.id, found)
        return found if ids is None else ids


def _joined() -> Any:
    return t.ticket_terms.join(t.tickets, _c.number == _s.number)


def _found(name: str, phrases: Sequence[Phrase], by_index: bool) -> Any:
    """What has the phrases; PostgreSQL takes no index for what `IS TRUE`."""
    is_true = "" if by_index else " IS TRUE"
    wanted = bindparam(name, [phrases], type_=Wanted())
    return text(f"((ticket_terms.terms @@ CAST(:{name} AS tsquery)){is_true})").bindparams(wanted)


_COLUMNS = [column for column in _c if column.name != "idempotency_key"]
_PARTS: dict[Sort, Sequence[Any]] = {
    Sort.OPENED: [(true(), _c.opened_at, (_c.opened_at.desc(), _c.number.desc()), t.tickets)],
    Sort.CHANGED: [(true(), _c.changed_at, (_c.changed_at.desc(), _c.number.desc()), t.tickets)],
    Sort.DUE: [
        (_c.due_at.is_not(None), _c.due_at, (_c.due_at, _c.number), t.tickets),
        (_c.due_at.is_(None), _c.opened_at, (_c.opened_at.desc(), _c.number.desc()), t.tickets),
    ],
}


def _place(part: int, row: Any, key: Any) -> Place:
    return Place(part, key.isoformat() if isinstance(key, datetime) else str(key), row["number"])


def _after(key: Any, order: Any, after: Place) -> Any:
    if len(order) == 1:
        return key < int(after.key)
    ends = tuple_(literal(datetime.fromisoformat(after.key), UTCTime()), literal(after.number))
    here = tuple_(key, _c.number)
    return here > ends if order[0] is key else here < ends


def _asked(wanted: Filter, now: datetime) -> list[tuple[Any, Condition]]:
    """The columns that are asked for, each with what it must be."""
    equal = [
        (_c.kind, wanted.kind), (_c.status, wanted.status), (_c.step, wanted.step), (_c.team, wanted.team),
        (_c.level, wanted.level), (_c.priority, wanted.priority), (_c.phone, wanted.phone),
        (_c.has_attachments, wanted.attachments),
        (_c.assignee, None if wanted.assignee == NOBODY else wanted.assignee),
    ]  # fmt: skip
    asked: list[tuple[Any, Condition]] = [(c, _equal_to(value)) for c, value in equal if value is not None]
    if wanted.assignee == NOBODY:
        asked.append((_c.assignee, lambda c: c.is_(None)))
    if wanted.running is not None:
        states = [status.value for status in Status if (status in RUNNING) == wanted.running]
        asked.append((_c.status, lambda c: c.in_(states)))
    if wanted.due:
        asked.append((_c.due_at, _within(*due_span(wanted.due, now))))
    if wanted.opened_from or wanted.opened_to:
        asked.append((_c.opened_at, _within(*opened_span(wanted, now))))
    return asked


def _every(asked: Iterable[tuple[Any, Condition]]) -> Any:
    return and_(true(), *(is_so(c) for c, is_so in asked))


def _equal_to(value: Any) -> Condition:
    return lambda c: c == value


def _within(begin: datetime | None, end: datetime | None) -> Condition:
    return lambda c: and_(true(), *([c >= begin] if begin else []), *([c < end] if end else []))


def _not_by_index(c: Any) -> Any:
    """The column in a form for which SQLite knows no index."""
    return type_coerce(literal_column(f"+tickets.{c.name}"), c.type)
