"""The monthly report: what is counted, in which month, and what it may show (D6, D8, G20, H6, E10)."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.report_page import COLUMNS, Names, as_csv, money, percent, render, span
from bot.adapters.sla_files import load_sla
from bot.domain.actor import Actor, Role
from bot.domain.agreement import Agreement
from bot.domain.approval import Approval
from bot.domain.dates import local_day
from bot.domain.errors import InvalidInput
from bot.domain.followup import FollowUp
from bot.domain.misconduct import Misconduct, Outcome
from bot.domain.report import (
    OTHER_WISH,
    UNKNOWN,
    Books,
    Failure,
    Headline,
    Matter,
    Month,
    Report,
    Share,
    Spending,
    as_it_stood,
    decided_at,
    headline,
    report,
)
from bot.domain.sla import Target, deadlines
from bot.domain.task import Task
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket

NOVEMBER = Month(2026, 11)
DECEMBER = NOVEMBER.after
NEXT_YEAR = datetime(2027, 1, 10, tzinfo=UTC)
SLA = load_sla()
NAMES = Names(
    kinds={kind: f"类{kind}" for kind in Kind},
    causes={"late_delivery": "延迟发货", "damaged_goods": "到货破损"},
    departments={"warehouse": "仓库", "finance": "财务"},
    outcomes={outcome: f"结果{outcome}" for outcome in Outcome},
)
PHONE, ADDRESS, WORDS = "13800138000", "杭州市西湖区文三路 1 号", "你们太让我失望了"


def at(day: int, hour: float = 12, month: int = 11) -> datetime:
    """A moment of 2026 by Shanghai's clocks."""
    return datetime(2026, month, day, tzinfo=UTC) + timedelta(hours=hour - 8)


THIRD, FIFTH = at(3), at(5)


def happened(when: datetime, status: Status, event: str = "step", actor: str = "小李", why: str = "甲 → 乙：好") -> Any:
    return when, status, event, actor, why


def ticket(
    *events: Any, kind: Kind = Kind.REPAIR, opened: datetime = THIRD, number: str = "BX20261103-0001",
    fields: Mapping[str, str] | None = None, record: Mapping[str, Any] | None = None,
) -> Ticket:  # fmt: skip
    history = [HistoryEntry(opened, "customer", "opened", None, Status.OPEN, "客户确认后登记")]
    for when, status, event, actor, why in events:
        history.append(HistoryEntry(when, actor, event, history[-1].to_status, status, why))
    told = {"phone": PHONE, "address": ADDRESS, "grievance": WORDS, **(fields or {})}
    return Ticket(
        number=number, kind=kind, status=history[-1].to_status, conversation_id="c1", fields=told, phone=PHONE,
        emotion=0, opened_at=opened, promised_at=opened, history=tuple(history), record=record or {},
    )  # fmt: skip


def matter(known: Ticket, month: Month = NOVEMBER, now: datetime = NEXT_YEAR, **linked: Any) -> Matter:
    """The ticket as it stood when the month ended."""
    then = as_it_stood(known, month.end)
    return Matter(then, deadlines(then, SLA, min(now, month.end)), **linked)


def counted(*matters: Matter, month: Month = NOVEMBER, now: datetime = NEXT_YEAR, **books: Any) -> Report:
    kept = Books(**{"spent": {}, "budgets": {}, **books})
    return report(month, now, matters, kept, headline(month.before, []))


def replied(when: datetime) -> Any:
    return happened(when, Status.OPEN, "reply", why="您好，我们在处理")


# Months


@pytest.mark.parametrize(
    ("text", "month"), [("2026-11", NOVEMBER), (" 2026-1 ", Month(2026, 1)), ("2026-01", Month(2026, 1))]
)
def test_a_month_is_read_as_people_write_it(text: str, month: Month) -> None:
    assert Month.read(text) == month


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-0", "26-11", "2026-11-01", "２０２６-11", "11-2026", "十一月"]
)
def test_what_is_no_month_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match="2026-11"):
        Month.read(text)


@given(st.datetimes(datetime(2001, 1, 1), datetime(2098, 1, 1), timezones=st.just(UTC)))
def test_every_moment_is_in_one_month_and_months_leave_no_gap(moment: datetime) -> None:
    month = Month.of(moment)
    assert moment in month and moment not in month.before and moment not in month.after
    assert month.before.after == month and month.before.end == month.begin
    assert local_day(moment) in month.days
    assert Month.read(str(month)) == month


def test_a_month_begins_at_midnight_in_shanghai() -> None:
    assert NOVEMBER.begin == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert len(NOVEMBER.days) == 30 and len(Month(2028, 2).days) == 29


# What is counted


def test_a_ticket_counts_in_the_month_in_which_shanghai_opened_it() -> None:
    last, first = matter(ticket(opened=at(30, 23.99))), matter(ticket(opened=at(1, 0, month=12)), DECEMBER)
    assert counted(last).headline.opened == 1
    assert counted(first, month=DECEMBER).headline.opened == 1
    assert counted(matter(ticket(opened=at(1, 0)))).days[0].opened[Kind.REPAIR] == 1


MOMENTS = st.datetimes(datetime(2026, 10, 20), datetime(2026, 11, 30, 15), timezones=st.just(UTC))


@given(st.lists(st.tuples(MOMENTS, st.sampled_from(Kind), st.integers(0, 400))))
@settings(max_examples=60, deadline=None)
def test_headline_days_and_kinds_tell_the_same(opened: list[tuple[datetime, Kind, int]]) -> None:
    matters = [
        matter(ticket(happened(when + timedelta(hours=hours), Status.CLOSED), kind=kind, opened=when))
        for when, kind, hours in opened
    ]
    found = counted(*matters)
    assert found.headline.opened == sum(v.opened for v in found.volumes)
    assert found.headline.opened == sum(sum(day.opened.values()) for day in found.days)
    assert found.headline.finished == sum(v.finished for v in found.volumes) == sum(day.finished for day in found.days)
    assert found.headline.still_open == sum(v.still_open for v in found.volumes)
    assert found.headline.kept.whole == sum(promised.kept.whole for promised in found.promised)
    assert found.headline.kept.whole - found.headline.kept.part == len(found.broken)


def test_what_was_reopened_is_not_finished_and_what_was_called_off_is_counted_apart() -> None:
    reopened = matter(ticket(happened(at(4), Status.RESOLVED), happened(at(6), Status.IN_PROGRESS)))
    cancelled = matter(ticket(happened(at(5), Status.CANCELLED)))
    done = matter(ticket(happened(at(4), Status.RESOLVED), happened(at(9), Status.CLOSED)))
    found = counted(reopened, cancelled, done)
    (repair,) = [volume for volume in found.volumes if volume.kind is Kind.REPAIR]
    assert (repair.opened, repair.finished, repair.cancelled, repair.still_open) == (3, 1, 1, 1)
    assert found.days[3].finished == 1, "the day on which it was settled, not the day on which it was closed"
    assert found.leaving.unprofessional == Share(1, 2)


def test_the_report_of_a_past_month_does_not_change_with_what_comes_later() -> None:
    events = [replied(at(3, 13)), happened(at(20), Status.IN_PROGRESS), happened(at(5, month=12), Status.RESOLVED)]
    assert counted(matter(ticket(*events))) == counted(matter(ticket(*events[:2])))
    assert counted(matter(ticket(*events))).headline.still_open == 1


def test_a_month_that_is_not_over_counts_up_to_now() -> None:
    now = at(4, 10)
    found = counted(matter(ticket(opened=at(4, 1)), now=now), now=now)
    assert found.as_of == now
    assert [(broken.target, broken.late) for broken in found.broken] == [(Target.FIRST_REPLY, timedelta(hours=5))]


# Promises (D8)


def test_a_promise_that_was_kept_counts_when_it_was_and_one_that_was_broken_when_it_fell_due() -> None:
    late = ticket(replied(at(2, 9, month=12)), opened=at(30, 15))
    in_november, in_december = counted(matter(late)), counted(matter(late, DECEMBER), month=DECEMBER)
    (broken,) = in_november.broken
    assert broken.target is Target.FIRST_REPLY and broken.is_open
    assert broken.late == timedelta(hours=5), "from 19:00 until the month ended"
    assert not [b for b in in_december.broken if b.target is Target.FIRST_REPLY]
    in_time = ticket(replied(at(1, 1, month=12)), opened=at(30, 23))
    assert counted(matter(in_time)).headline.kept == Share(0, 0)
    assert counted(matter(in_time, DECEMBER), month=DECEMBER).headline.kept.part == 1


def test_what_was_broken_in_an_earlier_month_and_is_still_owed_is_not_forgotten() -> None:
    found = counted(matter(ticket(opened=at(3, month=10))), matter(ticket(opened=at(3))))
    assert (found.owed, len(found.broken)) == (4, 2)
    assert "4 项承诺已经超时，还没有兑现，其中 2 项早先就到期了" in Page(render(found, NAMES)).text


def test_one_that_was_kept_late_says_by_how_long() -> None:
    late = ticket(replied(at(3, 18.5)), happened(at(4), Status.RESOLVED), opened=at(3, 12))
    (broken,) = counted(matter(late)).broken
    assert (broken.late, broken.is_open) == (timedelta(hours=2, minutes=30), False)


@given(st.lists(st.tuples(MOMENTS, st.sampled_from(Kind), st.integers(1, 1500)), max_size=6))
@settings(max_examples=40, deadline=None)
def test_every_promise_that_was_settled_counts_in_exactly_one_month(opened: list[tuple[datetime, Kind, int]]) -> None:
    known = [
        ticket(replied(when + timedelta(hours=hours)), happened(when + timedelta(hours=hours * 1.5), Status.CLOSED),
               kind=kind, opened=when)
        for when, kind, hours in opened
    ]  # fmt: skip
    months = [Month(2026, n) for n in (9, 10, 11, 12)] + [Month(2027, n) for n in (1, 2, 3)]
    monthly = sum(headline(month, [matter(t, month, months[-1].end) for t in known]).kept.whole for month in months)
    settled = [p for t in known for p in deadlines(t, SLA, months[-1].end) if decided_at(p)]
    assert monthly == len(settled)


def test_the_bots_word_is_no_answer_and_the_median_is_of_answers_by_people() -> None:
    """Invariant 6."""
    bot = happened(at(3, 12.1), Status.OPEN, "reply", "bot")
    times = [matter(ticket(bot, replied(at(3, 12) + timedelta(hours=h)))) for h in (1, 2, 30)]
    assert counted(*times).headline.first_reply == timedelta(hours=2)
    assert counted(matter(ticket(bot))).headline.first_reply is None


# Complaints and money (C3, C5, C7, A5)


def agreement(answer: str, when: datetime) -> Agreement:
    offer = Agreement.offer("a", "TS1", ("换一台",), "小李", at(3), at(29, month=12))
    return offer.confirm(when) if answer == "confirm" else offer.refuse("太少", when)


def asked(satisfied: bool, when: datetime, sent: datetime = FIFTH) -> FollowUp:
    planned = FollowUp("f", "TS1", "satisfaction", 0, "followup.satisfaction", at(4))
    return planned.sent(sent).answered(satisfied, WORDS, when)


def complaint(cause: str, severity: str = "2", share: str = "100", **linked: Any) -> Matter:
    noted = {"cause": cause, "severity": severity, "our_share": share} if cause else {}
    return matter(ticket(replied(at(3, 13)), kind=Kind.COMPLAINT, number="TS1", record=noted), **linked)


def test_complaints_are_told_by_cause_with_severity_share_and_outcome() -> None:
    found = counted(
        complaint(UNKNOWN),
        complaint(UNKNOWN),
        complaint(UNKNOWN),
        complaint("late_delivery", "3", "50"),
        complaint("damaged_goods", "1", "100", agreements=(agreement("refuse", at(7)), agreement("confirm", at(8)))),
        complaint("damaged_goods", "1", "60", followups=(asked(True, at(9)),)),
    ).complaints
    assert [one.cause for one in found] == ["damaged_goods", "late_delivery", UNKNOWN], (
        "what is not analysed stands last"
    )
    damaged, late, open_ = found
    assert (damaged.count, damaged.severities, damaged.our_share) == (2, (2, 0, 0), 80)
    assert (damaged.confirmed, damaged.refused, damaged.satisfied, damaged.unsatisfied) == (1, 1, 1, 0)
    assert (late.severities, late.our_share) == ((0, 0, 1), 50)
    assert (open_.count, open_.our_share) == (3, None)


def test_what_customers_answered_in_another_month_counts_there() -> None:
    signed, said = agreement("confirm", at(8, month=12)), asked(False, at(9, month=12))
    (one,) = counted(complaint("damaged_goods", agreements=(signed,), followups=(said,))).complaints
    assert (one.confirmed, one.unsatisfied) == (0, 0)


def test_spending_stands_beside_its_budget() -> None:
    found = counted(spent={"late_delivery": 120, "unknown": 5}, budgets={"late_delivery": 100, "damaged_goods": 100})
    assert found.spending == (Spending("late_delivery", 120, 100), Spending("damaged_goods", 0, 100))
    assert [spending.is_over for spending in found.spending] == [True, False]


def test_approvals_count_when_they_were_asked_for_and_when_they_were_decided() -> None:
    def approval(requested: datetime, decided: datetime | None = None, approve: bool = True) -> Approval:
        new = Approval("p", "TS1", {}, 100, "other", Role.SUPERVISOR, "小李", requested, at(30, month=12))
        return new.decide(approve, Actor("王主管", Role.SUPERVISOR), "好", decided) if decided else new

    found = counted(
        approvals=[approval(at(2), at(3)), approval(at(2), at(4), approve=False), approval(at(9)),
                   approval(at(30), at(1, month=12)), approval(at(9, month=12))],
    ).approvals  # fmt: skip
    assert (found.requested, found.approved, found.rejected, found.expired, found.pending) == (4, 1, 1, 0, 2)


# Repairs (G20)


def repair(day: int, fixed: bool = True, waiting: bool = False) -> dict[str, Any]:
    iso = f"2026-11-{day:02d}"
    return {"from": iso, "to": iso, "fixed": fixed, "waiting_parts": waiting}


def test_mended_at_the_first_visit_is_without_parts_and_without_coming_back() -> None:
    histories = [
        [repair(5)],
        [repair(6, waiting=True)],
        [repair(7), repair(12)],
        [repair(8, fixed=False)],
        [{**repair(9), "to": "2026-10-31"}],
    ]
    found = counted(*(matter(ticket(record={"repairs": repairs})) for repairs in histories))
    assert found.repairs.mended == Share(3, 4)
    assert found.repairs.at_first_visit == Share(1, 4)
    assert found.leaving.inconvenient == Share(3, 4)


def test_each_coming_of_a_technician_is_a_visit() -> None:
    visits = [
        happened(at(4), Status.IN_PROGRESS), happened(at(5), Status.WAITING_PARTS), happened(at(9), Status.IN_PROGRESS),
        happened(at(9, 13), Status.IN_PROGRESS, "note"),
    ]  # fmt: skip
    assert counted(matter(ticket(*visits))).repairs.visits == 2


def test_waiting_for_parts_is_told_in_days_and_names_the_part() -> None:
    waited = [happened(at(4), Status.IN_PROGRESS), happened(at(5), Status.WAITING_PARTS)]
    over = ticket(*waited, happened(at(9), Status.IN_PROGRESS), record={"parts_needed": f"排水泵 {PHONE}"})
    pending = ticket(*waited, number="BX2")
    earlier = ticket(
        happened(at(5, month=10), Status.WAITING_PARTS), happened(at(6, month=10), Status.CLOSED), number="BX3"
    )
    found = counted(matter(over), matter(pending), matter(earlier)).repairs
    assert found.parts_waits == (NOVEMBER.end - at(5), timedelta(days=4))
    assert found.parts_pending == 1
    assert found.parts == {"排水泵 138****8000": 1, UNKNOWN: 1}


def test_failures_are_told_by_product_and_fault() -> None:
    failed = {"repairs": [repair(5, fixed=False)]}
    found = counted(
        matter(ticket(), product="洗衣机", faults=("不脱水", "漏水")),
        matter(ticket(record=failed), product="洗衣机", faults=("不脱水",)),
        matter(ticket()),
        matter(ticket(opened=at(3, month=10)), product="空调", faults=("不制冷",)),
    ).repairs.failures
    assert set(found) == {
        Failure("洗衣机", "不脱水", 2, 1),
        Failure("洗衣机", "漏水", 1, 0),
        Failure(UNKNOWN, UNKNOWN, 1, 0),
    }
    assert found[0].fault == "不脱水", "the most frequent first"


# Returns, tasks, follow-ups, staff


def task(*, done: datetime | None = None, taken: datetime | None = None, department: str = "finance") -> Task:
    new = Task("t", "TH1", department, "给客户退款", "小李", at(5), at(5, 20))
    new = new.acknowledge("小周", taken) if taken else new
    return new.finish("小周", "", done) if done else new


def returned(record: Mapping[str, Any], *tasks: Task, wish: str = "退货退款", over: bool = True) -> Matter:
    events = [happened(at(9), Status.RESOLVED)] if over else []
    known = ticket(*events, kind=Kind.RETURN_EXCHANGE, number="TH1", fields={"wish": wish}, record=record)
    return matter(known, tasks=tasks)


REFUND = {"proposal": {"cause": "refund", "amount_fen": 19_900}}


def test_refunds_count_when_they_were_paid() -> None:
    """E4, F9."""
    found = counted(
        returned(REFUND, task(done=at(8))),
        returned(REFUND, task(), over=False),
        returned(REFUND, task(done=at(2, month=12)), over=False),
        returned(REFUND, over=False),
    ).returns
    assert (found.refunded, found.refunded_fen, found.unpaid, found.unpaid_fen) == (1, 19_900, 2, 39_800)


def test_exchanges_and_refusals_are_told_apart_and_a_wish_in_other_words_is_not_quoted() -> None:
    found = counted(
        returned({"sent_tracking": "SF1"}, wish="换货"),
        returned({"answer_notes": "超期了"}),
        returned({"answer_notes": "先说不行", "sent_tracking": "SF2"}, wish=WORDS),
    ).returns
    assert (found.exchanged, found.declined, found.refunded) == (2, 1, 0)
    assert found.wishes == {"换货": 1, "退货退款": 1, OTHER_WISH: 1}


def test_a_task_is_overdue_where_its_department_did_not_take_it_on_in_time() -> None:
    """C6."""
    untouched, taken, done = task(), task(taken=at(6)), task(done=at(7))
    found = counted(returned({}, untouched, taken, done))
    (finance,) = found.departments
    assert (finance.opened, finance.done, finance.still_open, finance.overdue) == (3, 1, 2, 1)
    (late,) = found.overdue
    assert late.late == NOVEMBER.end - at(5, 20)
    now = at(5, 19)
    assert not counted(returned({}, untouched), now=now).overdue


def test_follow_ups_tell_how_many_answered_and_how_many_are_satisfied() -> None:
    """C7, G14-G16."""
    silent = FollowUp("f", "TS1", "satisfaction", 0, "s", at(4)).sent(at(6))
    planned = FollowUp("f", "TS1", "satisfaction", 0, "s", at(4))
    found = counted(
        complaint("", followups=(asked(True, at(7)), asked(True, at(8)), asked(False, at(9)), silent, planned))
    )
    assert (found.asked.asked, found.asked.satisfied) == (4, Share(2, 3))
    assert found.headline.satisfied == Share(2, 3)


def test_staff_cases_count_when_they_were_decided() -> None:
    """C8."""

    def case(staff: str, decided: datetime | None, verified: bool = True) -> Misconduct:
        new = Misconduct(staff, staff, "TS1", at(4))
        outcome = Outcome.WARNING if verified else None
        return new.decide(verified, outcome, Actor("王主管", Role.SUPERVISOR), "查过", decided) if decided else new

    found = counted(
        misconduct=[
            case("小赵", at(6)),
            case("小钱", at(7), verified=False),
            case("小孙", None),
            case("小周", at(2, month=12)),
        ]
    )
    assert [(one.staff, one.outcome) for one in found.conduct] == [("小赵", Outcome.WARNING), ("小钱", None)]
    assert found.conduct_waiting == 2


def test_customers_who_had_to_urge_are_counted_by_ticket() -> None:
    """H6."""
    urged = happened(at(4), Status.OPEN, "urged", "customer")
    found = counted(matter(ticket(urged, urged)), matter(ticket()))
    assert found.leaving.neglected == Share(1, 2)


# The page


class Page(HTMLParser):
    """What a browser would load, run and jump to."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == [], self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self._open.append(tag)
        for name, value in attrs:
            self.ids |= {value or ""} if name == "id" else set()
            self.links += [value or ""] if name == "href" else []
            self.loads += [value or ""] if name in ("src", "srcset", "data", "xlink:href") else []
            assert not name.startswith("on") and name != "style", name

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.text += data


CHEN = Actor("陈经理", Role.MANAGER)


def busy() -> Report:
    """A month in which something of everything happened."""
    verified = Misconduct("2", "小钱", "TS1", at(4)).decide(True, Outcome.PENALTY, CHEN, WORDS, at(6))
    return counted(
        matter(ticket(replied(at(3, 18)), happened(at(4), Status.IN_PROGRESS), happened(at(5), Status.WAITING_PARTS),
                      record={"repairs": [repair(9)], "fault_cause": "产品", "parts_needed": "主板"}),
               product="安居<空调>", faults=("不制冷",)),
        complaint("damaged_goods", agreements=(agreement("confirm", at(8)),), followups=(asked(False, at(9)),)),
        complaint("a_cause_that_was_removed"),
        returned(REFUND, task(done=at(8)), wish=WORDS),
        returned(REFUND, task(department="closed_department"), over=False),
        spent={"late_delivery": 120_000, "damaged_goods": -2_050},
        budgets={"late_delivery": 100_000, "damaged_goods": 0},
        misconduct=[Misconduct("1", "小赵", "TS1", at(4)), verified],
        approvals=[Approval("p", "TS1", {"投诉内容": WORDS}, 100, "other", Role.SUPERVISOR, "小李", at(9), at(10))],
    )  # fmt: skip


def test_the_page_is_one_file_that_loads_and_runs_nothing() -> None:
    page = Page(render(busy(), NAMES))
    assert page.loads == [] and not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert page.links and all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    html = render(busy(), NAMES)
    assert "default-src 'none'" in html and "@import" not in html
    assert set(re.findall(r"url\(([^)]*)\)", html)) == {"#late"}, "the pattern of the page itself"


def test_the_page_shows_no_phone_no_address_and_no_words_of_customers() -> None:
    """E10."""
    for shown in (render(busy(), NAMES), as_csv(busy(), NAMES)):
        assert not any(secret in shown for secret in (PHONE, ADDRESS, WORDS, "太少"))


def test_the_page_leads_with_what_has_to_be_looked_at() -> None:
    text = Page(render(busy(), NAMES)).text
    for words in (
        "项承诺已经超时，还没有兑现",
        "“延迟发货”的补偿超出预算 200 元",
        "1 个部门任务超过时限没有接收",
        "1 笔补偿或退款等着审批",
        "1 笔退款已经定了，还没有打款，共 199 元",
        "1 件员工投诉等着核实",
    ):
        assert words in text, words
    assert text.index("请先看这些") < text.index("每天登记多少工单") < text.index("说到的做到了多少")


def test_names_are_chinese_where_they_are_known_and_escaped() -> None:
    html = render(busy(), NAMES)
    assert "安居&lt;空调&gt;" in html and "<空调>" not in html
    for words in ("到货破损", "a_cause_that_was_removed", "财务", "closed_department", "结果penalty", "−20.50 元"):
        assert words in html, words


def test_the_pictures_name_axes_and_units_and_draw_a_bar_for_each_day() -> None:
    html = render(busy(), NAMES)
    charts = re.findall(r"<svg[^>]*role=\"img\".*?</svg>", html, re.DOTALL)
    trend, promises = charts
    assert "张／天" in trend and "11 月（日）" in trend and "11 月 3 日：全部 5 张" in trend
    assert trend.count("<rect") == 1 + 3, "all on the third, and three kinds"
    assert "首次人工答复" in promises and "100%" in promises and "项没按时" in promises


def test_an_empty_month_says_so_kindly() -> None:
    text = Page(render(counted(), NAMES)).text
    assert "这个月没有工单" in text and "投诉原因" not in text
    assert as_csv(counted(), NAMES).splitlines() == [",".join(COLUMNS)]


def test_a_month_in_which_only_old_tickets_wait_is_not_empty() -> None:
    old = matter(ticket(opened=at(3, month=10)))
    text = Page(render(counted(old), NAMES)).text
    assert "这个月没有工单" not in text and "月末没有办完" in text


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (Share(0, 0), "—"), (Share(0, 7), "0%"), (Share(7, 7), "100%"), (Share(53, 55), "96.4%"),
        (Share(99_999, 100_000), "99.9%"), (Share(1, 100_000), "0.1%"),
    ],
)  # fmt: skip
def test_all_and_nothing_are_said_only_where_they_are_true(share: Share, told: str) -> None:
    assert percent(share) == told


@pytest.mark.parametrize(
    ("time", "told"),
    [
        ({"seconds": 5}, "不到 1 分钟"), ({"minutes": 5}, "5 分"), ({"hours": 3, "minutes": 20}, "3 小时 20 分"),
        ({"hours": 47}, "47 小时"), ({"days": 2}, "2 天"), ({"days": 2, "hours": 4.5}, "2 天 4 小时"),
    ],
)  # fmt: skip
def test_spans_are_told_as_people_tell_them(time: dict[str, float], told: str) -> None:
    assert span(timedelta(**time)) == told


@pytest.mark.parametrize(
    ("fen", "told"), [(0, "0 元"), (5, "0.05 元"), (123_450, "1,234.50 元"), (-2_050, "−20.50 元"), (-100, "−1 元")]
)
def test_money_is_told_to_the_fen(fen: int, told: str) -> None:
    assert money(fen) == told


# The table


def rows(found: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(found, NAMES))))


def test_the_table_has_a_line_for_each_ticket_with_its_course() -> None:
    known = ticket(
        replied(at(3, 13)), happened(at(4), Status.IN_PROGRESS, why="登记 → 上门检修：好"),
        happened(at(5), Status.RESOLVED, why="上门检修 → 修好：换了件：主板"),
    )  # fmt: skip
    (line,) = rows(counted(matter(known, product="安居空调")))
    assert line == {
        "工单号": "BX20261103-0001", "类别": "类repair", "产品": "安居空调", "登记时间": "2026-11-03 12:00",
        "首次人工答复": "2026-11-03 13:00", "办结时间": "2026-11-05 12:00", "步骤": "修好", "状态": "已解决",
        "承诺都按时兑现": "是", "投诉原因": "", "补偿或退款（元）": "",
    }  # fmt: skip


def test_the_table_tells_cause_and_money_that_is_final() -> None:
    """F9."""
    proposed = {"cause": "damaged_goods", "proposal": {"cause": "damaged_goods", "amount_fen": 5_050}}
    base = complaint("damaged_goods")
    offered = replace(base, ticket=replace(base.ticket, record=proposed))
    signed = replace(offered, agreements=(agreement("confirm", at(8)),))
    lines = rows(counted(offered, signed, returned(REFUND, task(done=at(8))), returned(REFUND, task(), over=False)))
    assert sorted(line["补偿或退款（元）"] for line in lines) == ["", "", "199.00", "50.50"]
    assert {line["投诉原因"] for line in lines} == {"到货破损", ""}


def test_a_promise_that_was_not_kept_shows_and_one_that_still_runs_does_not() -> None:
    late, fresh = matter(ticket(replied(at(3, 18)))), matter(ticket(opened=at(30, 23.5), number="BX2"))
    assert {line["承诺都按时兑现"] for line in rows(counted(late, fresh))} == {"否", ""}


def test_the_table_holds_what_was_opened_or_touched_in_the_month_the_oldest_first() -> None:
    touched = matter(ticket(happened(at(2), Status.CLOSED), opened=at(3, month=10), number="BX1"))
    untouched = matter(ticket(opened=at(3, month=10), number="BX2"))
    opened = matter(ticket(number="BX3"))
    assert [line["工单号"] for line in rows(counted(opened, untouched, touched))] == ["BX1", "BX3"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")'])
def test_no_cell_is_taken_for_a_formula(name: str) -> None:
    (line,) = rows(counted(matter(ticket(), product=name)))
    assert line["产品"].startswith("'")


def test_headlines_of_two_months_can_be_compared() -> None:
    before = Headline(7, 6, 5, Share(1, 2), timedelta(hours=3), Share(3, 4))
    found = report(NOVEMBER, NEXT_YEAR, [matter(ticket())], Books({}, {}), before)
    text = " ".join(Page(render(found, NAMES)).text.split())
    assert all(
        words in text for words in ("上月 7 张", "上月 6 张", "上月末 5 张", "上月 50.0%", "上月 3 小时", "上月 75.0%")
    )
