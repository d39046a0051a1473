"""Tickets to rows and back."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.domain.dates import local_day
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket, ticket_number


class TicketRows:
    """Implements `ports.Tickets`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def next_number(self, kind: Kind, at: datetime) -> str:
        """The next free number of that kind and day; two transactions never get the same."""
        day = f"{local_day(at):%Y%m%d}"
        key = ticket_number(kind, day, 0)[:10]
        counter = t.ticket_counters.c
        bump = t.ticket_counters.update().where(counter.day_kind == key).values(last=counter.last + 1)
        if self._db.execute(bump).rowcount == 0:
            insert = insert_for(self._db)(t.ticket_counters).values(day_kind=key, last=0).on_conflict_do_nothing()
            self._db.execute(insert)
            self._db.execute(bump)
        count = self._db.execute(select(counter.last).where(counter.day_kind == key)).scalar_one()
        return ticket_number(kind, day, count)

    def add(self, ticket: Ticket, idempotency_key: str) -> None:
        """Store a new ticket with its history."""
        self._db.execute(
            t.tickets.insert().values(
                number=ticket.number, kind=ticket.kind.value, status=ticket.status.value,
                conversation_id=ticket.conversation_id, fields=dict(ticket.fields), phone=ticket.phone,
                emotion=ticket.emotion, opened_at=ticket.opened_at, promised_at=ticket.promised_at,
                idempotency_key=idempotency_key,
            )
        )  # fmt: skip
        self._add_history(ticket, known=0)

    def save(self, ticket: Ticket) -> None:
        """Store a changed ticket; history is only ever added to."""
        known = self._db.execute(select(func.count()).where(t.ticket_history.c.number == ticket.number)).scalar_one()
        self._db.execute(
            t.tickets.update()
            .where(t.tickets.c.number == ticket.number)
            .values(status=ticket.status.value, fields=dict(ticket.fields), phone=ticket.phone)
        )
        self._add_history(ticket, known)

    def _add_history(self, ticket: Ticket, known: int) -> None:
        for position, entry in list(enumerate(ticket.history))[known:]:
            self._db.execute(
                t.ticket_history.insert().values(
                    number=ticket.number, position=position, at=entry.at, actor=entry.actor, event=entry.event,
                    from_status=entry.from_status and entry.from_status.value, to_status=entry.to_status.value,
                    reason=entry.reason,
                )
            )  # fmt: skip

    def get(self, number: str) -> Ticket | None:
        """The ticket, or None."""
        return next(iter(self._read(t.tickets.c.number == number)), None)

    def lock(self, number: str) -> Ticket | None:
        """The ticket, locked until the transaction ends (SQLite locks the whole file at begin)."""
        self._db.execute(select(t.tickets.c.number).where(t.tickets.c.number == number).with_for_update())
        return self.get(number)

    def by_key(self, idempotency_key: str) -> Ticket | None:
        """The ticket that this request opened before, or None."""
        return next(iter(self._read(t.tickets.c.idempotency_key == idempotency_key)), None)

    def of_conversation(self, conversation_id: str) -> list[Ticket]:
        """The conversation's tickets, oldest first."""
        return self._read(t.tickets.c.conversation_id == conversation_id)

    def search(self, kind: Kind | None, status: str | None, limit: int, offset: int) -> list[Ticket]:
        """Tickets, newest first."""
        conditions = []
        if kind:
            conditions.append(t.tickets.c.kind == kind.value)
        if status:
            conditions.append(t.tickets.c.status == status)
        return self._read(and_(True, *conditions), newest_first=True, limit=limit, offset=offset)

    def _read(self, where: Any, newest_first: bool = False, limit: int | None = None, offset: int = 0) -> list[Ticket]:
        order = [t.tickets.c.opened_at, t.tickets.c.number]
        query = select(t.tickets).where(where).order_by(*[c.desc() for c in order] if newest_first else order)
        rows = self._db.execute(query.limit(limit).offset(offset)).mappings().all()
        numbers = [row["number"] for row in rows]
        h = t.ticket_history
        entries: dict[str, list[HistoryEntry]] = {number: [] for number in numbers}
        for e in self._db.execute(select(h).where(h.c.number.in_(numbers)).order_by(h.c.position)).mappings():
            came_from = Status(e["from_status"]) if e["from_status"] else None
            entries[e["number"]].append(
                HistoryEntry(e["at"], e["actor"], e["event"], came_from, Status(e["to_status"]), e["reason"])
            )
        return [
            Ticket(
                number=row["number"], kind=Kind(row["kind"]), status=Status(row["status"]),
                conversation_id=row["conversation_id"], fields=row["fields"], phone=row["phone"],
                emotion=row["emotion"], opened_at=row["opened_at"], promised_at=row["promised_at"],
                history=tuple(entries[row["number"]]),
            )
            for row in rows
        ]  # fmt: skip
