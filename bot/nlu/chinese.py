"""Traditional and simplified characters: understood alike, answered in the customer's own (B7)."""

import re
from functools import cache

from opencc import OpenCC

from bot.domain.traced import Traced

_SENTENCE = re.compile(r"[^,。!?;\s]+")
_BOTH = frozenset("坏")
"""Simplified characters that OpenCC also knows as rare traditional ones (坏, an old form of 坯)."""


@cache
def _converter(name: str) -> OpenCC:
    return OpenCC(name)


def simplified(text: str) -> str:
    """The text in simplified characters."""
    converted = str(_converter("t2s").convert(text))
    if len(converted) != len(text):
        return converted
    return "".join(old if old in _BOTH else new for old, new in zip(text, converted, strict=True))


def in_simplified(text: Traced) -> Traced:
    """The text in simplified characters, each in its place."""
    plain = simplified(text.text)
    if len(plain) == len(text.text):
        return text.splice([(i, i + 1, new) for i, new in enumerate(plain)])
    return text.sub(_SENTENCE, lambda match: simplified(match[0]))


def traditional(text: str) -> str:
    """The text in traditional characters."""
    return str(_converter("s2t").convert(text))


def script_of(text: str) -> str | None:
    """`hant` or `hans` where a character tells them apart, None where the text could be either."""
    if simplified(text) != text:
        return "hant"
    return "hans" if traditional(text) != text else None
