"""Reading the law of returns, exchanges and repairs; a broken rule is refused by file and line."""

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import chinese_calendar  # type: ignore[import-untyped]
import yaml

from bot.adapters.content_files import CONTENT, _read_with_lines
from bot.domain.errors import ContentError
from bot.domain.warranty.case import FaultKind
from bot.domain.warranty.law import (
    EVERY_KIND,
    RULE_KINDS,
    ClosedListRule,
    Delay,
    EarlyFaultRule,
    Goods,
    Ground,
    LaterDefectRule,
    Law,
    Option,
    Part,
    PeriodRule,
    Rule,
    Side,
    SlowRepairRule,
)
from bot.domain.warranty.sentences import SENTENCES

FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the public holidays that are the same each year."""

_SEVERAL = (EarlyFaultRule, LaterDefectRule, SlowRepairRule)
"""Kinds of which several rules may hold for the same goods on the same day."""
_LONGEST = 1200
"""Days or months; more is a slip of the keyboard."""


def load_law(folder: Path = CONTENT) -> Law:
    """The law with its goods, words and calendar, as the files say now.

    Args:
        folder: holds `warranty/rules.yml`, `goods.yml`, `evidence.yml` and `sentences.yml`.

    Raises:
        ContentError: a file is wrong; the message names file, line and cure.
    """
    folder = folder / "warranty"
    rules = [(_rule(entry), entry) for entry in _entries(folder / "rules.yml", "rules")]
    _check_versions(rules)
    goods = _goods(folder / "goods.yml", [rule for rule, _ in rules])
    _check_use(rules, goods.values())
    return Law(
        rules=tuple(rule for rule, _ in rules),
        goods=goods,
        evidence=_evidence(folder / "evidence.yml"),
        sentences=_sentences(folder / "sentences.yml"),
        is_rest_day=is_rest_day,
    )


@lru_cache(maxsize=4096)
def is_rest_day(day: date) -> bool:
    """Whether it is a weekend or public holiday, and no 调休 working day.

    A year whose holidays are not announced yet has its weekends and the holidays of fixed date.
    """
    try:
        return bool(chinese_calendar.is_holiday(day))
    except NotImplementedError:
        return day.weekday() >= 5 or (day.month, day.day) in FIXED_HOLIDAYS


class _Entry:
    """One mapping of a file, whose fields know their lines."""

    def __init__(self, path: Path, raw: Any, node: yaml.Node, what: str) -> None:
        self._path, self._start = path, node.start_mark.line + 1
        if not isinstance(raw, dict) or not isinstance(node, yaml.MappingNode):
            raise ContentError(f"{path.name} 第 {self._start} 行：{what}要写成“字段: 值”，每项一行")
        self.raw = raw
        self._lines = {key.value: key.start_mark.line + 1 for key, _ in node.value}
        self._what = f"{what} {raw.get('id', '（无 id）')}"

    def error(self, name: str | None, problem: str) -> ContentError:
        """An error at the line of a field, or of the whole entry where the field is missing."""
        line = self._lines.get(name or "", self._start)
        return ContentError(f"{self._path.name} 第 {line} 行：{self._what}{f' 的 {name}' if name else ''}{problem}")

    def get(self, name: str) -> Any:
        if name not in self.raw or self.raw[name] is None:
            raise self.error(name, " 没有写，请补上")
        return self.raw[name]

    def refuse_unknown(self, known: Iterable[str]) -> None:
        for name in self.raw:
            if name not in set(known):
                raise self.error(str(name), " 是不认识的字段，请改正拼写或删去")

    def text(self, name: str) -> str:
        value = self.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.error(name, " 应是文字，数字和日期要加引号")
        return value.strip()

    def texts(self, name: str) -> tuple[str, ...]:
        return _texts(self.get(name), lambda problem: self.error(name, problem))

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if not isinstance(value, bool):
            raise self.error(name, " 应是 true 或 false")
        return value

    def day(self, name: str) -> date:
        value = self.get(name)
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self.error(name, " 应是日期，如 2024-07-01，不加引号")
        return value

    def number(self, name: str) -> int:
        return self._positive(name, self.get(name))

    def numbers(self, name: str) -> dict[str, int]:
        values = self.get(name)
        if not isinstance(values, dict):
            raise self.error(name, " 应写成“部件: 月数”")
        return {str(key): self._positive(name, value) for key, value in values.items()}

    def per_mille(self, name: str) -> Fraction:
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1000:
            raise self.error(name, " 应是大于 0、不超过 1000 的数（每天千分之几）")
        return Fraction(str(value))

    def requirement(self, name: str) -> str:
        value = self.text(name)
        if not re.fullmatch(r"E\d+", value):
            raise self.error(name, f" 应是服务标准的编号，如 E6，现在是 {value}")
        return value

    def one_of(self, name: str, kinds: type["_Choice"]) -> "_Choice":
        return self._choice(name, self.get(name), kinds)

    def some_of(self, name: str, kinds: type["_Choice"]) -> tuple["_Choice", ...]:
        return tuple(self._choice(name, value, kinds) for value in self.texts(name))

    def _choice(self, name: str, value: Any, kinds: type["_Choice"]) -> "_Choice":
        if value not in list(kinds):
            raise self.error(name, f" 应是 {'、'.join(kinds)} 之一，现在是 {value}")
        return kinds(value)

    def _positive(self, name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LONGEST:
            raise self.error(name, f" 应是 1 到 {_LONGEST} 的整数，现在是 {value}")
        return value


_Choice = TypeVar("_Choice", bound=StrEnum)


class _Remedy(StrEnum):
    """What a rule may open; the rest follows."""

    RETURN = "return"
    EXCHANGE = "exchange"
    REPAIR = "repair"


class _Payer(StrEnum):
    """Who may pay freight."""

    SELLER = "seller"
    BUYER = "buyer"


_READERS: Mapping[str, Callable[[_Entry, str], Any]] = {
    "id": _Entry.text,
    "requirement": _Entry.requirement,
    "clause": _Entry.text,
    "text": _Entry.text,
    "goods": _Entry.texts,
    "effective_from": _Entry.day,
    "effective_until": _Entry.day,
    "source": _Entry.text,
    "verified": _Entry.flag,
    "days": _Entry.number,
    "months": _Entry.number,
    "repairs": _Entry.number,
    "unit_months": _Entry.number,
    "main_part_months": _Entry.number,
    "accessory_months": _Entry.numbers,
    "per_mille_per_day": _Entry.per_mille,
    "options": lambda entry, name: tuple(Option(value) for value in entry.some_of(name, _Remedy)),
    "faults": lambda entry, name: entry.some_of(name, FaultKind),
    "freight": lambda entry, name: Side(entry.one_of(name, _Payer)),
    "cost_bearer": lambda entry, name: entry.one_of(name, Side),
    "cause": lambda entry, name: entry.one_of(name, Delay),
}


def _entries(path: Path, top: str) -> Iterator[_Entry]:
    """Each entry of the list under `top`."""
    raw, node = _read_with_lines(path)
    if not isinstance(raw, dict) or not isinstance(raw.get(top), list):
        raise ContentError(f"{path.name} 的最外层要写 {top}:，下面每条以“- id:”开头")
    assert isinstance(node, yaml.MappingNode)
    listed = next(value for key, value in node.value if key.value == top)
    what = {"rules": "规则", "goods": "商品"}[top]
    for entry, entry_node in zip(raw[top], listed.value, strict=True):
        yield _Entry(path, entry, entry_node, what)


def _rule(entry: _Entry) -> Rule:
    name = entry.text("kind")
    if name not in RULE_KINDS:
        raise entry.error("kind", f" 应是 {'、'.join(RULE_KINDS)} 之一，现在是 {name}")
    kind = RULE_KINDS[name]
    entry.refuse_unknown(("kind", *(field.name for field in fields(kind))))
    values = {}
    for field in fields(kind):
        may_be_absent = field.default is not MISSING or field.default_factory is not MISSING
        if not may_be_absent or entry.raw.get(field.name) is not None:
            values[field.name] = _READERS[field.name](entry, field.name)
    rule = kind(**values)
    if rule.effective_until and rule.effective_until < rule.effective_from:
        raise entry.error("effective_until", " 早于 effective_from，请改正")
    return rule


def _check_versions(rules: list[tuple[Rule, _Entry]]) -> None:
    """Refuse two rules between which a purchase could not choose."""
    for index, (rule, entry) in enumerate(rules):
        for other, _ in rules[:index]:
            if not _on_same_day(rule, other):
                continue
            if rule.id == other.id:
                raise entry.error("id", " 的两个版本日期重叠：请给旧的写上 effective_until，或换一个 id")
            is_choice = type(rule) is type(other) and not isinstance(rule, _SEVERAL) and _on_same_goods(rule, other)
            if is_choice:
                raise entry.error("kind", f" 和规则 {other.id} 管的是同一件事、同样的商品，只能留一条")


def _on_same_day(one: Rule, other: Rule) -> bool:
    last = date.max
    return one.effective_from <= (other.effective_until or last) and other.effective_from <= (
        one.effective_until or last
    )


def _on_same_goods(one: Rule, other: Rule) -> bool:
    return EVERY_KIND in (*one.goods, *other.goods) or bool(set(one.goods) & set(other.goods))


def _check_use(rules: list[tuple[Rule, _Entry]], goods: Iterable[Goods]) -> None:
    """Refuse rules for goods or accessories that the shop does not have."""
    kinds = {each.kind for each in goods}
    for rule, entry in rules:
        for kind in rule.goods:
            if kind not in {*kinds, EVERY_KIND}:
                raise entry.error("goods", f" 里的 {kind} 在 goods.yml 里没有，请写 {'、'.join(sorted(kinds))} 或 all")
        if isinstance(rule, PeriodRule):
            parts = {part for each in goods if each.kind in rule.goods for part in each.parts}
            for part in rule.accessory_months:
                if part not in parts:
                    raise entry.error("accessory_months", f" 里的 {part} 在 goods.yml 里没有，请改正或删去")


def _goods(path: Path, rules: list[Rule]) -> dict[str, Goods]:
    goods: dict[str, Goods] = {}
    called: dict[str, str] = {}
    closed = next((rule for rule in rules if isinstance(rule, ClosedListRule)), None)
    for entry in _entries(path, "goods"):
        each = _one_goods(entry, closed)
        if each.id in goods:
            raise entry.error("id", " 已经用过，请换一个")
        for words in (each.id, each.name, *each.aliases):
            if words in called:
                raise entry.error("aliases", f" 里的“{words}”已经是 {called[words]} 的叫法，请改正")
            called[words] = each.id
        goods[each.id] = each
    return goods


def _one_goods(entry: _Entry, closed: Rule | None) -> Goods:
    entry.refuse_unknown(("id", "name", "aliases", "kind", "durable", "main_parts", "accessories", "kept_from_return"))
    ground = entry.raw.get("kept_from_return")
    if ground is not None and ground not in list(Ground):
        because = f"（{closed.citation}）" if closed else ""
        raise entry.error(
            "kept_from_return",
            f" 写的是 {ground}，不是法律列明的原因：店里不能自己扩大不适用无理由退货的范围{because}，"
            f"请删去，或改为 {'、'.join(Ground)} 之一",
        )
    parts = [*_parts(entry, "main_parts", False), *_parts(entry, "accessories", True)]
    doubled = [name for name, count in Counter(w for p in parts for w in (p.name, *p.aliases)).items() if count > 1]
    if doubled:
        raise entry.error("main_parts", f" 里“{doubled[0]}”写了两次，请改正")
    return Goods(
        id=entry.text("id"),
        name=entry.text("name"),
        kind=entry.text("kind"),
        is_durable=entry.flag("durable"),
        aliases=entry.texts("aliases") if "aliases" in entry.raw else (),
        parts={part.id: part for part in parts},
        kept_from_return=Ground(ground) if ground else None,
    )


def _parts(entry: _Entry, name: str, is_accessory: bool) -> Iterator[Part]:
    raw = entry.raw.get(name) or {}
    if not isinstance(raw, dict):
        raise entry.error(name, " 应写成“英文名: [中文名, 别的叫法]”")
    for part, names in raw.items():
        words = _texts(names, partial(_part_error, entry, name, part))
        yield Part(str(part), words[0], words[1:], is_accessory)


def _part_error(entry: _Entry, name: str, part: object, problem: str) -> ContentError:
    return entry.error(name, f" 里的 {part}{problem}")


def _texts(values: Any, error: Callable[[str], ContentError]) -> tuple[str, ...]:
    is_listed = isinstance(values, list) and values
    if not is_listed or not all(isinstance(value, str) and value.strip() for value in values):
        raise error(" 应是列表，至少一项，如 [甲, 乙]；数字和日期要加引号")
    return tuple(values)


def _evidence(path: Path) -> dict[Option, tuple[str, ...]]:
    entry = _only(path, "evidence", "材料")
    entry.refuse_unknown(Option)
    return {option: entry.texts(option) for option in Option}


def _sentences(path: Path) -> dict[str, str]:
    entry = _only(path, "sentences", "句子")
    entry.refuse_unknown(SENTENCES)
    for key, allowed in SENTENCES.items():
        for name in _braces(entry, key):
            if name not in allowed:
                known = "、".join(f"{{{value}}}" for value in sorted(allowed)) or "不带大括号的文字"
                raise entry.error(key, f" 里的 {{{name}}} 程序填不出来，可以用：{known}")
    return {key: entry.text(key) for key in SENTENCES}


def _braces(entry: _Entry, key: str) -> list[str]:
    try:
        parsed = list(string.Formatter().parse(entry.text(key)))
    except ValueError as error:
        raise entry.error(key, " 的大括号不成对，请改正") from error
    if any(specification or conversion for _, _, specification, conversion in parsed):
        raise entry.error(key, " 的大括号里只能写名字")
    return [name for _, name, _, _ in parsed if name is not None]


def _only(path: Path, top: str, what: str) -> _Entry:
    """The mapping under `top`, which is all that the file holds."""
    raw, node = _read_with_lines(path)
    if not isinstance(raw, dict) or set(raw) != {top} or not isinstance(node, yaml.MappingNode):
        raise ContentError(f"{path.name} 的最外层只写 {top}:，下面每项一行")
    return _Entry(path, raw[top], node.value[0][1], what)
