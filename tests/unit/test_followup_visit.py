"""What is done unasked after a service, and when a technician comes (B2, C7, G11, G13-G16)."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.procedure_files import load_plan, load_timetable
from bot.domain.dates import SHANGHAI
from bot.domain.errors import Conflict, ContentError, InvalidInput
from bot.domain.followup import FollowUp, Kept, Planned, read_plan
from bot.domain.ticket import Kind
from bot.domain.visit import Appointment, Timetable, Visit, read_timetable

NOW = datetime(2026, 11, 26, 4, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def followup(state: Kept = Kept.PLANNED) -> FollowUp:
    return FollowUp("f1", "TS20261126-0001", "satisfaction", 0, "followup.satisfaction", NOW, state)


@pytest.mark.parametrize("state", [Kept.PLANNED, Kept.SENT])
@pytest.mark.parametrize(("satisfied", "kept"), [(True, Kept.SATISFIED), (False, Kept.UNSATISFIED)])
def test_the_customer_answers_whether_all_is_well(state: Kept, satisfied: bool, kept: Kept) -> None:
    """C7."""
    heard = followup(state).answered(satisfied, " 还在漏水 ", LATER)
    assert (heard.state, heard.answered_at, heard.comment) == (kept, LATER, "还在漏水")


def test_what_was_asked_and_when_is_kept() -> None:
    asked = followup().sent(NOW)
    assert (asked.state, asked.sent_at) == (Kept.SENT, NOW)
    assert asked.answered(True, "", LATER).sent_at == NOW


@pytest.mark.parametrize(("comment", "kept"), [("", None), ("   ", None), ("长" * 600, "长" * 500)])
def test_a_comment_may_be_missing_and_is_kept_short(comment: str, kept: str | None) -> None:
    assert followup(Kept.SENT).answered(False, comment, LATER).comment == kept


@pytest.mark.parametrize("satisfied", [True, False])
@pytest.mark.parametrize("state", [Kept.SATISFIED, Kept.UNSATISFIED])
def test_a_second_answer_is_kindly_turned_to_the_chat(state: Kept, satisfied: bool) -> None:
    with pytest.raises(Conflict, match="已经回复过"):
        followup(state).answered(satisfied, "", LATER)


def test_a_follow_up_that_was_called_off_asks_nothing_more() -> None:
    with pytest.raises(Conflict, match="取消"):
        followup(Kept.CANCELLED).answered(True, "", LATER)


LINE: dict[str, Any] = {
    "what": "use_check", "kind": "repair", "after_step": "repaired", "later_hours": 72, "script": "followup.use_check",
    "clause": "G15", "asks": True,
}  # fmt: skip


def test_a_line_of_the_plan_says_what_follows_when() -> None:
    """G15."""
    expected = Planned(
        "use_check", Kind.REPAIR, "repaired", timedelta(hours=72), "followup.use_check", "G15", True
    )  # fmt: skip
    assert read_plan([LINE]) == (expected,)
    assert read_plan([{k: v for k, v in LINE.items() if k != "asks"}]) == (replace(expected, asks=False),)


@pytest.mark.parametrize("field", [name for name in LINE if name != "asks"])
def test_an_incomplete_line_is_refused_with_its_number_and_field(field: str) -> None:
    with pytest.raises(ContentError, match=rf"第 2 条.*{field}"):
        read_plan([LINE, {name: value for name, value in LINE.items() if name != field}])


@pytest.mark.parametrize(
    "wrong",
    [
        {"later_hours": "三天"}, {"later_hours": -1}, {"later_hours": None}, {"later_hours": float("inf")},
        {"later_hours": float("nan")}, {"kind": "repairs"}, {"ask": True}, {"asks": "no"},
    ],
    ids=str,
)  # fmt: skip
def test_a_line_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ContentError, match="第 1 条"):
        read_plan([{**LINE, **wrong}])


@pytest.mark.parametrize("line", ["use_check", None, 72, ["what"]])
def test_what_is_no_line_is_refused(line: Any) -> None:
    with pytest.raises(ContentError, match="第 1 条"):
        read_plan([line])


def test_the_same_contact_is_not_planned_twice_for_a_step() -> None:
    with pytest.raises(ContentError, match=r"第 2 条.*use_check"):
        read_plan([LINE, {**LINE, "later_hours": 96}])
    assert len(read_plan([LINE, {**LINE, "after_step": "closed"}, {**LINE, "kind": "complaint"}])) == 3


def test_the_plan_asks_after_every_complaint_and_thanks_after_every_deal() -> None:
    """C7, G13-G16."""
    plan = load_plan()
    assert any(line.kind is Kind.COMPLAINT and line.asks for line in plan)
    assert {line.kind for line in plan if line.clause == "G13"} == {Kind.REPAIR, Kind.RETURN_EXCHANGE}
    assert {"C7", "G13", "G14", "G15", "G16"} <= {line.clause for line in plan}


def visit(state: Appointment = Appointment.BOOKED) -> Visit:
    return Visit("v1", "BX20261126-0001", LATER, LATER + timedelta(hours=3), 0, state)


ENDS = [state for state in Appointment if state is not Appointment.BOOKED]


@pytest.mark.parametrize("end", ENDS)
def test_a_visit_ends_once(end: Appointment) -> None:
    """B2."""
    over = visit().end(end, "换了排水泵")
    assert (over.state, over.result) == (end, "换了排水泵")
    for other in ENDS:
        with pytest.raises(Conflict, match="最新的预约"):
            over.end(other)


def test_being_booked_is_no_end() -> None:
    with pytest.raises(InvalidInput, match="已完成"):
        visit().end(Appointment.BOOKED)


RAW: dict[str, Any] = {
    "spans": ["09:00-12:00", "13:00-17:00", "17:00-20:00"], "capacity": 6, "notice_hours": 4, "ahead_days": 7,
}  # fmt: skip


@st.composite
def timetables(draw: st.DrawFn) -> Timetable:
    minutes = sorted(draw(st.sets(st.integers(0, 24 * 60 - 1), min_size=2, max_size=8)))
    spans = [
        f"{begin // 60:02d}:{begin % 60:02d}-{end // 60:02d}:{end % 60:02d}"
        for begin, end in zip(minutes[::2], minutes[1::2], strict=False)
    ]
    raw = {"capacity": 2, "notice_hours": draw(st.integers(0, 72)), "ahead_days": draw(st.integers(0, 10))}
    return read_timetable({"spans": spans, **raw})


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda moment: moment.replace(tzinfo=UTC))


@given(timetables(), moments)
def test_slots_never_overlap_nor_lie_in_the_past_nor_too_far_ahead(table: Timetable, now: datetime) -> None:
    """B2, G11: the earliest first."""
    slots = list(table.slots(now))
    assert all(slot.starts_at < slot.ends_at for slot in slots)
    assert all(earlier.ends_at <= later.starts_at for earlier, later in pairwise(slots))
    assert all(now + table.notice <= slot.starts_at for slot in slots)
    today = now.astimezone(SHANGHAI).date()
    assert all(slot.starts_at.astimezone(SHANGHAI).date() <= today + timedelta(days=table.ahead) for slot in slots)


@given(timetables(), moments, st.sets(st.integers(0, 10)))
def test_nobody_comes_on_a_rest_day_and_all_other_slots_stay(
    table: Timetable, now: datetime, resting: set[int]
) -> None:
    """D7."""
    today = now.astimezone(SHANGHAI).date()
    rest_days = {today + timedelta(days=n) for n in resting}
    expected = [s for s in table.slots(now) if s.starts_at.astimezone(SHANGHAI).date() not in rest_days]
    assert list(table.slots(now, rest_days)) == expected


def test_spans_are_read_on_the_clocks_of_shanghai() -> None:
    """Invariant 8: it is 12:30 in Shanghai, four hours before the last span."""
    first, second = list(read_timetable(RAW).slots(NOW))[:2]
    assert (first.starts_at, first.ends_at) == (
        datetime(2026, 11, 26, 9, tzinfo=UTC), datetime(2026, 11, 26, 12, tzinfo=UTC),
    )  # fmt: skip
    assert second.starts_at == datetime(2026, 11, 27, 1, tzinfo=UTC)


def test_late_at_night_the_day_is_that_of_shanghai() -> None:
    """Invariant 8: 16:30 UTC is already tomorrow, which may be a rest day."""
    night = datetime(2026, 11, 26, 16, 30, tzinfo=UTC)
    first = next(iter(read_timetable(RAW).slots(night, {date(2026, 11, 27)})))
    assert first.starts_at == datetime(2026, 11, 28, 1, tzinfo=UTC)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in RAW.items() if key != name}


BROKEN: dict[str, Any] = {
    **{f"no {name}": without(name) for name in RAW},
    "no spans at all": {**RAW, "spans": []},
    "words for spans": {**RAW, "spans": "09:00-12:00"},
    "late before early": {**RAW, "spans": ["12:00-09:00"]},
    "empty span": {**RAW, "spans": ["09:00-09:00"]},
    "no such hour": {**RAW, "spans": ["09:00-25:00"]},
    "no end": {**RAW, "spans": ["09:00"]},
    "overlapping": {**RAW, "spans": ["09:00-12:00", "11:00-14:00"]},
    "out of order": {**RAW, "spans": ["13:00-17:00", "09:00-12:00"]},
    "nobody comes": {**RAW, "capacity": 0},
    "half a technician": {**RAW, "capacity": 1.5},
    "notice in the past": {**RAW, "notice_hours": -1},
    "endless notice": {**RAW, "notice_hours": float("inf")},
    "ahead is behind": {**RAW, "ahead_days": -1},
    "a list": [RAW],
    "nothing": None,
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_timetable_is_refused(case: str) -> None:
    with pytest.raises(ContentError, match=r"visits\.yml"):
        read_timetable(BROKEN[case])


def test_the_timetable_in_force_offers_a_slot_within_two_days() -> None:
    """B2, A3."""
    table = load_timetable()
    assert next(iter(table.slots(NOW))).starts_at <= NOW + timedelta(days=2)
    assert all(time(8) <= begin < end <= time(21) for begin, end in table.spans)
