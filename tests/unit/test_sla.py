"""Deadlines as functions of history, against a model that walks every minute (D1-D3, D7, E4, invariants 5 and 6)."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.actor import Role
from bot.domain.calendar import ALWAYS, Calendar, Calendars, DayKind, SpecialDay, read_block
from bot.domain.sla import (
    Deadline,
    Limit,
    Policy,
    State,
    Target,
    Unit,
    Warn,
    Within,
    deadlines,
    explain,
    level_after,
    next_due,
    next_event,
    promise,
)
from bot.domain.sla.explain import arithmetic

BEIJING = timezone(timedelta(hours=8))
MINUTE = timedelta(minutes=1)
WORK = (read_block("09:00-12:00"), read_block("13:30-18:00"))
STATE_DAYS = {
    **{date(2026, 10, day): SpecialDay(DayKind.HOLIDAY, "国庆节") for day in range(1, 8)},
    **{date(2026, 2, day): SpecialDay(DayKind.HOLIDAY, "春节") for day in range(15, 24)},
    **{day: SpecialDay(DayKind.WORKDAY, "国庆节") for day in (date(2026, 9, 20), date(2026, 10, 10))},
    **{date(2026, 2, day): SpecialDay(DayKind.WORKDAY, "春节") for day in (14, 28)},
}
OFFICE = Calendar(
    "office", "“办公时间”", (WORK,) * 5 + ((), ()), STATE_DAYS.get, on_workday=WORK, arranged_until=date(2026, 12, 31)
)
SHIFT = Calendar("shift", "“夜班”", ((read_block("00:00-02:00"), read_block("20:00-24:00")),) * 7, STATE_DAYS.get)
CALENDARS = Calendars({"always": ALWAYS, "office": OFFICE, "shift": SHIFT}, {"night": "shift"}, "office")
LIMITS = {
    "repair": (
        Limit(
            Target.FIRST_REPLY, "D1", Within(4, Unit.HOURS), {1: Within(2, Unit.HOURS), 2: Within(1, Unit.HOURS)},
            warn_at=(Warn(0.5), Warn(0.75)),
        ),
        Limit(Target.NEXT_REPLY, "D1", Within(4, Unit.HOURS), escalate_to=Role.SUPERVISOR),
        Limit(
            Target.RESOLUTION, "D7", Within(20, Unit.WORKING_HOURS), warn_at=(Warn(0.5),),
            pauses=frozenset({"waiting_customer", "waiting_parts"}), calendar=None,
        ),
    ),
    "return_exchange": (
        Limit(Target.FIRST_REPLY, "D3", Within(24, Unit.HOURS)),
        Limit(
            Target.REFUND, "E4", Within(15, Unit.DAYS),
            warn_at=tuple(Warn(offset=timedelta(days=days)) for days in (7, 10, 13)),
        ),
    ),
    "complaint": (
        Limit(Target.FIRST_REPLY, "D2", Within(24, Unit.HOURS)),
        Limit(
            Target.RESOLUTION, "D2", Within(1, Unit.MONTHS), warn_at=(Warn(1, timedelta(days=-7)),),
            pauses=frozenset({"waiting_customer"}),
        ),
    ),
}  # fmt: skip
POLICY = Policy(LIMITS, CALENDARS)


@dataclass(frozen=True)
class Entry:
    at: datetime
    actor: str
    event: str
    from_status: str | None
    to_status: str


@dataclass(frozen=True)
class Matter:
    """A matter whose history the tests write."""

    kind: str
    opened_at: datetime
    history: tuple[Entry, ...] = ()
    priority: int = 0
    team: str = "service"

    @property
    def status(self) -> str:
        return self.history[-1].to_status if self.history else "open"

    def said(self, event: str, actor: str, at: datetime) -> "Matter":
        """Something happens that changes no status."""
        return replace(self, history=(*self.history, Entry(at, actor, event, self.status, self.status)))

    def moved(self, to: str, at: datetime, actor: str = "李敏") -> "Matter":
        """The status changes."""
        return replace(self, history=(*self.history, Entry(at, actor, "status", self.status, to)))


def at(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    """A moment in Beijing time."""
    return datetime(year, month, day, hour, minute, tzinfo=BEIJING)


def only(target: Target, matter: Matter, now: datetime, policy: Policy = POLICY) -> Deadline:
    """The one deadline of that target."""
    [found] = [deadline for deadline in deadlines(matter, policy, now) if deadline.target is target]
    return found


def every(target: Target, matter: Matter, now: datetime) -> list[Deadline]:
    return [deadline for deadline in deadlines(matter, POLICY, now) if deadline.target is target]


# --- the model: a fortnight in minutes -------------------------------------------------------------------------------

FIRST = at(9, 28)
WORLD = 30 * 24 * 60
STATUSES = ["open", "accepted", "in_progress", "waiting_customer", "waiting_parts", "resolved", "closed", "cancelled"]
EVENTS = [
    ("reply", "李敏"), ("reply", "bot"), ("reply", "system"), ("customer_said", "customer"), ("urged", "customer"),
    ("note", "李敏"), ("told", "system"), ("refunded", "system"),
]  # fmt: skip


def moment(minute: int) -> datetime:
    return FIRST + minute * MINUTE


@st.composite
def matters(draw: st.DrawFn, kind: str = "repair") -> Matter:
    """A matter of any course, tidy or not; entries may share a minute."""
    times = sorted(draw(st.lists(st.integers(0, 9 * 24 * 60), min_size=1, max_size=9)))
    matter = Matter(kind, moment(times[0]), team=draw(st.sampled_from(["service", "night"])))
    for minute in times[1:]:
        if draw(st.booleans()):
            to, actor = draw(st.sampled_from(STATUSES)), draw(st.sampled_from(["李敏", "customer", "bot", "system"]))
            matter = matter.moved(to, moment(minute), actor)
        else:
            matter = matter.said(*draw(st.sampled_from(EVENTS)), moment(minute))
        if matter.status == "cancelled":
            break
    return matter


nows = st.integers(0, 12 * 24 * 60).map(moment)


def works(calendar: Calendar, minute: int) -> bool:
    """The model of a calendar."""
    local = moment(minute)
    return any(block.begin <= local.hour * 60 + local.minute < block.end for block in calendar.blocks(local.date()))


WORKED = {name: [works(calendar, minute) for minute in range(WORLD)] for name, calendar in CALENDARS.named.items()}


def minute_of(asked: datetime) -> int:
    return (asked - FIRST) // MINUTE


def modelled_resolution(matter: Matter, now: datetime) -> tuple[int, int | None]:
    """The model of a resolution: the minute at which it is due, and the one at which it ended, if it did."""
    ended = None
    for entry in matter.history:
        if entry.to_status in ("resolved", "closed", "cancelled"):
            ended = minute_of(entry.at) if ended is None else ended
        else:
            ended = None
    last = max([now, matter.opened_at, *(entry.at for entry in matter.history)])
    end = minute_of(last) if ended is None else ended
    stands = [False] * WORLD
    for entry in matter.history:
        standing = entry.to_status in ("waiting_customer", "waiting_parts", "resolved", "closed")
        stands[minute_of(entry.at) :] = [standing] * (WORLD - minute_of(entry.at))
    worked = WORKED["shift" if matter.team == "night" else "office"]
    minute, left = minute_of(matter.opened_at), 20 * 60
    while left:
        left -= worked[minute] and not (stands[minute] and minute < end)
        minute += 1
    return minute, ended


@settings(deadline=None)
@given(matters(), nows)
def test_a_resolution_is_due_where_one_ends_who_counts_minute_by_minute(matter: Matter, now: datetime) -> None:
    """D7: working time only, pauses out, reopening goes on with the old clock."""
    due, ended = modelled_resolution(matter, now)
    found = only(Target.RESOLUTION, matter, now)
    assert found.due_at == moment(due)
    end = minute_of(max([now, *(entry.at for entry in matter.history)])) if ended is None else ended
    called_off = matter.status == "cancelled" and matter.history[-1].from_status not in ("resolved", "closed")
    if ended is not None and not called_off:
        assert found.met_at == moment(ended)
        assert found.state is (State.MET if ended <= due else State.MET_LATE)
    else:
        assert found.met_at is None
        assert (found.state is State.BREACHED) == (end > due)


@settings(deadline=None)
@given(matters(), nows)
def test_answers_are_owed_from_the_first_word_to_the_next_answer_of_a_person(matter: Matter, now: datetime) -> None:
    """D1, invariant 6: against a model that reads the history entry by entry."""
    waiting, expected = None, []
    for entry in matter.history:
        over = entry.to_status in ("resolved", "closed") and entry.to_status != entry.from_status
        by_person = entry.actor == "李敏" and (entry.event == "reply" or over)
        settled = entry.to_status == "cancelled" or (entry.actor == "customer" and over)
        reopened = entry.from_status in ("resolved", "closed") and entry.to_status not in ("resolved", "closed")
        if waiting is not None and (by_person or settled):
            expected.append((waiting, entry.at if by_person else None))
            waiting = None
        elif waiting is None and (
            entry.event in ("customer_said", "urged") or (reopened and entry.actor == "customer")
        ):
            waiting = entry.at
    if waiting is not None:
        expected.append((waiting, None))
    found = every(Target.NEXT_REPLY, matter, now)
    assert [(deadline.started_at, deadline.met_at) for deadline in found] == expected
    assert all(deadline.due_at == deadline.started_at + timedelta(hours=4) for deadline in found)


# --- what always holds ------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.sampled_from(list(LIMITS)).flatmap(matters), nows)
def test_what_a_deadline_says_agrees_with_itself(matter: Matter, now: datetime) -> None:
    for deadline in deadlines(matter, POLICY, now):
        assert matter.opened_at <= deadline.started_at < deadline.due_at
        assert list(deadline.warn_at) == sorted(deadline.warn_at)
        assert all(deadline.started_at < warning < deadline.due_at for warning in deadline.warn_at)
        assert deadline.paused >= timedelta()
        assert all(stretch.begin <= stretch.end for stretch in deadline.stretches)
        assert deadline.due_at.utcoffset() == timedelta()
        assert (deadline.met_at is not None) == (deadline.state in (State.MET, State.MET_LATE))
        assert not deadline.is_paused or deadline.next_event_at is None
        assert deadline.next_event_at is None or deadline.next_event_at > now


@settings(deadline=None)
@given(st.sampled_from(list(LIMITS)).flatmap(matters), nows)
def test_the_arithmetic_adds_up_to_the_limit_without_a_gap(matter: Matter, now: datetime) -> None:
    """D7: each deadline explains its arithmetic."""
    for deadline in deadlines(matter, POLICY, now):
        lines = list(arithmetic(deadline))
        time, _ = deadline.rule.times(deadline.started_at)
        assert sum((line.time for line in lines), timedelta()) == time
        assert lines[-1].end == deadline.due_at
        assert all(one.end <= other.begin for one, other in pairwise(lines))
        assert len(explain(deadline)) >= len(lines) + 3


@settings(deadline=None)
@given(st.sampled_from(list(LIMITS)).flatmap(matters), nows)
def test_nothing_changes_before_the_next_event_and_something_does_at_it(matter: Matter, now: datetime) -> None:
    """Invariant 5: the watcher may sleep until then."""
    found = deadlines(matter, POLICY, now)
    event = next_event(found)
    if event is None:
        later = deadlines(matter, POLICY, now + timedelta(days=60))
        assert [(one.state, one.warned) for one in later] == [(one.state, one.warned) for one in found]
        return
    told = [(one.state, one.warned, one.due_at) for one in found if not one.is_paused]
    before = deadlines(matter, POLICY, event - timedelta(microseconds=1))
    then = deadlines(matter, POLICY, event)
    assert [(one.state, one.warned, one.due_at) for one in before if not one.is_paused] == told
    assert [(one.state, one.warned) for one in then] != [(one.state, one.warned) for one in found]


@settings(deadline=None)
@given(matters(), nows, st.integers(0, 9 * 24 * 60), st.integers(1, 3000))
def test_a_pause_more_makes_nothing_due_earlier(matter: Matter, now: datetime, begin: int, length: int) -> None:
    """D7."""
    history = [entry for entry in matter.history if entry.at <= moment(begin)]
    ended = history[-1].to_status if history else "open"
    if ended in ("resolved", "closed", "cancelled"):
        return
    plain = replace(matter, history=tuple(history))
    paused = plain.moved("waiting_customer", moment(begin)) if moment(begin) >= plain.opened_at else plain
    resumed = paused.moved(ended, moment(begin + length)) if paused is not plain else plain
    for one, other in ((plain, paused), (plain, resumed)):
        for before, after in zip(deadlines(one, POLICY, now), deadlines(other, POLICY, now), strict=True):
            assert after.due_at >= before.due_at


@settings(deadline=None)
@given(matters(), nows, nows)
def test_as_time_passes_no_deadline_comes_nearer(matter: Matter, one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    pairs = zip(deadlines(matter, POLICY, earlier), deadlines(matter, POLICY, later), strict=True)
    assert all(after.due_at >= before.due_at for before, after in pairs)


@settings(deadline=None)
@given(st.sampled_from(list(LIMITS)).flatmap(matters), nows)
def test_the_clock_of_the_reader_may_lag_behind_the_history(matter: Matter, now: datetime) -> None:
    """Neither a crash nor a pause of less than nothing: it counts as the moment of the last entry."""
    last = max((entry.at for entry in matter.history), default=matter.opened_at)
    if now <= last:
        assert deadlines(matter, POLICY, now) == deadlines(matter, POLICY, last)


@settings(deadline=None)
@given(matters(), nows)
def test_entries_dated_by_clocks_that_differ_do_no_harm(matter: Matter, now: datetime) -> None:
    shaken = tuple(
        replace(entry, at=entry.at + timedelta(minutes=(7 * place) % 90 - 60))
        for place, entry in enumerate(matter.history)
    )
    for deadline in deadlines(replace(matter, history=shaken), POLICY, now):
        assert deadline.started_at < deadline.due_at
        assert deadline.run.ended_at is None or deadline.run.ended_at >= deadline.started_at
        assert all(stretch.begin <= stretch.end for stretch in deadline.stretches)
        assert all(one.end == other.begin for one, other in pairwise(deadline.stretches))


@settings(deadline=None)
@given(st.sampled_from(list(LIMITS)).flatmap(matters), nows, st.sampled_from(["bot", "system", "customer"]))
def test_nothing_but_a_person_satisfies_the_promise_of_a_person(matter: Matter, now: datetime, actor: str) -> None:
    """Invariant 6."""
    history = tuple(replace(entry, actor=entry.actor.replace("李敏", actor)) for entry in matter.history)
    for deadline in deadlines(replace(matter, history=history), POLICY, now):
        if deadline.target in (Target.FIRST_REPLY, Target.NEXT_REPLY):
            assert deadline.met_at is None


# --- first reply ------------------------------------------------------------------------------------------------------

OPENED = at(11, 18, 23)
REPAIR = Matter("repair", OPENED)


def test_a_person_answers_within_four_hours_of_any_hour() -> None:
    """D1: the hotline is open 24 hours."""
    assert only(Target.FIRST_REPLY, REPAIR, OPENED).due_at == at(11, 19, 3)
    assert promise("repair", 0, "service", OPENED, POLICY) == at(11, 19, 3)


@pytest.mark.parametrize(("priority", "hours"), [(0, 4), (1, 2), (2, 1), (3, 1)])
def test_who_is_urgent_is_answered_sooner(priority: int, hours: int) -> None:
    """A13; a priority without its own limit takes the one below."""
    assert promise("repair", priority, "service", OPENED, POLICY) == OPENED + timedelta(hours=hours)


@pytest.mark.parametrize(("minutes", "state"), [(0, State.MET), (1, State.MET_LATE)])
def test_kept_or_not_is_told_by_timestamps_and_not_by_when_somebody_looks(minutes: int, state: State) -> None:
    """Invariant 5."""
    answered = REPAIR.said("reply", "李敏", at(11, 19, 3, minutes))
    for looked in (at(11, 19, 3, 5), at(12, 31)):
        assert only(Target.FIRST_REPLY, answered, looked).state is state


def test_it_warns_twice_and_then_is_late() -> None:
    def seen(now: datetime) -> tuple[State, int, datetime | None]:
        found = only(Target.FIRST_REPLY, REPAIR, now)
        return found.state, found.warned, found.next_event_at

    late = at(11, 19, 3) + timedelta(microseconds=1)
    assert seen(OPENED) == (State.RUNNING, 0, at(11, 19, 1))
    assert seen(at(11, 19, 1)) == (State.WARNED, 1, at(11, 19, 2))
    assert seen(at(11, 19, 3)) == (State.WARNED, 2, late)
    assert seen(late) == (State.BREACHED, 2, None)


def test_a_result_by_a_person_is_an_answer_and_the_bots_is_none() -> None:
    """Invariant 6."""
    soon = OPENED + timedelta(hours=1)
    assert only(Target.FIRST_REPLY, REPAIR.moved("resolved", soon), soon).state is State.MET
    assert only(Target.FIRST_REPLY, REPAIR.moved("resolved", soon, "system"), at(11, 20)).state is State.BREACHED


def test_what_the_customer_calls_off_is_owed_no_answer_but_a_broken_promise_stays_broken() -> None:
    for when, state in ((at(11, 19, 2), State.DROPPED), (at(11, 19, 4), State.BREACHED)):
        found = only(Target.FIRST_REPLY, REPAIR.moved("cancelled", when, "customer"), at(11, 21))
        assert (found.state, found.met_at, found.is_open, found.next_event_at) == (state, None, False, None)


def test_the_first_reply_waits_for_nobody() -> None:
    """D1: no status lets its clock stand."""
    waiting = REPAIR.moved("waiting_customer", OPENED + MINUTE, "bot")
    found = only(Target.FIRST_REPLY, waiting, at(11, 19, 2))
    assert (found.due_at, found.is_paused) == (at(11, 19, 3), False)


def test_a_kind_without_promises_has_no_deadline_and_no_promise() -> None:
    assert deadlines(Matter("training", OPENED), POLICY, OPENED) == ()
    with pytest.raises(KeyError):
        promise("training", 0, "service", OPENED, POLICY)


# --- next reply -------------------------------------------------------------------------------------------------------


def test_who_urges_twice_has_the_answer_by_the_first_time() -> None:
    """B6."""
    urged = REPAIR.said("urged", "customer", at(11, 19, 1)).said("urged", "customer", at(11, 19, 4))
    assert only(Target.NEXT_REPLY, urged, at(11, 19, 4)).due_at == at(11, 19, 5)


def test_each_wait_for_an_answer_is_judged_by_itself() -> None:
    asked = REPAIR.said("customer_said", "customer", at(11, 19, 1)).said("reply", "李敏", at(11, 19, 2))
    again = asked.said("customer_said", "customer", at(11, 19, 10)).said("reply", "bot", at(11, 19, 11))
    first, second = every(Target.NEXT_REPLY, again, at(11, 19, 15))
    assert (first.state, second.state) == (State.MET, State.BREACHED)
    assert second.started_at == at(11, 19, 10)


def test_who_reopens_is_owed_an_answer() -> None:
    """C7."""
    reopened = REPAIR.moved("resolved", at(11, 19, 1)).moved("in_progress", at(11, 20, 9), "customer")
    assert only(Target.NEXT_REPLY, reopened, at(11, 20, 10)).due_at == at(11, 20, 13)
    by_staff = REPAIR.moved("resolved", at(11, 19, 1)).moved("in_progress", at(11, 20, 9))
    assert every(Target.NEXT_REPLY, by_staff, at(11, 20, 10)) == []


# --- resolution -------------------------------------------------------------------------------------------------------


def test_national_day_is_skipped_and_the_saturday_after_it_counts() -> None:
    """D7: 1-7 October off, 10 October a working day."""
    found = only(Target.RESOLUTION, Matter("repair", at(9, 30, 14)), at(9, 30, 15))
    assert found.due_at == at(10, 10, 9, 0) + timedelta(hours=1)
    lines = "\n".join(explain(found))
    assert "10 月 1 日（周四）至 10 月 7 日（周三），国庆节放假，不计" in lines
    assert "10 月 10 日（周六）09:00-10:00（国庆节调休上班），计 1 小时，累计 20 小时" in lines


def test_the_sunday_before_national_day_counts() -> None:
    """D7: 20 September is a working day."""
    assert only(Target.RESOLUTION, Matter("repair", at(9, 19, 10)), at(9, 19, 10)).due_at == at(9, 22, 15, 30)


def test_spring_festival_is_skipped_and_its_working_saturdays_count() -> None:
    """D7: 15-23 February off, 14 and 28 February working days."""
    assert only(Target.RESOLUTION, Matter("repair", at(2, 13, 17)), at(2, 13, 17)).due_at == at(2, 25, 14, 30)
    assert only(Target.RESOLUTION, Matter("repair", at(2, 26, 17)), at(2, 26, 17)).due_at == at(3, 2, 14, 30)


def test_time_spent_waiting_for_the_customer_and_for_parts_does_not_count() -> None:
    """D7."""
    waited = (
        Matter("repair", at(11, 18, 9)).moved("waiting_customer", at(11, 18, 11)).moved("in_progress", at(11, 19, 15))
    )
    waited = waited.moved("waiting_parts", at(11, 19, 16)).moved("in_progress", at(11, 24, 9))
    found = only(Target.RESOLUTION, waited, at(11, 24, 10))
    assert found.due_at == at(11, 26, 11)
    assert found.paused == timedelta(hours=28 + 113)
    line = "　11 月 18 日（周三）11:00 至 11 月 19 日（周四）15:00，等客户回复，暂停计时，不计"
    assert line in explain(found)


def test_while_it_stands_the_due_moment_moves_on_and_nothing_is_about_to_happen() -> None:
    """D7: what holds if the clock goes on right now."""
    waiting = Matter("repair", at(11, 18, 9)).moved("waiting_customer", at(11, 18, 11))
    for now, due in (
        (at(11, 18, 11), at(11, 20, 15, 30)),
        (at(11, 18, 16), at(11, 23, 10)),
        (at(11, 18, 22), at(11, 23, 12)),
    ):
        found = only(Target.RESOLUTION, waiting, now)
        assert (found.due_at, found.next_event_at, found.is_paused) == (due, None, True)
        assert "暂停" in explain(found)[0] + explain(found)[-1]


@pytest.mark.parametrize("minutes", [0, 30])
def test_what_was_overdue_before_its_clock_stood_stays_due_where_it_was(minutes: int) -> None:
    late = Matter("repair", at(11, 18, 9)).moved("waiting_parts", at(11, 20, 15, 30) + minutes * MINUTE)
    found = only(Target.RESOLUTION, late, at(11, 23, 12))
    assert (found.due_at, found.state, found.is_paused) == (at(11, 20, 15, 30), State.BREACHED, True)


def test_a_pause_that_began_before_the_clock_counts_from_when_the_clock_began() -> None:
    limit = Limit(Target.NEXT_REPLY, "D1", Within(4, Unit.HOURS), pauses=frozenset({"waiting_parts"}))
    policy = Policy({"repair": (limit,)}, CALENDARS)
    asked = REPAIR.moved("waiting_parts", at(11, 19, 1)).said("customer_said", "customer", at(11, 19, 3))
    found = only(Target.NEXT_REPLY, asked.moved("in_progress", at(11, 19, 8)), at(11, 19, 9), policy)
    assert (found.due_at, found.paused) == (at(11, 19, 12), timedelta(hours=5))
    spans = [(stretch.begin, stretch.end, stretch.standing) for stretch in found.stretches]
    assert spans == [(at(11, 19, 3), at(11, 19, 8), "waiting_parts"), (at(11, 19, 8), at(11, 19, 9), None)]


def test_reopening_goes_on_with_the_same_clock_and_says_so() -> None:
    """D7: never a silent restart."""
    resolved = Matter("repair", at(11, 18, 9)).moved("in_progress", at(11, 18, 9)).moved("resolved", at(11, 18, 18))
    reopened = resolved.moved("in_progress", at(11, 30, 9), "customer")
    found = only(Target.RESOLUTION, reopened, at(11, 30, 9))
    assert found.started_at == at(11, 18, 9)
    assert found.due_at == at(12, 1, 15, 30)
    assert any("不重新起算" in line for line in explain(found))
    late = reopened.moved("resolved", at(12, 2, 9))
    assert only(Target.RESOLUTION, late, at(12, 2, 9)).state is State.MET_LATE
    assert not any("不重新起算" in line for line in explain(only(Target.RESOLUTION, resolved, at(11, 30))))


def test_a_team_counts_by_its_own_calendar() -> None:
    night = Matter("repair", at(11, 18, 22), team="night")
    assert only(Target.RESOLUTION, night, at(11, 18, 22)).due_at == at(11, 22, 0)


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        (at(1, 31, 9), at(2, 28, 9)),
        (at(1, 31, 9, year=2028), at(2, 29, 9, year=2028)),
        (at(12, 31, 23, 59), at(1, 31, 23, 59, year=2027)),
        (at(3, 1, 0, 30), at(4, 1, 0, 30)),
        (at(2, 28, 9), at(3, 28, 9)),
    ],
)
def test_a_month_ends_on_the_same_day_or_the_months_last(opened: datetime, due: datetime) -> None:
    """D2: counted on days in Shanghai, though stored in UTC."""
    found = only(Target.RESOLUTION, Matter("complaint", opened.astimezone(UTC)), opened)
    assert found.due_at == due
    assert found.warn_at == (due - timedelta(days=7),)


def test_a_complaints_month_grows_by_the_days_the_customer_took() -> None:
    """D2, D7."""
    waited = Matter("complaint", at(11, 18, 9)).moved("waiting_customer", at(11, 20)).moved("in_progress", at(11, 25))
    assert only(Target.RESOLUTION, waited, at(11, 26)).due_at == at(12, 23, 9)


def test_where_holidays_are_not_announced_the_explanation_says_so() -> None:
    found = only(Target.RESOLUTION, Matter("repair", at(12, 30, 9)), at(12, 30, 9))
    assert "2027 年的放假调休安排还没有录入" in explain(found)[-1]


# --- the legal limit of a refund --------------------------------------------------------------------------------------

RETURN = Matter("return_exchange", at(11, 1, 10))


def test_the_legal_limit_runs_through_every_pause_and_warns_well_before() -> None:
    """E4: fifteen days."""
    waiting = RETURN.moved("waiting_customer", at(11, 2)).moved("waiting_parts", at(11, 3))
    found = only(Target.REFUND, waiting, at(11, 12))
    assert found.due_at == at(11, 16, 10)
    assert found.warn_at == (at(11, 8, 10), at(11, 11, 10), at(11, 14, 10))
    assert (found.warned, found.next_event_at, found.is_paused) == (2, at(11, 14, 10), False)


@pytest.mark.parametrize("actor", ["system", "李敏"])
def test_a_refund_ends_it_for_good(actor: str) -> None:
    paid = RETURN.said("refunded", actor, at(11, 10))
    assert only(Target.REFUND, paid, at(12, 1)).state is State.MET
    reopened = paid.moved("resolved", at(11, 11)).moved("in_progress", at(11, 20), "customer")
    assert only(Target.REFUND, reopened, at(12, 1)).met_at == at(11, 10)


def test_a_refund_after_the_limit_is_late_and_a_result_that_was_reopened_is_none() -> None:
    assert only(Target.REFUND, RETURN.said("refunded", "system", at(11, 17)), at(12, 1)).state is State.MET_LATE
    resolved = RETURN.moved("resolved", at(11, 10))
    assert only(Target.REFUND, resolved, at(12, 1)).state is State.MET
    assert only(Target.REFUND, resolved.moved("in_progress", at(11, 12)), at(11, 17)).state is State.BREACHED


# --- what comes next, and who deals with it ---------------------------------------------------------------------------


def test_what_is_due_next_is_the_earliest_that_is_owed_and_an_overdue_one_stays_ahead() -> None:
    found = deadlines(REPAIR.said("urged", "customer", at(11, 19, 1)), POLICY, at(11, 19, 4))
    due = next_due(found)
    assert due is not None
    assert (due.target, due.state) == (Target.FIRST_REPLY, State.BREACHED)


def test_what_stands_or_is_done_is_not_due_next() -> None:
    answered = REPAIR.said("reply", "李敏", at(11, 19, 1)).moved("waiting_parts", at(11, 19, 10))
    assert next_due(deadlines(answered, POLICY, at(11, 19, 11))) is None
    assert next_event(deadlines(answered, POLICY, at(11, 19, 11))) is None


def test_every_broken_promise_lifts_the_matter_one_level_up_to_the_manager() -> None:
    """A6."""
    assert level_after(deadlines(REPAIR, POLICY, OPENED)) is Role.AGENT
    assert level_after(deadlines(REPAIR, POLICY, at(11, 19, 4))) is Role.SUPERVISOR
    assert level_after(deadlines(REPAIR, POLICY, at(11, 30))) is Role.MANAGER
    assert level_after(deadlines(REPAIR.said("reply", "李敏", at(11, 19, 4)), POLICY, at(11, 19, 5))) is Role.SUPERVISOR


def test_a_limit_may_say_how_far_up_it_goes() -> None:
    """A6: two waits broken, and neither goes beyond the supervisor."""
    asked = REPAIR.said("reply", "李敏", at(11, 19, 0)).said("urged", "customer", at(11, 19, 1))
    asked = asked.said("reply", "李敏", at(11, 19, 9)).said("urged", "customer", at(11, 19, 10))
    assert level_after(deadlines(asked, POLICY, at(11, 19, 15))) is Role.SUPERVISOR


def test_the_explanation_tells_what_since_when_how_much_and_whether_kept() -> None:
    """D7."""
    late = REPAIR.said("reply", "李敏", at(11, 19, 3, 30))
    assert explain(only(Target.FIRST_REPLY, late, at(11, 20))) == [
        "人工首次答复：4 小时内（依据 D1），超时完成",
        "起点：2026 年 11 月 18 日（周三）23:00，按全天 24 小时计时",
        "　11 月 18 日（周三）23:00 至 11 月 19 日（周四）03:00，计 4 小时，累计 4 小时",
        "到期：2026 年 11 月 19 日（周四）03:00",
        "完成：2026 年 11 月 19 日（周四）03:30，超时 30 分",
    ]
