"""What the law and 三包 give a customer, for an order and its history of repairs (E1-E11, A7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bot.domain.actor import CUSTOMER, SYSTEM, Actor
from bot.domain.answers import cited, ways_in_lines
from bot.domain.dates import local_day, moment_in_words
from bot.domain.message import Button
from bot.domain.order import Order
from bot.domain.ticket import Kind, Ticket
from bot.domain.warranty.case import Case, Channel, Fault, FaultKind, Repair, Wish
from bot.domain.warranty.decide import decide
from bot.domain.warranty.decision import Decision
from bot.domain.warranty.law import Law, Option
from bot.services.casework import Casework, with_record
from bot.services.ports import Clock, UnitOfWork
from bot.services.telling import Telling
from bot.services.ticketing import Ticketing

CHOICES = {Option.EXCHANGE: "换货", Option.RETURN: "退货", Option.REPAIR: "再修一次"}
"""What a customer clicks after a repair that failed."""
_CARRIED = ("product", "model", "order_number", "phone")
"""What the next ticket need not ask again (F6)."""
_PER_REPAIR = frozenset({"diagnosis", "fault_cause", "parts_needed"})
_WISH_OF = {Option.EXCHANGE: "换货", Option.RETURN: "退货退款"}


@dataclass(frozen=True)
class Told:
    """A decision with what the customer is told of it.

    Attributes:
        lines: each way that is open, until when, who pays, how much (E11).
        clauses: what they rest on.
    """

    decision: Decision
    lines: tuple[str, ...]

    @property
    def clauses(self) -> str:
        """The laws as they are cited, each once."""
        return cited(self.decision)

    def as_json(self) -> dict[str, Any]:
        """As it is filed with the ticket (E11, invariant 7)."""
        return {**self.decision.as_json(), "rules": list(self.decision.rules), "told": list(self.lines)}


class Statutes:
    """Answers from the statute calculator."""

    def __init__(self, casework: Casework, ticketing: Ticketing, telling: Telling, law: Law, clock: Clock) -> None:
        self._casework = casework
        self._ticketing = ticketing
        self._telling = telling
        self.law = law
        self._clock = clock
        casework.when_entering("begin_repair", self._begin_repair)
        casework.when_entering("await_parts", self._await_parts)
        casework.when_entering("end_repair", self._end_repair)
        casework.when_entering("offer_by_statute", self._offer)

    def on_order(
        self, order: Order, fault: Fault, *, part: str | None = None, wish: Wish | None = None,
        repairs: Sequence[Repair] = (),
    ) -> Told:  # fmt: skip
        """What is open to the customer of an order today."""
        case = Case(
            category=order.product.category, bought_on=order.bought_on, today=local_day(self._clock()),
            received_on=order.received_on, channel=Channel.STORE if order.channel == "store" else Channel.ONLINE,
            price_fen=order.price_fen, part=part, fault=fault, repairs=tuple(repairs), wish=wish,
        )  # fmt: skip
        return self.on_case(case)

    def on_case(self, case: Case) -> Told:
        """What is open in a case."""
        decision = decide(self.law.resolve(case) if self.law.find_goods(case.category) else case, self.law)
        return Told(decision, ways_in_lines(decision, case.today))

    def repairs_of(self, uow: UnitOfWork, order: Order) -> list[Repair]:
        """The finished repairs of what was ordered, from the customer's tickets, however they called it."""
        tickets = uow.tickets.search(Kind.REPAIR, None, 50, 0, order.phone)
        same = [ticket for ticket in tickets if order.product.is_called(ticket.fields.get("product", ""))]
        return [_repair(noted) for ticket in reversed(same) for noted in ticket.record.get("repairs", ())]

    def choose(self, uow: UnitOfWork, ticket: Ticket, option: Option) -> bool:
        """The customer has chosen after a failed repair; False where that is not open, or no longer."""
        if ticket.step != "not_repaired":
            return False
        told = self.on_ticket(uow, ticket)
        if told is None or option not in told.decision.options:
            return False
        ticket = replace(ticket, entitlement=told.as_json())
        wish = CHOICES[option]
        if option is Option.REPAIR:
            self._casework.happened(uow, ticket, "chosen_repair", CUSTOMER, f"客户选择{wish}")
            return True
        fields = {
            **{name: ticket.fields[name] for name in _CARRIED if name in ticket.fields},
            "wish": _WISH_OF[option], "reason": f"维修未修好（工单 {ticket.number}）",
        }  # fmt: skip
        following = self._ticketing.follow(uow, ticket, Kind.RETURN_EXCHANGE, fields)
        ticket = with_record(ticket, followed_by=following.number)
        ticket = self._casework.happened(
            uow, ticket, "answered", CUSTOMER, f"客户选择{wish}，转工单 {following.number}"
        )
        promise = moment_in_words(following.promised_at, self._clock())
        self._telling.tell(uow, following, "statute.chosen", wish=wish, promise=promise)
        return True

    def _begin_repair(self, uow: UnitOfWork, ticket: Ticket, actor: Actor) -> Ticket:
        """The days in repair begin with its first visit, and go on while parts are awaited; it is diagnosed anew."""
        if "repair_began" in ticket.record:
            return ticket
        record = {name: value for name, value in ticket.record.items() if name not in _PER_REPAIR}
        return self._casework.keep(uow, replace(ticket, record={**record, "repair_began": self._today().isoformat()}))

    def _await_parts(self, uow: UnitOfWork, ticket: Ticket, actor: Actor) -> Ticket:
        return self._casework.keep(uow, with_record(ticket, awaited_parts=True))

    def _end_repair(self, uow: UnitOfWork, ticket: Ticket, actor: Actor) -> Ticket:
        """Note the repair, which counts for 三包: how long, for want of parts, with what result (E6)."""
        record = dict(ticket.record)
        noted = {
            "from": record.pop("repair_began", self._today().isoformat()), "to": self._today().isoformat(),
            "fixed": ticket.step == "repaired", "waiting_parts": bool(record.pop("awaited_parts", False)),
        }  # fmt: skip
        record["repairs"] = [*record.get("repairs", []), noted]
        return self._casework.keep(uow, replace(ticket, record=record))

    def _offer(self, uow: UnitOfWork, ticket: Ticket, actor: Actor) -> Ticket:
        """After a repair that failed: what the customer may choose now, at once and unasked (A7, A14, E6)."""
        told = self.on_ticket(uow, ticket)
        if told is None:
            return ticket
        open_ways = [option for option in told.decision.options if option in CHOICES]
        if not open_ways:
            return ticket  # what the law leaves open is for people to settle
        chips = [Button(CHOICES[option], f"{CHOICES[option]} {ticket.number}") for option in open_ways]
        options = "\n".join(f"· {line}" for line in told.lines)
        self._telling.tell(uow, ticket, "statute.repair_failed", buttons=chips, options=options)
        ticket = replace(ticket, entitlement=told.as_json())
        said = f"已告知可选：{'、'.join(CHOICES[option] for option in open_ways)}（{told.clauses}）"
        return self._casework.keep(uow, ticket.note("told", SYSTEM.name, said, self._clock()))

    def on_ticket(self, uow: UnitOfWork, ticket: Ticket) -> Told | None:
        """What is open for what a ticket is about, taken as faulty since it was opened; None without its order."""
        order = order_of(uow, {**ticket.fields, "phone": ticket.phone or ""})
        if order is None:
            return None
        fault = Fault(FaultKind.PERFORMANCE, local_day(ticket.opened_at))
        repairs = self.repairs_of(uow, order)
        return self.on_order(order, fault, repairs=repairs)

    def on_repair(self, uow: UnitOfWork, facts: Mapping[str, str]) -> Told | None:
        """What is open for goods that a customer reports as faulty today; None where their order is not known."""
        order = order_of(uow, facts)
        if order is None:
            return None
        fault = Fault(FaultKind.PERFORMANCE, self._today())
        return self.on_order(order, fault, repairs=self.repairs_of(uow, order))

    def _today(self) -> date:
        return local_day(self._clock())


def order_of(uow: UnitOfWork, facts: Mapping[str, str]) -> Order | None:
    """The order that a customer's facts name, by its number or phone, for the product that they name."""
    orders = uow.orders.by_number(facts.get("order_number", ""))
    if not orders and facts.get("phone"):
        orders = uow.orders.by_phone(facts["phone"])
    words = facts.get("product", "")
    if not words and len(orders) == 1:
        return orders[0]
    return next((order for order in orders if order.product.is_called(words)), None)


def _repair(noted: Mapping[str, Any]) -> Repair:
    return Repair(
        date.fromisoformat(noted["from"]), date.fromisoformat(noted["to"]), noted["fixed"], noted["waiting_parts"]
    )
