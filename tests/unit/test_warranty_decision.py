"""What a decision tells beside its options: arithmetic, evidence, what would change it (E4, E11, A7, A12, F9)."""

from datetime import date
from typing import Any

import pytest

from bot.adapters.warranty_files import load_law
from bot.domain.warranty.case import Case
from bot.domain.warranty.decide import decide
from bot.domain.warranty.decision import Decision, refused
from bot.domain.warranty.explain import explain
from bot.domain.warranty.law import Option, Side

LAW = load_law()
FAULT = {"kind": "performance", "cause": "unknown"}
WASHER = {"category": "washing_machine", "bought_on": "2026-11-02", "channel": "store", "price_fen": 289900}
TWICE = [{"from": "2026-04-10", "to": "2026-04-15"}, {"from": "2026-05-10", "to": "2026-05-15"}]


def answer(**facts: Any) -> Decision:
    return decide(LAW.resolve(Case.from_json({**WASHER, "today": "2026-11-05", **facts})), LAW)


def test_each_remedy_has_its_own_deadline_clauses_and_evidence() -> None:
    """E11: the choice between them is the customer's."""
    decision = answer(fault=FAULT)
    days = {remedy.option: remedy.deadline for remedy in decision.remedies}
    assert days == {
        Option.RETURN: date(2026, 11, 9), Option.EXCHANGE: date(2026, 11, 17), Option.REPAIR: date(2027, 11, 2),
    }  # fmt: skip
    for remedy in decision.remedies:
        assert "发票" in remedy.evidence[0]
        assert all(clause[0] == "E" for clause in remedy.clauses)


def test_the_arithmetic_shows_every_day_counted() -> None:
    reasons = "".join(answer(bought_on="2026-09-24", today="2026-10-08", fault=FAULT).reasons)
    assert "从 2026 年 9 月 24 日的次日起算 7 天" in reasons
    assert "到 2026 年 10 月 1 日；这天是休息日，顺延到 2026 年 10 月 8 日为止（民法典第二百零三条）" in reasons


def test_an_unknown_cause_says_what_an_inspection_could_change() -> None:
    changes = answer(fault=FAULT).would_change
    assert "检测结果显示是使用不当或自行拆装：改为收费修。" in changes
    assert "没有同型号的现货：改为退货、修理。" in changes


def test_misuse_says_what_an_inspection_could_change() -> None:
    changes = answer(fault={"kind": "performance", "cause": "misuse"}).would_change
    assert "检测结果显示是产品本身的问题：改为退货、换货、修理。" in changes


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"today": "2026-11-12", "fault": FAULT}, "您更想退货而不是换货：改为退货（收折旧）、换货、修理、人工。"),
        ({"today": "2028-11-15", "fault": FAULT}, "检测确认坏的是主要部件（电机、电脑板、定时器、排水泵）：改为修理。"),
        ({"today": "2028-11-15", "fault": FAULT}, "有关行政部门认定商品不合格：改为退货、收费修。"),
        ({"today": "2026-11-04"}, "检测发现有性能故障：改为退货、换货、修理。"),
        (
            {"today": "2026-11-20", "channel": "online", "fault": FAULT},
            "签收日期查到是 2026 年 11 月 13 日或以后：改为退货、换货、修理。",
        ),
        ({"channel": "online", "received_on": "2026-11-03"}, "商品已经不完好：改为人工。"),
    ],
)
def test_the_facts_that_matter_are_named_with_their_answer(facts: dict[str, Any], sentence: str) -> None:
    assert sentence in answer(**facts).would_change


def test_nothing_is_said_to_change_that_does_not() -> None:
    certain = answer(today="2027-06-01", fault={"kind": "performance", "cause": "product"}, wish="repair")
    assert certain.would_change == ("检测结果显示是使用不当或自行拆装：改为收费修。",)


def test_a_repairers_delay_is_paid_for_by_the_repairer() -> None:
    """E6."""
    slow = [{"from": "2026-11-10", "to": "2026-12-15", "repairer_caused": True}]
    best = answer(today="2026-12-20", fault=FAULT, repairs=slow).best
    assert (best.option, best.cost_bearer, best.freight) == (Option.EXCHANGE, Side.REPAIRER, Side.SELLER)


def test_a_paid_repair_is_paid_for_by_the_customer() -> None:
    best = answer(fault={"kind": "performance", "cause": "misuse"}).best
    assert (best.option, best.cost_bearer, best.freight) == (Option.PAID_REPAIR, Side.BUYER, Side.BUYER)


def test_a_return_that_is_open_must_be_handled_within_fifteen_days() -> None:
    """E4."""
    assert answer(fault=FAULT).handle_by == date(2026, 11, 20)
    assert answer(today="2027-06-01", fault=FAULT).handle_by is None


@pytest.mark.parametrize(
    ("facts", "needed"),
    [
        ({"fault": FAULT}, True),
        ({}, True),
        ({"today": "2027-06-01", "fault": FAULT}, False),
        ({"today": "2026-11-12", "fault": FAULT}, False),
        ({"fault": {"kind": "performance", "cause": "misuse"}}, False),
    ],
)
def test_money_and_doubt_need_a_human(facts: dict[str, Any], needed: bool) -> None:
    """F9."""
    assert answer(**facts).needs_confirmation is needed


def test_a_decision_names_the_versions_of_its_rules() -> None:
    """Invariant 7."""
    assert answer(today="2027-06-01", fault=FAULT).rules == (
        "appliance-free-repair@1995-08-25", "appliance-periods@1995-08-25",
    )  # fmt: skip


def test_an_unverified_amount_is_an_estimate_marked_as_such() -> None:
    """E7."""
    decision = answer(bought_on="2026-03-02", today="2026-06-01", fault=FAULT, repairs=TWICE, wish="return")
    reasons = "".join(decision.reasons)
    assert decision.refund_fen is None and decision.options[-1] is Option.HUMAN
    assert "2899 元" in reasons and "待核定" in reasons and "还没有核实" in reasons


def test_a_rule_nobody_verified_is_marked_before_it_is_told() -> None:
    """A11: the 60 days of the phones' own rule wait for a lawyer."""
    waiting = [{"from": "2026-03-01", "to": None, "waiting_parts": True}]
    phone = {"category": "mobile_phone", "bought_on": "2026-01-05", "today": "2026-05-10"}
    reasons = answer(**phone, fault=FAULT, repairs=waiting).reasons
    marked = next(number for number, reason in enumerate(reasons) if "不作为答复" in reason)
    assert "第十六条" in reasons[marked]
    assert all("超过 60 天" not in reason for reason in reasons[:marked])


def test_a_no_says_why_and_what_else_there_is() -> None:
    """A12."""
    decision = answer(wish="return")
    assert decision.options == (Option.HUMAN,)
    assert "门店" in decision.reasons[0] and "质量问题" in decision.reasons[1]


def test_people_read_decision_clauses_dates_money_and_what_to_bring() -> None:
    """E11."""
    text = explain(answer(bought_on="2026-03-02", category="mobile_phone", price_fen=219900, today="2026-06-01",
                          fault=FAULT, repairs=TWICE))  # fmt: skip
    for words in (
        "结论：换货、退货（收折旧）", "· 退货（收折旧）：最晚 2027 年 3 月 12 日 24 点前提出；",
        "退款 1308.41 元；运费由商家承担",
        "第十三条", "用了 81 天", "会改变结论的情况", "请准备", "发票", "2026 年 6 月 16 日前办完", "F9", "@2001-11-15",
    ):  # fmt: skip
        assert words in text


def test_a_category_nobody_knows_is_for_a_human() -> None:
    decision = decide(Case.from_json({"category": "飞船", "bought_on": "2026-11-02", "today": "2026-11-05"}), LAW)
    assert decision.options == (Option.HUMAN,)
    assert "飞船" in decision.reasons[0] and "人工" in explain(decision)


def test_input_that_cannot_be_read_is_for_a_human_too() -> None:
    line = refused("第 3 行：没有 bought_on")
    assert line == {
        "options": ["human"], "clauses": [], "deadline": None, "refund_fen": None, "freight": None,
        "reasons": ["第 3 行：没有 bought_on"], "error": "第 3 行：没有 bought_on",
    }  # fmt: skip
