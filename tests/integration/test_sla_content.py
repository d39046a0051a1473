"""The calendars and service levels as shipped, and that every mistake in them is refused with its line (D1-D8, E4)."""

import shutil
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.adapters.calendar_files import load_calendars
from bot.adapters.content_files import CONTENT
from bot.adapters.sla_files import load_sla
from bot.domain.actor import Role
from bot.domain.calendar import DayKind
from bot.domain.errors import ContentError
from bot.domain.sla import State, Target, deadlines, explain, promise
from bot.domain.ticket import Kind, Status, Ticket

BEIJING = timezone(timedelta(hours=8))
CALENDAR = (CONTENT / "calendar.yml").read_text(encoding="utf-8")
SLA = (CONTENT / "sla.yml").read_text(encoding="utf-8")


def at(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    """A moment in Beijing time, in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=BEIJING).astimezone(UTC)


def ticket(kind: Kind, opened: datetime) -> Ticket:
    return Ticket("T1", kind, Status.OPEN, None, {}, None, 0, opened, opened).note("opened", "customer", "", opened)


# --- what is shipped --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "hours", "clause"),
    [
        (Kind.REPAIR, 4, "D1"),
        (Kind.CALLBACK, 4, "D1"),
        (Kind.COMPLAINT, 24, "D2"),
        (Kind.RETURN_EXCHANGE, 24, "D3"),
        (Kind.SUGGESTION, 24, "D3"),
        (Kind.OUT_OF_STOCK, 24, "D3"),
    ],
)
def test_a_person_answers_as_soon_as_the_standard_says(kind: Kind, hours: int, clause: str) -> None:
    """D1, D2, D3."""
    opened = at(10, 2, 3)
    policy = load_sla()
    assert promise(kind, 0, "service", opened, policy) == opened + timedelta(hours=hours)
    [first] = [found for found in deadlines(ticket(kind, opened), policy, opened) if found.target is Target.FIRST_REPLY]
    assert first.clause == clause


@pytest.mark.parametrize("kind", list(Kind))
def test_the_more_urgent_never_waits_longer(kind: Kind) -> None:
    """A13."""
    promised = [promise(kind, priority, "service", at(11, 18, 9), load_sla()) for priority in (2, 1, 0)]
    assert promised == sorted(promised)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_promise_names_its_clause_warns_and_is_explained(kind: Kind) -> None:
    """D7."""
    opened = at(9, 30, 17)
    urged = ticket(kind, opened).note("urged", "customer", "", opened + timedelta(hours=1))
    for deadline in deadlines(urged, load_sla(), at(10, 1)):
        assert deadline.clause
        assert deadline.warn_at
        assert explain(deadline)


def test_a_complaint_is_finished_within_one_month() -> None:
    """D2."""
    opened = at(12, 31)
    found = {deadline.target: deadline for deadline in deadlines(ticket(Kind.COMPLAINT, opened), load_sla(), opened)}
    assert found[Target.RESOLUTION].due_at == at(1, 31, year=2027)


def test_a_return_is_handled_before_the_law_calls_it_delay_and_warned_of_three_times() -> None:
    """E4: 15 days, by day and night, holidays too; what the company asks of itself ends sooner."""
    opened = at(9, 28, 9)
    waiting = ticket(Kind.RETURN_EXCHANGE, opened).move(Status.ACCEPTED, "李敏", "", opened + timedelta(hours=1))
    waiting = waiting.move(Status.WAITING_CUSTOMER, "李敏", "", opened + timedelta(hours=2))
    found = {deadline.target: deadline for deadline in deadlines(waiting, load_sla(), at(10, 20))}
    legal = found[Target.REFUND]
    assert legal.due_at == opened + timedelta(days=15)
    assert [moment - opened for moment in legal.warn_at] == [timedelta(days=days) for days in (7, 10, 13)]
    assert legal.state is State.BREACHED
    plain = deadlines(ticket(Kind.RETURN_EXCHANGE, at(11, 2, 9)), load_sla(), at(11, 2, 9))
    due = {deadline.target: deadline.due_at for deadline in plain}
    assert due[Target.RESOLUTION] < due[Target.REFUND]


def test_a_tickets_own_history_keeps_its_promises() -> None:
    """Invariants 5 and 6, with the ticket as it is stored."""
    opened = at(11, 18, 9)
    answered = ticket(Kind.REPAIR, opened).note("reply", "bot", "", opened).note("reply", "李敏", "", at(11, 18, 10))
    done = answered.move(Status.ACCEPTED, "李敏", "", at(11, 18, 10)).move(Status.RESOLVED, "李敏", "", at(11, 19, 10))
    assert {found.state for found in deadlines(done, load_sla(), at(12, 31))} == {State.MET}
    assert deadlines(answered, load_sla(), at(11, 18, 11))[0].met_at == at(11, 18, 10)


def test_the_states_holidays_and_working_weekends_are_known() -> None:
    """D7."""
    office = load_calendars().named["office"]
    off = [*(date(2026, 10, day) for day in range(1, 8)), *(date(2026, 2, day) for day in range(15, 24))]
    assert all(office.is_rest_day(day) for day in off)
    for day in (date(2026, 9, 20), date(2026, 10, 10), date(2026, 2, 14), date(2026, 2, 28)):
        assert not office.is_rest_day(day)
        assert office.blocks(day) == office.week[0]
    special = office.special_day(date(2026, 10, 1))
    assert special is not None
    assert (special.kind, special.reason) == (DayKind.HOLIDAY, "国庆节")


def test_the_legal_holidays_of_a_year_that_is_not_announced_are_there() -> None:
    office = load_calendars().named["office"]
    assert office.add(at(12, 31, 17), timedelta(hours=2)) == at(1, 4, 10, year=2027)
    assert office.arranged_until == date(2026, 12, 31)


# --- what staff change ------------------------------------------------------------------------------------------------


def folder(path: Path, calendar: str = CALENDAR, sla: str = SLA) -> Path:
    shutil.copytree(CONTENT, path, ignore=lambda *_: ["knowledge", "scripts", "demo", "procedures"], dirs_exist_ok=True)
    (path / "calendar.yml").write_text(calendar, encoding="utf-8")
    (path / "sla.yml").write_text(sla, encoding="utf-8")
    return path


SMALL = """\
default: office
teams: {service: office}
calendars:
  office:
    title: 办公时间
    week:
      mon-fri: ["09:00-12:00", "13:30-18:00"]
overrides:
  - {date: 2026-10-01, day: workday, reason: 值班}
"""


def test_an_override_beats_the_state_and_may_have_hours_of_its_own(tmp_path: Path) -> None:
    stocktaking = '  - {date: 2026-11-18, day: ["09:00-10:00"], reason: 盘点}\n'
    anniversary = "  - {date: 2026-11-19, day: holiday, reason: 厂庆}\n"
    office = load_calendars(folder(tmp_path, SMALL + stocktaking + anniversary)).named["office"]
    assert not office.is_rest_day(date(2026, 10, 1))
    assert office.add(at(11, 18, 9), timedelta(hours=2)) == at(11, 20, 10)


def test_a_calendar_may_work_on_holidays_and_through_midnight(tmp_path: Path) -> None:
    hours = 'mon-sat: ["22:00-24:00"]\n    holiday: ["09:00-10:00"]'
    night = SMALL.replace('mon-fri: ["09:00-12:00", "13:30-18:00"]', hours)
    office = load_calendars(folder(tmp_path, night.partition("overrides")[0])).named["office"]
    assert office.add(at(9, 30, 23), timedelta(hours=2)) == at(10, 1, 10)
    assert not office.is_rest_day(date(2026, 9, 20)), "a 调休 Sunday has the hours of the week's first working day"


def test_the_year_that_was_entered_is_no_longer_doubted(tmp_path: Path) -> None:
    entered = load_calendars(folder(tmp_path, SMALL + "arranged_until: 2027-12-31\n"))
    assert entered.named["office"].arranged_until == date(2027, 12, 31)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("default: office", "default: offices", 1, "没有日历 offices"),
        ("default: office\n", "", 1, "default"),
        ("{service: office}", "{service: nights}", 2, "可以写 always、office"),
        ("{service: office}", "{service: office, service: always}", 2, "已经写过"),
        ("  office:\n", "  always:\n", 4, "内置"),
        ("title: 办公时间", "titel: 办公时间", 5, "可以写 holiday、title、week、workday"),
        ("title: 办公时间", "title: 2026", 5, "不是文字"),
        ("mon-fri", "mo-fri", 7, "mon 到 sun"),
        ("mon-fri", "fri-mon", 7, "mon 到 sun"),
        ("      mon-fri", '      fri: ["09:00-10:00"]\n      mon-fri', 8, "只写一次"),
        ('["09:00-12:00", "13:30-18:00"]', "[]", 6, "至少写一段"),
        ('["09:00-12:00", "13:30-18:00"]', "09:00-12:00", 7, "列表"),
        ('"09:00-12:00", "13:30-18:00"', '"13:30-18:00", "09:00-12:00"', 7, "按先后"),
        ("13:30-18:00", "22:00-06:00", 7, "跨夜"),
        ("13:30-18:00", "下午", 7, "09:00-12:00"),
        ("date: 2026-10-01", 'date: "2026-10-01"', 9, "不加引号"),
        ("date: 2026-10-01, ", "", 9, "应是日期"),
        ("day: workday", "day: 上班", 9, "day: holiday"),
        (", reason: 值班", "", 9, "reason 没有写"),
        ("reason: 值班}", "reason: 值班}\n  - {date: 2026-10-01, day: holiday, reason: 放假}", 10, "已经写过"),
        ("overrides:", "override:", 8, "不认识 override"),
    ],
)
def test_a_mistake_in_the_calendar_is_refused_with_its_line_and_the_cure(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in SMALL
    with pytest.raises(ContentError) as refused:
        load_calendars(folder(tmp_path, SMALL.replace(old, new, 1)))
    assert f"calendar.yml 第 {line} 行" in str(refused.value)
    assert words in str(refused.value)


FIRST = "    first_reply: {within: {hours: 24}, clause: D3}\n"
SMALL_SLA = (
    "targets:\n"
    + "".join(f"  {kind}:\n{FIRST}" for kind in Kind if kind is not Kind.RETURN_EXCHANGE)
    + """\
  return_exchange:
    first_reply: {within: {hours: 24}, clause: D3}
    resolution:
      within: {working_hours: 40}
      calendar: field
      clause: D7
      priority: {urgent: {working_hours: 20}}
      warn_at: [0.5, {before_hours: 2}]
      pauses: [waiting_customer]
      escalate_to: supervisor
      tells_customer: false
    refund: {within: {days: 15}, clause: E4, warn_at: [{after_days: 7}]}
"""
)


def test_what_staff_write_is_what_holds(tmp_path: Path) -> None:
    policy = load_sla(folder(tmp_path, sla=SMALL_SLA))
    rules = {rule.limit.target: rule for rule in policy.rules(Kind.RETURN_EXCHANGE, 2, "anybody")}
    resolution = rules[Target.RESOLUTION]
    assert (resolution.calendar.name, resolution.within.count) == ("field", 20)
    assert resolution.limit.pauses == {"waiting_customer"}
    assert (resolution.limit.escalate_to, resolution.limit.tells_customer) == (Role.SUPERVISOR, False)
    assert resolution.times(at(11, 18))[1] == (timedelta(hours=10), timedelta(hours=18))
    assert rules[Target.REFUND].limit.escalate_to is Role.MANAGER


WITHIN = "within: {working_hours: 40}"
PRIORITY = "priority: {urgent: {working_hours: 20}}"
WARN = "warn_at: [0.5, {before_hours: 2}]"
REFUND = "refund: {within: {days: 15}, clause: E4, warn_at: [{after_days: 7}]}"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (WITHIN, "within: {weeks: 1}", "可以写 days、hours、months、working_hours"),
        (WITHIN, "within: {working_hours: 0}", "大于 0"),
        (WITHIN, "within: {working_hours: 四十}", "大于 0"),
        (WITHIN, "within: {hours: 1, days: 1}", "写一个单位"),
        (WITHIN, "within: 40", "名称: 值"),
        (WITHIN, "within: {months: 1.5}", "整数"),
        ("calendar: field", "calendar: nights", "可以写 team、always"),
        ("calendar: field", "callendar: field", "不认识 callendar"),
        ("clause: D7", "clause: 7", "不是文字"),
        (PRIORITY, "priority: {urgent: {hours: 20}}", "同样的单位"),
        (PRIORITY, "priority: {urgent: {working_hours: 41}}", "不比 40 个工作小时长"),
        (PRIORITY, "priority: {asap: {working_hours: 1}}", "可以写 high、urgent"),
        (WARN, "warn_at: [0.5, 1.5]", "到期之前"),
        (WARN, "warn_at: [{before_hours: 41}]", "起点之后"),
        (WARN, "warn_at: [{before: 2}]", "before_hours: 1"),
        (WARN, "warn_at: [一半]", "before_hours: 1"),
        (WARN, "warn_at: 0.5", "列表"),
        ("pauses: [waiting_customer]", "pauses: [waiting]", "可以写 open"),
        ("escalate_to: supervisor", "escalate_to: boss", "可以写 agent、supervisor、manager"),
        ("tells_customer: false", "tells_customer: 不", "true 或 false"),
        (REFUND, "refund: {within: {days: 16}, clause: E4}", "E4"),
        (REFUND, "refund: {within: {working_hours: 15}, clause: E4}", "自然时间"),
        (REFUND, "refund: {within: {days: 15}, clause: E4, pauses: [waiting_customer]}", "不能暂停"),
        (REFUND, "refund: {within: {days: 15}, clause: E4, calendar: office}", "working_hours"),
        (REFUND, "refunds: {within: {days: 15}, clause: E4}", "不认识 refunds"),
    ],
)
def test_a_mistake_in_the_promises_is_refused_with_its_line_and_the_cure(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(ContentError) as refused:
        load_sla(folder(tmp_path, sla=SMALL_SLA.replace(old, new, 1)))
    line = SMALL_SLA.partition(old)[0].count("\n") + 1
    assert f"sla.yml 第 {line} 行" in str(refused.value)
    assert words in str(refused.value)


SUGGESTION = f"  suggestion:\n{FIRST}"


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("", "缺少 suggestion"),
        ("  suggestion: {next_reply: {within: {hours: 4}, clause: D1}}\n", "缺少 first_reply"),
        ("  suggestion: {first_reply: {within: {hours: 25}, clause: D3}}\n", "D3"),
        ("  suggestion: {first_reply: {within: {working_hours: 4}, clause: D3}}\n", "D3"),
        (f"{SUGGESTION}  training:\n{FIRST}", "不认识 training"),
    ],
)
def test_no_kind_goes_without_an_answer_in_time(tmp_path: Path, new: str, words: str) -> None:
    """D3, D8: content may be faster than the standard, not slower."""
    with pytest.raises(ContentError, match=words) as refused:
        load_sla(folder(tmp_path, sla=SMALL_SLA.replace(SUGGESTION, new, 1)))
    assert "sla.yml 第" in str(refused.value)


def test_a_complaint_may_not_take_longer_than_a_month(tmp_path: Path) -> None:
    """D2."""
    slow = SLA.replace("within: {months: 1}", "within: {months: 2}")
    with pytest.raises(ContentError, match="D2"):
        load_sla(folder(tmp_path, sla=slow))


@pytest.mark.parametrize("text", ["", "targets: [", "targets:\n  repair:\n"])
def test_a_file_that_is_empty_or_broken_is_refused(tmp_path: Path, text: str) -> None:
    for files in ({"sla": text}, {"calendar": text}):
        with pytest.raises(ContentError):
            load_sla(folder(tmp_path, **files))


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"calendar\.yml"):
        load_calendars(tmp_path)
