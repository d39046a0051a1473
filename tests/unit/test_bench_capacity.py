"""What the plan's simulation can be trusted with."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.capacity import (
    WAIT_GOAL_SECONDS,
    Measured,
    Traffic,
    arrivals,
    machines_for,
    measured,
    step,
    table,
    times,
    waits,
)
from bench.load_figures import percentile
from bot.services.ports import LEASE

COST = Measured(
    turn_seconds=0.02, database_seconds=0.004, process_mb=900, socket_kb=40, stored_kb=20, cores=2
)  # fmt: skip


@settings(deadline=None)
@given(st.floats(min_value=1, max_value=300), st.integers(min_value=1, max_value=8))
def test_more_cores_never_let_anybody_wait_longer(rate: float, cores: int) -> None:
    came, takes = arrivals(rate, 300), times(0.02, 300)
    fewer, more = waits(came, takes, cores), waits(came, takes, cores + 1)
    assert all(later <= earlier + 1e-9 for earlier, later in zip(fewer, more, strict=True))


@settings(deadline=None)
@given(st.floats(min_value=10, max_value=300), st.integers(min_value=3, max_value=8))
def test_a_lost_machine_never_lets_anybody_wait_shorter(rate: float, cores: int) -> None:
    came, takes = arrivals(rate, 300), times(0.02, 300)
    whole, lost = waits(came, takes, cores), waits(came, takes, cores, lost=2, at=came[150])
    assert all(after >= before - 1e-9 for before, after in zip(whole, lost, strict=True))


def test_who_comes_to_a_free_core_waits_for_nothing() -> None:
    assert waits([0.0, 1.0, 2.0], [0.5, 0.5, 0.5], 1) == [0.0, 0.0, 0.0]


def test_who_comes_to_busy_cores_waits_until_the_first_is_free() -> None:
    assert waits([0.0, 0.0, 0.0], [3.0, 1.0, 1.0], 2) == [0.0, 0.0, 1.0]


def test_what_a_lost_machine_had_in_hand_waits_for_its_lease() -> None:
    waited = waits([0.0, 0.0, 5.0], [10.0, 1.0, 1.0], 2, lost=1, at=5.0)
    assert waited == [LEASE.total_seconds(), 0.0, 0.0]


@pytest.mark.parametrize("rate", [1.0, 50.0, 400.0])
def test_the_planned_machines_are_enough_with_one_lost(rate: float) -> None:
    machines = machines_for(rate, COST.turn_seconds, COST.cores)
    waited = waits(arrivals(rate, 20_000), times(COST.turn_seconds, 20_000), (machines - 1) * COST.cores)
    assert percentile(waited, 99) <= WAIT_GOAL_SECONDS
    assert machines * COST.cores > rate * COST.turn_seconds


def test_ten_times_the_customers_need_more_of_everything() -> None:
    smaller, larger = (step(customers, Traffic(), COST) for customers in (10**7, 10**8))
    assert larger.turns_a_second == pytest.approx(10 * smaller.turns_a_second)
    assert larger.machines > smaller.machines
    assert larger.databases >= smaller.databases
    assert "100,000,000" in table([smaller, larger])


def test_a_slower_turn_needs_more_machines() -> None:
    slow = replace(COST, turn_seconds=0.1)
    assert step(10**8, Traffic(), slow).machines > step(10**8, Traffic(), COST).machines


def test_the_plan_takes_its_figures_from_what_was_measured() -> None:
    level = {"turns": 100, "cpu_seconds": 2.0, "database_cpu_seconds": 0.5, "memory_mb": [800.0, 900.0]}
    load = {"cores": 2, "systems": {"postgresql-2": {"missing": "…"}, "postgresql-1": {"levels": [level]}}}
    growth = {
        "sockets": {"gateway": {"100": {"kilobytes each": 90.0}, "1000": {"kilobytes each": 40.0}}},
        "conversations": {"postgresql": {"1000": {"disk, kB a conversation": 12.0}}},
    }
    assert measured(load, growth) == Measured(0.02, 0.005, 900.0, 40.0, 12.0, 2)
    with pytest.raises(KeyError):
        measured({**load, "systems": {}}, growth)
