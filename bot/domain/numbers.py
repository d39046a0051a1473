"""Numbers as Chinese customers write and say them: 「一千二」, 「三百多」, 「幺三八零零…」 (B7)."""

import re
from fractions import Fraction

from bot.domain.traced import Traced

DIGITS = {
    "零": 0, "〇": 0, "一": 1, "幺": 1, "二": 2, "两": 2, "俩": 2, "三": 3, "仨": 3, "四": 4, "五": 5, "六": 6,
    "七": 7, "八": 8, "九": 9,
}  # fmt: skip
_UNITS = {"十": 10, "百": 100, "千": 1000}
_BIG_UNITS = {"万": 10_000, "亿": 100_000_000}

_SPOKEN_DIGITS = re.compile(r"[零〇一幺二三四五六七八九]{7,}")
"""A phone or order number that was read out."""
_GROUPED_DIGITS = re.compile(r"(?<![\d-])\d{2,5}(?:[ -]\d{2,5}){2,5}(?![\d-])")
_BIG_NUMERAL = re.compile(
    r"(?<![一二两三四五六七八九十百千万几数])[一二两三四五六七八九](?:[百千万]|十[一二三四五六七八九]?[百千万])"
    r"[零一二两三四五六七八九十百千万]*"
)
"""A numeral from one hundred up: nothing but a number is written so."""


def chinese_number(text: str) -> int | None:
    """The whole number that digits or numerals mean, None where they mean none.

    「三十」 → 30, 「一千二」 → 1200, 「两万零五十」 → 20050, `12` → 12; in 「一千二」 the last unit is left out.
    """
    if text.isdigit() and text.isascii():
        return int(text)
    if not text:
        return None
    total = part = digit = 0
    unit = 1
    after_zero = False
    for character in text:
        if character in DIGITS:
            if digit and character not in "零〇":
                return None
            after_zero = character in "零〇"
            digit = DIGITS[character]
        elif character in _UNITS:
            unit = _UNITS[character]
            part += (digit or (1 if unit == 10 and not part else 0)) * unit
            if not digit and unit != 10:
                return None
            digit, after_zero = 0, False
        elif character in _BIG_UNITS:
            if not part + digit:
                return None
            unit = _BIG_UNITS[character]
            total, part, digit = (total + part + digit) * unit, 0, 0
        else:
            return None
    implied = unit // 10 if digit and unit >= 100 and text[-2] not in "零〇" and not after_zero else 1
    return total + part + digit * implied


def in_digits(text: Traced) -> Traced:
    """Numbers from one hundred up, numbers read out, and grouped phone and order numbers in plain digits.

    「一千二」 → `1200`, 「幺三八零零…」 → `13800…`, 「138 0013 8000」 → `13800138000`; 「两台」 and dates stay.
    """
    text = text.sub(_SPOKEN_DIGITS, lambda match: "".join(str(DIGITS[character]) for character in match[0]))
    text = text.sub(_BIG_NUMERAL, lambda match: str(chinese_number(match[0]) or match[0]))
    return text.sub(_GROUPED_DIGITS, lambda match: _one_number(match[0]))


def _one_number(grouped: str) -> str:
    joined = re.sub(r"\D", "", grouped)
    return joined if 11 <= len(joined) <= 20 else grouped


def decimal_number(text: str) -> Fraction | None:
    """A number with a fraction or a half: `59.9`, 「一百二」, 「半」, 「两个半」 without its measure word; exact."""
    if text == "半":
        return Fraction(1, 2)
    if re.fullmatch(r"\d+(?:\.\d+)?", text, re.ASCII):
        return Fraction(text)
    whole = chinese_number(text)
    return None if whole is None else Fraction(whole)
