"""Tickets: the flow of their status and a history that only grows (D6, invariant 4)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import IllegalTransition
from bot.domain.ticket import NUMBER_PREFIX, STATUS_FLOW, Kind, Status, Ticket, ticket_number

OPENED = datetime(2026, 11, 18, 6, tzinfo=UTC)


def ticket(status: Status = Status.OPEN) -> Ticket:
    return Ticket("BX20261118-0001", Kind.REPAIR, status, "c1", {}, None, 0, OPENED, OPENED + timedelta(hours=4))


@given(st.data())
def test_any_sequence_of_legal_moves_leaves_a_history_without_a_gap(data: st.DataObject) -> None:
    """Invariant 4: each change with actor, time, reason; the history tells the status."""
    current = ticket()
    for step in range(data.draw(st.integers(0, 12))):
        before = current
        choices = sorted(STATUS_FLOW[current.status])
        to = data.draw(st.sampled_from([None, *choices]))
        if to:
            current = current.move(to, f"a{step}", f"r{step}", OPENED)
        else:
            current = current.note("urged", f"a{step}", f"r{step}", OPENED)
        assert current.history[:-1] == before.history
        last = current.history[-1]
        assert (last.actor, last.reason, last.from_status) == (f"a{step}", f"r{step}", before.status)
    assert all(a.to_status == b.from_status for a, b in zip(current.history, current.history[1:], strict=False))
    assert current.status == (current.history[-1].to_status if current.history else Status.OPEN)
    assert current.times_urged == sum(e.event == "urged" for e in current.history)


ILLEGAL = [(one, other) for one in Status for other in Status if other not in STATUS_FLOW[one]]


@pytest.mark.parametrize(("one", "other"), ILLEGAL)
def test_a_move_outside_the_flow_is_refused_and_says_what_is_allowed(one: Status, other: Status) -> None:
    """Invariant 4."""
    with pytest.raises(IllegalTransition) as refused:
        ticket(one).move(other, "agent", "", OPENED)
    assert all(str(allowed) in str(refused.value) for allowed in STATUS_FLOW[one])


def test_every_status_can_be_reached_and_every_open_one_can_end() -> None:
    reached, frontier = {Status.OPEN}, [Status.OPEN]
    while frontier:
        new = STATUS_FLOW[frontier.pop()] - reached
        reached |= new
        frontier += new
    assert reached == set(Status) == set(STATUS_FLOW)
    assert all(STATUS_FLOW[status] for status in Status if status is not Status.CANCELLED)


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_a_customer_who_is_not_satisfied_reopens(status: Status) -> None:
    """C7."""
    assert ticket(status).is_over
    assert not ticket(status).move(Status.IN_PROGRESS, "customer", "没修好", OPENED).is_over


def test_a_move_leaves_the_earlier_ticket_as_it_was() -> None:
    first = ticket()
    first.move(Status.ACCEPTED, "agent", "", OPENED)
    assert (first.status, first.history) == (Status.OPEN, ())


def test_a_ticket_number_can_be_read_out_and_no_two_kinds_share_a_prefix() -> None:
    assert ticket_number(Kind.REPAIR, "20261118", 7) == "BX20261118-0007"
    assert ticket_number(Kind.COMPLAINT, "20261118", 12345) == "TS20261118-12345"
    assert len(set(NUMBER_PREFIX.values())) == len(Kind) == len(NUMBER_PREFIX)
