"""The resolution agreement: sealed, signed once, by both sides (C5)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.agreement import LONGEST_REASON, Agreement, Answer
from bot.domain.dates import SHANGHAI
from bot.domain.errors import Conflict, InvalidInput

OFFERED = datetime(2026, 11, 26, 2, 30, 15, 123456, tzinfo=UTC)
EXPIRES = OFFERED + timedelta(days=7)
LATER = OFFERED + timedelta(hours=3)
TERMS = ("补偿方案：现金 300 元，按原付款方式退回", "致歉方案：由公司出具书面致歉信")

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
terms = st.lists(words, min_size=1, max_size=4).map(tuple)


def offered(lines: tuple[str, ...] = TERMS) -> Agreement:
    return Agreement.offer("g1", "TS20261126-0001", lines, "小李", OFFERED, EXPIRES)


def test_the_customer_signs_what_was_offered() -> None:
    """C5."""
    signed = offered().confirm(LATER)
    assert (signed.state, signed.answered_at, signed.terms) == (Answer.CONFIRMED, LATER, TERMS)
    assert signed.is_intact and signed.digest == offered().digest


def test_the_customer_says_no_and_why() -> None:
    """C5, A10."""
    refused = offered().refuse(" 我想要换货 ", LATER)
    assert (refused.state, refused.answered_at, refused.reason) == (Answer.REFUSED, LATER, "我想要换货")


@pytest.mark.parametrize("reason", ["", "   ", "长" * (LONGEST_REASON + 1)])
def test_a_no_has_a_reason_of_some_length(reason: str) -> None:
    with pytest.raises(InvalidInput, match=str(LONGEST_REASON)):
        offered().refuse(reason, LATER)


def test_the_longest_reason_is_heard() -> None:
    assert offered().refuse("长" * LONGEST_REASON, LATER).state is Answer.REFUSED


@pytest.mark.parametrize("lines", [(), ("",), ("换货", "  ")])
def test_nothing_is_offered_without_terms(lines: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="处理方案"):
        offered(lines)


def refuse(agreement: Agreement, now: datetime) -> Agreement:
    return agreement.refuse("不合适", now)


ANSWERS = [Agreement.confirm, refuse]
answers = pytest.mark.parametrize("answer", ANSWERS)


@answers
@pytest.mark.parametrize("first", [*ANSWERS, Agreement.withdraw])
def test_it_is_answered_once(
    first: Callable[[Agreement, datetime], Agreement], answer: Callable[[Agreement, datetime], Agreement]
) -> None:
    """C5: a second answer changes nothing, and is told so."""
    with pytest.raises(Conflict):
        answer(first(offered(), LATER), LATER)


def test_who_signs_twice_hears_that_it_is_signed() -> None:
    with pytest.raises(Conflict, match="已经确认过"):
        offered().confirm(LATER).confirm(LATER)


@answers
def test_an_offer_is_open_until_it_expires(answer: Callable[[Agreement, datetime], Agreement]) -> None:
    assert answer(offered(), EXPIRES - timedelta(microseconds=1)).answered_at is not None
    with pytest.raises(Conflict, match="有效期"):
        answer(offered(), EXPIRES)


def test_the_company_takes_back_only_what_is_not_answered() -> None:
    assert offered().withdraw(LATER).state is Answer.WITHDRAWN
    signed = offered().confirm(LATER)
    assert signed.withdraw(EXPIRES) == signed


@given(terms, terms)
def test_other_terms_have_another_seal(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """C5: nor can one term be cut in two, or two be joined, unseen."""
    assume(one != other)
    assert offered(one).digest != offered(other).digest
    assert not replace(offered(one), terms=other).is_intact


def test_two_terms_are_not_one_of_two_lines() -> None:
    assert offered(("换货", "致歉")).digest != offered(("换货\n致歉",)).digest


@pytest.mark.parametrize(
    "altered",
    [{"ticket": "TS20261126-0002"}, {"signed_by": "别人"}, {"offered_at": LATER}, {"digest": "0" * 64}],
    ids=lambda altered: next(iter(altered)),
)
def test_whatever_is_altered_afterwards_shows_and_cannot_be_signed(altered: dict) -> None:
    """C5."""
    changed = replace(offered(), **altered)
    assert not changed.is_intact
    with pytest.raises(Conflict, match="不一致"):
        changed.confirm(LATER)
    assert changed.refuse("内容变了", LATER).state is Answer.REFUSED


def test_the_seal_holds_in_another_time_zone() -> None:
    """Invariant 8: a database may give a moment back in another zone."""
    assert replace(offered(), offered_at=OFFERED.astimezone(SHANGHAI)).is_intact
