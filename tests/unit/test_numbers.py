"""Numbers as Chinese customers write and say them (B7)."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.numbers import chinese_number, decimal_number, in_digits
from bot.domain.traced import Traced


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("三", 3),
        ("两", 2),
        ("俩", 2),
        ("仨", 3),
        ("十", 10),
        ("十二", 12),
        ("三十", 30),
        ("二十五", 25),
        ("一百", 100),
        ("一百零五", 105),
        ("一百二", 120),
        ("一千二", 1200),
        ("三千八", 3800),
        ("一千零二", 1002),
        ("两千五百", 2500),
        ("一万二", 12000),
        ("两万零五十", 20050),
        ("十二万", 120000),
        ("一亿", 100000000),
        ("7", 7),
        ("120", 120),
        ("007", 7),
        ("零", 0),
        ("百", None),
        ("十百", None),
        ("二三", None),
        ("半", None),
        ("", None),
        ("三台", None),
        ("１２", None),
    ],
)
def test_chinese_numbers(text: str, number: int | None) -> None:
    assert chinese_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("59.9", Fraction(599, 10)),
        ("半", Fraction(1, 2)),
        ("一百二", Fraction(120)),
        ("12", Fraction(12)),
        ("1.2.3", None),
    ],
)
def test_amounts_are_exact(text: str, number: Fraction | None) -> None:
    assert decimal_number(text) == number


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("花了一千二", "花了1200"),
        ("三百多块", "300多块"),
        ("两万零五十元", "20050元"),
        ("幺三八零零零零零零零零", "13800000000"),
        ("电话138 0013 8000", "电话13800138000"),
        ("138-0013-8000", "13800138000"),
        ("订单2026 0103 0001 1234", "订单2026010300011234"),
        ("两台", "两台"),
        ("十二个", "十二个"),
        ("三月八号", "三月八号"),
        ("2026-01-03", "2026-01-03"),
        ("0571-88886666", "0571-88886666"),
        ("12 34", "12 34"),
        ("千万别来", "千万别来"),
        ("百分之百", "百分之百"),
        ("五六百块", "五六百块"),
    ],
)
def test_long_numbers_stand_in_digits_and_small_ones_as_they_were_said(said: str, digits: str) -> None:
    assert in_digits(Traced.of(said)).text == digits


def test_a_number_in_digits_knows_how_it_was_said() -> None:
    text = in_digits(Traced.of("花了一千二买的"))
    assert text.words(text.text.index("1200"), text.text.index("1200") + 4) == "一千二"


NUMERALS = st.text(alphabet="零〇一二两三四五六七八九十百千万亿幺俩半0123456789 -", max_size=40)


@given(NUMERALS | st.text(max_size=40))
def test_any_text_may_be_asked_for_a_number(text: str) -> None:
    number = chinese_number(text)
    assert number is None or number >= 0
    assert (decimal_number(text) is None) or decimal_number(text) >= 0  # type: ignore[operator]
    assert len(in_digits(Traced.of(text)).text) <= max(len(text) * 10, 1)


@given(st.integers(0, 99_999))
def test_plain_digits_mean_themselves(number: int) -> None:
    assert chinese_number(str(number)) == number
