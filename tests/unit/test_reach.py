"""The ledger of what may go to a customer: never more than the platform allows, whatever happens (W2)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.incoming import Did
from bot.domain.reach import UNLIMITED, Grant, Limits, Reach

WROTE, CLICKED = Grant(5, timedelta(hours=48)), Grant(3, timedelta(minutes=1))
LIMITS = Limits({Did.WROTE: WROTE, Did.CLICKED: CLICKED}, reserve=1)
NOON = datetime(2026, 11, 28, 4, tzinfo=UTC)
NOBODY = Reach("talk")
MANY = settings(max_examples=400, deadline=None)


@dataclass
class Platform:
    """What somebody else counts, who alone knows which opening a message is charged to."""

    openings: dict[Did, list[tuple[datetime, int]]] = field(default_factory=dict)

    def did(self, did: Did, at: datetime) -> None:
        """Something of the customer's: an opening of its kind begins anew."""
        self.openings[did] = [(at + LIMITS.grants[did].lasts, LIMITS.grants[did].most)]

    def takes(self, at: datetime, choice: int) -> bool:
        """Charge a message to one of what is open; `choice` says to which."""
        able = [did for did, [(until, left)] in self.openings.items() if at < until and left > 0]
        if not able:
            return False
        did = able[choice % len(able)]
        until, left = self.openings[did][0]
        self.openings[did] = [(until, left - 1)]
        return True


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["wrote", "clicked", "send", "send", "send", "refused"]),
        st.one_of(st.integers(0, 70), st.integers(0, 50 * 3600)),
        st.integers(0, 1),
    ),
    max_size=40,
)


@MANY
@given(STEPS)
def test_what_the_ledger_lets_through_the_platform_takes_however_it_charges(steps: list[tuple[str, int, int]]) -> None:
    reach, platform, now = NOBODY, Platform(), NOON
    for step, seconds, choice in steps:
        now += timedelta(seconds=seconds)
        if step in ("wrote", "clicked"):
            did = Did(step)
            reach = reach.opened(did, now, LIMITS)
            platform.did(did, now)
        elif reach.may_send(now, LIMITS, is_reserved=True):
            reach = reach.spent(now)
            if step == "refused":  # for another reason than the count, such as that it was busy
                reach = reach.returned(now, LIMITS)
            else:
                assert platform.takes(now, choice), "the platform would have refused what the ledger let through"


@MANY
@given(st.lists(st.tuples(st.sampled_from(["wrote", "clicked", "spent", "returned"]), st.integers(0, 90)), max_size=40))
def test_refunds_never_leave_more_than_the_grant(steps: list[tuple[str, int]]) -> None:
    """A message may be refused after the customer has written again: what is new was never charged for it."""
    reach, now = NOBODY, NOON
    for step, seconds in steps:
        now += timedelta(seconds=seconds)
        match step:
            case "spent":
                reach = reach.spent(now)
            case "returned":
                reach = reach.returned(now, LIMITS)
            case _:
                reach = reach.opened(Did(step), now, LIMITS)
        assert all(opening.left <= LIMITS.grants[opening.did].most for opening in reach.openings)
        assert 0 <= reach.left(now) <= WROTE.most
        assert (reach.until(now) is None) == (reach.left(now) == 0)


@MANY
@given(st.permutations(range(6)), st.sampled_from([Did.WROTE, Did.CLICKED]))
def test_whatever_comes_late_only_the_newest_counts(order: list[int], did: Did) -> None:
    reach = NOBODY
    for minute in order:
        reach = reach.opened(did, NOON + timedelta(minutes=minute), LIMITS)
    (opening,) = reach.openings
    assert opening.at == NOON + timedelta(minutes=5)


def test_an_older_message_that_comes_late_gives_nothing_back() -> None:
    reach = NOBODY.opened(Did.WROTE, NOON, LIMITS).spent(NOON).spent(NOON)
    late = reach.opened(Did.WROTE, NOON - timedelta(seconds=5), LIMITS)
    assert late.left(NOON) == 3


def test_five_after_a_message_and_the_last_is_kept_for_people() -> None:
    reach = NOBODY.opened(Did.WROTE, NOON, LIMITS)
    for _ in range(4):
        assert reach.may_send(NOON, LIMITS, is_reserved=False)
        reach = reach.spent(NOON)
    assert not reach.may_send(NOON, LIMITS, is_reserved=False)
    assert reach.may_send(NOON, LIMITS, is_reserved=True)
    reach = reach.spent(NOON)
    assert not reach.may_send(NOON, LIMITS, is_reserved=True)
    assert reach.opened(Did.WROTE, NOON + timedelta(minutes=1), LIMITS).left(NOON + timedelta(minutes=1)) == 5


def test_a_grant_ends_at_its_moment() -> None:
    wrote = NOBODY.opened(Did.WROTE, NOON, LIMITS)
    assert wrote.left(NOON + timedelta(hours=48) - timedelta(seconds=1)) == 5
    assert wrote.left(NOON + timedelta(hours=48)) == 0
    clicked = NOBODY.opened(Did.CLICKED, NOON, LIMITS)
    assert [clicked.left(NOON + timedelta(seconds=second)) for second in (59, 60)] == [3, 0]
    assert clicked.until(NOON) == NOON + timedelta(minutes=1)


def test_nothing_goes_to_who_has_never_written_or_has_left() -> None:
    assert not NOBODY.may_send(NOON, LIMITS, is_reserved=True)
    left = NOBODY.opened(Did.WROTE, NOON, LIMITS).opened(Did.LEFT, NOON, LIMITS)
    assert left.has_left
    assert not left.may_send(NOON, LIMITS, is_reserved=True)
    assert left.opened(Did.WROTE, NOON + timedelta(minutes=1), LIMITS).may_send(
        NOON + timedelta(minutes=1), LIMITS, is_reserved=True
    )


def test_what_the_platform_says_is_used_up_stays_so_until_the_customer_writes() -> None:
    reach = NOBODY.opened(Did.WROTE, NOON, LIMITS).spent(NOON).used_up()
    assert reach.left(NOON) == 0
    assert reach.used_up().spent(NOON).left(NOON) == 0
    assert reach.opened(Did.WROTE, NOON + timedelta(minutes=1), LIMITS).left(NOON + timedelta(minutes=1)) == 5


@pytest.mark.parametrize("did", list(Did))
def test_where_nothing_is_counted_everything_may_go(did: Did) -> None:
    assert not UNLIMITED.counts
    assert NOBODY.opened(did, NOON, UNLIMITED).may_send(NOON, UNLIMITED, is_reserved=False)
