"""Days and times between what customers say and aware UTC: 「上周六」 to a date, a deadline to 「明天 10:30 前」.

Asia/Shanghai appears only here (invariant 8).
"""

import re
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from bot.domain.numbers import chinese_number, decimal_number

SHANGHAI = ZoneInfo("Asia/Shanghai")

_NUMBER = r"(?:\d{1,3}|[零〇一二两俩三仨四五六七八九十半]{1,3})"
_DAY_WORDS = {
    "今天": 0,
    "今日": 0,
    "今儿": 0,
    "今早": 0,
    "今晚": 0,
    "刚刚": 0,
    "昨天": 1,
    "昨晚": 1,
    "昨日": 1,
    "昨儿": 1,
    "前天": 2,
    "前儿": 2,
    "大前天": 3,
}
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5}
_NUMBERED_DAYS = {"618": (6, 18), "六一八": (6, 18), "五一": (5, 1), "六一": (6, 1), "十一": (10, 1)}
_FIXED_DAYS = {
    "双十一": (11, 11), "双11": (11, 11), "双十二": (12, 12), "双12": (12, 12), "国庆": (10, 1), "劳动节": (5, 1),
    "元旦": (1, 1), "三八节": (3, 8), "女神节": (3, 8), "儿童节": (6, 1), "圣诞": (12, 25), "情人节": (2, 14),
    "教师节": (9, 10), **_NUMBERED_DAYS,
}  # fmt: skip
_MOON_DAYS = {
    "春节": {2023: (1, 22), 2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26)},
    "元宵": {2023: (2, 5), 2024: (2, 24), 2025: (2, 12), 2026: (3, 3), 2027: (2, 20), 2028: (2, 9)},
    "端午": {2023: (6, 22), 2024: (6, 10), 2025: (5, 31), 2026: (6, 19), 2027: (6, 9), 2028: (5, 28)},
    "七夕": {2023: (8, 22), 2024: (8, 10), 2025: (8, 29), 2026: (8, 19), 2027: (8, 8), 2028: (8, 26)},
    "中秋": {2023: (9, 29), 2024: (9, 17), 2025: (10, 6), 2026: (9, 25), 2027: (9, 15), 2028: (10, 3)},
}
"""Festivals of the lunar calendar as the state's holiday notices date them; 「过年」 means 春节."""
_COUNTED = "个台件箱双套盒瓶包袋条只支把张块片本月点号日年天周元楼层岁分人次米斤"
_NAMED_DAYS = "|".join((*(_FIXED_DAYS.keys() - _NUMBERED_DAYS.keys()), *_MOON_DAYS, "过年"))
_FESTIVAL = (
    rf"{_NAMED_DAYS}|(?<![\d一二三四五六七八九十百])(?:{'|'.join(_NUMBERED_DAYS)})"
    rf"(?![\d一二三四五六七八九十百千万{_COUNTED}])"
)
"""「十一」 is a festival, 「十一个」 a number."""
_NUMERAL = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"

DATE_EXPRESSION = re.compile(
    rf"(?P<full>(?:20)?\d{{2}}[年./-]{_NUMERAL}[月./-]{_NUMERAL}[日号]?)"
    rf"|(?P<yearmonth>20\d{{2}}年{_NUMERAL}月份?|20\d{{2}}年(?:年?[初中底末]|[春夏秋冬]天?)?)"
    rf"|(?P<monthday>(?:[去今前]年)?{_NUMERAL}月份?{_NUMERAL}[日号]?(?![\d个年]))"
    rf"|(?P<ago>(?:{_NUMBER}(?:个半?)?[多来]?(?:天|日|周|星期|礼拜|月|年)[多半]?|半年|半个月|年)"
    r"(?:之前|以前|前(?![几台天一面后])))"
    rf"|(?P<week>(?:上+|这|本)个?(?:周|星期|礼拜)[一二三四五六日天末]?)"
    rf"|(?P<festival>(?:[去今前]年)?(?:{_FESTIVAL})节?)"
    rf"|(?P<month>(?:上上?个?|这个?|本)月(?:{_NUMERAL}[日号]|[初中底末])?|(?:[去今前]年)?{_NUMERAL}月份?[初中底末]?(?![\d个])"
    rf"|[去今前]年(?!(?:都|快|已经)?(?:\d{{1,3}}|[一二三四五六七八九十]{{1,3}})(?:岁|了))(?:年?[初中底末]|[春夏秋冬]天?)?)"
    rf"|(?P<slash>(?<![\d/.]){_NUMERAL}/{_NUMERAL}(?![\d/]))"
    rf"|(?P<day>(?<![\d月年/-])\d{{1,2}}[号日](?!楼|线|店|码|院|门|机|电池|仓))"
    rf"|(?P<word>大前天|今天|今日|今儿|今早|今晚|刚刚|昨天|昨晚|昨日|昨儿|前天|前儿)"
)
_AMOUNT_OF_TIME = r"(?:\d{1,3}|[一二两俩三仨四五六七八九十百]{1,4}|几十|半)"
DURATION_EXPRESSION = re.compile(
    rf"(?<![这那哪近每第下上前去今当头同]){_AMOUNT_OF_TIME}(?:个半?)?(?:多|来)?(?:天(?!无理由|猫|然|花)|周(?![一二三四五六日年边])|星期(?![一二三四五六日天])"
    rf"|礼拜(?![一二三四五六日天])|(?<=[个俩仨])月|(?<=个[多来半])月|月(?=多)|年(?!级|底|初|货|轻|代|纪)|小时|钟头|分钟)(?:半|多)?(?!以?前|之前)"
)
"""How long; 「三个月」 needs its 个: 「三月」 is a month of the year."""


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
    if re.fullmatch(
        r"[去今前]年(?:年?[初中底末]|[春夏秋冬]天?)?|20\d\d年(?:年?[初中底末]|[春夏秋冬]天?)?|.*年多?(?:之?前|以前)",
        expression,
    ):
        return f"{day:%Y}"
    if re.fullmatch(r".*月份?[初中底末]?|.*(?:月|年)(?:多|半)?(?:之?前|以前)", expression):
        return f"{day:%Y-%m}"
    return day.isoformat()


def spoken_in_words(iso: str) -> str:
    """What `spoken_date` gave, as people write it: `2026-10` → `2026 年 10 月`."""
    units = zip((int(n) for n in iso.split("-")), ("年", "月", "日"), strict=False)
    return " ".join(f"{number} {unit}" for number, unit in units)


def _full(text: str, today: date) -> date | None:
    year, month, day = (chinese_number(n) for n in re.findall(r"[\d一二三四五六七八九十]+", text)[:3])
    return date(year + 2000 if year < 100 else year, month, day) if year and month and day else None


def _year_month(text: str, today: date) -> date | None:
    month = re.search(rf"年({_NUMERAL})月", text)
    return date(int(text[:4]), chinese_number(month[1]) or 0 if month else 1, 1)


def _month_day(text: str, today: date) -> date | None:
    month_text, day_text = re.sub(r"[去今前]年|[日号份]", "", text).split("月")
    month, day = chinese_number(month_text), chinese_number(day_text)
    return _latest_not_after(today, _year(text, today), month, day) if month and day else None


def _slash(text: str, today: date) -> date | None:
    month, day = (chinese_number(n) or 0 for n in text.split("/"))
    return _latest_not_after(today, today.year, month, day)


def _ago(text: str, today: date) -> date | None:
    days = _days_in(text)
    return None if days is None else today - timedelta(days=days)


def _week(text: str, today: date) -> date:
    monday = today - timedelta(days=today.weekday() + 7 * text.count("上"))
    return monday + timedelta(days=_WEEKDAYS.get(text[-1], 0))


def _month(text: str, today: date) -> date | None:
    if not re.match(r"[上这本]", text):
        named = re.search(rf"({_NUMERAL})月", text)
        month = chinese_number(named[1]) if named else 1
        return _latest_not_after(today, _year(text, today), month, 1) if month else None
    first = today.replace(day=1)
    for _ in range(text.count("上")):
        first = (first - timedelta(days=1)).replace(day=1)
    day = re.search(rf"({_NUMERAL})[日号]", text)
    return first.replace(day=chinese_number(day[1]) or 0) if day else first


def _day(text: str, today: date) -> date | None:
    first = today.replace(day=1)
    day = int(text[:-1])
    return first.replace(day=day) if day <= today.day else (first - timedelta(days=1)).replace(day=day)


def _festival(text: str, today: date) -> date | None:
    year = _year(text, today)
    name = re.sub(r"^[去今前]年", "", text).replace("过年", "春节")
    if fixed := next((day for festival, day in _FIXED_DAYS.items() if name.startswith(festival)), None):
        return _latest_not_after(today, year, *fixed)
    by_year = next(days for festival, days in _MOON_DAYS.items() if name.startswith(festival))
    days = [date(y, *by_year[y]) for y in (year, year - 1) if y in by_year]
    return next((day for day in days if day <= today), None)


def _year(text: str, today: date) -> int:
    return today.year - {"去": 1, "前": 2}.get(text[0], 0)


_AMOUNT = re.compile(rf"({_AMOUNT_OF_TIME})个?(半)?(?:多|来)?(天|日|周|星期|礼拜|月|年|小时|钟头|分钟)(半)?")
_SAME_UNITS = {"星期": "周", "礼拜": "周", "钟头": "小时", "日": "天"}
_DAYS = {"天": 1, "周": 7, "月": 30, "年": 365}
_HALVES = {"年": ("月", 12), "月": ("天", 30), "周": ("天", 7), "天": ("小时", 24), "小时": ("分钟", 60)}
_ISO = {"天": "P{}D", "周": "P{}W", "月": "P{}M", "年": "P{}Y", "小时": "PT{}H", "分钟": "PT{}M"}


def _amount(expression: str) -> tuple[Fraction, str] | None:
    """How many of which unit: 「两年半」 → 2½ 年, 「半个月」 → ½ 月."""
    match = _AMOUNT.match(expression)
    count = decimal_number(match[1].replace("几十", "三十")) if match else None
    if not match or not count:
        return None
    return count + (Fraction(1, 2) if match[2] or match[4] else 0), _SAME_UNITS.get(match[3], match[3])


def _days_in(expression: str) -> int | None:
    """How many days an expression such as 「三个多月」 or 「半年」 spans, a month counted as 30."""
    amount = _amount(expression)
    return int(amount[0] * _DAYS[amount[1]]) if amount and amount[1] in _DAYS else None


def spoken_duration(expression: str) -> str | None:
    """An ISO 8601 duration: 「仨月」 → `P3M`, 「两年半」 → `P30M`, 「半个月」 → `P15D`; None where it counts nothing.

    Args:
        expression: what `DURATION_EXPRESSION` matched.
    """
    amount = _amount(expression)
    if not amount:
        return None
    count, unit = amount
    if count.denominator == 2 and unit in _HALVES:
        unit, times = _HALVES[unit]
        count *= times
    return _ISO[unit].format(int(count))


def day_since(expression: str, today: date) -> str | None:
    """The day that a duration leads back to, no more precise than it was said; None where it is shorter than a day."""
    days = _days_in(expression)
    if days is None:
        return None
    day = today - timedelta(days=days)
    if "年" in expression and "半" not in expression:
        return f"{day:%Y}"
    return f"{day:%Y-%m}" if re.search(r"[月年]", expression) else day.isoformat()


def _word(text: str, today: date) -> date:
    return today - timedelta(days=_DAY_WORDS[text])


def _latest_not_after(today: date, year: int, month: int, day: int) -> date:
    found = date(year, month, day)
    return found if found <= today else date(year - 1, month, day)


_READERS = {
    "full": _full,
    "yearmonth": _year_month,
    "monthday": _month_day,
    "ago": _ago,
    "week": _week,
    "festival": _festival,
    "month": _month,
    "slash": _slash,
    "day": _day,
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
