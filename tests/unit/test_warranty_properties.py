"""What holds for every case, whatever its facts (E6, E11)."""

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.warranty_files import load_law
from bot.domain.warranty.case import Case, Cause, Channel, Fault, FaultKind, Repair, Wish
from bot.domain.warranty.decide import decide
from bot.domain.warranty.decision import Decision
from bot.domain.warranty.explain import explain
from bot.domain.warranty.law import Option, PeriodRule
from bot.domain.warranty.situation import Situation

LAW = load_law()
PARTS = sorted({part for goods in LAW.goods.values() for part in goods.parts} | {"门封条"})
MANY = settings(max_examples=60, deadline=None)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any case that `Case.check` accepts."""
    bought = draw(st.dates(date(2009, 1, 1), date(2029, 12, 31)))
    today = bought + timedelta(days=draw(st.one_of(st.integers(0, 40), st.integers(0, 1500))))
    between = st.dates(bought, today)
    exchanged = draw(st.none() | between)
    repairs = []
    for _ in range(draw(st.integers(0, 4))):
        brought = draw(st.dates(bought, today + timedelta(days=10)))
        back = draw(st.none() | st.integers(0, 120))
        flags = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
        repairs.append(Repair(brought, None if back is None else brought + timedelta(days=back), *flags))
    case = Case(
        category=draw(st.sampled_from(sorted(LAW.goods))),
        bought_on=bought,
        today=today,
        received_on=draw(st.none() | between),
        channel=draw(st.none() | st.sampled_from(Channel)),
        price_fen=draw(st.none() | st.integers(0, 10**7)),
        part=draw(st.none() | st.sampled_from(PARTS)),
        fault=Fault(
            draw(st.sampled_from(FaultKind)),
            draw(st.none() | st.dates(exchanged or bought, today)),
            draw(st.sampled_from(Cause)),
        ),
        repairs=tuple(repairs),
        exchanged_on=exchanged,
        is_certified_substandard=draw(st.booleans()),
        is_custom_made=draw(st.booleans()),
        is_opened_for_good=draw(st.booleans()),
        is_intact=draw(st.booleans()),
        is_in_stock=draw(st.booleans()),
        wish=draw(st.none() | st.sampled_from(Wish)),
    )
    case.check()
    return case


def is_no_worse(one: Decision, other: Decision) -> bool:
    """The order of outcomes: whatever the other opens free of charge is open, and a settled refund is no smaller.

    Return, exchange and repair count; a paid repair and a human are there for everybody who has none of them.
    """
    free = {Option.RETURN, Option.EXCHANGE, Option.REPAIR}
    opens_as_much = set(other.options) & free <= set(one.options) & free
    return opens_as_much and (other.refund_fen is None or (one.refund_fen or 0) >= other.refund_fen)


@MANY
@given(cases())
def test_every_case_has_an_answer_that_can_be_read(case: Case) -> None:
    answer = decide(case, LAW)
    assert answer.options and len(set(answer.options)) == len(answer.options)
    assert answer.reasons or answer.options == (Option.HUMAN,)
    assert answer.as_json()["options"] == [str(option) for option in answer.options]
    assert "{" not in explain(answer) and "None" not in explain(answer)
    if Option.HUMAN in answer.options:
        assert answer.options[-1] is Option.HUMAN


@MANY
@given(cases())
def test_what_is_open_names_clause_version_and_who_pays(case: Case) -> None:
    """E11, invariant 7."""
    for remedy in decide(case, LAW).remedies:
        if remedy.option is not Option.HUMAN:
            assert remedy.clauses and remedy.rules and remedy.freight and remedy.cost_bearer
            assert remedy.deadline is None or remedy.deadline >= case.today
            assert remedy.evidence


@MANY
@given(cases())
def test_money_is_never_negative_nor_more_than_the_price(case: Case) -> None:
    refund = decide(case, LAW).refund_fen
    assert refund is None or 0 <= refund <= (case.price_fen or 0)


@MANY
@given(cases(), st.data())
def test_a_fault_found_earlier_is_never_worse_for_the_customer(case: Case, data: st.DataObject) -> None:
    found = case.fault.found_on or case.today
    earlier = data.draw(st.dates(case.exchanged_on or case.bought_on, found))
    sooner = replace(case, fault=replace(case.fault, found_on=earlier))
    assert is_no_worse(decide(sooner, LAW), decide(replace(case, fault=replace(case.fault, found_on=found)), LAW))


@MANY
@given(cases(), st.randoms())
def test_the_order_of_repairs_does_not_matter(case: Case, chance: random.Random) -> None:
    shuffled = replace(case, repairs=tuple(chance.sample(case.repairs, len(case.repairs))))
    assert decide(shuffled, LAW) == decide(case, LAW)


@MANY
@given(cases())
def test_a_period_that_an_exchange_restarted_never_ends_earlier(case: Case) -> None:
    """E6."""
    goods = LAW.goods[case.category]
    with_exchange, without = (Situation(c, LAW, goods) for c in (case, replace(case, exchanged_on=None)))
    if with_exchange.rules.one(PeriodRule):
        assert with_exchange.unit_period.last >= without.unit_period.last
        assert with_exchange.days_from_sale(7).last >= without.days_from_sale(7).last


@MANY
@given(cases())
def test_a_customers_own_fault_opens_nothing_free_but_what_the_authority_ordered(case: Case) -> None:
    """E6, E8."""
    spoilt = replace(case, fault=replace(case.fault, kind=FaultKind.PERFORMANCE, cause=Cause.MISUSE))
    options = set(decide(spoilt, LAW).options)
    assert Option.PAID_REPAIR in options
    assert options <= {Option.PAID_REPAIR} | ({Option.RETURN} if case.is_certified_substandard else set())


@MANY
@given(cases())
def test_the_wish_stands_first_where_it_is_open(case: Case) -> None:
    """A10."""
    answer = decide(case, LAW)
    if case.wish and case.wish in answer.options:
        assert answer.best.option == case.wish


@pytest.mark.timed
def test_a_decision_takes_no_more_than_a_millisecond() -> None:
    from bench.warranty import measure

    taken = sorted(measure(rounds=3))
    assert taken[len(taken) // 2] <= 1
