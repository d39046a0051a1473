"""Counting days for the statute calculator as 民法典 201-203 counts them (E6, E11)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.warranty_files import is_rest_day
from bot.domain.warranty.counting import add_months, days_in, merged, term_of_days, term_of_months, working_day

DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))
SPANS = st.lists(
    st.tuples(DAYS, st.integers(0, 200)).map(lambda span: (span[0], span[0] + timedelta(days=span[1]))), max_size=6
)


def never(day: date) -> bool:
    return False


def test_a_period_begins_the_day_after() -> None:
    assert term_of_days(date(2026, 11, 3), 7, never).last == date(2026, 11, 10)


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 31), 36, date(2029, 3, 31)),
    ],
)
def test_months_end_on_the_same_day_or_on_the_months_last(start: date, months: int, last: date) -> None:
    assert add_months(start, months) == last


@pytest.mark.parametrize(
    ("day", "moved"),
    [
        (date(2026, 10, 1), date(2026, 10, 8)),  # National Day
        (date(2026, 10, 10), date(2026, 10, 10)),  # a Saturday that people work
        (date(2026, 9, 20), date(2026, 9, 20)),  # a Sunday that people work
        (date(2026, 2, 15), date(2026, 2, 24)),  # Spring Festival
        (date(2026, 2, 14), date(2026, 2, 14)),
        (date(2026, 1, 1), date(2026, 1, 4)),  # from New Year to a working Sunday
        (date(2026, 11, 14), date(2026, 11, 16)),  # a weekend
        (date(2040, 10, 1), date(2040, 10, 4)),  # not announced yet: the fixed holidays
        (date(2040, 5, 1), date(2040, 5, 3)),
    ],
)
def test_a_last_day_on_a_rest_day_moves_to_the_next_working_day(day: date, moved: date) -> None:
    assert working_day(day, is_rest_day) == moved


@given(DAYS)
def test_the_calendar_never_fails_and_a_working_day_is_soon(day: date) -> None:
    moved = working_day(day, is_rest_day)
    assert day <= moved <= day + timedelta(days=12)
    assert not is_rest_day(moved)


def test_a_calendar_of_nothing_but_rest_days_ends_all_the_same() -> None:
    assert working_day(date(2026, 11, 3), lambda day: True) == date(2026, 11, 3)


def test_days_in_repair_that_overlap_count_once() -> None:
    spans = [(date(2026, 3, 1), date(2026, 3, 11)), (date(2026, 3, 5), date(2026, 3, 15))]
    assert days_in(spans) == 14
    assert term_of_months(date(2026, 1, 1), 12, spans, never).last == date(2027, 1, 15)


def test_a_repair_that_begins_when_the_period_is_over_adds_nothing_but_one_within_adds_all() -> None:
    late = [(date(2027, 1, 2), date(2027, 2, 1))]
    assert term_of_months(date(2026, 1, 1), 12, late, never).extra_days == 0
    across = [(date(2026, 12, 31), date(2027, 2, 1))]
    assert term_of_months(date(2026, 1, 1), 12, across, never).extra_days == 32


def test_a_repair_within_the_extension_extends_again() -> None:
    spans = [(date(2026, 12, 20), date(2027, 1, 10)), (date(2027, 1, 15), date(2027, 1, 20))]
    assert term_of_months(date(2026, 1, 1), 12, spans, never).last == date(2027, 1, 27)


@given(SPANS, st.randoms())
def test_the_order_of_spans_does_not_matter(spans: list[tuple[date, date]], random) -> None:
    shuffled = random.sample(spans, len(spans))
    assert list(merged(spans)) == list(merged(shuffled))
    assert term_of_months(date(2020, 5, 5), 12, spans, is_rest_day) == term_of_months(
        date(2020, 5, 5), 12, shuffled, is_rest_day
    )


@given(DAYS, DAYS, st.integers(1, 400), SPANS)
def test_a_later_start_never_ends_earlier(one: date, other: date, count: int, spans: list[tuple[date, date]]) -> None:
    early, late = sorted((one, other))
    assert term_of_days(early, count, is_rest_day).last <= term_of_days(late, count, is_rest_day).last
    assert add_months(early, count % 60) <= add_months(late, count % 60)
    assert term_of_months(early, count % 60, spans, never).last >= add_months(early, count % 60)
