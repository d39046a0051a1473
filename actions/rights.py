"""What is known of a customer's rights in one conversation, and what the calculator decides on it (A11, E6, E11)."""

from dataclasses import dataclass, replace
from functools import cached_property

from rasa_sdk import Tracker

from actions.orders import known_orders
from actions.speaking import Speaker
from bot.domain.answers import same_ways, short_day, ways_in_brief, ways_in_lines
from bot.domain.dates import local_day
from bot.domain.order import Order
from bot.domain.procedure import SKIPPED
from bot.domain.rights import Account, Days, as_wish, days_of, days_told
from bot.domain.warranty.case import Case, Cause, Fault, FaultKind, Repair, Wish
from bot.domain.warranty.law import Goods, Option, find_part
from bot.services.statutes import Told

WAITING = "rights:"
"""Begins `pending` while a question about rights waits for the product, the day or the order."""


@dataclass(frozen=True)
class Basis:
    """What a decision rests on: an order, or the day that the customer tells."""

    goods: Goods | None
    order: Order | None = None
    days: Days | None = None


class Rights:
    """The statute calculator as one conversation needs it; orders are looked up once."""

    def __init__(self, speaker: Speaker, tracker: Tracker, form: str | None = None) -> None:
        self.speaker = speaker
        self.tracker = tracker
        self.form = form
        self.statutes = speaker.anfu.statutes
        self.account = Account.from_json(tracker.get_slot("account") or {})
        self.today = local_day(speaker.anfu.clock())

    @cached_property
    def product(self) -> str | None:
        """The product that is meant, as it was called; in a form the one that it is about."""
        told, known = self._product_told(), self.tracker.get_slot("product")
        return known or told if self.form else told or known

    def _product_told(self) -> str | None:
        """The last one that the shop sells: in 「手机电池不行了」 the phone."""
        told = self.speaker.heard.facts.get("product", ())
        ours = [product for product in told if self.speaker.anfu.orders.product_called(product)]
        return next(iter((ours or list(told))[-1:]), None)

    @property
    def is_about_another(self) -> bool:
        """Whether the message asks about other goods than the form that runs."""
        told, called = self._product_told(), self.speaker.anfu.orders.product_called
        return bool(self.form and told and self.product and called(told) != called(self.product))

    @cached_property
    def orders(self) -> list[Order]:
        """The orders that may be meant, in a form the one that it is about; of another product, none."""
        number = self.tracker.get_slot("order_number")
        if self.form:
            found = self.speaker.anfu.orders.by_number(number) if number not in (None, SKIPPED) else []
        else:
            found = known_orders(self.speaker, self.tracker)
        if not self.product:
            return found
        meant = self.speaker.anfu.orders.product_called(self.product)
        return [order for order in found if meant and order.product.id == meant.id]

    @cached_property
    def basis(self) -> Basis | None:
        """What can be decided on; None where the order or the day is missing, or which of several is meant."""
        if len(self.orders) == 1:
            order = self.orders[0]
            return Basis(self.statutes.law.find_goods(order.product.category), order=order)
        if self.orders or self.days is None:
            return None
        return Basis(self._goods(), days=self.days)

    @cached_property
    def days(self) -> Days | None:
        """When the goods were bought, as the customer tells it."""
        known = days_of(self.tracker.get_slot("purchased_on"), self.today)
        if self.form:
            return known
        waits = str(self.tracker.get_slot("pending") or "").startswith(WAITING)
        told = days_told(self.speaker.heard, self.today, is_answer=waits)
        return told or known

    def _goods(self) -> Goods | None:
        if not self.product:
            return None
        known = self.speaker.anfu.orders.product_called(self.product)
        return self.statutes.law.find_goods(known.category if known else self.product)

    def told(self, fault: FaultKind | None, wish: Wish | None = None, part: str | None = None) -> Told | None:
        """The decision on what is known; None where it is too little, or a vague day leaves it open.

        Args:
            fault: what is wrong; None decides as if nothing were.
            wish: what the customer would like best.
            part: the id of the faulty part, in place of the one that was told.
        """
        basis = self.basis
        if basis is None or basis.goods is None:
            return None
        kind = fault or FaultKind.NONE
        cause = Cause.MISUSE if self.account.is_misuse and kind is not FaultKind.NONE else Cause.UNKNOWN
        named = find_part(basis.goods, self.account.part) if self.account.part else None
        part_id = part or (named.id if named else None)
        if basis.order:
            told = self.statutes.on_order(
                basis.order, Fault(kind, cause=cause), part=part_id, wish=wish, repairs=self._repairs(basis.order)
            )
        else:
            assert basis.days
            case = Case(
                category=basis.goods.id, bought_on=basis.days.first, today=self.today, part=part_id,
                fault=Fault(kind, cause=cause), repairs=self._repairs(None), wish=wish,
                is_intact=not self.account.is_damaged,
            )  # fmt: skip
            told = self.statutes.on_case(case)
            if not basis.days.is_exact:
                latest = self.statutes.on_case(replace(case, bought_on=basis.days.last))
                if not same_ways(told.decision, latest.decision):
                    return None
        return replace(told, lines=ways_in_lines(told.decision, self.today))

    def _repairs(self, order: Order | None) -> tuple[Repair, ...]:
        """Those on record; where the customer tells of more, these too, without days of their own."""
        recorded: list[Repair] = []
        if order:
            with self.speaker.anfu.uow() as uow:
                recorded = self.statutes.repairs_of(uow, order)
        more = max(0, self.account.repairs - len(recorded))
        return (*recorded, *(Repair(self.today, self.today) for _ in range(more)))

    @property
    def basis_in_words(self) -> str:
        """What the decision rests on, to begin a sentence with."""
        assert self.basis
        if order := self.basis.order:
            return f"您 {short_day(order.bought_on, self.today)}买的{order.product.name}"
        days = self.basis.days
        assert days and self.basis.goods
        part = self.account.part
        name = self.product if self.product and not (part and part in self.product) else self.basis.goods.name
        if days.is_exact:
            return f"您 {short_day(days.first, self.today)}买的{name}（照您说的日子）"
        return f"您说的这款{name}（准确日子以发票为准）"

    @property
    def is_vague(self) -> bool:
        """Whether the day of purchase is known to the month or year only."""
        days = self.basis.days if self.basis else None
        return days is not None and not days.is_exact

    @property
    def about(self) -> str | None:
        """Names what the decision rests on, so that it is told once."""
        if self.basis is None:
            return None
        return self.basis.order.number if self.basis.order else str(self.basis.days)

    @property
    def wish(self) -> Wish | None:
        """The wish of the form that runs; a cancellation is none that the law knows."""
        return as_wish(self.tracker.get_slot("wish"))

    def quality(self, told: Told) -> str:
        """In a few words, what holds where there is a fault."""
        options = set(told.decision.options)
        if options <= {Option.HUMAN}:
            return "怎么修、怎么换，同事按保修卡核对后告诉您"
        if options <= {Option.PAID_REPAIR, Option.HUMAN}:
            return "三包期过了，可以收费修，师傅先报价，您同意了再修"
        return f"{ways_in_brief(told.decision, self.today)}，运费我们出"

    def unsuited(self, told: Told) -> str:
        """In a few words, what holds where there is none (E2)."""
        back = told.decision.remedy(Option.RETURN)
        if self.basis and self.basis.order is None:
            return "要看是不是网上买的、哪天签收，把订单号发来我就能算"
        if back is None and self.basis and self.basis.order and self.basis.order.received_on is None:
            return "无理由退货从签收的次日起算，签收日期还没登记，能退到哪天，同事核对后告诉您"
        if back is None:
            return self.why_closed(told)
        until = f"最晚 {short_day(back.deadline, self.today)}" if back.deadline else "从签收的次日起算，七天里"
        return f"{until}可以无理由退，东西完好就行，寄回的运费您出"

    def why_closed(self, told: Told) -> str:
        """Why nothing goes back without a reason (A12)."""
        return next(iter(told.decision.reasons), "要请同事看看还有哪些办法").rstrip("。")

    def parts_still_covered(self) -> tuple[str, str] | None:
        """The main parts whose longer period still runs, and till when; None where that is no question."""
        goods = self.basis.goods if self.basis else None
        if self.account.part or goods is None or not goods.main_parts:
            return None
        told = self.told(FaultKind.PERFORMANCE, part=goods.main_parts[0].id)
        free = told.decision.remedy(Option.REPAIR) if told else None
        if free is None or free.deadline is None:
            return None
        return "、".join(part.name for part in goods.main_parts), short_day(free.deadline, self.today)
