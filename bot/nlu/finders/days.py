"""When something was, how long it has been, and when someone should come."""

import re
from collections.abc import Iterator
from datetime import date

from bot.domain.dates import DATE_EXPRESSION, DURATION_EXPRESSION, day_since, spoken_date, spoken_duration
from bot.nlu.finders.found import Found

_PART = r"(?:大清早|早上|早晨|清早|上午|中午|下午|晚上|傍晚|夜里|白天|全天|早|晚)"
_EDGE = r"(?:左右)?(?:之前|以前|之后|以后|前|后)?"
_CLOCK = r"(?:[一二三四五六七八九十两\d]{1,3}点(?:半|一刻|[一二三四五\d]{1,2}分?)?钟?|\d{1,2}:\d{2})"
_HOUR = rf"{_CLOCK}(?:[到至~-]{_PART}?{_CLOCK})?{_EDGE}"
_WEEKDAY = r"(?:周|星期|礼拜)[一二三四五六日天末]"
_SURE_DAY = (
    rf"今晚|明天|明日|明晚|明早|明儿|大后天|后天|(?:这|下下?|本)?个?{_WEEKDAY}(?:[到至]{_WEEKDAY})?(?!愉快|快乐)|周末(?!愉快|快乐)|双休日|工作日"
    r"|下下?个?(?:周|星期|礼拜)|下下?个?月(?:初|底|[\d一二三]{1,3}[号日])?"
)
_OPEN_DAY = r"今天|今儿|今日|(?:(?:\d{1,2}|[一二三四五六七八九十]{1,3})月)?\d{1,2}[号日]"
"""It may lie ahead or behind: the words around it tell."""
_TIME = re.compile(
    rf"(?<![每上个\d年])(?:(?P<sure>{_SURE_DAY})|(?P<open>{_OPEN_DAY}))的?(?P<clock>{_PART}?{_HOUR}|{_PART})?(?:下班)?{_EDGE}"
    rf"|(?<!每天)(?:{_PART}{_HOUR}|下班(?:以后|之后|后)|(?<![\d一二三四五六七八九十]){_CLOCK}(?:以后|之后|之前|以前))"
)
_PAST = re.compile(r".{0,3}(?:买|收到|下的?单|签收|到货|送来|坏|修过|装的|寄|发的|退的|开始)")
"""What was is no wish: 「周五收到的」."""
_TO_COME = re.compile(
    r".{0,3}(?:来|上门|送|有空|在家|[安来]装|方便|取件|打(?:给|电话|我|\d)|联系|回电|约|可以|都行|再)"
)
_ASKED_FOR = re.compile(r"(?:约|定|改[到在]|上门|来|送|打|联系|安排|等到).{0,4}$")
_WITHIN = re.compile(r"以?内|之内")
"""「一年内」 names a limit, and leads back to no day."""


def days(text: str, today: date) -> Iterator[Found]:
    """Past days as ISO dates, durations as ISO durations, wishes for a time as they were said.

    `since` is the day that a duration leads back to: 「用了三个月」 tells when it was bought.
    """
    for match in DATE_EXPRESSION.finditer(text):
        if day := spoken_date(match[0], today):
            yield Found("date", *match.span(), day)
    for match in DURATION_EXPRESSION.finditer(text):
        if duration := spoken_duration(match[0]):
            yield Found("duration", *match.span(), duration)
            if not _WITHIN.match(text, match.end()) and (day := day_since(match[0], today)):
                yield Found("since", *match.span(), day)


def times(text: str) -> Iterator[Found]:
    """When someone should come or call."""
    for match in _TIME.finditer(text):
        if _is_wish(text, match):
            yield Found("time", *match.span(), match[0])


def _is_wish(text: str, match: re.Match[str]) -> bool:
    """Whether a time lies ahead: 「明天」 does, 「周五收到的」 does not, 「早上七点起床」 is nobody's appointment."""
    past = _PAST.match(text, match.end())
    if match["sure"]:
        return not past or match[0][0] in "明后大下"
    alone = len(text) - len(match[0]) <= 1
    asked = _TO_COME.match(text, match.end()) or _ASKED_FOR.search(text[max(0, match.start() - 8) : match.start()])
    return not past and bool(asked or ((match["clock"] or not match["open"]) and (alone or match["open"])))
