"""Business calendars against a model that walks every minute (D7)."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.calendar import (
    ALWAYS,
    Block,
    Blocks,
    Calendar,
    Calendars,
    DayKind,
    SpecialDay,
    in_order,
    read_block,
)
from bot.domain.errors import ContentError

BEIJING = timezone(timedelta(hours=8))
MINUTE = timedelta(minutes=1)
FIRST_DAY = date(2026, 2, 9)
DAYS = 21
"""The model's world: three weeks around Spring Festival 2026."""
FIRST = datetime(2026, 2, 9, tzinfo=BEIJING)
LAST = DAYS * 24 * 60
WORK = (read_block("09:00-12:00"), read_block("13:30-18:00"))


def at(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    """A moment in Beijing time."""
    return datetime(year, month, day, hour, minute, tzinfo=BEIJING)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


@st.composite
def some_blocks(draw: st.DrawFn) -> Blocks:
    """Up to three blocks; they may touch one another and the ends of the day."""
    edges = draw(st.lists(st.sampled_from([0, 1, 61, 540, 720, 810, 1080, 1380, 1439, 1440]), max_size=6, unique=True))
    edges = sorted(edges)[: len(edges) // 2 * 2]
    blocks = [Block(begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=True)]
    touching = [Block(one.end, other.begin) for one, other in pairwise(blocks) if draw(st.booleans())]
    return tuple(sorted((*blocks, *touching), key=lambda block: block.begin))


def two_hours_a_week(week: tuple[Blocks, ...]) -> bool:
    return sum(block.end - block.begin for day in week for block in day) >= 120


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    week = draw(st.tuples(*[some_blocks()] * 7).filter(two_hours_a_week))
    days = st.integers(0, DAYS - 1).map(lambda n: FIRST_DAY + timedelta(days=n))
    special = draw(
        st.dictionaries(
            days, st.builds(SpecialDay, st.sampled_from(DayKind), st.just("春节"), some_blocks()), max_size=6
        )
    )
    return Calendar("test", "测试", week, special.get, draw(some_blocks()), draw(some_blocks()))


minutes = st.integers(0, LAST - 1)
"""Minutes of the model's world."""


def moment(minute: int) -> datetime:
    return FIRST + minute * MINUTE


def worked_minutes(calendar: Calendar) -> list[bool]:
    """The model: of each minute of its world whether it is worked, read off the rules one by one."""
    found = []
    for day in (FIRST_DAY + timedelta(days=n) for n in range(DAYS)):
        special = calendar.special_day(day)
        if special is None:
            blocks = calendar.week[day.weekday()]
        elif special.kind is DayKind.HOLIDAY:
            blocks = calendar.on_holiday
        else:
            blocks = calendar.on_workday if special.kind is DayKind.WORKDAY else special.blocks
        minutes_worked = {minute for block in blocks for minute in range(block.begin, block.end)}
        found += [minute in minutes_worked for minute in range(24 * 60)]
    return found


@settings(deadline=None)
@given(calendars(), minutes, minutes)
def test_working_time_between_is_what_one_counts_minute_by_minute(calendar: Calendar, one: int, other: int) -> None:
    """D7."""
    start, end = sorted((one, other))
    assert calendar.between(moment(start), moment(end)) == sum(worked_minutes(calendar)[start:end]) * MINUTE
    assert calendar.between(moment(end), moment(start)) == timedelta()


@settings(deadline=None)
@given(calendars(), minutes, st.integers(0, 3000))
def test_adding_working_time_ends_where_one_ends_who_walks_minute_by_minute(
    calendar: Calendar, start: int, amount: int
) -> None:
    """D7."""
    worked = worked_minutes(calendar)
    left = amount = min(amount, sum(worked[start:]))
    end = start
    while left:
        left -= worked[end]
        end += 1
    assert calendar.add(moment(start), amount * MINUTE) == moment(end)


@settings(deadline=None)
@given(calendars(), minutes)
def test_the_next_working_moment_is_the_first_that_one_meets(calendar: Calendar, asked: int) -> None:
    worked = worked_minutes(calendar)
    found = next((minute for minute in range(asked, LAST) if worked[minute]), None)
    if found is None:
        assert calendar.next_working(moment(asked)) >= moment(LAST)
    else:
        assert calendar.next_working(moment(asked)) == moment(found)
    assert calendar.is_working(moment(asked)) == worked[asked]


@settings(deadline=None)
@given(calendars(), st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)), st.timedeltas(timedelta(), hours(90)))
def test_what_is_added_to_the_microsecond_lies_between(calendar: Calendar, start: datetime, amount: timedelta) -> None:
    start = start.replace(tzinfo=UTC)
    end = calendar.add(start, amount)
    assert end >= start
    assert calendar.between(start, end) == amount
    assert not amount or calendar.between(start, end - timedelta(microseconds=1)) < amount


@settings(deadline=None)
@given(calendars(), minutes, st.integers(0, 900), st.integers(0, 900))
def test_adding_twice_is_adding_once(calendar: Calendar, start: int, one: int, other: int) -> None:
    twice = calendar.add(calendar.add(moment(start), one * MINUTE), other * MINUTE)
    assert twice == calendar.add(moment(start), (one + other) * MINUTE)


def office() -> Calendar:
    return Calendar("office", "办公时间", (WORK,) * 5 + ((), ()), on_workday=WORK)


OFFICE = office()


@pytest.mark.parametrize("order", permutations([at(1, 2), at(6, 1, year=2024), at(2, 29, year=2028)]))
def test_the_order_of_questions_changes_no_answer(order: tuple[datetime, ...]) -> None:
    """What is laid out for one question serves the next, earlier or later."""
    calendar = office()
    assert [calendar.add(asked, hours(30)) for asked in order] == [office().add(asked, hours(30)) for asked in order]


def test_a_lunch_break_is_no_working_time_and_a_limit_ends_before_it() -> None:
    wednesday = at(11, 18, 10)
    assert OFFICE.add(wednesday, hours(2)) == at(11, 18, 12)
    assert OFFICE.add(wednesday, hours(2) + MINUTE) == at(11, 18, 13, 31)
    assert OFFICE.next_working(at(11, 18, 12)) == at(11, 18, 13, 30)


def test_nothing_added_stays_where_it_is_even_at_night() -> None:
    assert OFFICE.add(at(11, 18, 23), timedelta()) == at(11, 18, 23)


def test_a_weekend_and_the_end_of_the_year_pass_uncounted() -> None:
    assert OFFICE.add(at(11, 20, 17), hours(2)) == at(11, 23, 10)
    assert OFFICE.add(at(12, 31, 17), hours(1.5)) == at(1, 1, 9, 30, year=2027)


def test_a_leap_day_is_a_day_like_others() -> None:
    assert OFFICE.add(at(2, 28, 17, year=2028), hours(2)) == at(2, 29, 10, year=2028)
    assert OFFICE.between(at(2, 29, year=2028), at(3, 1, year=2028)) == hours(7.5)


def test_a_night_shift_in_two_blocks_counts_through_midnight() -> None:
    """A block may end at 24:00."""
    night = Calendar("night", "夜班", ((read_block("00:00-06:00"), read_block("22:00-24:00")),) * 7)
    assert night.add(at(11, 18, 23), hours(3)) == at(11, 19, 2)
    assert night.add(at(11, 18, 23), hours(1)) == at(11, 19)
    assert night.is_working(at(11, 19))


def test_answers_are_in_utc() -> None:
    """Invariant 8."""
    for calendar in (OFFICE, ALWAYS):
        assert calendar.add(at(11, 18, 10), hours(1)).tzinfo is UTC
        assert calendar.add(at(11, 18, 10), timedelta()).tzinfo is UTC
        assert calendar.next_working(at(11, 18, 10)).tzinfo is UTC


@given(minutes.map(moment), minutes.map(moment), st.integers(0, 5000))
def test_service_round_the_clock_counts_every_minute(one: datetime, other: datetime, amount: int) -> None:
    """D1: and it counts as a calendar does whose blocks fill the day."""
    whole = Calendar("whole", "", ((read_block("00:00-24:00"),),) * 7)
    assert ALWAYS.add(one, amount * MINUTE) == one + amount * MINUTE == whole.add(one, amount * MINUTE)
    assert ALWAYS.between(one, other) == max(other - one, timedelta()) == whole.between(one, other)
    assert ALWAYS.is_working(one) and whole.is_working(one)


@pytest.mark.parametrize("calendar", [OFFICE, ALWAYS])
def test_time_is_not_taken_back(calendar: Calendar) -> None:
    with pytest.raises(ValueError, match="negative"):
        calendar.add(at(11, 18), -MINUTE)


def test_a_calendar_of_nothing_but_holidays_is_refused_rather_than_counted_for_ever() -> None:
    idle = Calendar("idle", "", (WORK,) * 7, lambda day: SpecialDay(DayKind.HOLIDAY, "停业"))
    for ask in (lambda: idle.add(at(11, 18), MINUTE), lambda: idle.next_working(at(11, 18))):
        with pytest.raises(ContentError, match="idle"):
            ask()


def test_a_week_without_work_is_no_calendar() -> None:
    with pytest.raises(ValueError, match="idle"):
        Calendar("idle", "", ((),) * 7)


@pytest.mark.parametrize(
    "text", ["", "9", "09:00", "18:00-09:00", "09:00-09:00", "22:00-24:01", "09:60-10:00", "a-b", "09:00-12:00-13:00"]
)
def test_a_block_that_is_none_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="写错了"):
        read_block(text)


@given(st.integers(0, 1439), st.integers(1, 1440))
def test_a_block_is_written_as_it_is_read(begin: int, end: int) -> None:
    if begin < end:
        assert read_block(str(Block(begin, end))) == Block(begin, end)


def test_blocks_out_of_order_or_overlapping_are_noticed() -> None:
    assert in_order(WORK) and in_order(()) and in_order((Block(0, 60), Block(60, 120)))
    assert not in_order(WORK[::-1]) and not in_order((Block(0, 61), Block(60, 120)))


def test_a_team_that_nobody_listed_works_by_the_default_calendar() -> None:
    known = Calendars({"office": OFFICE, "always": ALWAYS}, {"hotline": "always"}, "office")
    assert known.of_team("hotline") is ALWAYS
    assert known.of_team("new") is OFFICE
