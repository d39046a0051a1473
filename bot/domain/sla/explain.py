"""The arithmetic of a deadline, line by line, for people who have to trust it (D7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from bot.domain.calendar import ALWAYS, Calendar, DayKind
from bot.domain.dates import SHANGHAI, local_day
from bot.domain.sla.course import Stretch
from bot.domain.sla.deadlines import Deadline, State
from bot.domain.sla.policy import OVER, Target, Unit
from bot.domain.timeline import midnight

_TARGETS = {
    Target.FIRST_REPLY: "人工首次答复",
    Target.NEXT_REPLY: "答复客户的补充或催办",
    Target.RESOLUTION: "办结",
    Target.REFUND: "法定退款期限",
}
_STATES = {
    State.RUNNING: "进行中",
    State.WARNED: "快到期",
    State.BREACHED: "已超时",
    State.MET: "按时完成",
    State.MET_LATE: "超时完成",
    State.DROPPED: "不用再做",
}
_STANDING = {"waiting_customer": "等客户回复", "waiting_parts": "等配件", "resolved": "已办结", "closed": "已关闭"}
_SPECIAL = {DayKind.HOLIDAY: "值班", DayKind.WORKDAY: "调休上班", DayKind.OTHER_HOURS: "，按当天安排"}
_DAY = timedelta(days=1)
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True)
class Counted:
    """A line of the arithmetic.

    Attributes:
        time: how much of the span counts.
        note: why none of it does, or what is special about the day.
        hours: the working hours of one day that count, where the calendar has working hours.
    """

    begin: datetime
    end: datetime
    time: timedelta = timedelta()
    note: str = ""
    hours: tuple[str, ...] = ()


def arithmetic(deadline: Deadline) -> Iterator[Counted]:
    """Every span up to the due moment; what they count in all is the limit.

    Where the clock ended or stands before that, the rest is laid out as though it went on from there.
    """
    calendar = deadline.rule.calendar
    for stretch in _until_due(deadline):
        if stretch.standing:
            note = _STANDING.get(stretch.standing, stretch.standing)
            yield Counted(stretch.begin, stretch.end, note=f"{note}，暂停计时")
        elif calendar is ALWAYS:
            yield Counted(stretch.begin, stretch.end, stretch.end - stretch.begin)
        else:
            yield from _days(calendar, stretch)


def explain(deadline: Deadline) -> list[str]:
    """The deadline in Chinese: what is promised, since when, what counts and why the rest does not, due, kept.

    The lines are for staff; every number in them is in the sums.
    """
    limit, calendar = deadline.rule.limit, deadline.rule.calendar
    lines = [
        f"{_TARGETS[limit.target]}：{deadline.rule.within}内（依据 {limit.clause}），{_state(deadline)}",
        f"起点：{_moment(deadline.started_at)}，按{calendar.title}计时",
    ]
    by_days, total = deadline.rule.within.unit in (Unit.DAYS, Unit.MONTHS), timedelta()
    for counted in arithmetic(deadline):
        total += counted.time
        lines.append(f"　{_line(counted, total, by_days)}")
    if any(stretch.standing in OVER for stretch in deadline.stretches[:-1]):
        lines.append("办结后又重开：接着原来的时间计，不重新起算，办结期间不计")
    lines.append(f"到期：{_moment(deadline.due_at)}{_reservation(deadline)}")
    if ended := _ending(deadline):
        lines.append(ended)
    if calendar.arranged_until and local_day(deadline.due_at) > calendar.arranged_until:
        year = local_day(deadline.due_at).year
        lines.append(f"注意：{year} 年的放假调休安排还没有录入 calendar.yml，录入后到期时间可能变化")
    return lines


def _until_due(deadline: Deadline) -> Iterator[Stretch]:
    due_at = deadline.due_at
    *earlier, last = deadline.stretches
    ahead = [last, Stretch(last.end, due_at)] if last.standing else [Stretch(last.begin, due_at)]
    for stretch in (*earlier, *ahead):
        if stretch.begin < min(stretch.end, due_at):
            yield Stretch(stretch.begin, min(stretch.end, due_at), stretch.standing)


def _days(calendar: Calendar, stretch: Stretch) -> Iterator[Counted]:
    """A line for each day with working hours in the stretch, and one for each run of days off for one reason."""
    first, last = local_day(stretch.begin), local_day(stretch.end)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for why_off, run in groupby(days, key=lambda day: _why_off(calendar, day)):
        if not why_off:
            for day in run:
                yield from _working_day(calendar, day, stretch)
            continue
        off = list(run)
        begin, end = max(midnight(off[0]), stretch.begin), min(midnight(off[-1] + _DAY), stretch.end)
        if begin < end:
            yield Counted(begin, end, note=why_off)


def _working_day(calendar: Calendar, day: date, stretch: Stretch) -> Iterator[Counted]:
    began = midnight(day)
    spans = [
        (max(began + timedelta(minutes=block.begin), stretch.begin),
         min(began + timedelta(minutes=block.end), stretch.end))
        for block in calendar.blocks(day)
    ]  # fmt: skip
    spans = [(begin, end) for begin, end in spans if begin < end]
    if spans:
        special = calendar.special_day(day)
        note = f"{special.reason}{_SPECIAL[special.kind]}" if special else ""
        time = sum((end - begin for begin, end in spans), timedelta())
        hours = tuple(f"{_clock(begin)}-{_clock(end, began)}" for begin, end in spans)
        yield Counted(spans[0][0], spans[-1][1], time, note, hours)


def _why_off(calendar: Calendar, day: date) -> str:
    """Why nobody works on a day; nothing where somebody does."""
    if calendar.blocks(day):
        return ""
    special = calendar.special_day(day)
    return f"{special.reason}放假" if special else "休息日"


def _line(counted: Counted, total: timedelta, by_days: bool) -> str:
    if not counted.time:
        return f"{_span(counted.begin, counted.end)}，{counted.note}，不计"
    when = _span(counted.begin, counted.end)
    if counted.hours:
        when = f"{_day(counted.begin)}{'、'.join(counted.hours)}{f'（{counted.note}）' if counted.note else ''}"
    return f"{when}，计 {_amount(counted.time, by_days)}，累计 {_amount(total, by_days)}"


def _state(deadline: Deadline) -> str:
    return "暂停计时" if deadline.is_paused and not deadline.is_broken else _STATES[deadline.state]


def _reservation(deadline: Deadline) -> str:
    """What to know of a due moment that is not settled."""
    if deadline.is_paused and not deadline.is_broken:
        return "（现在暂停计时，这是从此刻起恢复计时的推算，暂停多久就顺延多久）"
    return ""


def _ending(deadline: Deadline) -> str:
    ended_at, due_at = deadline.run.ended_at, deadline.due_at
    if ended_at is None:
        return ""
    if not deadline.run.kept:
        return f"终止：{_moment(ended_at)}，已取消或客户确认不用再处理"
    late = f"，超时 {_amount(ended_at - due_at)}" if ended_at > due_at else "，未超时"
    return f"完成：{_moment(ended_at)}{late}"


def _span(begin: datetime, end: datetime) -> str:
    """`10 月 1 日（周四）至 10 月 7 日（周三）` for whole days, otherwise with the time of day."""
    first, last = local_day(begin), local_day(end)
    if begin == midnight(first) and end == midnight(last):
        last -= _DAY
        return _day(begin) if first == last else f"{_day(begin)}至 {_day(end - _DAY)}"
    return f"{_day(begin)}{_clock(begin)} 至 {_clock(end) if first == last else f'{_day(end)}{_clock(end)}'}"


def _moment(moment: datetime) -> str:
    return f"{local_day(moment).year} 年 {_day(moment)}{_clock(moment)}"


def _day(moment: datetime) -> str:
    day = local_day(moment)
    return f"{day.month} 月 {day.day} 日（周{_WEEKDAYS[day.weekday()]}）"


def _clock(moment: datetime, day_began: datetime | None = None) -> str:
    """The time of day; the end of the day that began then is 24:00."""
    if day_began and moment == day_began + _DAY:
        return "24:00"
    local = moment.astimezone(SHANGHAI)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _amount(time: timedelta, by_days: bool = True) -> str:
    """`1 天 2 小时 30 分`, or `26 小时 30 分`: a day is no measure of working time."""
    minutes, seconds = divmod(time // timedelta(seconds=1), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24) if by_days else (0, hours)
    parts = ((days, "天"), (hours, "小时"), (minutes, "分"), (seconds, "秒"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "不到 1 秒"
