"""The service levels as staff write them (D1-D8, E4)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.adapters.calendar_files import load_calendars
from bot.adapters.content_files import CONTENT
from bot.adapters.yaml_places import Key, YamlFile
from bot.domain.actor import LEVELS, Role
from bot.domain.calendar import ALWAYS, Calendars
from bot.domain.dates import SHANGHAI
from bot.domain.sla import Limit, Policy, Target, Unit, Warn, Within
from bot.domain.ticket import Kind, Status

_LIMIT = {"within", "clause", "calendar", "priority", "warn_at", "pauses", "escalate_to", "tells_customer"}
_PRIORITIES = {"high": 1, "urgent": 2}
_NEVER_PAUSED = {Target.FIRST_REPLY: "人工首次答复", Target.REFUND: "法定退款期限"}
_LONGEST = {
    Target.FIRST_REPLY: (timedelta(hours=24), "D3：每条意见 24 小时内要有人答复"),
    Target.REFUND: (timedelta(days=15), "E4：超过 15 天未处理退款，法律视为故意拖延"),
}
_LONGEST_COMPLAINT = (timedelta(days=31), "D2：投诉一个月内办结")
_SOME_DAY = datetime(2026, 1, 1, tzinfo=SHANGHAI)
"""From which a month has 31 days."""
_HOURS_OF = {"hours": timedelta(hours=1), "days": timedelta(days=1)}


def load_sla(folder: Path = CONTENT, calendars: Calendars | None = None) -> Policy:
    """The promises of `sla.yml`.

    Args:
        calendars: those that `load_calendars` gives for the same folder, where they are read already.

    Raises:
        ContentError: the file is wrong; the message names the line and the cure.
    """
    file = YamlFile(folder / "sla.yml")
    calendars = calendars or load_calendars(folder)
    file.mapping((), {"targets"})
    kinds = file.mapping(("targets",), {kind.value for kind in Kind})
    if missing := [kind.value for kind in Kind if kind not in kinds]:
        raise file.wrong(("targets",), f"缺少 {'、'.join(missing)}：每类工单都要有 first_reply")
    return Policy({kind: _limits(file, ("targets", kind), calendars) for kind in kinds}, calendars)


def _limits(file: YamlFile, place: tuple[Key, ...], calendars: Calendars) -> tuple[Limit, ...]:
    written = file.mapping(place, {target.value for target in Target})
    if Target.FIRST_REPLY not in written:
        raise file.wrong(place, "缺少 first_reply：每类工单都要承诺多久由人答复（D3、D8）")
    return tuple(_limit(file, (*place, target.value), target, calendars) for target in Target if target in written)


def _limit(file: YamlFile, place: tuple[Key, ...], target: Target, calendars: Calendars) -> Limit:
    written = file.mapping(place, _LIMIT)
    within = _within(file, (*place, "within"))
    _require_allowed(file, place, target, within)
    return Limit(
        target=target,
        clause=file.text((*place, "clause")),
        within=within,
        by_priority=_by_priority(file, (*place, "priority"), within) if "priority" in written else {},
        warn_at=_warnings(file, (*place, "warn_at"), within) if "warn_at" in written else (),
        pauses=_pauses(file, (*place, "pauses"), target) if "pauses" in written else frozenset(),
        calendar=_calendar(file, (*place, "calendar"), within, calendars),
        escalate_to=_level(file, (*place, "escalate_to")) if "escalate_to" in written else Role.MANAGER,
        tells_customer=_yes_or_no(file, (*place, "tells_customer")) if "tells_customer" in written else True,
    )


def _within(file: YamlFile, place: tuple[Key, ...]) -> Within:
    written = file.mapping(place, {unit.value for unit in Unit})
    if len(written) != 1:
        raise file.wrong(place, "时限写一个单位，如 within: {hours: 4}")
    [(name, count)] = written.items()
    unit = Unit(name)
    if not _is_number(count) or count <= 0 or (unit is Unit.MONTHS and count != int(count)):
        raise file.wrong((*place, name), f"{name} 应是大于 0 的数，月数要是整数")
    return Within(count, unit)


def _require_allowed(file: YamlFile, place: tuple[Key, ...], target: Target, within: Within) -> None:
    """The standard and the law set the longest limits; content may only be faster."""
    longest = _LONGEST.get(target)
    if target is Target.RESOLUTION and place[1] == Kind.COMPLAINT:
        longest = _LONGEST_COMPLAINT
    if longest and (within.unit is Unit.WORKING_HOURS or within.time(_SOME_DAY) > longest[0]):
        raise file.wrong((*place, "within"), f"{within}太长，或不是按自然时间计（{longest[1]}），请改短")


def _by_priority(file: YamlFile, place: tuple[Key, ...], normal: Within) -> Mapping[int, Within]:
    found: dict[int, Within] = {}
    for name in file.mapping(place, set(_PRIORITIES)):
        within = _within(file, (*place, name))
        if within.unit is not normal.unit or within.count > normal.count:
            raise file.wrong((*place, name), f"优先级高的要用同样的单位，并且不比 {normal}长")
        found[_PRIORITIES[name]] = within
    return found


def _warnings(file: YamlFile, place: tuple[Key, ...], within: Within) -> tuple[Warn, ...]:
    warnings = tuple(_warn(file, (*place, number)) for number in range(len(file.listed(place))))
    limit = within.time(_SOME_DAY)
    for number, warn in enumerate(warnings):
        if not timedelta() < warn.time(limit) < limit:
            raise file.wrong((*place, number), f"提醒要在起点之后、到期之前，时限是 {within}")
    return warnings


def _warn(file: YamlFile, place: tuple[Key, ...]) -> Warn:
    value: Any = file.at(place)
    if _is_number(value):
        return Warn(share=value)
    if isinstance(value, dict) and len(value) == 1:
        [(name, count)] = value.items()
        side, _, unit = str(name).partition("_")
        if side in ("after", "before") and unit in _HOURS_OF and _is_number(count):
            offset = count * _HOURS_OF[unit]
            return Warn(offset=offset) if side == "after" else Warn(share=1, offset=-offset)
    raise file.wrong(place, "提醒写成 0.75、{after_days: 7} 或 {before_hours: 1}")


def _pauses(file: YamlFile, place: tuple[Key, ...], target: Target) -> frozenset[str]:
    pauses = file.listed(place)
    if pauses and target in _NEVER_PAUSED:
        raise file.wrong(place, f"{_NEVER_PAUSED[target]}不能暂停，请删去 pauses")
    for number, status in enumerate(pauses):
        if status not in set(Status):
            raise file.wrong((*place, number), f"没有状态 {status}，可以写 {'、'.join(Status)}")
    return frozenset(pauses)


def _calendar(file: YamlFile, place: tuple[Key, ...], within: Within, calendars: Calendars) -> str | None:
    name = file.at(place)
    if within.unit is not Unit.WORKING_HOURS:
        if name not in (None, ALWAYS.name):
            raise file.wrong(place, "小时、天和月都按自然时间计；要按日历计，请写 within: {working_hours: …}")
        return ALWAYS.name
    if name in (None, "team"):
        return None
    if name not in calendars.named:
        raise file.wrong(place, f"没有日历 {name}，可以写 team、{'、'.join(calendars.named)}")
    return str(name)


def _level(file: YamlFile, place: tuple[Key, ...]) -> Role:
    if file.at(place) not in LEVELS:
        raise file.wrong(place, f"可以写 {'、'.join(LEVELS)}")
    return Role(file.at(place))


def _yes_or_no(file: YamlFile, place: tuple[Key, ...]) -> bool:
    value = file.at(place)
    if not isinstance(value, bool):
        raise file.wrong(place, "请写 true 或 false")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
