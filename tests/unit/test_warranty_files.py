"""The law's files: what ships is whole, and a broken one is refused with file, line and cure (E1-E9, A11)."""

import csv
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bot.adapters.content_files import CONTENT, load_forbidden
from bot.adapters.warranty_files import load_law
from bot.domain.errors import ContentError
from bot.domain.warranty.case import Case
from bot.domain.warranty.decide import decide
from bot.domain.warranty.law import DefectRule, Law, NoReasonRule, Option, PeriodRule
from bot.domain.wording import forbidden_in

Edit = Callable[..., Law]


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """Copies the shipped files, changes one of them and reads the law."""

    def change_and_load(file: str, old: str, new: str) -> Law:
        shutil.copytree(CONTENT / "warranty", tmp_path / "warranty", dirs_exist_ok=True)
        path = tmp_path / "warranty" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return load_law(tmp_path)

    return change_and_load


SEVEN_DAYS = """\
    effective_from: 2014-03-15
    source: 消费者权益保护法（2013 年修正）；网络购买商品七日无理由退货暂行办法；服务标准 E2
    verified: true
    days: 7
    freight: buyer
"""
TEN_DAYS = """
  - id: no-reason-return
    kind: no_reason_return
    requirement: E2
    clause: 《消费者权益保护法》第二十五条
    text: 假定改为十天。
    goods: [all]
    effective_from: 2026-06-01
    source: 假定的修改
    verified: true
    days: 10
    freight: buyer
"""


def line_of(file: str, words: str) -> int:
    text = (CONTENT / "warranty" / file).read_text(encoding="utf-8")
    return text[: text.index(words)].count("\n") + 1


# What ships


def test_every_category_that_the_shop_sells_is_known() -> None:
    with (CONTENT / "demo" / "products.csv").open(encoding="utf-8") as file:
        sold = {row["category"] for row in csv.DictReader(file)}
    assert sold <= set(load_law().goods)


def test_every_rule_names_its_requirement_clause_source_and_day() -> None:
    rules = load_law().rules
    assert {rule.requirement for rule in rules} == {"E1", "E2", "E3", "E4", "E6", "E7", "E8", "E9"}
    for rule in rules:
        assert "规定" in rule.clause or "法" in rule.clause
        assert re.fullmatch(r"E\d .+", rule.citation)
        assert rule.version == f"{rule.id}@{rule.effective_from:%Y-%m-%d}"


def test_what_the_standard_calls_unverified_is_unverified() -> None:
    """E7: microcomputer periods, appliance depreciation rates."""
    unverified = {rule.id for rule in load_law().rules if not rule.verified}
    assert unverified == {
        "appliance-depreciation", "microcomputer-periods", "microcomputer-depreciation", "phone-no-parts-60-days",
    }  # fmt: skip


def test_the_words_hold_no_forbidden_phrase() -> None:
    """A4."""
    law, forbidden = load_law(), load_forbidden()
    texts = [*law.sentences.values(), *(text for texts in law.evidence.values() for text in texts)]
    assert [found for text in texts for found in forbidden_in(text, forbidden)] == []


# What staff may change


def test_staff_may_change_a_number(edit: Edit) -> None:
    law = edit(
        "rules.yml", "    unit_months: 12\n    main_part_months: 36", "    unit_months: 24\n    main_part_months: 36"
    )
    case = Case.from_json(
        {
            "category": "television", "bought_on": "2025-03-03", "today": "2026-11-04", "channel": "store",
            "fault": {"kind": "performance", "cause": "product"},
        }
    )  # fmt: skip
    assert decide(case, law).best.deadline == date(2027, 3, 3)
    assert decide(case, load_law()).options == (Option.PAID_REPAIR,)


def test_the_version_in_force_on_the_day_of_purchase_counts(edit: Edit) -> None:
    """E9: each from its own day on."""
    law = edit("rules.yml", SEVEN_DAYS, SEVEN_DAYS.replace("\n", "\n    effective_until: 2026-05-31\n", 1) + TEN_DAYS)
    for bought, days in ((date(2026, 5, 31), 7), (date(2026, 6, 1), 10)):
        rule = law.in_force(bought, "ordinary").one(NoReasonRule)
        assert rule and rule.days == days


def test_two_versions_for_the_same_day_are_refused(edit: Edit) -> None:
    with pytest.raises(ContentError, match=r"第 .* 行：规则 no-reason-return 的 id 的两个版本日期重叠"):
        edit("rules.yml", SEVEN_DAYS, SEVEN_DAYS + TEN_DAYS)


def test_an_unverified_rule_answers_nobody_and_sends_them_to_a_human(edit: Edit) -> None:
    periods = "source: 部分商品修理更换退货责任规定附录；服务标准 E7\n    verified: "
    law = edit("rules.yml", periods + "true", periods + "false")
    case = Case.from_json(
        {
            "category": "television", "bought_on": "2026-03-03", "today": "2026-11-04", "channel": "store",
            "fault": {"kind": "performance", "cause": "product"},
        }
    )  # fmt: skip
    assert decide(case, law).options == (Option.HUMAN,)
    assert law.in_force(date(2026, 3, 3), "phone").one(PeriodRule) is not None


def test_verifying_a_rate_settles_the_amount(edit: Edit) -> None:
    law = edit(
        "rules.yml",
        "source: 待核实；服务标准 E7\n    verified: false\n    per_mille_per_day: 0.5",
        "source: 法务核对\n    verified: true\n    per_mille_per_day: 0.5",
    )
    case = Case.from_json(
        {
            "category": "television", "bought_on": "2026-11-02", "today": "2026-11-12", "channel": "store",
            "price_fen": 100000, "wish": "return", "fault": {"kind": "performance", "cause": "product"},
        }
    )  # fmt: skip
    answer = decide(case, law)
    assert answer.options == (Option.RETURN, Option.EXCHANGE, Option.REPAIR)
    assert answer.refund_fen == 100000 - 500


def test_goods_may_be_kept_from_no_reason_return_on_a_ground_of_the_law(edit: Edit) -> None:
    """E2, E9."""
    law = edit("goods.yml", "id: toothbrush,", "id: toothbrush, kept_from_return: unsealed_unsafe,")
    case = Case.from_json(
        {
            "category": "toothbrush", "bought_on": "2026-11-01", "received_on": "2026-11-02",
            "today": "2026-11-03", "channel": "online",
        }
    )  # fmt: skip
    answer = decide(case, law)
    assert answer.options == (Option.HUMAN,)
    assert "确认" in answer.reasons[0]


def test_a_shop_may_not_widen_the_list(edit: Edit) -> None:
    """E9 (2024-07-01)."""
    with pytest.raises(ContentError) as refusal:
        edit("goods.yml", "id: toothbrush,", "id: toothbrush, kept_from_return: discounted,")
    line = line_of("goods.yml", "{id: toothbrush")
    for word in (f"goods.yml 第 {line} 行", "toothbrush", "discounted", "E9", "不能自己扩大", "custom_made"):
        assert word in str(refusal.value)


# What is refused

DEFECT = "    days: 7\n    options: [return, exchange, repair]\n    freight: seller\n"
BROKEN = {
    "no yaml": ("rules.yml", "kind: defect\n", "kind: defect: x\n", "kind: defect\n", ("YAML", "冒号")),
    "unknown kind": (
        "rules.yml",
        "kind: defect\n",
        "kind: gift\n",
        "kind: defect\n",
        ("defect-return", "gift", "period"),
    ),
    "no kind": ("rules.yml", "    kind: defect\n", "", "- id: defect-return", ("kind", "补上")),
    "no clause": (
        "rules.yml",
        "    clause: 《消费者权益保护法》第二十四条\n",
        "",
        "- id: defect-return",
        ("clause", "补上"),
    ),
    "no number": ("rules.yml", DEFECT, DEFECT.replace("    days: 7\n", ""), "- id: defect-return", ("days", "补上")),
    "negative number": ("rules.yml", "days: 7\n", "days: -7\n", "days: 7\n", ("defect-return", "days", "整数")),
    "number in words": ("rules.yml", "days: 7\n", "days: 七\n", "days: 7\n", ("days", "整数", "七")),
    "number is true": ("rules.yml", "days: 7\n", "days: true\n", "days: 7\n", ("days", "整数")),
    "unknown option": (
        "rules.yml",
        "options: [return, exchange, repair]",
        "options: [return, gift]",
        "options: [return, exchange, repair]",
        ("options", "gift", "return"),
    ),
    "options are a word": (
        "rules.yml",
        "options: [return, exchange, repair]",
        "options: return",
        "options: [return, exchange, repair]",
        ("options", "列表"),
    ),
    "freight by nobody": ("rules.yml", "freight: seller", "freight: shop", "freight: seller", ("freight", "buyer")),
    "verified in words": (
        "rules.yml",
        "verified: true",
        "verified: 是",
        "verified: true",
        ("verified", "true 或 false"),
    ),
    "day in words": (
        "rules.yml",
        "effective_from: 2014-03-15",
        "effective_from: 去年",
        "effective_from: 2014-03-15",
        ("effective_from", "2024-07-01"),
    ),
    "ends before it begins": (
        "rules.yml",
        "    effective_from: 2014-03-15\n",
        "    effective_from: 2014-03-15\n    effective_until: 2013-01-01\n",
        "    source: 消费者权益保护法（2013 年修正）；服务标准 E1\n",
        ("effective_until", "早于"),
    ),
    "mistyped field": ("rules.yml", "days: 7\n", "day: 7\n", "days: 7\n", ("day", "不认识")),
    "no standard's number": (
        "rules.yml",
        "requirement: E1\n",
        "requirement: 一\n",
        "requirement: E1\n",
        ("requirement", "E6"),
    ),
    "goods that are not sold": (
        "rules.yml",
        "goods: [ordinary]",
        "goods: [boats]",
        "goods: [ordinary]",
        ("boats", "appliance"),
    ),
    "part that is not there": ("rules.yml", "{battery: 6,", "{wheel: 6,", "accessory_months", ("wheel", "goods.yml")),
    "rate beyond the price": (
        "rules.yml",
        "per_mille_per_day: 5\n",
        "per_mille_per_day: 5000\n",
        "per_mille_per_day: 5\n",
        ("1000",),
    ),
    "same name twice": ("goods.yml", "aliases: [平板]", "aliases: [手机]", "aliases: [平板]", ("手机", "mobile_phone")),
    "goods without durable": (
        "goods.yml",
        ", kind: ordinary, durable: false}",
        ", kind: ordinary}",
        "{id: clothing",
        ("clothing", "durable"),
    ),
    "parts in words": ("goods.yml", "battery: [电池]", "battery: 电池", "    accessories:", ("battery", "列表")),
    "sentence with an unknown brace": (
        "sentences.yml",
        '三包期{term}。"\n  main_part',
        '三包期{deadline}。"\n  main_part',
        "  repeated_repair:",
        ("repeated_repair", "deadline", "{term}"),
    ),
    "sentence with half a brace": ("sentences.yml", "定做的，", "定做的{，", "  no_reason_custom_made:", ("大括号",)),
    "no sentence": (
        "sentences.yml",
        "  nothing_open:",
        "  nothing_open_x:",
        "  nothing_open:",
        ("nothing_open_x", "不认识"),
    ),
    "no evidence": ("evidence.yml", "  human:\n", "  person:\n", "  human:\n", ("person", "不认识")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_its_line_and_the_cure(edit: Edit, name: str) -> None:
    file, old, new, place, words = BROKEN[name]
    with pytest.raises(ContentError) as refusal:
        edit(file, old, new)
    assert f"{file} 第 {line_of(file, place)} 行" in str(refusal.value)
    for word in words:
        assert word in str(refusal.value)


def test_two_rules_between_which_nobody_could_choose_are_refused(edit: Edit) -> None:
    day = "effective_from: 2002-09-01"
    periods = f"[microcomputer]\n    {day}\n    source: 待核实；服务标准 E7\n    verified: false\n    unit"
    with pytest.raises(ContentError) as refusal:
        edit("rules.yml", periods, periods.replace("microcomputer", "phone"))
    line = line_of("rules.yml", "- id: microcomputer-periods") + 1
    assert f"rules.yml 第 {line} 行" in str(refusal.value)
    assert "phone-periods" in str(refusal.value)


@pytest.mark.parametrize(
    ("file", "content"), [("rules.yml", ""), ("goods.yml", "goods: 洗衣机\n"), ("sentences.yml", "[]\n")]
)
def test_an_empty_or_flat_file_is_refused(tmp_path: Path, file: str, content: str) -> None:
    shutil.copytree(CONTENT / "warranty", tmp_path / "warranty")
    (tmp_path / "warranty" / file).write_text(content, encoding="utf-8")
    with pytest.raises(ContentError, match=file):
        load_law(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"rules\.yml"):
        load_law(tmp_path)


def test_the_defect_rule_is_the_standards() -> None:
    """E1."""
    rule = load_law().in_force(date(2026, 1, 1), "ordinary").one(DefectRule)
    assert rule and (rule.days, rule.freight) == (7, "seller")
