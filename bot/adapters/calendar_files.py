"""The business calendars as staff write them, with China's public holidays and 调休 working days (D7)."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from chinese_calendar.constants import Holiday, holidays, workdays  # type: ignore[import-untyped]

from bot.adapters.content_files import CONTENT
from bot.adapters.yaml_places import Key, YamlFile
from bot.domain.calendar import ALWAYS, Blocks, Calendar, Calendars, DayKind, SpecialDay, in_order, read_block

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FILE = {"default", "teams", "calendars", "overrides", "arranged_until"}
_CALENDAR = {"title", "week", "holiday", "workday"}
_OVERRIDE = {"date", "day", "reason"}


def load_calendars(folder: Path = CONTENT) -> Calendars:
    """The calendars of `calendar.yml`, and `always`.

    Raises:
        ContentError: the file is wrong; the message names the line and the cure.
    """
    file = YamlFile(folder / "calendar.yml")
    file.mapping((), _FILE)
    special_days = _state_holidays() | _overrides(file)
    arranged_until = _day(file, ("arranged_until",)) if "arranged_until" in file.content else _last_arranged_day()
    named = {ALWAYS.name: ALWAYS}
    for name in file.mapping(("calendars",)):
        if name == ALWAYS.name:
            raise file.wrong(("calendars", name), "always 是内置的全天日历，请换一个名字")
        named[name] = _calendar(file, name, special_days.get, arranged_until)
    for place in (("default",), *(("teams", team) for team in file.mapping(("teams",)))):
        if file.text(place) not in named:
            raise file.wrong(place, f"没有日历 {file.at(place)}，可以写 {'、'.join(named)}")
    return Calendars(named, file.content["teams"], file.content["default"])


def _state_holidays() -> dict[date, SpecialDay]:
    """What the State Council has announced so far, as the package knows it."""
    rest = {day: SpecialDay(DayKind.HOLIDAY, Holiday(name).chinese) for day, name in holidays.items()}
    return rest | {day: SpecialDay(DayKind.WORKDAY, Holiday(name).chinese) for day, name in workdays.items()}


def _last_arranged_day() -> date:
    return date(max(holidays).year, 12, 31)


def _calendar(
    file: YamlFile, name: str, special_day: Callable[[date], SpecialDay | None], arranged_until: date
) -> Calendar:
    place = ("calendars", name)
    written = file.mapping(place, _CALENDAR)
    week = _week(file, (*place, "week"))
    if not any(week):
        raise file.wrong((*place, "week"), "一周里没有任何工作时段，请至少写一段")
    return Calendar(
        name=name,
        title=f"“{file.text((*place, 'title'))}”",
        week=week,
        special_day=special_day,
        on_holiday=_blocks(file, (*place, "holiday")) if "holiday" in written else (),
        on_workday=_blocks(file, (*place, "workday")) if "workday" in written else next(filter(None, week)),
        arranged_until=arranged_until,
    )


def _week(file: YamlFile, place: tuple[Key, ...]) -> tuple[Blocks, ...]:
    week: list[Blocks] = [()] * 7
    written: set[int] = set()
    for days in file.mapping(place):
        numbers = _days_of_week(days)
        if not numbers or written.intersection(numbers):
            raise file.wrong((*place, days), f"{days} 应是 mon 到 sun 之一，或 mon-fri 这样的一段，并且每天只写一次")
        written.update(numbers)
        for number in numbers:
            week[number] = _blocks(file, (*place, days))
    return tuple(week)


def _days_of_week(text: str) -> range:
    first, _, last = text.partition("-")
    if first not in _WEEKDAYS or (last or first) not in _WEEKDAYS:
        return range(0)
    return range(_WEEKDAYS.index(first), _WEEKDAYS.index(last or first) + 1)


def _blocks(file: YamlFile, place: tuple[Key, ...]) -> Blocks:
    try:
        blocks = tuple(read_block(str(text)) for text in file.listed(place))
    except ValueError as error:
        raise file.wrong(place, str(error)) from error
    if not in_order(blocks):
        raise file.wrong(place, "时段要按先后写，互不重叠")
    return blocks


def _overrides(file: YamlFile) -> dict[date, SpecialDay]:
    """Dates that differ from what the state has announced, or that it has not announced yet."""
    found: dict[date, SpecialDay] = {}
    for number in range(len(file.listed(("overrides",))) if "overrides" in file.content else 0):
        place: tuple[Key, ...] = ("overrides", number)
        file.mapping(place, _OVERRIDE)
        day = _day(file, (*place, "date"))
        if day in found:
            raise file.wrong(place, f"{day} 已经写过，请合并或删去一处")
        found[day] = _special_day(file, place)
    return found


def _special_day(file: YamlFile, place: tuple[Key, ...]) -> SpecialDay:
    kind, reason = file.at((*place, "day")), file.text((*place, "reason"))
    if isinstance(kind, list):
        return SpecialDay(DayKind.OTHER_HOURS, reason, _blocks(file, (*place, "day")))
    if kind not in (DayKind.HOLIDAY, DayKind.WORKDAY):
        raise file.wrong(place, '请写 day: holiday（放假）、day: workday（上班），或 day: ["09:00-12:00"]')
    return SpecialDay(DayKind(kind), reason)


def _day(file: YamlFile, place: tuple[Key, ...]) -> date:
    value = file.at(place)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise file.wrong(place, f"{place[-1]} 应是日期，如 2027-01-01，不加引号")
    return value
