"""Text as customers type it: cleaning, normal form, masking (B7, E10)."""

import re
import unicodedata
from functools import lru_cache

from bot.domain.traced import Traced

MAX_MESSAGE_CHARS = 2000
"""Longest message a customer may send, in characters."""

_KEPT_CONTROLS = "\n\t"
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_MODIFIERS = re.compile(r"[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]+")
"""Variants and skin tones of emoji."""
_CLUSTER = re.compile(r".[\u0300-\u036f\u1160-\u11ff\u3099\u309a]*", re.DOTALL)
"""A character with what may melt into it."""
_SHOUTED = re.compile(r"([^\W\d_零〇一二三四五六七八九十])\1{2,}")
_REPEATED = re.compile(r"(\D)\1{3,}", re.DOTALL)
"""Digits are left alone: 13800000001 is a phone number."""
_AGAIN = re.compile(r"([一-龥]{2,4})\1{2,}")
_LAUGHTER = frozenset("哈呵嘿嘻呜嗯哦")
_SPACES = re.compile(r"[ \t\u3000]+")
_LONG_DIGITS = re.compile(r"(?<!\d)(\d{1,3})\d{4,}?(\d{3,4})(?!\d)")
_SPACED_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]\d{4}[ -](\d{4})(?!\d)")
_UNIT = "(?:号|弄|栋|幢|单元|室|楼)"
ADDRESS = re.compile(
    rf"[一-龥]{{0,12}}[省市区县镇路街巷弄村][^，。；,;\n]{{0,12}}?\d+ ?{_UNIT}"
    rf"(?:[^，。；,;\n]{{0,4}}?\d+ ?{_UNIT}?){{0,4}}"
)
"""Where somebody lives, as it is written: 杭州市文三路 18 号 2 单元."""
_MEANINGFUL = re.compile(r"\w")


def clean(text: str) -> str:
    """Remove what no customer can see: control, format and unassigned characters; trim the ends."""
    kept = (c for c in text if c in _KEPT_CONTROLS or unicodedata.category(c) not in _INVISIBLE)
    return "".join(kept).strip()


def visible(text: Traced) -> Traced:
    """Without what no customer can see, at the ends or between."""
    return text.each(lambda c: "" if c not in _KEPT_CONTROLS and unicodedata.category(c) in _INVISIBLE else c).strip()


def half_width(text: Traced) -> Traced:
    """Half width and lower case, with plain emoji: 「ＫＦＲ－３５」 → `kfr-35`."""
    return text.sub(_MODIFIERS, lambda _: "").sub(_CLUSTER, lambda match: _plain(match[0]))


def squeezed(text: Traced) -> Traced:
    """One space, no shouting: 「退退退!!!!!」 → 「退!!!」, 「退货退货退货」 → 「退货」; laughter keeps two."""
    once = text.sub(_SHOUTED, lambda match: match[1] * (2 if match[1] in _LAUGHTER else 1))
    return (
        once.sub(_AGAIN, lambda match: match[1])
        .sub(_REPEATED, lambda match: match[1] * 3)
        .sub(_SPACES, lambda _: " ")
        .strip()
    )


@lru_cache(maxsize=8192)
def _plain(cluster: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).lower())


def is_whole(text: str) -> bool:
    """Whether every character is one: a lone half of a surrogate pair is none, and cannot be written anywhere."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def has_words(text: str) -> bool:
    """Whether there is anything to understand: a letter, a digit or a Chinese character."""
    return bool(_MEANINGFUL.search(text))


def mask_addresses(text: str) -> str:
    """Hide addresses, as far as they look like one (E10)."""
    return ADDRESS.sub("（地址）", text)


def mask(text: str) -> str:
    """Hide phone, order and card numbers for logs and for people who need not see them (E10)."""
    return _LONG_DIGITS.sub(r"\1****\2", _SPACED_PHONE.sub(r"\1****\2", text))
