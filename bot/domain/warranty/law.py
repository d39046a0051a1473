"""The law as data: the kinds of rule that code understands, the goods they are for, and which hold on a day (E1-E9)."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

from bot.domain.dates import day_in_words
from bot.domain.errors import InvalidInput
from bot.domain.warranty.case import Case, FaultKind
from bot.domain.warranty.counting import IsRestDay, Term, term_of_days

EVERY_KIND = "all"
"""Stands in a rule's goods for every kind."""


class Option(StrEnum):
    """What can be done, best first."""

    RETURN = "return"
    EXCHANGE = "exchange"
    REPAIR = "repair"
    PAID_REPAIR = "paid_repair"
    HUMAN = "human"

    @property
    def label(self) -> str:
        """The option's name in Chinese (E11)."""
        return _LABELS[self]


_LABELS = {
    Option.RETURN: "退货",
    Option.EXCHANGE: "换货",
    Option.REPAIR: "修理",
    Option.PAID_REPAIR: "收费修",
    Option.HUMAN: "人工",
}


class Side(StrEnum):
    """Who pays."""

    SELLER = "seller"
    BUYER = "buyer"
    REPAIRER = "repairer"

    @property
    def label(self) -> str:
        """The side's name in Chinese."""
        return {Side.SELLER: "商家", Side.BUYER: "客户", Side.REPAIRER: "维修方"}[self]


class Ground(StrEnum):
    """The grounds on which goods may be kept from no-reason return; the list is closed by law (E2, E9)."""

    CUSTOM_MADE = "custom_made"
    PERISHABLE = "perishable"
    DIGITAL = "digital"
    PERIODICAL = "periodical"
    UNSEALED_UNSAFE = "unsealed_unsafe"
    DEVALUED_BY_USE = "devalued_by_use"
    DISCLOSED_FLAW = "disclosed_flaw"

    @property
    def needs_consent(self) -> bool:
        """Whether it counts only where the buyer confirmed it at purchase."""
        return self in (Ground.UNSEALED_UNSAFE, Ground.DEVALUED_BY_USE, Ground.DISCLOSED_FLAW)


class Delay(StrEnum):
    """Why a repair takes long (E6)."""

    WAITING_PARTS = "waiting_parts"
    REPAIRER_CAUSED = "repairer_caused"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule as staff write it; its class says what it means, its fields hold the numbers.

    Attributes:
        id: names the rule across its versions.
        requirement: id in the service standard, such as E6.
        clause: law and article, as it can be cited.
        text: what it says, in plain Chinese.
        goods: kinds of goods that it is for, or `all`.
        effective_from: first day of purchase that it is for.
        effective_until: last day of purchase that it is for; None where it still holds.
        verified: whether a lawyer's reading of the source confirmed it; otherwise a human decides.
    """

    id: str
    requirement: str
    clause: str
    text: str
    goods: tuple[str, ...]
    effective_from: date
    effective_until: date | None = None
    source: str
    verified: bool

    @property
    def citation(self) -> str:
        """As answers name it: 「E6 《部分商品修理更换退货责任规定》第九条」."""
        return f"{self.requirement} {self.clause}"

    @property
    def version(self) -> str:
        """Which wording of the rule it is (invariant 7)."""
        return f"{self.id}@{self.effective_from}"

    def holds(self, bought_on: date, kind: str) -> bool:
        """Whether it is for goods of that kind bought on that day."""
        in_time = self.effective_from <= bought_on <= (self.effective_until or bought_on)
        return in_time and (kind in self.goods or EVERY_KIND in self.goods)


@dataclass(frozen=True, kw_only=True)
class DefectRule(Rule):
    """E1: a defect claimed within `days` of receipt opens `options`."""

    days: int
    options: tuple[Option, ...]
    freight: Side


@dataclass(frozen=True, kw_only=True)
class LaterDefectRule(Rule):
    """E1: a defect claimed later, within `months` of receipt, opens `options` for `faults`."""

    months: int
    faults: tuple[FaultKind, ...]
    options: tuple[Option, ...]
    freight: Side


@dataclass(frozen=True, kw_only=True)
class BurdenRule(Rule):
    """E3: on durable goods the seller proves the cause of a defect found within `months` of receipt."""

    months: int


@dataclass(frozen=True, kw_only=True)
class NoReasonRule(Rule):
    """E2: goods bought at a distance go back within `days` of receipt, no reason asked."""

    days: int
    freight: Side


@dataclass(frozen=True, kw_only=True)
class ClosedListRule(Rule):
    """E9: the shop adds nothing to the goods that are kept from no-reason return."""


@dataclass(frozen=True, kw_only=True)
class EarlyFaultRule(Rule):
    """E6: a performance fault found within `days` of sale opens `options`."""

    days: int
    options: tuple[Option, ...]
    freight: Side


@dataclass(frozen=True, kw_only=True)
class PeriodRule(Rule):
    """E7: how many months the whole, its main parts and each accessory are under 三包."""

    unit_months: int
    main_part_months: int | None = None
    accessory_months: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FreeRepairRule(Rule):
    """E6: within the period faults are repaired free of charge."""

    freight: Side


@dataclass(frozen=True, kw_only=True)
class RepeatedRepairRule(Rule):
    """E6: still faulty after so many repairs: exchange or return."""

    repairs: int
    freight: Side


@dataclass(frozen=True, kw_only=True)
class SlowRepairRule(Rule):
    """E6: more than `days` in repair for that cause: exchange, paid for by `cost_bearer`."""

    days: int
    cause: Delay
    cost_bearer: Side
    freight: Side


@dataclass(frozen=True, kw_only=True)
class ReplacementRule(Rule):
    """E6: what takes the place of an exchange: a full refund without stock, a refund less depreciation by wish."""


@dataclass(frozen=True, kw_only=True)
class DepreciationRule(Rule):
    """E7: thousandths of the price that a day of use costs where a refund is less depreciation."""

    per_mille_per_day: Fraction


@dataclass(frozen=True, kw_only=True)
class ExclusionRule(Rule):
    """E6: misuse is not covered; a paid repair is offered."""

    freight: Side


@dataclass(frozen=True, kw_only=True)
class SubstandardRule(Rule):
    """E8: goods that the authority found substandard go back when the customer wants it."""

    freight: Side


@dataclass(frozen=True, kw_only=True)
class DelayRule(Rule):
    """E4: a return that is not handled within `days` of being asked for counts as refused on purpose."""

    days: int


RULE_KINDS: Mapping[str, type[Rule]] = {
    "defect": DefectRule,
    "later_defect": LaterDefectRule,
    "burden_of_proof": BurdenRule,
    "no_reason_return": NoReasonRule,
    "closed_list": ClosedListRule,
    "early_fault": EarlyFaultRule,
    "period": PeriodRule,
    "free_repair": FreeRepairRule,
    "repeated_repair": RepeatedRepairRule,
    "slow_repair": SlowRepairRule,
    "replacement": ReplacementRule,
    "depreciation": DepreciationRule,
    "exclusion": ExclusionRule,
    "substandard": SubstandardRule,
    "delay": DelayRule,
}
"""Kinds as rule files name them."""


@dataclass(frozen=True)
class Part:
    """A part that has a period of its own: a main part, or an accessory."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    is_accessory: bool = False


@dataclass(frozen=True)
class Goods:
    """A category that the shop sells.

    Attributes:
        kind: what rules are written for: `appliance`, `phone`, `microcomputer` or `ordinary`.
        is_durable: whether the burden of proof lies with the seller at first (E3).
        parts: main parts and accessories, by id.
        kept_from_return: why it is kept from no-reason return, where it is (E2).
    """

    id: str
    name: str
    kind: str
    is_durable: bool
    aliases: tuple[str, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)
    kept_from_return: Ground | None = None

    @property
    def main_parts(self) -> tuple[Part, ...]:
        """The parts with the long period."""
        return tuple(part for part in self.parts.values() if not part.is_accessory)


Kind = TypeVar("Kind", bound=Rule)


class RulesInForce:
    """The rules for one kind of goods bought on one day."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._by_class: dict[type[Rule], list[Rule]] = {}
        for rule in rules:
            self._by_class.setdefault(type(rule), []).append(rule)

    def every(self, kind: type[Kind]) -> list[Kind]:
        """All rules of that class, as written."""
        return self._by_class.get(kind, [])  # type: ignore[return-value]

    def one(self, kind: type[Kind]) -> Kind | None:
        """The rule of that class, or None where no law spoke on it yet."""
        found = self.every(kind)
        return found[0] if found else None


@dataclass(frozen=True)
class Law:
    """Everything that decisions rest on.

    Attributes:
        rules: every version of every rule.
        goods: categories by id.
        evidence: what customers bring for each option, in Chinese.
        sentences: the words of each reason; `SENTENCES` says which there must be.
        is_rest_day: the working calendar.
    """

    rules: tuple[Rule, ...]
    goods: Mapping[str, Goods]
    evidence: Mapping[Option, tuple[str, ...]]
    sentences: Mapping[str, str]
    is_rest_day: IsRestDay

    def in_force(self, bought_on: date, kind: str) -> RulesInForce:
        """The rules that govern a purchase (E9: each from its own day on)."""
        era = kind, bisect_right(self._changes, bought_on)
        if era not in self._eras:
            self._eras[era] = RulesInForce(tuple(rule for rule in self.rules if rule.holds(bought_on, kind)))
        return self._eras[era]

    @cached_property
    def _changes(self) -> list[date]:
        """The days on which some rule begins, or no longer holds; between two of them the law stays the same."""
        ends = (rule.effective_until + timedelta(days=1) for rule in self.rules if rule.effective_until)
        return sorted({*(rule.effective_from for rule in self.rules), *ends})

    @cached_property
    def _eras(self) -> dict[tuple[str, int], RulesInForce]:
        return {}

    def days(self, start: date, days: int) -> Term:
        """So many days from the day after `start`."""
        return term_of_days(start, days, self.is_rest_day)

    def find_goods(self, words: str) -> Goods | None:
        """The category with that id, name or alias."""
        if words in self.goods:
            return self.goods[words]
        return next((goods for goods in self.goods.values() if words == goods.name or words in goods.aliases), None)

    def resolve(self, case: Case) -> Case:
        """The case with category and part by their ids, however they were called; an unknown part stays as it is.

        Raises:
            InvalidInput: the shop sells no such category.
        """
        goods = self.find_goods(case.category)
        if goods is None:
            known = "、".join(f"{each.id}（{each.name}）" for each in self.goods.values())
            raise InvalidInput(f"没有商品类别 {case.category[:40]}：请写成下面之一：{known}")
        part = find_part(goods, case.part) if case.part else None
        return replace(case, category=goods.id, part=part.id if part else case.part)

    def say(self, key: str, **values: object) -> str:
        """A sentence with its values: days in words, periods with their arithmetic."""
        return self.sentences[key].format_map({name: self._in_words(value) for name, value in values.items()})

    def _in_words(self, value: object) -> str:
        if isinstance(value, Term):
            return self._term_in_words(value)
        return day_in_words(value) if isinstance(value, date) else str(value)

    def _term_in_words(self, term: Term) -> str:
        length = self.sentences["length_in_days" if term.days else "length_in_months"]
        extra = self.sentences["extra_days"].format(days=term.extra_days) if term.extra_days else ""
        words = {
            "start": day_in_words(term.start),
            "length": length.format(count=term.days or term.months) + extra,
            "due": day_in_words(term.due),
            "last": day_in_words(term.last),
        }
        return self.sentences["term" if term.due == term.last else "term_moved"].format_map(words)


def find_part(goods: Goods, words: str) -> Part | None:
    """The part of those goods with that id, name or alias."""
    if words in goods.parts:
        return goods.parts[words]
    return next((part for part in goods.parts.values() if words == part.name or words in part.aliases), None)
