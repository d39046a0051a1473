"""A case seen through the law in force on the day of purchase: its periods, its days in repair, its burden of proof."""

from collections.abc import Iterator
from datetime import date
from functools import cached_property

from bot.domain.warranty.case import Case, Cause, Channel, FaultKind, Repair, Wish
from bot.domain.warranty.counting import Span, Term, days_in, term_of_months
from bot.domain.warranty.law import BurdenRule, Goods, Law, Part, PeriodRule, RepeatedRepairRule, find_part
from bot.domain.warranty.sentences import Said


class Situation:
    """What the rules ask about a case; each answer is worked out once, when it is first asked for."""

    def __init__(self, case: Case, law: Law, goods: Goods) -> None:
        self.case = case
        self.law = law
        self.goods = goods
        self.today = case.today
        self.rules = law.in_force(case.bought_on, goods.kind)
        self.started = case.exchanged_on or case.bought_on

    @cached_property
    def fault_kind(self) -> FaultKind:
        """What is wrong; goods that lie in the workshop do not work, whatever was said."""
        said = self.case.fault.kind
        return FaultKind.PERFORMANCE if said is FaultKind.NONE and self._in_workshop else said

    @cached_property
    def found_on(self) -> date:
        """The day on which the fault was found: what was said, or the day of the repair that runs, or today."""
        if self.case.fault.kind is FaultKind.NONE and self._in_workshop:
            return min(repair.brought_on for repair in self._in_workshop)
        return self.case.fault.found_on or self.today

    @property
    def is_misuse(self) -> bool:
        """Whether the customer caused it."""
        return self.case.fault.cause is Cause.MISUSE

    @property
    def wants_return(self) -> bool:
        """Whether a return is what the customer would like best."""
        return self.case.wish is Wish.RETURN

    @cached_property
    def received_on(self) -> date | None:
        """The day of receipt that E1 and E3 count from: that of the exchanged one; in a shop the day of purchase."""
        case = self.case
        if case.exchanged_on:
            return max(case.exchanged_on, case.received_on or case.exchanged_on)
        return case.received_on or (case.bought_on if case.channel is Channel.STORE else None)

    def days_from_receipt(self, days: int) -> Term:
        """So many days from receipt, or where that is not known from the purchase, which was no later."""
        return self.law.days(self.received_on or self.started, days)

    def months_from_receipt(self, months: int) -> Term:
        """So many months from receipt, or where that is not known from the purchase."""
        return term_of_months(self.received_on or self.started, months, (), self.law.is_rest_day)

    def days_from_sale(self, days: int) -> Term:
        """So many days from the sale, or from the exchange, which restarts them (E6)."""
        terms = [self.law.days(start, days) for start in self._starts]
        return max(terms, key=lambda term: term.last)

    @cached_property
    def burden(self) -> tuple[BurdenRule, ...]:
        """The rule that makes an unknown cause count as the product's: durable goods, found within 6 months (E3)."""
        rule = self.rules.one(BurdenRule)
        if rule is None or self.case.fault.cause is not Cause.UNKNOWN or not self.goods.is_durable:
            return ()
        return (rule,) if self.found_on <= self.months_from_receipt(rule.months).last else ()

    @cached_property
    def burden_said(self) -> tuple[Said, ...]:
        """The same in words."""
        return tuple(
            Said(
                "burden",
                {"term": self.months_from_receipt(rule.months), "months": rule.months, "found": self.found_on},
            )
            for rule in self.burden
        )

    @cached_property
    def part(self) -> Part | None:
        """The faulty part, where it is one with a period of its own."""
        return find_part(self.goods, self.case.part) if self.case.part else None

    @property
    def is_accessory(self) -> bool:
        """Whether an accessory with its own period is at fault."""
        period = self.period_rule
        return bool(period and self.part and self.part.id in period.accessory_months)

    @cached_property
    def period_rule(self) -> PeriodRule | None:
        """The 三包 periods of these goods, where they have any (E7)."""
        return self.rules.one(PeriodRule)

    @cached_property
    def unit_period(self) -> Term:
        """The 三包 period of the whole, less the days in repair."""
        assert self.period_rule
        return self._period(self.period_rule.unit_months)

    @cached_property
    def cover(self) -> Term:
        """The 三包 period that the fault falls under: an accessory's own, a main part's, or that of the whole."""
        rule = self.period_rule
        if rule and self.part and self.is_accessory:
            return self._period(rule.accessory_months[self.part.id])
        main = self.main_part_period if self.part and not self.part.is_accessory else None
        return max(self.unit_period, main or self.unit_period, key=lambda term: term.last)

    @property
    def main_part_period(self) -> Term | None:
        """The 三包 period of main parts, where they have one of their own."""
        months = self.period_rule.main_part_months if self.period_rule else None
        return self._period(months) if months else None

    @property
    def early_rights_end(self) -> Term:
        """Until when the right that a fault in the first 7 or 15 days gave can be used."""
        return self.cover if self.is_accessory else self.unit_period

    @cached_property
    def repairs(self) -> tuple[Repair, ...]:
        """Stays in the workshop of the goods that the customer has now; one that is only booked is none."""
        return tuple(r for r in self.case.repairs if self.started <= r.brought_on <= self.today)

    @cached_property
    def finished_repairs(self) -> tuple[Repair, ...]:
        """Those that are over."""
        return tuple(repair for repair in self.repairs if repair.is_over(self.today))

    @cached_property
    def is_repaired_in_vain(self) -> bool:
        """Whether it still fails after as many repairs as E6 asks for, within the period."""
        rule = self.rules.one(RepeatedRepairRule)
        return bool(rule and len(self.finished_repairs) >= rule.repairs and self.cover.holds(self.today))

    @cached_property
    def days_of_use(self) -> int:
        """Days from sale or exchange to today, less those in repair (E6)."""
        return max(0, (self.today - self.started).days - days_in(self._spans(self.started)))

    @property
    def days_in_repair(self) -> int:
        """Days in repair since sale or exchange."""
        return days_in(self._spans(self.started))

    @cached_property
    def _in_workshop(self) -> list[Repair]:
        return [repair for repair in self.repairs if not repair.is_over(self.today)]

    @cached_property
    def _starts(self) -> tuple[date, ...]:
        """Days that periods start from; after an exchange the first start still serves where it reaches further."""
        return (self.started,) if self.started == self.case.bought_on else (self.started, self.case.bought_on)

    def _period(self, months: int) -> Term:
        terms = [term_of_months(s, months, self._spans(s), self.law.is_rest_day) for s in self._starts]
        return max(terms, key=lambda term: term.last)

    def _spans(self, first: date) -> Iterator[Span]:
        spans = (repair.span(first, self.today) for repair in self.case.repairs)
        return ((begins, ends) for begins, ends in spans if begins < ends)
