"""The compensation policy as staff write it, refused where it is unsound (A5, A11)."""

import re
from pathlib import Path

from bot.adapters.content_files import CONTENT, load_forbidden
from bot.adapters.yaml_places import Key, YamlFile
from bot.domain.actor import LEVELS, Role
from bot.domain.compensation import AMOUNT, ANSWERS, DEMAND, MORAL_WAY, Cause, Delay, Item, ItemKind, Policy, Way
from bot.domain.wording import Forbidden, forbidden_in

_FILE = {
    "version", "source", "cap_fen", "goodwill_least_share", "limits", "tiers", "items", "moral", "answers", "causes",
}  # fmt: skip
_CAUSE = {"name", "clause", "goodwill_fen", "budget_fen", "delay", "ways"}
_DELAY = ("per_day_fen", "per_day_permille", "most_fen")
_NO_PROMISE = ("申请", "方案")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|[{}]")

Place = tuple[Key, ...]


def load_compensation(folder: Path = CONTENT) -> Policy:
    """The policy of `compensation.yml`.

    Raises:
        ContentError: a field is unknown, missing or negative, limits or tiers do not rise, an item is none of the
            policy's, or a text contains a 忌语 (A4) or reads like a promise (F9); the message names line and cure.
    """
    file = YamlFile(folder / "compensation.yml")
    forbidden = load_forbidden(folder)
    file.mapping((), _FILE)
    items = {name: _item(file, name, forbidden) for name in file.mapping(("items",))}
    return Policy(
        version=_whole(file, ("version",), least=1),
        source=file.text(("source",)),
        cap_fen=_whole(file, ("cap_fen",), least=1),
        goodwill_least_share=_whole(file, ("goodwill_least_share",), most=100),
        limits=_limits(file),
        tiers=_tiers(file),
        items=items,
        moral=_moral(file, items),
        answers=_answers(file, forbidden),
        causes={name: _cause(file, name, items) for name in file.mapping(("causes",))},
    )


def _limits(file: YamlFile) -> dict[Role, int]:
    file.mapping(("limits",), {level.value for level in LEVELS})
    limits: dict[Role, int] = {}
    for level in LEVELS:
        limits[level] = _whole(file, ("limits", level.value), least=max(limits.values(), default=-1) + 1)
    return limits


def _tiers(file: YamlFile) -> dict[str, int]:
    tiers: dict[str, int] = {}
    for number in range(len(file.listed(("tiers",)))):
        place: Place = ("tiers", number)
        file.mapping(place, {"name", "percent"})
        name = file.text((*place, "name"))
        if name in tiers:
            raise file.wrong(place, f"等级 {name} 已经写过，请删去一处")
        tiers[name] = _whole(file, (*place, "percent"), least=max(tiers.values(), default=0))
    if not tiers:
        raise file.wrong(("tiers",), "请至少写一个客户等级")
    return tiers


def _item(file: YamlFile, name: str, forbidden: tuple[Forbidden, ...]) -> Item:
    place: Place = ("items", name)
    file.mapping(place, {"name", "kind", "text"})
    kind = file.text((*place, "kind"))
    if kind not in set(ItemKind):
        raise file.wrong((*place, "kind"), f"kind 应是 {' 或 '.join(ItemKind)}")
    text = _sentence(file, (*place, "text"), {AMOUNT}, forbidden)
    item = Item(name, file.text((*place, "name")), ItemKind(kind), text)
    if item.carries_money and item.kind is ItemKind.MORAL:
        raise file.wrong((*place, "text"), "moral 的不带金额，请去掉 {amount}，或把 kind 改为 material")
    return item


def _moral(file: YamlFile, items: dict[str, Item]) -> tuple[str, ...]:
    moral = _known_items(file, ("moral",), items)
    for number, name in enumerate(moral):
        if items[name].kind is not ItemKind.MORAL:
            raise file.wrong(("moral", number), f"{name} 不是 moral 的，这里只写不涉及金额的")
    if not moral:
        raise file.wrong(("moral",), "请至少写一项，比如书面致歉：每位客户都要有一个不涉及金额的办法")
    return moral


def _answers(file: YamlFile, forbidden: tuple[Forbidden, ...]) -> dict[str, str]:
    file.mapping(("answers",), set(ANSWERS))
    return {name: _sentence(file, ("answers", name), {AMOUNT, DEMAND}, forbidden) for name in sorted(ANSWERS)}


def _cause(file: YamlFile, name: str, items: dict[str, Item]) -> Cause:
    place: Place = ("causes", name)
    written = file.mapping(place, _CAUSE)
    return Cause(
        id=name,
        name=file.text((*place, "name")),
        clause=file.text((*place, "clause")),
        goodwill_fen=_goodwill(file, (*place, "goodwill_fen")),
        budget_fen=_whole(file, (*place, "budget_fen")),
        ways=_ways(file, (*place, "ways"), items),
        delay=_delay(file, (*place, "delay")) if "delay" in written else None,
    )


def _goodwill(file: YamlFile, place: Place) -> tuple[int, int, int]:
    if len(file.listed(place)) != 3:
        raise file.wrong(place, "要写三个金额，依次是轻、中、重")
    light = _whole(file, (*place, 0))
    middle = _whole(file, (*place, 1), least=light)
    return light, middle, _whole(file, (*place, 2), least=middle)


def _delay(file: YamlFile, place: Place) -> Delay:
    file.mapping(place, set(_DELAY))
    return Delay(*(_whole(file, (*place, name)) for name in _DELAY))


def _ways(file: YamlFile, place: Place, items: dict[str, Item]) -> tuple[Way, ...]:
    names = list(file.mapping(place))
    if not names:
        raise file.wrong(place, "请至少写一种办法")
    if MORAL_WAY in names:
        raise file.wrong((*place, MORAL_WAY), f"{MORAL_WAY} 留给不涉及金额的办法，请换一个名字")
    return tuple(_way(file, (*place, name), name, items) for name in names)


def _way(file: YamlFile, place: Place, name: str, items: dict[str, Item]) -> Way:
    written = file.mapping(place, {"owed", "goodwill", "also"})
    also = _known_items(file, (*place, "also"), items) if "also" in written else ()
    for number, item in enumerate(also):
        if items[item].carries_money:
            raise file.wrong((*place, "also", number), f"{item} 带金额，请写到 owed 或 goodwill 里")
    goodwill = _carrier(file, (*place, "goodwill"), items) if "goodwill" in written else None
    return Way(name, _carrier(file, (*place, "owed"), items), goodwill, also)


def _carrier(file: YamlFile, place: Place, items: dict[str, Item]) -> str:
    name = file.text(place)
    if name not in items or not items[name].carries_money:
        raise file.wrong(place, f"{name} 不带金额，可以写 {'、'.join(i.id for i in items.values() if i.carries_money)}")
    return name


def _known_items(file: YamlFile, place: Place, items: dict[str, Item]) -> tuple[str, ...]:
    names = tuple(file.text((*place, number)) for number in range(len(file.listed(place))))
    for number, name in enumerate(names):
        if name not in items:
            raise file.wrong((*place, number), f"items 里没有 {name}，可以写 {'、'.join(items)}")
    return names


def _sentence(file: YamlFile, place: Place, placeholders: set[str], forbidden: tuple[Forbidden, ...]) -> str:
    """What a customer may read: no 忌语, and no promise."""
    text = file.text(place)
    if found := forbidden_in(text, forbidden):
        raise file.wrong(place, f"含忌语“{found[0].phrase}”，请改为：{found[0].better}")
    if not any(word in text for word in _NO_PROMISE):
        raise file.wrong(place, "读起来像承诺：批准之前只能说“申请”或“方案”，请改写")
    if set(_PLACEHOLDER.findall(text)) - placeholders:
        raise file.wrong(place, f"花括号里只能写 {' 或 '.join(sorted(placeholders))}")
    return text


def _whole(file: YamlFile, place: Place, least: int = 0, most: int | None = None) -> int:
    value = file.at(place)
    if not isinstance(value, int) or isinstance(value, bool) or value < least or (most is not None and value > most):
        name = place[-1] if isinstance(place[-1], str) else "金额"
        raise file.wrong(place, f"{name} 应是整数，不小于 {least}{'' if most is None else f'、不大于 {most}'}")
    return value
