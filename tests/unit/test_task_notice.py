"""Tasks of the departments, and notices that are kept until they arrive (C6, D8)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Conflict
from bot.domain.notice import FIRST_BACKOFF, LONGEST_BACKOFF, MOST_ATTEMPTS, Fate, Notice, Way
from bot.domain.task import Progress, Task

NOON = datetime(2026, 11, 26, 4, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def task(state: Progress = Progress.OPEN) -> Task:
    due = NOON + timedelta(hours=4)
    return Task("t1", "TS20261126-0001", "warehouse", "补发电源线", "小李", NOON, due, state)


def test_the_department_takes_a_task_on_and_finishes_it() -> None:
    """C6."""
    taken = task().acknowledge("老周", NOON)
    assert (taken.state, taken.acknowledged_by, taken.acknowledged_at) == (Progress.ACKNOWLEDGED, "老周", NOON)
    done = taken.finish("老周", " 已寄出 ", LATER)
    assert (done.state, done.done_at, done.result) == (Progress.DONE, LATER, "已寄出")
    assert not taken.is_over and done.is_over


@pytest.mark.parametrize("state", [Progress.ACKNOWLEDGED, Progress.DONE])
def test_taking_it_on_a_second_time_says_nothing_new(state: Progress) -> None:
    """C6: a link may be opened twice."""
    known = replace(task(state), acknowledged_by="老周", acknowledged_at=NOON)
    assert known.acknowledge("小吴", LATER) is known


def test_who_finishes_without_having_taken_it_on_has_taken_it_on() -> None:
    done = task().finish("老周", "", LATER)
    assert (done.acknowledged_by, done.acknowledged_at, done.result) == ("老周", LATER, "已办结")


def test_who_took_it_on_stays_noted_when_somebody_else_finishes_it() -> None:
    done = task().acknowledge("老周", NOON).finish("小吴", "已寄出", LATER)
    assert (done.acknowledged_by, done.acknowledged_at) == ("老周", NOON)


@pytest.mark.parametrize("state", [Progress.DONE, Progress.CANCELLED])
def test_what_is_over_is_not_finished_again(state: Progress) -> None:
    with pytest.raises(Conflict, match="刷新"):
        task(state).finish("老周", "已寄出", LATER)


def test_nobody_takes_on_what_was_cancelled() -> None:
    with pytest.raises(Conflict, match="取消"):
        task(Progress.CANCELLED).acknowledge("老周", LATER)


def notice() -> Notice:
    return Notice("n1", "task:t1", Way.WEBHOOK, "warehouse", "新任务", {"ticket": "TS20261126-0001"}, NOON, NOON)


def failed(times: int, start: Notice | None = None) -> Notice:
    current = start or notice()
    for _ in range(times):
        current = current.failed("503", current.due_at)
    return current


@given(st.integers(1, MOST_ATTEMPTS - 1))
def test_the_wait_grows_with_each_attempt_and_is_bounded(attempts: int) -> None:
    """C6: a receiver that is down is not flooded, and not forgotten."""
    before, after = failed(attempts - 1), failed(attempts)
    wait = after.due_at - before.due_at
    earlier = before.due_at - failed(attempts - 2).due_at if attempts > 1 else timedelta(0)
    assert earlier <= wait <= LONGEST_BACKOFF
    assert wait == LONGEST_BACKOFF or wait == max(2 * earlier, FIRST_BACKOFF)
    assert (after.state, after.attempts) == (Fate.WAITING, attempts)


def test_the_waits_together_bridge_an_outage_of_three_hours() -> None:
    assert failed(MOST_ATTEMPTS - 1).due_at - NOON > timedelta(hours=3)


def test_it_is_dead_after_its_last_attempt_and_not_sooner() -> None:
    """C6: then a person looks at it."""
    assert failed(MOST_ATTEMPTS - 1).state is Fate.WAITING
    dead = failed(MOST_ATTEMPTS)
    assert (dead.state, dead.attempts, dead.error) == (Fate.DEAD, MOST_ATTEMPTS, "503")


@given(st.text(max_size=2000))
def test_a_long_error_is_kept_short(error: str) -> None:
    assert notice().failed(error, NOON).error == error[:500]


@given(st.integers(0, MOST_ATTEMPTS))
def test_it_keeps_its_id_and_content_over_all_attempts(times: int) -> None:
    """C6: a receiver knows one that comes twice."""
    tried = failed(times)
    told = [(n.id, n.key, n.way, n.to, n.subject, n.body, n.created_at) for n in (tried, notice())]
    assert told[0] == told[1]


@given(st.integers(0, MOST_ATTEMPTS - 1))
def test_it_may_arrive_at_any_attempt(failures: int) -> None:
    arrived = failed(failures).arrived(LATER)
    assert (arrived.state, arrived.attempts, arrived.sent_at) == (Fate.SENT, failures + 1, LATER)
    assert arrived.error is None


def test_a_dead_one_is_revived_and_tried_from_the_start() -> None:
    """C6."""
    alive = failed(MOST_ATTEMPTS).revive(LATER)
    assert (alive.state, alive.attempts, alive.due_at, alive.error) == (Fate.WAITING, 0, LATER, None)
    assert failed(1, alive).due_at - LATER == FIRST_BACKOFF


def test_one_that_has_arrived_is_not_sent_again() -> None:
    arrived = notice().arrived(NOON)
    assert arrived.revive(LATER) == arrived
