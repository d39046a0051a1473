"""The customer's file: who it is, earlier conversations, orders, and what the law gives them today (G17, E11)."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bot.domain.audit import Change
from bot.domain.conversation import Conversation
from bot.domain.customer import Customer, Tier
from bot.domain.dates import local_day
from bot.domain.desk import Row, may_look
from bot.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from bot.domain.order import Order
from bot.domain.person import Person
from bot.domain.ticket import Ticket
from bot.domain.warranty.case import Fault, FaultKind
from bot.services.bindings import share_file
from bot.services.desk import Desk
from bot.services.ports import Clock, OrderDirectory, UnitOfWork, UnitOfWorkFactory
from bot.services.statutes import Statutes, Told
from bot.services.ticketing import tickets_in

log = logging.getLogger(__name__)

MOST_HISTORY = 20
MOST_ORDERS = 20
MOST_LOOKED_AT = 200
"""Conversations of a customer that may make the file a person's business."""
_FREE = ("name", "preferences", "note", "special_care", "birthday", "tier")


@dataclass(frozen=True)
class Entitled:
    """An order and what its buyer could ask for if it failed today; `told` is None where no rule covers it."""

    order: Order
    told: Told | None


@dataclass(frozen=True)
class File:
    """Everything known of whoever writes in a conversation.

    Attributes:
        proposed: the file to which a phone named in the conversation belongs, until somebody confirms it.
        earlier: earlier conversations of the same customer.
        perhaps: of the same phone, which nobody has verified.
    """

    customer: Customer | None
    proposed: Customer | None
    tickets: tuple[Ticket, ...]
    orders: tuple[Entitled, ...]
    earlier: tuple[Row, ...]
    perhaps: tuple[Row, ...]


class Customers:
    """Keeps the files."""

    def __init__(
        self, uow: UnitOfWorkFactory, desk: Desk, orders: OrderDirectory, statutes: Statutes, clock: Clock
    ) -> None:
        self._uow = uow
        self._desk = desk
        self._orders = orders
        self._statutes = statutes
        self._clock = clock
        self._today: date | None = None
        self._told: dict[tuple[Any, ...], Told | None] = {}

    def file_of(self, conversation_id: str, person: Person) -> File:
        """The file that belongs to a conversation, with what its customer has bound to it in other channels (E10).

        Raises:
            NotFound, NotAllowed: no such conversation, or not theirs to look at.
        """
        with self._uow() as uow:
            conversation = self._desk.seen(uow, conversation_id, person)
            bound = self._bound(uow, conversation_id, person)
            tickets = tuple(tickets_in(uow, [conversation_id, *(row.conversation.id for row in bound)]))
            customer = uow.customers.get(conversation.customer_id) if conversation.customer_id else None
            phones = [ticket.phone for ticket in reversed(tickets) if ticket.phone]
            proposed = None if customer else self._by_phones(uow, phones)
            phone = customer.phone if customer else next(iter(phones), None)
            earlier = _without_doubles([*bound, *(uow.desk.of_customer(customer.id, MOST_HISTORY) if customer else [])])
            perhaps = uow.desk.of_phone(phone, MOST_HISTORY) if phone else []
        known = {row.conversation.id for row in earlier} | {conversation_id}
        orders = self._orders.by_phone(phone)[:MOST_ORDERS] if phone else []
        return File(
            customer, proposed, tickets, self._entitled(orders),
            tuple(r for r in earlier if r.conversation.id != conversation_id and may_look(person, r.conversation)),
            tuple(r for r in perhaps if r.conversation.id not in known and may_look(person, r.conversation)),
        )  # fmt: skip

    def get(self, customer_id: str, person: Person) -> Customer:
        """A file.

        Raises:
            NotFound: there is none. NotAllowed: the customer is another team's; that is logged.
        """
        with self._uow() as uow:
            return _seen(uow, customer_id, person)

    def link(self, conversation_id: str, person: Person, customer_id: str | None, given: Mapping[str, Any]) -> Customer:
        """Confirm whose conversation this is: a known customer's, or a new one's with what was given.

        Conversations bound to it get the file too, where they have none (E10).

        Raises:
            InvalidInput: no name, or a phone that cannot be. NotFound, NotAllowed: see `file_of`. Conflict: the phone
                is another file's.
        """
        now = self._clock()
        with self._uow() as uow:
            conversation = self._desk.locked(uow, conversation_id, person)
            if customer_id:
                customer = _found(uow, customer_id)
            else:
                customer = self._changed(uow, Customer(str(uuid.uuid4()), "", now), given)
                uow.customers.add(customer, person.name, "建立客户档案", now)
            uow.desk.link_customer(conversation_id, customer.id, now)
            self._note_link(uow, conversation, customer, person)
            share_file(uow, conversation_id, customer.id, now)
            uow.commit()
        return customer

    def edit(self, customer_id: str, person: Person, version: int, given: Mapping[str, Any]) -> Customer:
        """Change a file.

        Args:
            version: the version that was looked at.

        Raises:
            Conflict: somebody has changed it meanwhile, or the phone is another file's.
            NotFound, NotAllowed, InvalidInput: see `get`; a value cannot be.
        """
        with self._uow() as uow:
            customer = self._changed(uow, replace(_seen(uow, customer_id, person), version=version), given)
            saved = uow.customers.save(customer, person.name, "修改客户档案", self._clock())
            uow.commit()
        return saved

    def reveal(self, conversation_id: str, person: Person) -> str | None:
        """The customer's phone in the open; that it was shown is audited (E10)."""
        file = self.file_of(conversation_id, person)
        phones = [ticket.phone for ticket in reversed(file.tickets) if ticket.phone]
        phone = (file.customer and file.customer.phone) or (phones[0] if phones else None)
        if phone:
            with self._uow() as uow:
                subject = f"conversation:{conversation_id}"
                uow.trail.add(Change(self._clock(), person.name, subject, "revealed", "查看完整电话"))
                uow.commit()
        return phone

    def _changed(self, uow: UnitOfWork, customer: Customer, given: Mapping[str, Any]) -> Customer:
        values = {name: given[name] for name in _FREE if name in given}
        if "tier" in values and values["tier"] not in tuple(Tier):
            raise InvalidInput(f"服务等级应是其中之一：{'、'.join(Tier)}")
        changed = replace(customer, **values)
        if "phone" in given:
            changed = changed.with_phone(given["phone"])
        if not changed.name:
            raise InvalidInput("请写上客户的姓名或称呼")
        if changed.phone and any(other.id != changed.id for other in uow.customers.find(phone=changed.phone)):
            raise Conflict("这个电话已经在另一位客户的档案里，请先核对是不是同一位")
        return changed

    def _bound(self, uow: UnitOfWork, conversation_id: str, person: Person) -> list[Row]:
        """The customer's conversations in other channels that are the person's business."""
        rows = uow.desk.rows(uow.bindings.together_with(conversation_id)[1:])
        return [row for row in rows if may_look(person, row.conversation)]

    def _by_phones(self, uow: UnitOfWork, phones: list[str]) -> Customer | None:
        return next(iter(uow.customers.find(phone=phones)), None) if phones else None

    def _entitled(self, orders: list[Order]) -> tuple[Entitled, ...]:
        today = local_day(self._clock())
        if today != self._today:
            self._today, self._told = today, {}
        with self._uow() as uow:
            return tuple(Entitled(order, self._told_of(uow, order, today)) for order in orders)

    def _told_of(self, uow: UnitOfWork, order: Order, today: date) -> Told | None:
        repairs = tuple(self._statutes.repairs_of(uow, order))
        key = (order.number, order.product.id, order.received_on, repairs)
        if key not in self._told:
            fault = Fault(FaultKind.PERFORMANCE, today)
            self._told[key] = self._statutes.on_order(order, fault, repairs=repairs)
        return self._told[key]

    def _note_link(self, uow: UnitOfWork, conversation: Conversation, customer: Customer, person: Person) -> None:
        before, after = {"customer": conversation.customer_id}, {"customer": customer.id}
        subject = f"conversation:{conversation.id}"
        uow.trail.add(Change(self._clock(), person.name, subject, "customer", "确认客户身份", before, after))


def _without_doubles(rows: Sequence[Row]) -> list[Row]:
    """Each conversation once, the newest first."""
    return sorted(
        {row.conversation.id: row for row in rows}.values(), key=lambda row: row.conversation.opened_at, reverse=True
    )


def _seen(uow: UnitOfWork, customer_id: str, person: Person) -> Customer:
    """The file of a customer in one of whose conversations the person may look."""
    customer = _found(uow, customer_id)
    if person.only_team is not None:
        rows = uow.desk.of_customer(customer.id, MOST_LOOKED_AT)
        if not any(may_look(person, row.conversation) for row in rows):
            log.warning("%s was refused customer %s", person.name, customer.id)
            raise NotAllowed("这位客户不是您小组接待的，请找主管查看")
    return customer


def _found(uow: UnitOfWork, customer_id: str) -> Customer:
    customer = uow.customers.get(customer_id)
    if customer is None:
        raise NotFound("没有这份客户档案，请刷新后再试")
    return customer
