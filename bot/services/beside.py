"""Tickets beside a conversation: what comes next on them, and opening one for the customer (A9, C1-C8, D7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.actor import Role
from bot.domain.approval import Decision
from bot.domain.dialogue import told_in
from bot.domain.errors import InvalidInput
from bot.domain.person import Person
from bot.domain.procedure import PROCEDURES, Procedure
from bot.domain.ticket import Kind, Status, Ticket
from bot.services.desk import Desk
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.promises import Promises
from bot.services.statutes import Statutes
from bot.services.ticketing import Ticketing

LONGEST_FACT = 300
_PHONE = re.compile(r"\+?\d[\d -]{5,17}\d")
_CLOSED = {Status.CLOSED, Status.CANCELLED}
_OF_KIND: Mapping[Kind, Procedure] = {procedure.kind: procedure for procedure in PROCEDURES.values()}


@dataclass(frozen=True)
class Ahead:
    """An open ticket and what is ahead of it.

    Attributes:
        why: the arithmetic of the promise that falls due next (D7).
        approver: who may decide what it waits for; None where it waits for no approval.
    """

    ticket: Ticket
    why: tuple[str, ...]
    approver: Role | None = None


@dataclass(frozen=True)
class Blank:
    """A ticket that could be opened: its facts as far as the customer has told them, and what would be promised."""

    kind: Kind
    facts: Mapping[str, str]
    optional: frozenset[str]
    promised_at: datetime


class TicketsBeside:
    """Shows and opens a conversation's tickets, to who may see the conversation."""

    def __init__(
        self, uow: UnitOfWorkFactory, desk: Desk, ticketing: Ticketing, promises: Promises, statutes: Statutes,
        names: Mapping[str, str], clock: Clock,
    ) -> None:  # fmt: skip
        self._uow = uow
        self._desk = desk
        self._ticketing = ticketing
        self._promises = promises
        self._statutes = statutes
        self._names = names
        self._clock = clock

    def ahead(self, conversation_id: str, person: Person) -> list[Ahead]:
        """The conversation's tickets that are not closed, with what is next, the newest first.

        Raises:
            NotFound, NotAllowed: no such conversation, or not theirs to see.
        """
        with self._uow() as uow:
            self._desk.seen(uow, conversation_id, person)
            known = uow.tickets.of_conversation(conversation_id)
            tickets = [ticket for ticket in known if ticket.status not in _CLOSED]
            now = self._clock()
            return [
                Ahead(ticket, tuple(self._promises.why_next(ticket, now)), _approver(uow, ticket))
                for ticket in reversed(tickets)
            ]

    def blanks(self, conversation_id: str, person: Person) -> list[Blank]:
        """For each kind what a new ticket would hold, out of what the customer told (F6).

        Raises:
            NotFound, NotAllowed: no such conversation, or not theirs to see.
        """
        with self._uow() as uow:
            conversation = self._desk.seen(uow, conversation_id, person)
            told = told_in(uow.conversations.state(conversation_id)).facts
        feeling = conversation.emotion, conversation.signals
        return [
            Blank(
                kind, {fact: told.get(fact, "") for fact in procedure.facts[:-1]}, procedure.optional,
                self._ticketing.would_promise(kind, *feeling),
            )
            for kind, procedure in _OF_KIND.items()
        ]  # fmt: skip

    def open(self, conversation_id: str, person: Person, key: str, kind: Kind, facts: Mapping[str, str]) -> Ticket:
        """Open a ticket for the customer; the same `key` again gives the same ticket (invariant 1).

        Args:
            key: names the request among this conversation's.
            facts: what the customer told and confirmed (A9).

        Raises:
            NotFound, NotAllowed: no such conversation, or not theirs to see.
            InvalidInput: a fact is unknown, missing or cannot be.
        """
        facts = self._read(kind, facts)
        with self._uow() as uow:
            conversation = self._desk.seen(uow, conversation_id, person)
            entitled = self._statutes.on_repair(uow, facts) if kind is Kind.REPAIR else None
        return self._ticketing.open(
            kind, facts, key=f"desk:{conversation_id}:{key}", conversation_id=conversation_id,
            emotion=conversation.emotion, signals=conversation.signals,
            entitlement=entitled.as_json() if entitled else None, by=person.actor,
        )  # fmt: skip

    def _read(self, kind: Kind, given: Mapping[str, str]) -> dict[str, str]:
        procedure = _OF_KIND[kind]
        known = {*procedure.facts[:-1], "product", "model", "order_number", "phone"}
        if unknown := set(given) - known:
            raise InvalidInput(f"这类工单没有 {'、'.join(sorted(unknown))} 这一项，请去掉")
        facts = {name: value.strip() for name, value in given.items() if value.strip()}
        missing = [name for name in procedure.facts[:-1] if name not in facts and name not in procedure.optional]
        if missing:
            raise InvalidInput(f"还缺：{'、'.join(self._names.get(name, name) for name in missing)}，请先问清楚再登记")
        if long := [name for name, value in facts.items() if len(value) > LONGEST_FACT]:
            raise InvalidInput(f"{self._names.get(long[0], long[0])}最多 {LONGEST_FACT} 个字，请写短一些")
        if "phone" in facts and not _PHONE.fullmatch(facts["phone"]):
            raise InvalidInput("联系电话看着不对，请和客户核对后再填，例如 13800138000")
        return facts


def _approver(uow: UnitOfWork, ticket: Ticket) -> Role | None:
    waiting = uow.approvals.find(limit=1, ticket=ticket.number, state=Decision.PENDING)
    return waiting[0].needed if waiting else None
