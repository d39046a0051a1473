"""Text as customers type it: cleaning, normal form, masking (B7, E10)."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text import clean, half_width, has_words, mask, squeezed, visible
from bot.domain.traced import Traced

ANYTHING = st.text(max_size=3000)
SHOUTED = st.text(alphabet="aAbB啊！! \t\u3000\n0０😡🔥ＡİΣß退货哈", max_size=60)
DIGITS_AND_WORDS = st.text(alphabet="0123456789 -a电", max_size=80)


def plain(text: str) -> str:
    return squeezed(half_width(visible(Traced.of(text)))).text


@given(ANYTHING)
def test_any_text_can_be_cleaned_put_in_plain_form_and_masked(text: str) -> None:
    """B7: nothing that a customer can type raises."""
    for form in (clean(text), plain(text), plain(clean(text)), mask(text)):
        assert isinstance(form, str)
    assert has_words(text) in (True, False)


@given(ANYTHING)
def test_what_is_visible_is_what_cleaning_leaves(text: str) -> None:
    assert visible(Traced.of(text)).text == clean(text)


@given(ANYTHING)
def test_cleaning_leaves_nothing_invisible_and_is_stable(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert all(c in "\n\t" or not unicodedata.category(c).startswith("C") for c in cleaned)


@given(ANYTHING | SHOUTED)
def test_the_plain_form_has_no_capitals_no_full_width_and_no_modifiers(text: str) -> None:
    form = plain(text)
    assert not re.search("[A-Zａ-ｚＡ-Ｚ０-９\u3000\ufe0f\U0001f3fb-\U0001f3ff]", form)
    assert form == form.strip()


@given(SHOUTED)
def test_the_plain_form_holds_no_fourth_repeat_and_no_double_space(text: str) -> None:
    form = plain(text)
    assert not re.search(r"([^\n\d])\1{3}", form)
    assert not re.search(r"([退货啊a-z])\1{2}", form)
    assert "  " not in form


@given(st.text(alphabet="0123456789", max_size=30))
def test_digits_are_never_squeezed(digits: str) -> None:
    assert plain(digits) == digits


@given(ANYTHING | DIGITS_AND_WORDS)
def test_masking_leaves_no_long_number_readable(text: str) -> None:
    """E10, invariant 9: a phone, order or card number cannot be read off a log."""
    assert not re.search(r"\d{8,}", mask(text))


@given(DIGITS_AND_WORDS)
def test_masking_touches_nothing_but_digits(text: str) -> None:
    assert re.sub(r"[\d* -]", "", mask(text)) == re.sub(r"[\d -]", "", text)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("ＡＢＣ１２３", "abc123"),
        ("空调　不制冷", "空调 不制冷"),
        ("空调  \t 坏了", "空调 坏了"),
        ("快快快快快快点", "快点"),
        ("！！！！！！", "!!!"),
        ("XQG100", "xqg100"),
        ("😡😡", "😡😡"),
        ("好👍🏽", "好👍"),
        ("❤️", "❤"),
        ("AAaaAA", "a"),
        ("①台", "1台"),
        ("退退退!!!!!", "退!!!"),
        ("退货退货退货", "退货"),
        ("退货，退货", "退货,退货"),
        ("哈哈哈哈", "哈哈"),
        ("呜呜呜呜", "呜呜"),
        ("13800000001", "13800000001"),
        ("一一一", "一一一"),
        ("  你好  ", "你好"),
        ("", ""),
        ("第一句\n第二句", "第一句\n第二句"),
    ],
)
def test_the_plain_form_of_what_people_type(typed: str, normal: str) -> None:
    """B7: full width, spaces, shouting, variants of emoji."""
    assert plain(typed) == normal


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("你\u200b好", "你好"),
        ("\ufeff你好", "你好"),
        ("a\x00b\x07c", "abc"),
        ("\u202e倒着\u202c", "倒着"),
        ("  两头空  ", "两头空"),
        ("一行\n又一行", "一行\n又一行"),
        ("\ud800", ""),
    ],
)
def test_what_nobody_can_see_is_removed(typed: str, cleaned: str) -> None:
    assert clean(typed) == cleaned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好", True),
        ("7", True),
        ("ok", True),
        ("😀😀", False),
        ("……", False),
        ("？！", False),
        ("", False),
        (" \n", False),
    ],
)
def test_words_are_told_from_mere_signs(text: str, expected: bool) -> None:
    assert has_words(text) is expected


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13812345678", "电话138****5678"),
        ("订单202601030001退了", "订单202****0001退了"),
        ("身份证110101199003077758", "身份证110****7758"),
        ("138 0013-8000", "138****8000"),
        ("2999元", "2999元"),
        ("第1234567号", "第1234567号"),
    ],
)
def test_masking_keeps_enough_to_recognise_a_number(text: str, masked: str) -> None:
    assert mask(text) == masked
