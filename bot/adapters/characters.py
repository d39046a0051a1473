"""Writing in the customer's characters (B7)."""

from functools import cache, lru_cache

from opencc import OpenCC


@cache
def _to_traditional() -> OpenCC:
    return OpenCC("s2twp")


@cache
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


def simplified(text: str) -> str:
    """The text in simplified characters, in which traditional and simplified are one."""
    return str(_to_simplified().convert(text))


@lru_cache(maxsize=2048)
def in_script(text: str, script: str) -> str:
    """The sentence as it is, or in traditional characters with Taiwan's wording where `script` is `hant`."""
    return str(_to_traditional().convert(text)) if script == "hant" else text
