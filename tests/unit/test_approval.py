"""Approvals: four eyes, a level that reaches, in time, once (A5, C4, F9)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.actor import LEVEL_NAMES, LEVELS, Actor, Role
from bot.domain.approval import Approval, Decision
from bot.domain.errors import Conflict, InvalidInput, NotAllowed

ASKED = datetime(2026, 11, 26, 2, tzinfo=UTC)
EXPIRES = ASKED + timedelta(hours=24)
LATER = ASKED + timedelta(hours=1)
SUPERVISOR = Actor("王主管", Role.SUPERVISOR)
MANAGER = Actor("陈经理", Role.MANAGER)

decided = st.sampled_from([Decision.APPROVED, Decision.REJECTED])


def approval(needed: Role = Role.SUPERVISOR) -> Approval:
    facts = {"投诉内容": "师傅迟到两小时", "方案": "补偿方案：现金 300 元"}
    return Approval("a1", "TS20261126-0001", facts, 30_000, "staff_attitude", needed, "小李", ASKED, EXPIRES)


@pytest.mark.parametrize(("yes", "state"), [(True, Decision.APPROVED), (False, Decision.REJECTED)])
def test_a_decision_keeps_who_when_and_why(yes: bool, state: Decision) -> None:
    """C4, D6."""
    done = approval().decide(yes, SUPERVISOR, " 证据清楚 ", LATER)
    assert (done.state, done.decided_by, done.decided_at, done.reason) == (state, "王主管", LATER, "证据清楚")
    asked = approval()
    assert (done.facts, done.amount_fen, done.requested_by) == (asked.facts, asked.amount_fen, asked.requested_by)


@pytest.mark.parametrize("needed", LEVELS)
@pytest.mark.parametrize("role", Role)
def test_only_a_level_that_reaches_decides(role: Role, needed: Role) -> None:
    """A6, F9: no bot, no administrator, no lower level."""
    somebody = Actor("赵六", role)
    if somebody.reaches(needed):
        assert approval(needed).decide(True, somebody, "同意", LATER).state is Decision.APPROVED
    else:
        with pytest.raises(NotAllowed, match=LEVEL_NAMES[needed]):
            approval(needed).decide(True, somebody, "同意", LATER)


@pytest.mark.parametrize("yes", [True, False])
def test_nobody_decides_on_their_own_request_however_high(yes: bool) -> None:
    """F9: four eyes."""
    with pytest.raises(NotAllowed, match="自己"):
        approval().decide(yes, Actor("小李", Role.MANAGER), "同意", LATER)


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_decision_needs_a_reason(reason: str) -> None:
    with pytest.raises(InvalidInput, match="理由"):
        approval().decide(True, SUPERVISOR, reason, LATER)


@given(st.integers(-86_400, 2 * 86_400))
def test_a_decision_counts_before_the_deadline_and_not_from_it_on(seconds: int) -> None:
    now = EXPIRES + timedelta(seconds=seconds)
    if seconds < 0:
        assert approval().decide(True, SUPERVISOR, "同意", now).state is Decision.APPROVED
    else:
        with pytest.raises(Conflict, match="过期"):
            approval().decide(True, SUPERVISOR, "同意", now)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_of_two_who_decide_the_first_counts_and_the_second_is_told_by_whom(first: bool, second: bool) -> None:
    done = approval().decide(first, SUPERVISOR, "先到", LATER)
    with pytest.raises(Conflict, match="王主管") as refused:
        done.decide(second, MANAGER, "后到", LATER)
    assert ("已通过" if first else "已驳回") in str(refused.value)


def test_an_undecided_request_lapses_and_promises_nothing() -> None:
    """A11."""
    lapsed = approval().expire(EXPIRES)
    assert (lapsed.state, lapsed.decided_by, lapsed.decided_at) == (Decision.EXPIRED, None, EXPIRES)
    with pytest.raises(Conflict, match="系统"):
        lapsed.decide(True, MANAGER, "同意", EXPIRES)


@given(decided)
def test_a_decision_that_was_made_never_lapses(state: Decision) -> None:
    done = replace(approval(), state=state, decided_by="王主管", decided_at=LATER, reason="证据清楚")
    assert done.expire(EXPIRES + timedelta(days=1)) == done


def test_a_request_does_not_lapse_before_its_time() -> None:
    assert approval().expire(EXPIRES - timedelta(seconds=1)) == approval()
