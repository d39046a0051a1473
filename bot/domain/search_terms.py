"""The terms by which tickets are found: bigrams of Chinese, words of letters and digits (B7)."""

import re
import unicodedata
from collections.abc import Callable, Iterable

MOST_TERMS = 4000
"""Terms of one ticket that are kept."""
MOST_WANTED = 32
"""Terms of one search."""

_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff"
_RUN = re.compile(rf"[{_CHINESE}]+|[^\W_{_CHINESE}]+")
_IS_CHINESE = re.compile(rf"[{_CHINESE}]")

Phrase = tuple[str, ...]
"""Terms that stand side by side; a last one that ends in `*` is the beginning of a term."""


def searchable(text: str) -> str:
    """Half width and lower case: 「ＫＦＲ－３５」 and 「kfr-35」 are one."""
    return unicodedata.normalize("NFKC", text).lower()


def terms_of(texts: Iterable[str]) -> list[str]:
    """What some texts, in the searchable form, are found by: 「洗衣机 KFR」 → 洗衣, 衣机, 机, kfr."""
    terms = [term for text in texts for run in _RUN.findall(text) for term in _terms(run)]
    return terms[:MOST_TERMS]


def phrases_in(query: str, words_of: Callable[[str], Iterable[str]] = lambda run: (run,)) -> list[Phrase]:
    """What a search, in the searchable form, asks for: terms that stand side by side.

    Args:
        words_of: the words of a run of Chinese; by itself the whole run is one. Words of one character are left out
            beside longer ones: 「洗衣机漏水了」 asks for 洗衣机 and 漏水.
    """
    phrases: list[Phrase] = []
    left = MOST_WANTED
    for run in _RUN.findall(query):
        words = [word for word in words_of(run) if len(word) > 1] if _IS_CHINESE.match(run) else []
        for word in words or [run]:
            if left > 0:
                phrases.append(_phrase(word)[:left])
                left -= len(phrases[-1])
    return phrases


def _terms(run: str) -> list[str]:
    if not _IS_CHINESE.match(run):
        return [run]
    # The last character by itself: whoever looks for one character finds it anywhere.
    return [run[i : i + 2] for i in range(len(run))]


def _phrase(run: str) -> Phrase:
    if not _IS_CHINESE.match(run) or len(run) == 1:
        return (f"{run}*",)
    return tuple(run[i : i + 2] for i in range(len(run) - 1))
