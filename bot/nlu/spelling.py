"""Spelling: misspelt, regional and pictured words become the ones that everyone writes (B7).

Three files that service staff edit, each line `written meant`: `emoji.txt`, `variants.txt`, `confusions.txt`. Beside
them, a run of characters that sounds like a word of the shop's dictionary and differs in one character (「腿货」,
「志冷」) is that word, unless it reads well as it stands.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate
from pathlib import Path

from bot.domain.errors import ContentError
from bot.domain.text import half_width
from bot.domain.traced import Traced
from bot.nlu.chinese import simplified
from bot.nlu.sounds import sound
from bot.nlu.words import commonness, cut, is_word, read_dictionary

Change = tuple[int, int, str]
"""Start, end, and what stands there rightly."""

FOLDER = Path(__file__).parent / "spelling"
_HAN_RUN = re.compile(r"[一-龥]{2,}")
_PICTURE = re.compile(r"[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufffd]")
LONGEST_WORD = 4
_LITTLE = frozenset(
    "前后着寄起或先过不没有是的了吗呢吧啊我你他她它这那个在到和也都就要会能好还一二三四五六七八九十几两半多少上下"
)
"""Characters that misspellings hardly ever stand for: a match has to hold on to others."""


_NEEDED = {"service": -math.inf, "symptom": 6.0, "product": 9.0, "channel": 9.0}
"""How much likelier (natural logarithm) a word of two characters has to be than the two standing alone, by kind.

Customers talk of the shop's services all the time; 「多放点粉」 must not become 淀粉. Brands sound like too much else.
"""


def read_pairs(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Lines `written meant` of a file, with whether they stand below the line `[繁体]`.

    Raises:
        ContentError: a line has not two parts; the message names file and line.
    """
    traditional_only = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip() == "[繁体]":
            traditional_only = True
        elif line.strip() and not line.startswith("#"):
            parts = line.split()
            if len(parts) != 2:
                raise ContentError(
                    f"{path.name} 第 {number} 行应为“原词 标准词”，中间一个空格，现在是：{line.strip()[:40]}"
                )
            yield parts[0], parts[1], traditional_only


def _any_of(words: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or r"(?!)")


@cache
def _pictures() -> tuple[re.Pattern[str], dict[str, str]]:
    read = read_pairs(FOLDER / "emoji.txt")
    meanings = {half_width(Traced.of(written)).text: meant for written, meant, _ in read}
    return _any_of(meanings), meanings


@cache
def _variants(traditional: bool) -> tuple[re.Pattern[str], dict[str, str]]:
    """Words and what they mean; the shop's own words mean themselves: 电锅 is a rice cooker, 电锅炉 a boiler."""
    words: dict[str, str] = {}
    for written, meant, only_traditional in read_pairs(FOLDER / "variants.txt"):
        if traditional or not only_traditional:
            words[written] = meant
            if not only_traditional:
                words.setdefault(simplified(written), meant)
    inside = _any_of(words)
    words.update({word: word for word in read_dictionary() if word not in words and inside.search(word)})
    return _any_of(words), words


@cache
def _confusions() -> tuple[re.Pattern[str], dict[str, str]]:
    words = {written: meant for written, meant, _ in read_pairs(FOLDER / "confusions.txt")}
    return _any_of(words), words


@cache
def _by_sound() -> dict[tuple[str, ...], list[tuple[str, float]]]:
    """The dictionary's words of two to four characters by how they sound, each with how sure a guess has to be."""
    words: dict[tuple[str, ...], list[tuple[str, float]]] = defaultdict(list)
    for word, (kind, _) in read_dictionary().items():
        if kind in _NEEDED and len(word) <= LONGEST_WORD and len(set(word) - _LITTLE) >= 2 and _HAN_RUN.fullmatch(word):
            needed = _NEEDED[kind] if len(word) == 2 else -math.inf
            words[tuple(sound(character) for character in word)].append((word, needed))
    return dict(words)


def load() -> None:
    """Read all files now, not at the first message."""
    _pictures()
    _variants(True)
    _variants(False)
    _confusions()
    _by_sound()


def pictures_as_words(text: Traced) -> Traced:
    """Emoji, kaomoji and WeChat's bracketed faces as what they mean."""
    pattern, meanings = _pictures()
    return text.sub(pattern, lambda match: f" {meanings[match[0]]} ").sub(_PICTURE, lambda _: " ")


def in_standard_words(text: Traced, traditional: bool) -> Traced:
    """Hong Kong's, Taiwan's and regional words as the ones that the mainland writes."""
    pattern, words = _variants(traditional)
    return text.sub(pattern, lambda match: words[match[0]])


def spelt_right(text: Traced) -> Traced:
    """Misspelt words corrected; whatever reads well as it stands is left alone.

    Args:
        text: half width, simplified, lower case.
    """
    pattern, meant = _confusions()
    listed = [(*match.span(), meant[match[0]]) for match in pattern.finditer(text.text)]
    heard = list(_sounding_alike(text.text))
    if not listed and not heard:
        return text
    words = _Words(text.text)
    suspects = [suspect for suspect in listed if words.free(suspect)]
    suspects += [suspect for suspect in heard if words.free(suspect) and words.stray(text.text, suspect)]
    changes: list[Change] = []
    for change in sorted(suspects, key=lambda change: (change[0], change[0] - change[1])):
        if not changes or changes[-1][1] <= change[0]:
            changes.append(change)
    return text.splice(changes)


def _sounding_alike(text: str) -> Iterator[Change]:
    by_sound = _by_sound()
    for run in _HAN_RUN.finditer(text):
        sounds = [sound(character) for character in run[0]]
        for start in range(len(sounds) - 1):
            for size in range(2, min(LONGEST_WORD, len(sounds) - start) + 1):
                written = run[0][start : start + size]
                meant = by_sound.get(tuple(sounds[start : start + size]), ())
                if meant and not is_word(written):
                    likely = next((word for word, needed in meant if _likely(written, word, needed)), None)
                    if likely:
                        yield run.start() + start, run.start() + start + size, likely


def _likely(written: str, word: str, needed: float) -> bool:
    """One character is wrong, it is none of the little words that stand anywhere, and the word is common enough."""
    wrong = [old for old, new in zip(written, word, strict=True) if old != new]
    if len(wrong) != 1 or wrong[0] in _LITTLE:
        return False
    return commonness(word) - sum(map(commonness, written)) >= needed


class _Words:
    """Where the words of a text begin and end."""

    def __init__(self, text: str) -> None:
        self._edges = {0, *accumulate(map(len, cut(text)))}

    def free(self, change: Change) -> bool:
        """No word reaches over the ends of the span: 「付快递费」 holds no 付快."""
        return change[0] in self._edges and change[1] in self._edges

    def stray(self, text: str, change: Change) -> bool:
        """The wrong character belongs to no word: jieba could make nothing of it."""
        start, _, word = change
        wrong = next(start + i for i, new in enumerate(word) if text[start + i] != new)
        return wrong in self._edges and wrong + 1 in self._edges
