"""Text as customers type it: cleaning, normal form, masking (B7, E10)."""

import re
import unicodedata

MAX_MESSAGE_CHARS = 2000
"""Longest message a customer may send, in characters."""

_KEPT_CONTROLS = "\n\t"
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_REPEATED = re.compile(r"(\D)\1{3,}", re.DOTALL)
"""Shouting; digits are left alone: 13800000001 is a phone number."""
_SPACES = re.compile(r"[ \t\u3000]+")
_EMOJI_MEANING = {
    "😡": "生气", "🤬": "生气", "😠": "生气", "💢": "生气", "😤": "生气", "👎": "差", "😭": "难过", "😢": "难过",
    "👌": "好的", "👍": "好的", "🙏": "谢谢", "❤": "喜欢", "🌹": "谢谢", "🔥": "火",
}  # fmt: skip
_LONG_DIGITS = re.compile(r"(?<!\d)(\d{1,3})\d{4,}?(\d{3,4})(?!\d)")
_SPACED_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]\d{4}[ -](\d{4})(?!\d)")
_MEANINGFUL = re.compile(r"[\w]", re.UNICODE)


def clean(text: str) -> str:
    """Remove what no customer can see: control, format and unassigned characters; trim the ends."""
    kept = (c for c in text if c in _KEPT_CONTROLS or unicodedata.category(c) not in _INVISIBLE)
    return "".join(kept).strip()


def normalise(text: str) -> str:
    """The form that understanding works on: half width, lower case, one space, three repeats at most, emoji as words.

    Args:
        text: a cleaned message of any length.
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    for emoji, meaning in _EMOJI_MEANING.items():
        if emoji in text:
            text = text.replace(emoji, meaning)
    text = _REPEATED.sub(r"\1\1\1", text)
    return _SPACES.sub(" ", text).strip()


def has_words(text: str) -> bool:
    """Whether there is anything to understand: a letter, a digit or a Chinese character."""
    return bool(_MEANINGFUL.search(text))


def mask(text: str) -> str:
    """Hide phone, order and card numbers for logs and for people who need not see them (E10)."""
    return _LONG_DIGITS.sub(r"\1****\2", _SPACED_PHONE.sub(r"\1****\2", text))
