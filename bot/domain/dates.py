"""Days and times between what customers say and aware UTC: 「上周六」 to a date, a deadline to 「明天 10:30 前」.

Asia/Shanghai appears only here (invariant 8).
"""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "俩": 2,
    "三": 3,
    "仨": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_NUMBER = r"(?:\d{1,3}|[零〇一二两俩三仨四五六七八九十半]{1,3})"
_DAY_WORDS = {
    "今天": 0,
    "今日": 0,
    "今早": 0,
    "今晚": 0,
    "刚刚": 0,
    "昨天": 1,
    "昨晚": 1,
    "昨日": 1,
    "前天": 2,
    "大前天": 3,
}
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5}
_SHOPPING_DAYS = {
    "双十一": (11, 11),
    "双11": (11, 11),
    "双十二": (12, 12),
    "双12": (12, 12),
    "618": (6, 18),
    "六一八": (6, 18),
    "国庆": (10, 1),
    "五一": (5, 1),
    "元旦": (1, 1),
}

DATE_EXPRESSION = re.compile(
    rf"(?P<full>(?:20)?\d{{2}}[年./-]\d{{1,2}}[月./-]\d{{1,2}}[日号]?)"
    rf"|(?P<monthday>(?:去年)?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,2}})月(?:\d{{1,2}}|[一二三四五六七八九十]{{1,3}})[日号]?)"
    rf"|(?<![这那近每第])(?P<ago>{_NUMBER}个?(?:多)?(?:天|日|周|星期|礼拜|月|年)(?:多|半)?(?:之?前|以前)?)(?!以?内|以上)"
    rf"|(?P<week>上个?(?:周|星期|礼拜)[一二三四五六日天末]?)"
    rf"|(?P<shopping>(?:去年)?(?:双十一|双11|双十二|双12|618|六一八|国庆|五一|元旦))"
    rf"|(?P<lastmonth>上个?月(?:\d{{1,2}}[日号])?|去年(?:\d{{1,2}}月)?|前年)"
    rf"|(?P<word>大前天|今天|今日|今早|今晚|刚刚|昨天|昨晚|昨日|前天)"
)


def chinese_number(text: str) -> int | None:
    """`三` → 3, `十二` → 12, `三十` → 30, `12` → 12; None where it is no whole number below 1000."""
    if text.isdigit():
        return int(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        if (tens and tens not in _DIGITS) or (ones and ones not in _DIGITS):
            return None
        return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
    return _DIGITS.get(text)


def local_day(moment: datetime) -> date:
    """The calendar day in Shanghai of an aware moment."""
    return moment.astimezone(SHANGHAI).date()


def past_date(expression: str, today: date) -> date | None:
    """The day that an expression such as 「上周六」 or 「11月3号」 means, never later than `today`.

    Args:
        expression: what `DATE_EXPRESSION` matched.
        today: the day in Shanghai on which it was said.

    Returns:
        The date, or None where the expression names no possible day.
    """
    match = DATE_EXPRESSION.fullmatch(expression)
    if not match:
        return None
    try:
        found = _READERS[match.lastgroup or ""](expression, today)
    except (ValueError, OverflowError):  # 2月30号, or a year out of range
        return None
    return found if found and found <= today else None


def spoken_date(expression: str, today: date) -> str | None:
    """The day as ISO 8601, no more precise than it was said.

    「昨天」 → `2026-11-02`, 「上个月」 → `2026-10`, 「去年」 → `2025`.
    """
    day = past_date(expression, today)
    if day is None:
        return None
    if re.fullmatch(r"去年|前年|.*年(?:多|半)?(?:之?前|以前)?", expression):
        return f"{day:%Y}"
    if re.fullmatch(r"上个?月|去年.*月|.*月(?:多|半)?(?:之?前|以前)?", expression):
        return f"{day:%Y-%m}"
    return day.isoformat()


def spoken_in_words(iso: str) -> str:
    """What `spoken_date` gave, as people write it: `2026-10` → `2026 年 10 月`."""
    units = zip((int(n) for n in iso.split("-")), ("年", "月", "日"), strict=False)
    return " ".join(f"{number} {unit}" for number, unit in units)


def _full(text: str, today: date) -> date:
    year, month, day = (int(n) for n in re.findall(r"\d+", text)[:3])
    return date(year + 2000 if year < 100 else year, month, day)


def _month_day(text: str, today: date) -> date | None:
    month_text, day_text = re.sub(r"去年|[日号]", "", text).split("月")
    month, day = chinese_number(month_text), chinese_number(day_text)
    if not month or not day:
        return None
    year = today.year - 1 if "去年" in text else today.year
    return _latest_not_after(today, year, month, day)


def _ago(text: str, today: date) -> date | None:
    match = re.match(rf"({_NUMBER})个?多?(天|日|周|星期|礼拜|月|年)", text)
    if not match:
        return None
    count = 0.5 if match[1] == "半" else chinese_number(match[1])
    if count is None:
        return None
    days = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "年": 365}[match[2]]
    return today - timedelta(days=int(count * days))


def _week(text: str, today: date) -> date:
    monday = today - timedelta(days=today.weekday() + 7)
    return monday + timedelta(days=_WEEKDAYS.get(text[-1], 0))


def _last_month(text: str, today: date) -> date:
    if text.startswith("前年"):
        return date(today.year - 2, 1, 1)
    if text.startswith("去年"):
        month = re.search(r"(\d{1,2})月", text)
        return date(today.year - 1, int(month[1]) if month else 1, 1)
    last = today.replace(day=1) - timedelta(days=1)
    day = re.search(r"(\d{1,2})[日号]", text)
    return last.replace(day=int(day[1]) if day else 1)


def _shopping(text: str, today: date) -> date:
    month, day = _SHOPPING_DAYS[text.removeprefix("去年")]
    return _latest_not_after(today, today.year - 1 if text.startswith("去年") else today.year, month, day)


def _word(text: str, today: date) -> date:
    return today - timedelta(days=_DAY_WORDS[text])


def _latest_not_after(today: date, year: int, month: int, day: int) -> date:
    found = date(year, month, day)
    return found if found <= today else date(year - 1, month, day)


_READERS = {
    "full": _full,
    "monthday": _month_day,
    "ago": _ago,
    "week": _week,
    "lastmonth": _last_month,
    "shopping": _shopping,
    "word": _word,
}


def day_in_words(day: date) -> str:
    """A date as people write it: `2026 年 11 月 3 日`."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def moment_in_words(moment: datetime, now: datetime) -> str:
    """An aware moment as a customer reads it in Shanghai: `今天 18:30`, `明天 10:00`, `11 月 26 日 09:00` (D8)."""
    local, today = moment.astimezone(SHANGHAI), local_day(now)
    day = {0: "今天", 1: "明天", 2: "后天"}.get((local.date() - today).days, f"{local.month} 月 {local.day} 日")
    return f"{day} {local:%H:%M}"


def as_utc(moment: datetime) -> datetime:
    """An aware moment in UTC; a naive one (SQLite returns them) is UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
