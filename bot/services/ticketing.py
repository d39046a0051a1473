"""Opening, finding and urging tickets (A9, B6, D8)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.domain.actor import CUSTOMER, Actor
from bot.domain.emotion import Level
from bot.domain.errors import NotFound
from bot.domain.flow import FIRST
from bot.domain.milestones import passing
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.promises import Promises

TEAM = "service"
"""Who takes new tickets."""


class Ticketing:
    """Everything the dialogue, the command line and the API do with tickets."""

    def __init__(self, uow: UnitOfWorkFactory, promises: Promises, clock: Clock) -> None:
        self._uow = uow
        self._promises = promises
        self._clock = clock

    def open(
        self,
        kind: Kind,
        fields: Mapping[str, str],
        *,
        key: str,
        conversation_id: str | None = None,
        emotion: int = 0,
        signals: Collection[str] = (),
        entitlement: Mapping[str, Any] | None = None,
        by: Actor = CUSTOMER,
    ) -> Ticket:
        """Open a ticket with its promise; the same `key` again gives the same ticket (invariant 1).

        Args:
            kind: what it is about.
            fields: what the customer told; `phone` is kept apart too.
            key: names the request, such as turn and action.
            conversation_id: where it was asked for.
            emotion: 0-3, as heard.
            signals: `safety`, `special_care` and the like, as heard (A13).
            entitlement: what the customer was told of their rights (E11).
            by: who filed it: the customer by confirming, or a person for them.
        """
        with self._uow() as uow:
            # The number first: its counter is a lock, so that of two requests with one key the later sees the earlier.
            number = uow.tickets.next_number(kind, self._clock())
            if known := uow.tickets.by_key(key):
                return known
            ticket = self._new(number, kind, fields, conversation_id, emotion, signals, entitlement, by)
            uow.tickets.add(ticket, key)
            passing("before the ticket's commit")
            uow.commit()
        passing("ticket stored")
        return ticket

    def open_in(
        self, uow: UnitOfWork, kind: Kind, fields: Mapping[str, str], key: str, conversation_id: str
    ) -> Ticket:  # fmt: skip
        """The same in the caller's commit, who has looked whether `key` is known."""
        ticket = self._new(uow.tickets.next_number(kind, self._clock()), kind, fields, conversation_id, 0, (), None)
        uow.tickets.add(ticket, key)
        return ticket

    def follow(self, uow: UnitOfWork, before: Ticket, kind: Kind, fields: Mapping[str, str]) -> Ticket:
        """Open the ticket that follows from another one, with what was told on it, in the caller's commit (F6)."""
        number = uow.tickets.next_number(kind, self._clock())
        ticket = self._new(number, kind, fields, before.conversation_id, before.emotion, (), before.entitlement)
        uow.tickets.add(ticket, f"{before.number}:{kind}")
        return ticket

    def _new(
        self,
        number: str,
        kind: Kind,
        fields: Mapping[str, str],
        conversation_id: str | None,
        emotion: int,
        signals: Collection[str],
        entitlement: Mapping[str, Any] | None,
        by: Actor = CUSTOMER,
    ) -> Ticket:
        now, priority = self._clock(), priority_of(emotion, signals)
        why = "客服和客户核对后登记" if by.is_staff else "客户确认后登记"
        ticket = Ticket(
            number=number,
            kind=kind,
            status=Status.OPEN,
            conversation_id=conversation_id,
            fields=dict(fields),
            phone=fields.get("phone"),
            emotion=emotion,
            opened_at=now,
            promised_at=self._promises.first_reply(kind, priority, TEAM, now),
            history=(HistoryEntry(now, by.name, "opened", None, Status.OPEN, why),),
            step=FIRST,
            entitlement=entitlement,
            priority=priority,
            team=TEAM,
        )
        return self._promises.settle(ticket, now)

    def would_promise(self, kind: Kind, emotion: int = 0, signals: Collection[str] = ()) -> datetime:
        """By when a person would answer a ticket opened now (D8)."""
        return self._promises.first_reply(kind, priority_of(emotion, signals), TEAM, self._clock())

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
        """A ticket that this customer may hear of, else None (E10).

        It was opened here, in a conversation that the customer has bound to this one, or with the phone they named.
        """
        with self._uow() as uow:
            ticket = uow.tickets.get(number)
            if ticket and ticket.merged_into:
                ticket = uow.tickets.get(ticket.merged_into)
            own = uow.bindings.together_with(conversation_id)
        if ticket and (ticket.conversation_id in own or (phone and phone == ticket.phone)):
            return ticket
        return None

    def latest_of(self, conversation_id: str) -> Ticket | None:
        """The customer's newest ticket; see `all_of`."""
        return next(iter(self.all_of(conversation_id, 1)), None)

    def all_of(self, conversation_id: str, limit: int) -> list[Ticket]:
        """The tickets of a conversation and of those bound to it (E10), the newest first; none that was merged."""
        with self._uow() as uow:
            tickets = tickets_of(uow, conversation_id)
        return [ticket for ticket in reversed(tickets) if not ticket.merged_into][:limit]

    def search(
        self,
        kind: Kind | None = None,
        status: str | None = None,
        limit: int = 50,
        offset: int = 0,
        phone: str | None = None,
        team: str | None = None,
    ) -> list[Ticket]:
        """Tickets, newest first; of one kind, status, customer or team where given."""
        with self._uow() as uow:
            return uow.tickets.search(kind, status, limit, offset, phone, team)

    def next_due(self, limit: int = 50, team: str | None = None) -> list[Ticket]:
        """Tickets with a promise that runs, the most urgent first; of one team where given (D7)."""
        with self._uow() as uow:
            return uow.tickets.next_due(limit, team)

    def explain(self, number: str) -> list[str]:
        """The arithmetic of every promise on a ticket (D7).

        Raises:
            NotFound: there is no such ticket.
        """
        return self._promises.explain(self.get(number), self._clock())

    def urge(self, number: str) -> Ticket:
        """Note on a ticket that its customer asks to hurry (B6).

        Raises:
            NotFound: there is no such ticket.
        """
        return self._add_event(number, "urged", "客户催办")

    def note(self, number: str, words: str) -> Ticket:
        """Note a customer's wish, such as another time, on a ticket; it wants an answer."""
        return self._add_event(number, "customer_said", words)

    def _add_event(self, number: str, event: str, reason: str) -> Ticket:
        now = self._clock()
        with self._uow() as uow:
            ticket = uow.tickets.lock(number)
            if ticket is None:
                raise NotFound(f"没有工单 {number}，请核对编号")
            ticket = ticket.note(event, "customer", reason, now)
            ticket = uow.tickets.save(self._promises.settle(ticket, now))
            uow.commit()
        return ticket


def tickets_of(uow: UnitOfWork, conversation_id: str) -> list[Ticket]:
    """The tickets of a conversation and of those that its customer has bound to it (E10), as they were opened."""
    return tickets_in(uow, uow.bindings.together_with(conversation_id))


def tickets_in(uow: UnitOfWork, conversation_ids: Sequence[str]) -> list[Ticket]:
    """The tickets of some conversations, as they were opened."""
    found = [ticket for each in conversation_ids for ticket in uow.tickets.of_conversation(each)]
    return sorted(found, key=lambda ticket: (ticket.opened_at, ticket.number)) if len(conversation_ids) > 1 else found


def priority_of(emotion: int, signals: Collection[str]) -> int:
    """How urgent a ticket is: danger 2; anger, a threat or somebody who needs care 1; else 0 (A13)."""
    if "safety" in signals:
        return 2
    return int(emotion >= Level.ANGRY or bool({"special_care", "threat"} & set(signals)))
