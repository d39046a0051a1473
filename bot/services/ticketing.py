"""Opening, finding and urging tickets (A9, B6, D8)."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.errors import NotFound
from bot.domain.promise import Promise
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket
from bot.services.ports import Clock, UnitOfWorkFactory


class Ticketing:
    """Everything the dialogue, the command line and the API do with tickets."""

    def __init__(self, uow: UnitOfWorkFactory, promises: Mapping[Kind, Promise], clock: Clock) -> None:
        self._uow = uow
        self._promises = promises
        self._clock = clock

    def open(
        self, kind: Kind, fields: Mapping[str, str], *, key: str, conversation_id: str | None = None, emotion: int = 0
    ) -> Ticket:
        """Open a ticket with its promise; the same `key` again gives the same ticket (invariant 1).

        Args:
            kind: what it is about.
            fields: what the customer told; `phone` is kept apart too.
            key: names the request, such as turn and action.
            conversation_id: where it was asked for.
            emotion: 0-3, as heard.
        """
        now = self._clock()
        with self._uow() as uow:
            # The number first: its counter is a lock, so that of two requests with one key the later sees the earlier.
            number = uow.tickets.next_number(kind, now)
            if known := uow.tickets.by_key(key):
                return known
            ticket = Ticket(
                number=number,
                kind=kind,
                status=Status.OPEN,
                conversation_id=conversation_id,
                fields=dict(fields),
                phone=fields.get("phone"),
                emotion=emotion,
                opened_at=now,
                promised_at=self._promises[kind].due_at(now),
                history=(HistoryEntry(now, "customer", "opened", None, Status.OPEN, "客户确认后登记"),),
            )
            uow.tickets.add(ticket, key)
            uow.commit()
        return ticket

    def would_promise(self, kind: Kind) -> datetime:
        """By when a person would answer a ticket opened now (D8)."""
        return self._promises[kind].due_at(self._clock())

    def get(self, number: str) -> Ticket:
        """The ticket of that number.

        Raises:
            NotFound: there is none.
        """
        with self._uow() as uow:
            ticket = uow.tickets.get(number.upper())
        if ticket is None:
            raise NotFound(f"没有工单 {number}，请核对编号")
        return ticket

    def visible_to(self, conversation_id: str, number: str, phone: str | None) -> Ticket | None:
        """A ticket that this customer may hear of: opened here, or with the phone they named (E10); else None."""
        with self._uow() as uow:
            ticket = uow.tickets.get(number)
        if ticket and (ticket.conversation_id == conversation_id or (phone and phone == ticket.phone)):
            return ticket
        return None

    def latest_of(self, conversation_id: str) -> Ticket | None:
        """The conversation's newest ticket."""
        with self._uow() as uow:
            tickets = uow.tickets.of_conversation(conversation_id)
        return tickets[-1] if tickets else None

    def search(
        self, kind: Kind | None = None, status: str | None = None, limit: int = 50, offset: int = 0
    ) -> list[Ticket]:
        """Tickets, newest first."""
        with self._uow() as uow:
            return uow.tickets.search(kind, status, limit, offset)

    def urge(self, number: str) -> Ticket:
        """Note on a ticket that its customer asks to hurry (B6).

        Raises:
            NotFound: there is no such ticket.
        """
        return self._add_event(number, "urged", "客户催办")

    def note(self, number: str, words: str) -> Ticket:
        """Note a customer's wish, such as another time, on a ticket."""
        return self._add_event(number, "note", words)

    def _add_event(self, number: str, event: str, reason: str) -> Ticket:
        now = self._clock()
        with self._uow() as uow:
            ticket = uow.tickets.lock(number)
            if ticket is None:
                raise NotFound(f"没有工单 {number}，请核对编号")
            ticket = ticket.note(event, "customer", reason, now)
            uow.tickets.save(ticket)
            uow.commit()
        return ticket
