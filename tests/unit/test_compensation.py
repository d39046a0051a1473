"""Compensation: from policy, with limits, proportional to our fault, never a promise (A5, A7, A11, A12, D4, F9)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.compensation_files import load_compensation
from bot.adapters.content_files import CONTENT, load_forbidden
from bot.adapters.procedure_files import load_facts
from bot.domain.actor import LEVELS, Actor, Role
from bot.domain.compensation import (
    ANSWERS,
    MORAL_WAY,
    Alternative,
    Claim,
    ItemKind,
    Policy,
    Proposal,
    Refused,
    demand_answer,
    fraud_claim,
    offers,
)
from bot.domain.errors import ContentError, InvalidInput
from bot.domain.wording import forbidden_in

POLICY = load_compensation()
AGENT_LIMIT, SUPERVISOR_LIMIT, MANAGER_LIMIT = (POLICY.limits[level] for level in LEVELS)

CLAIM = Claim("damaged_goods", 1, 0, 100, "普通")


def proposed(claim: Claim = CLAIM, policy: Policy = POLICY, by: Role = Role.MANAGER, spent_fen: int = 0) -> Proposal:
    return offers(claim, policy, by, spent_fen)


def way(proposal: Proposal, name: str) -> Alternative:
    return next(alternative for alternative in proposal.alternatives if alternative.id == name)


def amounts(proposal: Proposal) -> dict[str, int]:
    ways: tuple[Alternative | Refused, ...] = (*proposal.alternatives, *proposal.refused)
    return {one.id: one.amount_fen for one in ways}


def with_policy(**changes: Any) -> Policy:
    return replace(POLICY, **changes)


def with_cause(name: str, **changes: Any) -> Policy:
    return with_policy(causes={**POLICY.causes, name: replace(POLICY.causes[name], **changes)})


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    cause = draw(st.sampled_from(sorted(POLICY.causes)))
    return Claim(
        cause=cause, severity=draw(st.integers(1, 3)), loss_fen=draw(st.integers(0, 3_000_000)),
        share=draw(st.integers(0, 100)), tier=draw(st.sampled_from(list(POLICY.tiers))),
        price_fen=draw(st.integers(1, 1_000_000)),
        days_late=draw(st.integers(0, 60)) if POLICY.causes[cause].delay else 0,
        force_majeure=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """The policy in force with other figures."""
    low, middle, high = sorted(draw(st.sets(st.integers(0, 3_000_000), min_size=3, max_size=3)))
    return with_policy(
        cap_fen=draw(st.integers(1, 4_000_000)), goodwill_least_share=draw(st.sampled_from([0, 20, 100])),
        limits=dict(zip(LEVELS, (low, middle, high), strict=True)),
    )  # fmt: skip


spent = st.integers(0, 4_000_000)
roles = st.sampled_from(list(Role))


# What a claim is worth


@pytest.mark.parametrize(
    ("claim", "fen"),
    [
        (replace(CLAIM, loss_fen=30_000), 32_000),
        (replace(CLAIM, loss_fen=30_000, share=50), 16_000),
        (replace(CLAIM, loss_fen=30_000, severity=3), 40_000),
        (replace(CLAIM, loss_fen=30_000, severity=3, tier="金卡"), 45_000),
        (replace(CLAIM, loss_fen=30_000, severity=3, tier="金卡", share=50), 22_500),
        (replace(CLAIM, cause="price_change", loss_fen=10_000, tier="金卡"), 10_000),
    ],
)
def test_proven_loss_and_goodwill_are_counted_in_proportion_to_our_fault(claim: Claim, fen: int) -> None:
    """A5: the tier multiplies the goodwill, never the loss."""
    assert way(proposed(claim), "cash").amount_fen == fen


@pytest.mark.parametrize(
    ("days", "price_fen", "fen"),
    [(0, 100_000, 0), (1, 100_000, 400), (5, 100_000, 2_000), (5, 0, None), (1, 12_345, 225), (400, 100_000, 30_000)],
)
def test_each_day_of_delay_counts_up_to_a_most(days: int, price_fen: int, fen: int | None) -> None:
    """D4."""
    claim = Claim("late_delivery", 1, 0, 100, "普通", price_fen=price_fen, days_late=days)
    if fen is None:
        with pytest.raises(InvalidInput, match="商品价格"):
            proposed(claim)
    else:
        assert proposed(claim).most_fen == fen


def test_a_policy_with_a_fixed_sum_a_day_needs_no_price() -> None:
    """D4."""
    delay = POLICY.causes["late_delivery"].delay
    assert delay is not None
    policy = with_cause("late_delivery", delay=replace(delay, per_day_permille=0))
    assert proposed(Claim("late_delivery", 1, 0, 100, "普通", days_late=3), policy).most_fen == 600


def test_nothing_is_owed_for_force_majeure() -> None:
    """D4."""
    claim = Claim("late_delivery", 3, 50_000, 100, "金卡", price_fen=100_000, days_late=9, force_majeure=True)
    assert amounts(proposed(claim)) == {MORAL_WAY: 0}


def test_without_our_fault_there_is_an_apology_and_no_money() -> None:
    """A5: proportional to the company's fault."""
    [only] = proposed(replace(CLAIM, loss_fen=99_900, share=0)).alternatives
    assert (only.id, only.amount_fen) == (MORAL_WAY, 0)


def test_the_policy_may_grant_goodwill_without_our_fault_but_no_goods_and_no_loss() -> None:
    """A5: `goodwill_least_share`."""
    policy = with_policy(goodwill_least_share=20)
    proposal = proposed(replace(CLAIM, severity=3, loss_fen=99_900, share=0), policy)
    assert amounts(proposal) == {"exchange": 2_000, "return": 2_000, "cash": 2_000, MORAL_WAY: 0}
    given_items = {line.policy_line for alternative in proposal.alternatives for line in alternative.lines}
    assert given_items == {"items.voucher", "items.cash", "items.apology"}
    assert "不足 20% 按 20% 计" in "".join(proposal.alternatives[0].reasons)


@pytest.mark.parametrize(("loss_fen", "share", "fen"), [(1, 1, 1), (101, 50, 51), (100, 50, 50), (333, 33, 110)])
def test_fen_are_rounded_in_the_customers_favour(loss_fen: int, share: int, fen: int) -> None:
    claim = replace(CLAIM, cause="price_change", loss_fen=loss_fen, share=share)
    assert proposed(claim).most_fen == fen


def test_what_goes_beyond_the_cap_is_named_and_left_to_the_company() -> None:
    """A5."""
    cash = way(proposed(replace(CLAIM, loss_fen=POLICY.cap_fen + 100)), "cash")
    assert cash.amount_fen == POLICY.cap_fen
    assert any("每件最多 5000 元，超出的 21 元" in reason for reason in cash.reasons)


@pytest.mark.parametrize(
    ("loss_fen", "lines"),
    [
        (POLICY.cap_fen + 100, ["items.freight_refund", "items.exchange", "items.apology"]),
        (POLICY.cap_fen - 100, ["items.freight_refund", "items.voucher", "items.exchange", "items.apology"]),
    ],
)
def test_the_cap_cuts_the_goodwill_before_the_proven_loss(loss_fen: int, lines: list[str]) -> None:
    """A5."""
    exchange = way(proposed(replace(CLAIM, loss_fen=loss_fen)), "exchange")
    assert [line.policy_line for line in exchange.lines] == lines
    assert exchange.amount_fen == POLICY.cap_fen
    paid, goodwill = ("5000 元", "") if loss_fen > POLICY.cap_fen else ("4999 元", "1 元")
    assert paid in exchange.lines[0].text and goodwill in exchange.lines[1].text


@pytest.mark.parametrize("cause", ["price_change", "damaged_goods"])
def test_a_loss_above_the_cap_is_capped_with_or_without_goodwill(cause: str) -> None:
    """A5."""
    claim = replace(CLAIM, cause=cause, loss_fen=POLICY.cap_fen + 1)
    assert set(amounts(proposed(claim)).values()) == {POLICY.cap_fen, 0}


@given(claims(), policies(), roles, spent)
def test_no_amount_is_negative_or_above_the_cap(claim: Claim, policy: Policy, by: Role, spent_fen: int) -> None:
    """A5."""
    assert all(0 <= fen <= policy.cap_fen for fen in amounts(proposed(claim, policy, by, spent_fen)).values())


@given(claims(), policies(), st.data())
def test_more_fault_loss_gravity_delay_or_a_higher_tier_never_yields_less(
    claim: Claim, policy: Policy, data: st.DataObject
) -> None:
    """A5."""
    tiers = list(policy.tiers)
    more = replace(
        claim,
        share=data.draw(st.integers(claim.share, 100)),
        loss_fen=data.draw(st.integers(claim.loss_fen, 4_000_000)),
        severity=data.draw(st.integers(claim.severity, 3)),
        tier=data.draw(st.sampled_from(tiers[tiers.index(claim.tier) :])),
        days_late=data.draw(st.integers(claim.days_late, 90)) if claim.days_late else 0,
        force_majeure=data.draw(st.booleans()) if claim.force_majeure else False,
    )
    less = amounts(proposed(claim, policy))
    assert all(amounts(proposed(more, policy))[name] >= fen for name, fen in less.items())


@given(claims(), st.integers(1, 100))
def test_the_amount_is_proportional_to_our_fault(claim: Claim, share: int) -> None:
    """A5: of what full fault would yield, that share, but for the rounding of three sums."""
    policy = with_policy(cap_fen=10**9, limits={level: 10**9 + i for i, level in enumerate(LEVELS)})
    full = amounts(proposed(replace(claim, share=100, force_majeure=False), policy))
    part = amounts(proposed(replace(claim, share=share, force_majeure=False), policy))
    assert all(-3 * 100 <= full[name] * share - fen * 100 <= 3 * 100 for name, fen in part.items())


@given(claims())
def test_the_tier_leaves_what_is_owed_as_it_is(claim: Claim) -> None:
    """A5: without goodwill every tier gets the same."""
    policy = with_cause(claim.cause, goodwill_fen=(0, 0, 0))
    assert len({tuple(amounts(proposed(replace(claim, tier=tier), policy)).items()) for tier in policy.tiers}) == 1


# Who may grant it


@pytest.mark.parametrize(
    ("by", "fen", "needs"),
    [
        (Role.AGENT, AGENT_LIMIT, None),
        (Role.AGENT, AGENT_LIMIT + 1, Role.SUPERVISOR),
        (Role.AGENT, SUPERVISOR_LIMIT, Role.SUPERVISOR),
        (Role.AGENT, SUPERVISOR_LIMIT + 1, Role.MANAGER),
        (Role.SUPERVISOR, AGENT_LIMIT + 1, None),
        (Role.SUPERVISOR, SUPERVISOR_LIMIT, None),
        (Role.SUPERVISOR, SUPERVISOR_LIMIT + 1, Role.MANAGER),
        (Role.MANAGER, MANAGER_LIMIT, None),
        (Role.BOT, 0, Role.AGENT),
        (Role.BOT, 1, Role.AGENT),
        (Role.CUSTOMER, 0, Role.AGENT),
        (Role.ADMIN, AGENT_LIMIT + 1, Role.SUPERVISOR),
    ],
)
def test_above_the_requesters_limit_the_next_level_that_reaches_approves(
    by: Role, fen: int, needs: Role | None
) -> None:
    """A5, A6, F9: the bot grants nothing at all."""
    policy = with_policy(cap_fen=MANAGER_LIMIT)
    budget = with_cause("price_change", budget_fen=MANAGER_LIMIT).causes
    claim = replace(CLAIM, cause="price_change", loss_fen=fen)
    proposal = proposed(claim, replace(policy, causes=budget), by)
    assert max(proposal.alternatives, key=lambda one: one.amount_fen).needs is needs


def test_above_the_managers_limit_it_is_refused_with_the_reason() -> None:
    """A5."""
    policy = with_policy(cap_fen=10 * MANAGER_LIMIT)
    proposal = proposed(replace(CLAIM, loss_fen=MANAGER_LIMIT + 1), policy)
    assert [one.id for one in proposal.alternatives] == [MORAL_WAY]
    assert {one.id for one in proposal.refused} == {"exchange", "return", "cash"}
    assert all("需要公司另行决定" in one.reasons[-1] for one in proposal.refused)


@pytest.mark.parametrize(
    ("loss_fen", "by", "needs"),
    [
        (5_000, Role.AGENT, Role.SUPERVISOR),
        (5_000, Role.SUPERVISOR, None),
        (AGENT_LIMIT + 1, Role.SUPERVISOR, Role.MANAGER),
        (AGENT_LIMIT + 1, Role.MANAGER, None),
    ],
)
def test_what_exceeds_the_months_budget_needs_one_level_higher_and_says_so(
    loss_fen: int, by: Role, needs: Role | None
) -> None:
    """A5."""
    budget = POLICY.causes["price_change"].budget_fen
    claim = replace(CLAIM, cause="price_change", loss_fen=loss_fen)
    within = way(proposed(claim, by=by, spent_fen=budget - loss_fen), "cash")
    beyond = way(proposed(claim, by=by, spent_fen=budget - loss_fen + 1), "cash")
    assert not any("预算" in reason for reason in within.reasons)
    assert any("“价格变动”本月预算 30000 元" in reason for reason in beyond.reasons)
    assert beyond.needs is needs


def test_a_sum_of_the_managers_beyond_the_budget_is_for_the_company_to_decide() -> None:
    """A5."""
    claim = replace(CLAIM, loss_fen=SUPERVISOR_LIMIT + 1)
    proposal = proposed(claim, spent_fen=POLICY.causes[claim.cause].budget_fen)
    assert amounts(proposal).keys() == {"exchange", "return", "cash", MORAL_WAY}
    assert all("需要公司另行决定" in one.reasons[-1] for one in proposal.refused) and len(proposal.refused) == 3


def test_an_apology_needs_no_budget() -> None:
    moral = way(proposed(by=Role.AGENT, spent_fen=10**9), MORAL_WAY)
    assert (moral.amount_fen, moral.needs) == (0, None)


@given(claims(), policies(), roles, spent)
def test_what_needs_approval_is_never_for_the_requester_to_grant(
    claim: Claim, policy: Policy, by: Role, spent_fen: int
) -> None:
    """F9."""
    for alternative in proposed(claim, policy, by, spent_fen).alternatives:
        if alternative.needs is None:
            assert by in LEVELS and alternative.amount_fen <= policy.limits[by]
        else:
            assert not Actor("小李", by).reaches(alternative.needs)
            assert alternative.amount_fen <= policy.limits[alternative.needs]
            assert alternative.reasons[-1].endswith("审批")


@given(claims(), policies(), roles, spent)
def test_more_money_spent_never_makes_it_easier(claim: Claim, policy: Policy, by: Role, spent_fen: int) -> None:
    """A5."""
    fresh, late = (proposed(claim, policy, by, fen) for fen in (0, spent_fen))
    assert {one.id for one in late.alternatives} <= {one.id for one in fresh.alternatives}
    for alternative in late.alternatives:
        before = way(fresh, alternative.id).needs
        if before:
            assert alternative.needs and LEVELS.index(alternative.needs) >= LEVELS.index(before)


# What is offered


@pytest.mark.parametrize("cause", POLICY.causes)
def test_every_cause_has_two_acceptable_ways_and_an_apology(cause: str) -> None:
    """A7: where we are at fault and there is something to make up for."""
    claim = Claim(cause, 2, 10_000, 100, "普通")
    names = [alternative.id for alternative in proposed(claim).alternatives]
    assert len(names) >= 3 and len(set(names)) == len(names)
    assert names[-1] == MORAL_WAY


@given(claims(), policies(), roles, spent)
def test_there_is_always_a_moral_way_that_costs_nothing(claim: Claim, policy: Policy, by: Role, spent_fen: int) -> None:
    """A5, A7."""
    last = proposed(claim, policy, by, spent_fen).alternatives[-1]
    assert (last.id, last.amount_fen) == (MORAL_WAY, 0)
    kinds = {policy.items[line.policy_line.removeprefix("items.")].kind for line in last.lines}
    assert kinds == {ItemKind.MORAL}


@given(claims(), policies(), roles, spent)
def test_every_line_is_the_text_of_a_policy_line_with_its_sum(
    claim: Claim, policy: Policy, by: Role, spent_fen: int
) -> None:
    """A11: nothing is improvised, and nothing left to fill in."""
    for alternative in proposed(claim, policy, by, spent_fen).alternatives:
        assert alternative.lines
        for line in alternative.lines:
            before, _, after = policy.lines[line.policy_line].partition("{amount}")
            assert line.text.startswith(before) and line.text.endswith(after)
            assert "{" not in line.text


def test_loss_and_goodwill_stand_in_lines_of_their_own() -> None:
    """A11."""
    exchange = way(proposed(replace(CLAIM, loss_fen=1_550)), "exchange")
    assert [line.text for line in exchange.lines] == [
        "补偿方案：退还运费等已核实的支出 15.50 元，按原付款方式退回",
        "补偿方案：一张 20 元的优惠券，放进您的账户",
        "处理方案：换货，来回运费由我们承担",
        "致歉方案：由公司出具书面致歉信",
    ]
    assert exchange.amount_fen == 3_550


def test_the_arithmetic_can_be_followed_step_by_step() -> None:
    """A11, E11."""
    claim = Claim("late_delivery", 2, 10_000, 50, "金卡", price_fen=289_900, days_late=3)
    cash = way(proposed(claim, by=Role.AGENT, spent_fen=2_999_999), "cash")
    assert cash.reasons == (
        "依据《安居电器客户补偿办法》（演示，2026 年 1 月版，待公司复核）：延迟发货（D4；配送规则第 11 条）",
        "已核实的损失 100 元 × 我方责任 50% = 50 元",
        "延迟 3 天 × 每天 7.80 元（最多 300 元）= 23.40 元，× 我方责任 50% = 11.70 元",
        "心意补偿（中）10 元 × 责任 50% × 金卡会员 150% = 7.50 元",
        "合计 69.20 元",
        "“延迟发货”本月预算 30000 元，已用 29999.99 元，加上这笔会超出，要高一级审批",
        "需要主管审批",
    )
    assert (cash.amount_fen, cash.needs) == (6_920, Role.SUPERVISOR)


def test_a_proposal_names_the_policy_that_it_was_counted_by() -> None:
    """A11."""
    assert (proposed().source, proposed().version) == (POLICY.source, POLICY.version)


@pytest.mark.parametrize("line", POLICY.lines)
def test_no_text_is_a_promise_or_rude(line: str) -> None:
    """A4, A11, F9."""
    text = POLICY.lines[line]
    assert "方案" in text or "申请" in text
    assert not forbidden_in(text, load_forbidden())


def test_the_causes_are_those_that_an_analysis_may_find() -> None:
    """C3."""
    assert load_facts()["cause"].values == tuple(POLICY.causes)


# A demand above the policy


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (replace(CLAIM, loss_fen=10_000), "above_policy"),
        (replace(CLAIM, share=0), "no_fault"),
        (replace(CLAIM, force_majeure=True), "force_majeure"),
        (Claim("price_change", 1, 0, 100, "普通"), "no_loss"),
        (replace(CLAIM, loss_fen=SUPERVISOR_LIMIT + 1), "company_decides"),
    ],
)
def test_a_demand_above_the_policy_gets_a_polite_no_with_reason_alternatives_and_a_human(
    claim: Claim, reason: str
) -> None:
    """A12."""
    spent_fen = POLICY.causes[claim.cause].budget_fen if reason == "company_decides" else 0
    answer = demand_answer(880_000, claim, POLICY, Role.AGENT, spent_fen)
    assert answer is not None
    assert (answer.no.policy_line, answer.human.policy_line) == (f"answers.{reason}", "answers.human")
    assert "8800 元" in answer.no.text
    assert answer.alternatives == proposed(claim, by=Role.AGENT, spent_fen=spent_fen).alternatives
    assert "人工" in answer.human.text and "{" not in answer.no.text


def test_the_no_names_what_can_be_had() -> None:
    """A12."""
    answer = demand_answer(100_000, replace(CLAIM, loss_fen=10_000), POLICY, Role.AGENT, 0)
    assert answer is not None and "1000 元" in answer.no.text and "120 元" in answer.no.text


@pytest.mark.parametrize("demand_fen", [0, 11_999, 12_000])
def test_a_demand_within_the_policy_is_not_refused(demand_fen: int) -> None:
    assert demand_answer(demand_fen, replace(CLAIM, loss_fen=10_000), POLICY, Role.AGENT, 0) is None


def test_every_reason_for_a_no_has_its_text() -> None:
    assert set(POLICY.answers) == set(ANSWERS)


# The law on fraud


@given(st.integers(0, 10**9))
def test_fraud_is_three_times_the_price_and_at_least_500_yuan(price_fen: int) -> None:
    """E5."""
    assert fraud_claim(price_fen) == (3 * price_fen if price_fen > 50_000 / 3 else 50_000)


@given(claims(), roles, spent)
def test_fraud_never_stands_in_an_offer(claim: Claim, by: Role, spent_fen: int) -> None:
    """E5: a human decides on it."""
    proposal = proposed(claim, by=by, spent_fen=spent_fen)
    ways: tuple[Alternative | Refused, ...] = (*proposal.alternatives, *proposal.refused)
    told = [line.text for one in proposal.alternatives for line in one.lines]
    told += [reason for one in ways for reason in one.reasons]
    assert not any(word in text for text in told for word in ("三倍", "欺诈"))


# Input that cannot be


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"loss_fen": -1}, "负数"),
        ({"price_fen": -1}, "负数"),
        ({"days_late": -1}, "负数"),
        ({"share": -1}, "0 到 100"),
        ({"share": 101}, "0 到 100"),
        ({"severity": 0}, "严重程度"),
        ({"severity": 4}, "严重程度"),
        ({"cause": "weather"}, "late_delivery"),
        ({"tier": "钻石"}, "普通、银卡、金卡"),
        ({"days_late": 1}, "不按延迟天数"),
    ],
)
def test_a_claim_that_cannot_be_is_refused_with_what_to_do(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        proposed(replace(CLAIM, **wrong))


@pytest.mark.parametrize(
    "ask",
    [lambda: proposed(spent_fen=-1), lambda: demand_answer(-1, CLAIM, POLICY, Role.AGENT, 0), lambda: fraud_claim(-1)],
    ids=["spent", "demand", "price"],
)
def test_other_sums_are_not_negative_either(ask: Callable[[], object]) -> None:
    with pytest.raises(InvalidInput, match="负数"):
        ask()


# The file that staff edit

Load = Callable[[str, str], Policy]
TEXT = (CONTENT / "compensation.yml").read_text(encoding="utf-8")


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Reads the policy with one passage in another form."""

    def change_and_load(old: str, new: str) -> Policy:
        assert TEXT.count(old) >= 1, f"no {old}"
        (tmp_path / "compensation.yml").write_text(TEXT.replace(old, new, 1), encoding="utf-8")
        (tmp_path / "wording.yml").write_bytes((CONTENT / "wording.yml").read_bytes())
        return load_compensation(tmp_path)

    return change_and_load


def test_staff_may_change_a_figure(load: Load) -> None:
    assert load("cap_fen: 500000", "cap_fen: 600000").cap_fen == 600_000


BROKEN = {
    "unknown key": ("cap_fen: 500000", "cap_fen: 500000\ncap_yuan: 1", ("cap_yuan", "cap_fen")),
    "no cap": ("cap_fen: 500000", "", ("cap_fen", "整数")),
    "negative cap": ("cap_fen: 500000", "cap_fen: -1", ("cap_fen", "不小于 1")),
    "money with a point": ("cap_fen: 500000", "cap_fen: 5000.50", ("cap_fen", "整数")),
    "yes for a number": ("cap_fen: 500000", "cap_fen: yes", ("cap_fen", "整数")),
    "more than the whole": ("least_share: 0", "least_share: 101", ("goodwill_least_share", "不大于 100")),
    "no source": ("source: 《安居电器客户补偿办法》", "source: # ", ("source", "补上")),
    "no version": ("version: 1", "version: 一", ("version", "整数")),
    "limits that fall": ("supervisor: 300000", "supervisor: 10000", ("supervisor", "不小于 20001")),
    "limits that are equal": ("manager: 2000000", "manager: 300000", ("manager", "不小于 300001")),
    "negative limit": ("agent: 20000", "agent: -1", ("agent", "不小于 0")),
    "no limit": ("supervisor: 300000, ", "", ("supervisor", "整数")),
    "unknown level": ("agent: 20000", "agent: 20000, director: 1", ("director", "supervisor")),
    "tiers that fall": ("percent: 150", "percent: 110", ("percent", "不小于 120")),
    "same tier": ("name: 金卡", "name: 银卡", ("银卡", "已经写过")),
    "no tier name": ("{name: 金卡, percent: 150}", "{percent: 150}", ("name", "补上")),
    "no item name": ("gift: {name: 礼品, ", "gift: {", ("items → gift → name", "补上")),
    "no item text": (", text: 处理方案：换货，来回运费由我们承担", "", ("exchange → text", "补上")),
    "unknown kind": ("name: 换货, kind: material", "name: 换货, kind: immaterial", ("kind", "material 或 moral")),
    "rude": ("处理方案：换货，", "处理方案：您去投诉吧，", ("items → exchange", "您去投诉吧", "如实登记")),
    "too sure": ("处理方案：换货", "处理方案：我们一定换货", ("我们一定", "认真去办")),
    "rude answer": ("我不能先答应您", "这不可能", ("company_decides", "不可能")),
    "a promise": ("text: 处理方案：换货", "text: 给您换货", ("exchange", "承诺", "申请")),
    "another placeholder": ("现金 {amount}", "现金 {money}", ("cash", "{amount}")),
    "half a placeholder": ("现金 {amount}", "现金 {amount", ("cash", "{amount}")),
    "money for an apology": ("致歉方案：由公司出具书面致歉信", "'致歉方案：{amount}'", ("apology", "moral")),
    "no moral way": ("moral: [apology]", "moral: []", ("moral", "书面致歉")),
    "material for moral": ("moral: [apology]", "moral: [exchange]", ("exchange", "不是 moral")),
    "unknown moral": ("moral: [apology]", "moral: [sorry]", ("sorry", "apology")),
    "no right to a human": ("  human: ", "  people: ", ("people", "human")),
    "an answer left out": ("  no_loss: ", "  # ", ("no_loss", "补上")),
    "no cause name": ("    name: 延迟发货\n", "", ("late_delivery → name", "补上")),
    "no clause": ("    clause: D4；配送规则第 11 条\n", "", ("late_delivery → clause", "补上")),
    "two figures": ("[0, 1000, 3000]", "[0, 1000]", ("goodwill_fen", "轻、中、重")),
    "goodwill that falls": ("[0, 1000, 3000]", "[0, 1000, 900]", ("goodwill_fen", "不小于 1000")),
    "negative goodwill": ("[0, 1000, 3000]", "[-5, 1000, 3000]", ("goodwill_fen", "不小于 0")),
    "negative budget": ("budget_fen: 3000000", "budget_fen: -1", ("budget_fen", "不小于 0")),
    "no budget": ("    budget_fen: 3000000\n", "", ("budget_fen", "整数")),
    "negative delay": ("per_day_fen: 200", "per_day_fen: -200", ("per_day_fen", "不小于 0")),
    "half a delay": (", most_fen: 30000", "", ("most_fen", "整数")),
    "unknown delay": ("most_fen: 30000", "most_fen: 30000, per_hour: 1", ("per_hour", "per_day_fen")),
    "no ways": ("ways:\n      cash: {owed: cash}\n      voucher: {owed: voucher}", "ways: {}", ("一种",)),
    "loss left out": ("cash: {owed: cash}", "cash: {goodwill: cash}", ("owed", "补上")),
    "loss paid with an apology": ("cash: {owed: cash}", "cash: {owed: apology}", ("apology", "不带金额", "cash")),
    "loss paid with nothing known": ("cash: {owed: cash}", "cash: {owed: gold}", ("gold", "cash")),
    "money without a sum": ("also: [redo, apology]", "also: [cash, apology]", ("cash", "goodwill")),
    "unknown thing": ("also: [redo, apology]", "also: [redo, flowers]", ("flowers", "apology")),
    "unknown field of a way": ("cash: {owed: cash}", "cash: {owed: cash, and: []}", ("and", "also")),
    "a way named moral": ("cash: {owed: cash}", "moral: {owed: cash}", ("moral", "换一个名字")),
    "twice": ("  bad_repair:\n", "  bad_installation:\n", ("bad_installation", "已经写过")),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_an_unsound_policy_is_refused_with_line_and_cure(load: Load, case: str) -> None:
    """A11."""
    old, new, words = BROKEN[case]
    with pytest.raises(ContentError) as refusal:
        load(old, new)
    for word in ("compensation.yml 第 ", " 行", *words):
        assert word in str(refusal.value)


def test_the_line_named_is_the_one_to_mend(load: Load) -> None:
    number = TEXT[: TEXT.index("per_day_fen: 200")].count("\n") + 1
    with pytest.raises(ContentError, match=f"第 {number} 行"):
        load("per_day_fen: 200", "per_day_fen: -200")
