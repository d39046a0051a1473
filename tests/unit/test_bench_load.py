"""What the load bench counts: percentiles, turns, and what is met."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.load_figures import BOT, FAILED, HANDED, TurnTime, figures, percentile
from bench.load_report import goals, report

TIMES = st.lists(st.floats(min_value=0, max_value=1e6), min_size=1)


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    hundred = list(range(1, 101))
    assert [percentile(hundred, percent) for percent in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 99) == 7.0


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@given(TIMES)
def test_a_percentile_is_one_of_the_values_and_grows_with_its_percent(values: list[float]) -> None:
    found = [percentile(values, percent) for percent in (1, 50, 95, 99, 100)]
    assert set(found) <= set(values)
    assert found == sorted(found)
    assert found[-1] == max(values)


def test_a_turn_counts_where_it_ends_and_only_where_the_bot_answered() -> None:
    turns = [
        TurnTime(9.0, 5, BOT), TurnTime(10.5, 20, BOT), TurnTime(11.0, 40, BOT), TurnTime(11.5, 1, HANDED),
        TurnTime(12.0, 1, FAILED), TurnTime(15.0, 5, BOT),
    ]  # fmt: skip
    found = figures(turns, 10.0, 14.0, [])
    assert (found["turns"], found["handed"], found["errors"], found["turns_per_second"]) == (2, 1, 1, 0.5)
    assert (found["p50_ms"], found["p99_ms"]) == (20, 40)


def test_who_is_still_unanswered_makes_the_times_no_shorter() -> None:
    turns = [TurnTime(1.0, 10, BOT)]
    found = figures(turns, 0.0, 2.0, [5000.0])
    assert (found["turns"], found["unanswered_at_end"], found["p99_ms"]) == (1, 1, 5000.0)


def test_who_has_only_just_asked_makes_the_times_no_shorter_either() -> None:
    turns = [TurnTime(1.0, 10, BOT), TurnTime(1.1, 12, BOT)]
    assert figures(turns, 0.0, 2.0, [0.1, 0.2])["p50_ms"] == figures(turns, 0.0, 2.0, [])["p50_ms"] == 10


def level(customers: int, p50: float, p99: float, per_cpu: float, **more: Any) -> dict[str, Any]:
    return {
        "customers": customers, "turns": 100, "turns_per_second": 10.0, "turns_per_cpu_second": per_cpu,
        "p50_ms": p50, "p95_ms": p99, "p99_ms": p99, "cpu_seconds": 10.0, "database_cpu_seconds": 0.0,
        "memory_mb": [900.0], "errors": 0, "refusals": 0, "silent": 0, "handed": 3, "unanswered_at_end": 0,
        "generator_cpu_seconds": 1.0, **more,
    }  # fmt: skip


FOUND: dict[str, Any] = {
    "at": "2026-11-28T12:00+00:00", "machine": "2 cores", "cores": 2, "load_before": 0.1, "stock_epochs": 1,
    "level_seconds": 16.0, "took_seconds": 500,
    "systems": {
        "sqlite": {"levels": [level(50, 60, 150, 90.0)], "open": level(1000, 20, 600, 90.0, refusals=1)},
        "postgresql-2": {"missing": "PostgreSQL"},
        "stock": {"levels": [level(50, 900, 1800, 10.0)]},
    },
}  # fmt: skip


def test_the_table_says_of_each_goal_whether_it_is_met() -> None:
    told = {goal.partition(": ")[2].partition(" ≥")[0].partition(" ≤")[0]: met for goal, _, met in goals(FOUND)}
    assert told == {
        "turns per second and core ÷ stock's": True, "p99": True, "p50 / p99": False,
        "1,000 connected, 20 messages/s: p99": False, "memory of a process with 1,000 live conversations": True,
    }  # fmt: skip
    text = report(FOUND)
    assert "| p99 600 ms, 1 errors or refusals | **not met** |" in text
    assert "not measured, PostgreSQL" in text


def test_what_a_second_process_brings_stands_beside_what_the_cores_leave_it() -> None:
    one = level(50, 60, 150, 90.0, turns_per_second=40.0)
    two = level(50, 60, 150, 90.0, turns_per_second=60.0, turns=600, cpu_seconds=10.0, database_cpu_seconds=4.0)
    systems = {"postgresql-1": {"levels": [one]}, "postgresql-2": {"levels": [two]}}
    goal, told, met = goals({**FOUND, "systems": systems})[-1]
    assert "2 processes ÷ 1" in goal and not met
    assert told == "1.50; with database and customers on the same 2 cores at most 2.00"
