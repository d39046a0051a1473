"""A second reading of a message that makes little sense: what it would say if characters were others that sound so.

The normal form corrects only what is surely misspelt. Here a guess costs nothing: it is heard only where the first
reading leaves a doubt, and where it leaves less (B7).
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from bot.nlu.sounds import sound
from bot.nlu.words import common_words

FILE = "second_reading.json"
CLEARLY = 5.0
"""By how much (natural logarithm) another character has to be likelier between its neighbours."""
_UNSEEN, _CHOICES = 0.02, 20.0
"""Smoothing: what a pair of characters counts that was never seen, and among how many it might have been."""


class SecondReading:
    """Which characters customers write beside each other."""

    def __init__(self, pairs: dict[str, float]) -> None:
        self._pairs = pairs
        self._first: dict[str, float] = defaultdict(float)
        for pair, count in pairs.items():
            self._first[pair[0]] += count
        self._sounding = defaultdict(list)
        for character in sorted({character for pair in pairs for character in pair if _is_chinese(character)}):
            self._sounding[sound(character)].append(character)

    @classmethod
    def learn(cls, texts: Iterable[str]) -> "SecondReading":
        """From training sentences in normal form, and the words that everyone uses."""
        pairs: Counter[str] = Counter()
        for text in texts:
            framed = f"^{text}$"
            pairs.update(framed[i : i + 2] for i in range(len(framed) - 1))
        counts = {pair: float(count) for pair, count in pairs.items()}
        for word, count in common_words():
            for i in range(len(word) - 1):
                counts[word[i : i + 2]] = counts.get(word[i : i + 2], 0.0) + min(5.0, count / 2000)
        return cls(counts)

    def of(self, text: str) -> str:
        """The text with each character that nobody writes there replaced by a homophone that people do write there."""
        characters = ["^", *text, "$"]
        for i in range(1, len(characters) - 1):
            before, character, after = characters[i - 1 : i + 2]
            if _is_chinese(character) and not (self._seen(before, character) or self._seen(character, after)):
                fits = {c: self._fit(before, c, after) for c in self._sounding.get(sound(character), ())}
                best = max(fits, key=lambda c: fits[c], default=character)
                if best != character and fits[best] - self._fit(before, character, after) > CLEARLY:
                    characters[i] = best
        return "".join(characters[1:-1])

    def _seen(self, first: str, second: str) -> bool:
        return self._pairs.get(first + second, 0.0) >= 1

    def _fit(self, before: str, character: str, after: str) -> float:
        return self._likely(before, character) + self._likely(character, after)

    def _likely(self, first: str, second: str) -> float:
        seen = self._pairs.get(first + second, 0.0)
        return math.log((seen + _UNSEEN) / (self._first.get(first, 0.0) + _CHOICES))

    def save(self, folder: Path) -> None:
        """Write it where `load` finds it."""
        (folder / FILE).write_text(json.dumps(self._pairs, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "SecondReading":
        """Read what `save` wrote."""
        return cls(json.loads((folder / FILE).read_text(encoding="utf-8")))


def _is_chinese(character: str) -> bool:
    return "一" <= character <= "龥"
