"""Cases as programs write them, and how a bad one is refused (E11)."""

from datetime import date
from typing import Any

import pytest

from bot.adapters.warranty_files import load_law
from bot.domain.errors import InvalidInput
from bot.domain.warranty.case import Case, Cause, Channel, FaultKind, Wish

LAW = load_law()
GOOD: dict[str, Any] = {"category": "washing_machine", "bought_on": "2026-10-01", "today": "2026-10-08"}


def test_every_field_is_read() -> None:
    case = Case.from_json(
        {
            **GOOD, "received_on": "2026-10-03", "channel": "online", "price_fen": 289900, "part": "motor",
            "fault": {"kind": "performance", "found_on": "2026-10-07", "cause": "unknown"},
            "repairs": [{"from": "2026-10-04", "to": None, "fixed": False, "waiting_parts": True}],
            "exchanged_on": None, "certified_substandard": False, "custom_made": True, "opened_irreversibly": True,
            "intact": False, "same_model_in_stock": False, "wish": "return",
        }
    )  # fmt: skip
    assert (case.received_on, case.channel, case.price_fen) == (date(2026, 10, 3), Channel.ONLINE, 289900)
    assert (case.fault.kind, case.fault.cause, case.wish) == (FaultKind.PERFORMANCE, Cause.UNKNOWN, Wish.RETURN)
    assert case.repairs[0].waited_for_parts and not case.repairs[0].is_over(case.today)
    assert (case.is_custom_made, case.is_opened_for_good, case.is_intact, case.is_in_stock) == (
        True, True, False, False,
    )  # fmt: skip
    assert case.unused == ()


def test_what_is_absent_is_unknown_or_the_harmless_default() -> None:
    case = Case.from_json(GOOD)
    assert (case.received_on, case.channel, case.price_fen, case.part, case.wish) == (None,) * 5
    assert (case.fault.kind, case.is_intact, case.is_in_stock, case.is_custom_made) == (
        FaultKind.NONE, True, True, False,
    )  # fmt: skip


def test_today_may_come_from_the_clock() -> None:
    raw = {name: value for name, value in GOOD.items() if name != "today"}
    assert Case.from_json(raw, date(2026, 10, 9)).today == date(2026, 10, 9)


def test_a_field_that_means_nothing_is_named_in_the_answer() -> None:
    from bot.domain.warranty.decide import decide

    case = Case.from_json({**GOOD, "recieved_on": "2026-10-03"})
    assert any("recieved_on" in reason for reason in decide(case, LAW).reasons)


BAD: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "no category": ({"category": None}, ("category", "写上")),
    "category is a number": ({"category": 3}, ("category", "文字")),
    "no day of purchase": ({"bought_on": None}, ("bought_on", "写上")),
    "impossible day": ({"bought_on": "2026-02-30"}, ("bought_on", "存在的日期", "2026-02-30")),
    "day in another shape": ({"bought_on": "20261001"}, ("bought_on", "2026-10-08")),
    "day with a time": ({"received_on": "2026-10-03T08:00"}, ("received_on",)),
    "day in full-width digits": ({"bought_on": "２０２６-10-01"}, ("bought_on",)),
    "day is a number": ({"bought_on": 20261001}, ("bought_on",)),
    "year out of range": ({"today": "9999-12-31"}, ("today", "1990", "2100")),
    "received before bought": ({"received_on": "2026-09-30"}, ("received_on 早于 bought_on",)),
    "received after today": ({"received_on": "2026-10-09"}, ("received_on 晚于 today", "null")),
    "today before bought": ({"today": "2026-09-30"}, ("today 早于 bought_on",)),
    "found before bought": ({"fault": {"kind": "performance", "found_on": "2026-09-01"}}, ("found_on 早于",)),
    "found after today": ({"fault": {"kind": "performance", "found_on": "2026-10-09"}}, ("found_on 晚于",)),
    "exchanged before bought": ({"exchanged_on": "2026-09-01"}, ("exchanged_on 早于",)),
    "exchanged after today": ({"exchanged_on": "2026-10-09"}, ("exchanged_on 晚于",)),
    "found before the exchange": (
        {"exchanged_on": "2026-10-05", "fault": {"kind": "performance", "found_on": "2026-10-04"}},
        ("exchanged_on", "换货之后"),
    ),
    "unknown channel": ({"channel": "phone"}, ("channel", "online、store", "phone")),
    "channel is a list": ({"channel": ["online"]}, ("channel",)),
    "unknown wish": ({"wish": "refund"}, ("wish", "return、exchange、repair")),
    "unknown fault": ({"fault": {"kind": "noise"}}, ("fault", "kind", "performance")),
    "fault without a kind": ({"fault": {"cause": "product"}}, ("fault.kind",)),
    "fault is a word": ({"fault": "performance"}, ("fault", "对象")),
    "unknown cause": ({"fault": {"kind": "performance", "cause": "rain"}}, ("cause", "misuse")),
    "mistyped field of a fault": ({"fault": {"kind": "performance", "found": "2026-10-02"}}, ("found", "不认识")),
    "negative money": ({"price_fen": -1}, ("price_fen", "分")),
    "money with a point": ({"price_fen": 2899.0}, ("price_fen", "整数")),
    "money in words": ({"price_fen": "2899"}, ("price_fen", "整数")),
    "money is true": ({"price_fen": True}, ("price_fen", "整数")),
    "absurd money": ({"price_fen": 10**15}, ("price_fen",)),
    "flag is a number": ({"intact": 1}, ("intact", "true 或 false")),
    "repairs are no list": ({"repairs": {"from": "2026-10-02"}}, ("repairs", "列表")),
    "repair is a day": ({"repairs": ["2026-10-02"]}, ("第 1 次维修", "对象")),
    "repair without a start": ({"repairs": [{"to": "2026-10-02"}]}, ("第 1 次维修", "from")),
    "repair ends before it starts": (
        {"repairs": [{"from": "2026-10-02", "to": "2026-10-03"}, {"from": "2026-10-05", "to": "2026-10-04"}]},
        ("第 2 次维修的 to 早于 from",),
    ),
    "repair before the purchase": ({"repairs": [{"from": "2026-09-02"}]}, ("第 1 次维修的 from 早于",)),
    "mistyped field of a repair": ({"repairs": [{"from": "2026-10-02", "waiting": True}]}, ("waiting", "不认识")),
    "empty part": ({"part": " "}, ("part", "文字")),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_case_is_refused_with_its_field_and_the_cure(name: str) -> None:
    changes, words = BAD[name]
    with pytest.raises(InvalidInput) as refusal:
        Case.from_json({**GOOD, **changes})
    for word in words:
        assert word in str(refusal.value)


@pytest.mark.parametrize("raw", [None, [], "洗衣机", 3, True])
def test_what_is_no_object_is_refused(raw: object) -> None:
    with pytest.raises(InvalidInput, match="JSON 对象"):
        Case.from_json(raw)


def test_without_any_today_it_is_refused() -> None:
    with pytest.raises(InvalidInput, match="today"):
        Case.from_json({"category": "kettle", "bought_on": "2026-10-01"})


def test_a_category_that_the_shop_does_not_sell_is_refused_with_those_that_it_does() -> None:
    with pytest.raises(InvalidInput) as refusal:
        LAW.resolve(Case.from_json({**GOOD, "category": "飞船"}))
    assert "飞船" in str(refusal.value) and "washing_machine（洗衣机）" in str(refusal.value)


@pytest.mark.parametrize(
    ("category", "part", "resolved"),
    [
        ("洗衣机", "马达", ("washing_machine", "motor")),
        ("雪柜", "压缩机", ("refrigerator", "compressor")),
        ("手机", "充电头", ("mobile_phone", "charger")),
        ("television", "液晶屏", ("television", "display_panel")),
        ("电热水壶", "壶盖", ("kettle", "壶盖")),
        ("computer", None, ("computer", None)),
    ],
)
def test_category_and_part_are_known_by_their_chinese_names(
    category: str, part: str | None, resolved: tuple[str, str | None]
) -> None:
    case = LAW.resolve(Case.from_json({**GOOD, "category": category, "part": part}))
    assert (case.category, case.part) == resolved
