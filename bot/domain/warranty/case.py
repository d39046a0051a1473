"""A case: what is known of goods, fault, repairs and wish, and how it is read from JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from bot.domain.errors import InvalidInput
from bot.domain.warranty.counting import Span

FIRST_YEAR, LAST_YEAR = 1990, 2100
HIGHEST_PRICE = 10**11
"""Fen; more is a slip of the keyboard."""


class Channel(StrEnum):
    """Where the goods were bought."""

    ONLINE = "online"
    STORE = "store"


class FaultKind(StrEnum):
    """What is wrong."""

    PERFORMANCE = "performance"
    APPEARANCE = "appearance"
    NONE = "none"


class Cause(StrEnum):
    """Where the fault comes from; who takes the goods apart without leave has misused them (E6)."""

    PRODUCT = "product"
    MISUSE = "misuse"
    UNKNOWN = "unknown"


class Wish(StrEnum):
    """What the customer would like best (A10)."""

    RETURN = "return"
    EXCHANGE = "exchange"
    REPAIR = "repair"


@dataclass(frozen=True)
class Fault:
    """What is wrong since when and why; `found_on` None means that it is reported on the day it was found."""

    kind: FaultKind = FaultKind.NONE
    found_on: date | None = None
    cause: Cause = Cause.UNKNOWN


@dataclass(frozen=True)
class Repair:
    """One stay in the workshop.

    Attributes:
        brought_on: the day on which the goods were handed in.
        back_on: the day on which they came back; None while they are there.
        is_fixed: whether they worked afterwards.
        waited_for_parts: whether parts were lacking.
        is_repairers_fault: whether it took its time for a cause of the repairer's own.
    """

    brought_on: date
    back_on: date | None = None
    is_fixed: bool = False
    waited_for_parts: bool = False
    is_repairers_fault: bool = False

    def span(self, first: date, today: date) -> Span:
        """The days in the workshop between two days; empty where it lies outside."""
        begins = min(max(self.brought_on, first), today)
        return begins, max(begins, min(self.back_on or today, today))

    def is_over(self, today: date) -> bool:
        """Whether the goods are back."""
        return self.back_on is not None and self.back_on <= today

    def days(self, today: date) -> int:
        """How many days it took, or has taken so far."""
        begins, ends = self.span(self.brought_on, today)
        return (ends - begins).days


@dataclass(frozen=True)
class Case:
    """What is known of one matter. What is not known is None or the harmless default.

    Attributes:
        category: id of a kind of goods in content, such as `washing_machine`.
        bought_on: the day of the invoice.
        today: the day in Shanghai on which is decided.
        received_on: the day on which the customer signed for the goods.
        price_fen: the price on the invoice.
        part: id of the faulty part, where it is known.
        exchanged_on: the day of the last exchange; periods start anew from it (E6).
        is_opened_for_good: unsealed, activated or tried so that it cannot be sold again (E2).
        unused: names in the input that mean nothing here.
    """

    category: str
    bought_on: date
    today: date
    received_on: date | None = None
    channel: Channel | None = None
    price_fen: int | None = None
    part: str | None = None
    fault: Fault = Fault()
    repairs: tuple[Repair, ...] = ()
    exchanged_on: date | None = None
    is_certified_substandard: bool = False
    is_custom_made: bool = False
    is_opened_for_good: bool = False
    is_intact: bool = True
    is_in_stock: bool = True
    wish: Wish | None = None
    unused: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, raw: object, today: date | None = None) -> "Case":
        """A case from a JSON object.

        Args:
            raw: the object; absent keys mean unknown.
            today: stands in where the object names no `today`.

        Raises:
            InvalidInput: it is no object, a value has the wrong type, or its days contradict each other; the message
                names the field and the cure.
        """
        fields = _Fields(raw, "这一行", '一个 JSON 对象，如 {"category": "washing_machine", …}')
        if fields.day("today") is None and today is None:
            raise InvalidInput('没有 today：请写上判断的那一天，如 "2026-10-08"')
        case = cls(
            category=fields.text("category") or _missing("category", '商品类别，如 "washing_machine"'),
            bought_on=fields.day("bought_on") or _missing("bought_on", '购买日期，如 "2026-10-01"'),
            today=fields.day("today") or today or _missing("today", "判断的那一天"),
            received_on=fields.day("received_on"),
            channel=fields.choice("channel", Channel),
            price_fen=fields.price("price_fen"),
            part=fields.text("part"),
            fault=_fault(fields.take("fault")),
            repairs=tuple(_repair(entry, f"第 {n} 次维修") for n, entry in enumerate(fields.list("repairs"), start=1)),
            exchanged_on=fields.day("exchanged_on"),
            is_certified_substandard=fields.flag("certified_substandard", False),
            is_custom_made=fields.flag("custom_made", False),
            is_opened_for_good=fields.flag("opened_irreversibly", False),
            is_intact=fields.flag("intact", True),
            is_in_stock=fields.flag("same_model_in_stock", True),
            wish=fields.choice("wish", Wish),
            unused=fields.unused(),
        )
        case.check()
        return case

    def check(self) -> None:
        """Raise `InvalidInput` where days contradict each other."""
        bought, today = self.bought_on, self.today
        _in_order(bought, today, "today 早于 bought_on", "请核对购买日期和判断日期")
        _in_order(bought, self.received_on, "received_on 早于 bought_on", "收货不会早于购买，请核对这两个日期")
        _in_order(self.received_on, today, "received_on 晚于 today", "还没有签收就写 null")
        _in_order(bought, self.exchanged_on, "exchanged_on 早于 bought_on", "换货不会早于购买，请核对")
        _in_order(self.exchanged_on, today, "exchanged_on 晚于 today", "还没有换货就写 null")
        found = self.fault.found_on
        _in_order(bought, found, "fault.found_on 早于 bought_on", "故障不会早于购买，请核对")
        _in_order(found, today, "fault.found_on 晚于 today", "请核对发现故障的日期")
        _in_order(self.exchanged_on, found, "fault.found_on 早于 exchanged_on", "请写换货之后这一台的故障日期")
        for number, repair in enumerate(self.repairs, start=1):
            _in_order(bought, repair.brought_on, f"第 {number} 次维修的 from 早于 bought_on", "请核对送修日期")
            _in_order(repair.brought_on, repair.back_on, f"第 {number} 次维修的 to 早于 from", "请核对送修和修好的日期")


def _in_order(earlier: date | None, later: date | None, fault: str, cure: str) -> None:
    if earlier and later and later < earlier:
        raise InvalidInput(f"{fault}（{later} 早于 {earlier}）：{cure}")


def _fault(raw: object) -> Fault:
    if raw is None:
        return Fault()
    fields = _Fields(raw, "fault", '对象，如 {"kind": "performance", "found_on": "2026-10-07"}')
    kind = fields.choice("kind", FaultKind) or _missing("fault.kind", "performance、appearance 或 none")
    fault = Fault(kind, fields.day("found_on"), fields.choice("cause", Cause) or Cause.UNKNOWN)
    fields.refuse_unused()
    return fault


def _repair(raw: object, place: str) -> Repair:
    fields = _Fields(raw, place, '对象，如 {"from": "2026-10-10", "to": "2026-10-15"}')
    repair = Repair(
        brought_on=fields.day("from") or _missing(f"{place}的 from", '送修日期，如 "2026-10-10"'),
        back_on=fields.day("to"),
        is_fixed=fields.flag("fixed", False),
        waited_for_parts=fields.flag("waiting_parts", False),
        is_repairers_fault=fields.flag("repairer_caused", False),
    )
    fields.refuse_unused()
    return repair


def _missing(name: str, what: str) -> Any:
    raise InvalidInput(f"没有 {name}：请写上{what}")


Choice = TypeVar("Choice", bound=StrEnum)


class _Fields:
    """The fields of a JSON object, each read once and by its type."""

    def __init__(self, raw: object, place: str, shape: str) -> None:
        if not isinstance(raw, Mapping):
            raise InvalidInput(f"{place}应是{shape}")
        self._raw = raw
        self._place = "" if place == "这一行" else f"{place}的 "
        self._used: set[str] = set()

    def take(self, name: str) -> Any:
        self._used.add(name)
        return self._raw.get(name)

    def unused(self) -> tuple[str, ...]:
        return tuple(sorted(str(name) for name in self._raw if name not in self._used))

    def refuse_unused(self) -> None:
        if unused := self.unused():
            raise InvalidInput(f"{self._place}字段 {'、'.join(unused)} 不认识：请改正拼写或删去")

    def text(self, name: str) -> str | None:
        value = self.take(name)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise self._wrong(name, value, "文字；不知道就写 null")
        return value and value.strip()

    def day(self, name: str) -> date | None:
        value = self.take(name)
        if value is None:
            return None
        day = _day(value)
        if day is None:
            raise self._wrong(name, value, '存在的日期，写成 "2026-10-08" 的样子；不知道就写 null')
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise self._wrong(name, value, f"{FIRST_YEAR} 到 {LAST_YEAR} 年之间的日期")
        return day

    def flag(self, name: str, default: bool) -> bool:
        value = self.take(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true 或 false")
        return value

    def price(self, name: str) -> int | None:
        value = self.take(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise self._wrong(name, value, "整数，单位是分（2999 元写 299900）")
        if value is not None and not 0 <= value <= HIGHEST_PRICE:
            raise self._wrong(name, value, f"0 到 {HIGHEST_PRICE} 之间的整数，单位是分")
        return value

    def choice(self, name: str, kinds: type[Choice]) -> Choice | None:
        value = self.take(name)
        if value is None:
            return None
        if not isinstance(value, str) or value not in kinds.__members__.values():
            raise self._wrong(name, value, f"{'、'.join(kinds)} 之一；不知道就写 null")
        return kinds(value)

    def list(self, name: str) -> list[Any]:
        value = self.take(name)
        if value is not None and not isinstance(value, list):
            raise self._wrong(name, value, "列表，没有就写 []")
        return value or []

    def _wrong(self, name: str, value: object, right: str) -> InvalidInput:
        shown = str(value)
        shown = shown if len(shown) <= 40 else shown[:40] + "…"
        return InvalidInput(f"{self._place}{name} 应是{right}，现在是 {shown}")


def _day(value: object) -> date | None:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:  # 2026-02-30
        return None
