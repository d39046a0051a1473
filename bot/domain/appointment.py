"""Which free slot a customer means: 「周三下午」, 「明天（11 月 24 日）09:00-12:00」 (B2, G11)."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from bot.domain.dates import SHANGHAI, local_day
from bot.domain.numbers import chinese_number
from bot.domain.visit import Slot

_NEAR = {"今": 0, "明": 1, "大后": 3, "后": 2}
_WEEKDAYS = "一二三四五六日"
_NUMBER = r"\d{1,2}|[一二两三四五六七八九十]{1,3}"
_NAMED_DAY = re.compile(
    rf"(?P<month>{_NUMBER}) ?月 ?(?P<of>{_NUMBER}) ?[日号]?|(?<!\d)(?P<day>\d{{1,2}}) ?[日号]"
    r"|(?P<near>大后|今|明|后)(?:天|日|儿|早|晚)"
    r"|(?P<next>下+)?(?:这|本)?个?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])|(?P<weekend>周末|双休日)"
)
_PARTS = (
    (re.compile(r"早上|上午|早晨|清早|明早|中午以?前"), time(0), time(12)),
    (re.compile(r"中午|下午|午后"), time(12), time(17)),
    (re.compile(r"晚上|傍晚|今晚|明晚|下班"), time(17), time(23, 59)),
)
_CLOCK = re.compile(rf"(?P<clock>\d{{1,2}}):(?P<minutes>\d{{2}})|(?P<hour>{_NUMBER}) ?点(?P<half>半)?")


def slots_meant(words: str, free: Sequence[Slot], now: datetime) -> list[Slot]:
    """The free slots that fit the words; all of them fit who names neither day nor hour.

    Args:
        words: what the customer said, in simplified characters.
        free: slots that may be booked.
        now: when it was said.
    """
    days = _days_named(words, local_day(now))
    return [slot for slot in free if _fits(slot, days, words)]


def slot_meant(words: str, free: Sequence[Slot], now: datetime) -> Slot | None:
    """The one free slot that the words name; None where they name none or leave a choice."""
    named = _NAMED_DAY.search(words)
    fitting = slots_meant(words, free, now) if named else []
    return fitting[0] if len(fitting) == 1 else None


def _fits(slot: Slot, days: list[date], words: str) -> bool:
    begins, ends = slot.starts_at.astimezone(SHANGHAI), slot.ends_at.astimezone(SHANGHAI)
    if days and begins.date() not in days:
        return False
    if hour := _hour_named(words):
        return begins.time() <= hour < ends.time()
    parts = [(first, last) for pattern, first, last in _PARTS if pattern.search(words)]
    return not parts or any(first <= begins.time() < last for first, last in parts)


def _days_named(words: str, today: date) -> list[date]:
    return [day for match in _NAMED_DAY.finditer(words) for day in _days_of(match, today)]


def _days_of(match: re.Match[str], today: date) -> list[date]:
    monday = today - timedelta(days=today.weekday())
    if match["near"]:
        return [today + timedelta(days=_NEAR[match["near"]])]
    if match["weekend"]:
        return [monday + timedelta(days=5), monday + timedelta(days=6)]
    if match["weekday"]:
        day = monday + timedelta(
            days=_WEEKDAYS.index(match["weekday"].replace("天", "日")) + 7 * len(match["next"] or "")
        )
        # On a Thursday 「周三」 is the one to come.
        return [day if day >= today or match["next"] else day + timedelta(days=7)]
    return _dates(match, today)


def _dates(match: re.Match[str], today: date) -> list[date]:
    """The next such day: 「3号」 said on the 20th is next month's."""
    day = chinese_number(match["of"] or match["day"]) or 0
    if match["month"]:
        months = [(year, chinese_number(match["month"]) or 0) for year in (today.year, today.year + 1)]
    else:
        months = [(today.year, today.month), (today.year + today.month // 12, today.month % 12 + 1)]
    possible = [found for year, month in months if (found := _day(year, month, day)) and found >= today]
    return possible[:1]


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _hour_named(words: str) -> time | None:
    match = _CLOCK.search(words)
    if not match:
        return None
    hour = int(match["clock"]) if match["clock"] else chinese_number(match["hour"]) or 0
    if hour < 12 and re.search(r"下午|晚上|傍晚|今晚|明晚", words):
        hour += 12
    minute = int(match["minutes"]) if match["minutes"] else 30 if match["half"] else 0
    return time(hour, minute) if hour < 24 and minute < 60 else None
