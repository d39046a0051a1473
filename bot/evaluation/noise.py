"""The same messages, harder to read: traditional characters, and the slips of hasty typing (B7)."""

import random
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import jieba
from pypinyin import Style, lazy_pinyin

from bot.evaluation.measures import Case

SHARE = 0.1
"""Of the Chinese characters that are misspelt, and of the punctuation that is left out."""
COMMON = 3500
"""How many characters count as common: as many as China's list of characters in daily use."""


def variants(cases: Sequence[Case], traditional: Callable[[str], str]) -> dict[str, list[Case]]:
    """The harder versions of all messages by their Chinese name; labels stay.

    Args:
        cases: messages as they were written.
        traditional: puts a text into traditional characters.
    """
    return {
        "繁体字": [replace(case, text=traditional(case.text)) for case in cases],
        "同音错字": [replace(case, text=misspelt(case.text)) for case in cases],
    }


def misspelt(text: str, seed: int = 1) -> str:
    """The text with a tenth of its Chinese characters replaced by homophones and a tenth of its punctuation dropped.

    The same text and seed give the same result, whatever else is measured.
    """
    chance = random.Random(f"{seed}:{text}")
    sounds = _sounds(text)
    return "".join(
        _slip(character, sound, chance) if chance.random() < SHARE else character
        for character, sound in zip(text, sounds, strict=True)
    )


def _slip(character: str, sound: str, chance: random.Random) -> str:
    if unicodedata.category(character).startswith("P"):
        return ""
    others = [other for other in homophones().get(sound, ()) if other != character]
    return chance.choice(others) if others and _is_chinese(character) else character


@cache
def homophones() -> dict[str, tuple[str, ...]]:
    """Toneless pinyin → the common characters that sound so, the commonest first."""
    by_sound = defaultdict(list)
    for character in _common_characters():
        by_sound[_sounds(character)[0]].append(character)
    return {sound: tuple(characters) for sound, characters in by_sound.items()}


def _common_characters() -> list[str]:
    """By the frequency of the words of jieba's dictionary that they stand in."""
    frequency: Counter[str] = Counter()
    # The file, not the loaded dictionary: the shop's own words have been added to that one.
    with jieba.get_dict_file() as file:
        for line in file:
            word, count, *_ = line.decode("utf-8").split()
            for character in filter(_is_chinese, word):
                frequency[character] += int(count)
    return [character for character, _ in frequency.most_common(COMMON)]


def _sounds(text: str) -> list[str]:
    """The toneless pinyin of each character in its context; what has none stands for itself."""
    each_alone: Any = list  # pypinyin's types do not know that an answer may have several parts
    return lazy_pinyin(text, style=Style.NORMAL, errors=each_alone)


def _is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"
