"""Tickets to rows and back."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.adapters.repositories.prepared import Prepared, insert, update
from bot.adapters.repositories.records import CHANGED_MEANWHILE, masked
from bot.adapters.repositories.ticket_desk import TermRows, put_on_a_conversation
from bot.adapters.repositories.trail import TrailRows
from bot.domain.actor import Role
from bot.domain.audit import Change, differences
from bot.domain.dates import local_day
from bot.domain.errors import Conflict
from bot.domain.text import mask
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket, ticket_number

MOST_AT_ONCE = 10_000
"""Numbers in one query; SQLite takes some thirty thousand values."""

_counter, _c, _h = t.ticket_counters.c, t.tickets.c, t.ticket_history
_BUMP = Prepared(t.ticket_counters.update().where(_counter.day_kind == bindparam("key")).values(last=_counter.last + 1))
_COUNT = Prepared(select(_counter.last).where(_counter.day_kind == bindparam("key")))
_tickets = select(t.tickets).order_by(_c.opened_at, _c.number)
_BY_NUMBER = Prepared(_tickets.where(_c.number == bindparam("number")))
_BY_KEY = Prepared(_tickets.where(_c.idempotency_key == bindparam("key")))
_OF_CONVERSATION = Prepared(_tickets.where(_c.conversation_id == bindparam("conversation")))
_LOCK = Prepared(select(_c.number).where(_c.number == bindparam("number")).with_for_update())
_HISTORY = Prepared(select(_h).where(_h.c.number == bindparam("number")).order_by(_h.c.position))


class TicketRows:
    """Implements `ports.Tickets`."""

    def __init__(self, connection: Connection, trail: TrailRows) -> None:
        self._db = connection
        self._trail = trail
        self._terms = TermRows(connection)

    def next_number(self, kind: Kind, at: datetime) -> str:
        """The next free number of that kind and day; two transactions never get the same."""
        day = f"{local_day(at):%Y%m%d}"
        key = ticket_number(kind, day, 0)[:10]
        if self._db.execute(_BUMP, {"key": key}).rowcount == 0:
            first = insert_for(self._db)(t.ticket_counters).values(day_kind=key, last=0).on_conflict_do_nothing()
            self._db.execute(first)
            self._db.execute(_BUMP, {"key": key})
        count = self._db.execute(_COUNT, {"key": key}).scalar_one()
        return ticket_number(kind, day, count)

    def add(self, ticket: Ticket, idempotency_key: str) -> None:
        """Store a new ticket with its history."""
        row = _row(ticket)
        has_attachments = put_on_a_conversation(self._db, ticket.conversation_id)
        kept = {"idempotency_key": idempotency_key, "changed_at": ticket.changed_at, "has_attachments": has_attachments}
        insert(self._db, t.tickets, {**row, **kept})
        self._add_history(ticket, known=0)
        self._terms.keep(ticket)
        self._note(ticket, {}, row)

    def save(self, ticket: Ticket) -> Ticket:
        """Store a changed ticket; history is only ever added to.

        Returns:
            It, with its new version.

        Raises:
            Conflict: somebody else has changed it meanwhile.
        """
        before = self.get(ticket.number)
        if before is None or before.version != ticket.version:
            raise Conflict(CHANGED_MEANWHILE)
        saved = replace(ticket, version=ticket.version + 1)
        row = _row(saved)
        same_version = {"number": ticket.number, "version": ticket.version}
        if update(self._db, t.tickets, same_version, {**row, "changed_at": saved.changed_at}) != 1:
            raise Conflict(CHANGED_MEANWHILE)
        self._add_history(saved, known=len(before.history))
        self._terms.keep(saved)
        if len(saved.history) > len(before.history):
            self._note(saved, _row(before), row)
        return saved

    def _add_history(self, ticket: Ticket, known: int) -> None:
        for position, entry in list(enumerate(ticket.history))[known:]:
            line = {
                "number": ticket.number, "position": position, "at": entry.at, "actor": entry.actor,
                "event": entry.event, "from_status": entry.from_status and entry.from_status.value,
                "to_status": entry.to_status.value, "reason": entry.reason,
            }  # fmt: skip
            insert(self._db, t.ticket_history, line)

    def _note(self, ticket: Ticket, before: dict[str, Any], after: dict[str, Any]) -> None:
        """One line on the audit trail for each change, told by the last line of the history."""
        last = ticket.history[-1]
        was, became = differences(_told(before), _told(after))
        self._trail.add(
            Change(last.at, last.actor, f"ticket:{ticket.number}", last.event, mask(last.reason), was, became)
        )

    def get(self, number: str) -> Ticket | None:
        """The ticket, or None."""
        return next(iter(self._found(self._db.execute(_BY_NUMBER, {"number": number}))), None)

    def lock(self, number: str) -> Ticket | None:
        """The ticket, locked until the transaction ends (SQLite locks the whole file at begin)."""
        self._db.execute(_LOCK, {"number": number})
        return self.get(number)

    def by_key(self, idempotency_key: str) -> Ticket | None:
        """The ticket that this request opened before, or None."""
        return next(iter(self._found(self._db.execute(_BY_KEY, {"key": idempotency_key}))), None)

    def of_conversation(self, conversation_id: str) -> list[Ticket]:
        """The conversation's tickets, oldest first."""
        return self._found(self._db.execute(_OF_CONVERSATION, {"conversation": conversation_id}))

    def search(
        self, kind: Kind | None, status: str | None, limit: int, offset: int, phone: str | None = None,
        team: str | None = None,
    ) -> list[Ticket]:  # fmt: skip
        """Tickets, newest first; by kind, status, customer and team where given."""
        c = t.tickets.c
        conditions = [c.kind == kind.value] if kind else []
        conditions += [c.status == status] if status else []
        conditions += [c.phone == phone] if phone else []
        conditions += [c.team == team] if team else []
        return self._read(
            and_(True, *conditions), order=(c.opened_at.desc(), c.number.desc()), limit=limit, offset=offset
        )

    def next_due(self, limit: int, team: str | None = None) -> list[Ticket]:
        """Those with a promise that runs, the most urgent first; of one team where given (D7)."""
        c = t.tickets.c
        of_team = [c.team == team] if team else []
        return self._read(and_(c.due_at.is_not(None), *of_team), order=(c.due_at,), limit=limit)

    def to_watch(self, now: datetime, limit: int) -> list[Ticket]:
        """Those that the clock has to look at now."""
        c = t.tickets.c
        return self._read(c.watch_at <= now, order=(c.watch_at,), limit=limit)

    def opened_between(self, start: datetime, end: datetime) -> list[Ticket]:
        """Tickets opened from `start` until before `end`, the oldest first."""
        c = t.tickets.c
        return self._read(and_(c.opened_at >= start, c.opened_at < end))

    def _read(self, where: Any, order: tuple[Any, ...] = (), limit: int | None = None, offset: int = 0) -> list[Ticket]:
        query = select(t.tickets).where(where).order_by(*(order or (t.tickets.c.opened_at, t.tickets.c.number)))
        return self._found(self._db.execute(query.limit(limit).offset(offset)))

    def _found(self, found: Any) -> list[Ticket]:
        rows = found.mappings().all()
        numbers = [row["number"] for row in rows]
        entries = self._histories(numbers)
        return [read_ticket(row, tuple(entries[row["number"]])) for row in rows]

    def _histories(self, numbers: list[str]) -> dict[str, list[HistoryEntry]]:
        entries: dict[str, list[HistoryEntry]] = {number: [] for number in numbers}
        for some in (numbers[n : n + MOST_AT_ONCE] for n in range(0, len(numbers), MOST_AT_ONCE)):
            for e in self._history_lines(some).mappings():
                came_from = Status(e["from_status"]) if e["from_status"] else None
                entries[e["number"]].append(
                    HistoryEntry(e["at"], e["actor"], e["event"], came_from, Status(e["to_status"]), e["reason"])
                )
        return entries

    def _history_lines(self, numbers: list[str]) -> Any:
        if len(numbers) == 1:
            return self._db.execute(_HISTORY, {"number": numbers[0]})
        return self._db.execute(select(_h).where(_h.c.number.in_(numbers)).order_by(_h.c.position))


def _row(ticket: Ticket) -> dict[str, Any]:
    row = {name: value for name, value in vars(ticket).items() if name != "history"}
    plain = {"kind": ticket.kind.value, "status": ticket.status.value, "level": ticket.level.value}
    entitlement = dict(ticket.entitlement) if ticket.entitlement else None
    return {**row, **plain, "fields": dict(ticket.fields), "record": dict(ticket.record), "entitlement": entitlement}


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the trail keeps it: the customer's own words and address stay in the ticket, long numbers are masked."""
    told = {name: masked(row[name]) for name in row if name not in ("fields", "version", "watch_at")}
    if "fields" in row:
        told["fields"] = masked({name: value for name, value in row["fields"].items() if name != "address"})
    return told


_BESIDE = frozenset({"idempotency_key", "changed_at", "has_attachments"})
"""Columns that are kept for the database's own use."""


def read_ticket(row: Any, history: tuple[HistoryEntry, ...] = ()) -> Ticket:
    """A row of `tickets` as the ticket that it was."""
    known = {name: value for name, value in row.items() if name not in _BESIDE}
    as_said = {"kind": Kind(row["kind"]), "status": Status(row["status"]), "level": Role(row["level"])}
    return Ticket(**{**known, **as_said}, history=history)
