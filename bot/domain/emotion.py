"""How the customer feels, read from words (A2, A13): level 0-3 and signals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """Calm, unhappy, angry, extreme."""

    CALM = 0
    UNHAPPY = 1
    ANGRY = 2
    EXTREME = 3

    @property
    def label(self) -> str:
        """The level's name in lower case, as content files write it."""
        return self.name.lower()


@dataclass(frozen=True)
class Emotion:
    """A level with the signals heard.

    Signals: `threat` (12315, media, court), `safety` (self-harm), `special_care` (elderly, minor, disabled, ill; A13).
    """

    level: Level
    signals: tuple[str, ...] = ()


@dataclass(frozen=True)
class EmotionWords:
    """The reviewed word lists: per level from 1 to 3, per signal, phrases that calm by one level, and innocent words
    that hold a grave one."""

    levels: Mapping[Level, Sequence[str]]
    signals: Mapping[str, Sequence[str]]
    calming: Sequence[str]
    innocent: Sequence[str] = ()


def read_emotion(text: str, words: EmotionWords) -> Emotion:
    """The strongest level that a word of its list shows; several angry words or shouting raise it by one.

    Args:
        text: the message in normal form.
    """
    for innocent in words.innocent:
        text = text.replace(innocent, " ")
    level = Level.CALM
    hits = 0
    for candidate in (Level.UNHAPPY, Level.ANGRY, Level.EXTREME):
        found = sum(word in text for word in words.levels.get(candidate, ()))
        if found:
            level, hits = candidate, hits + found
    shouting = text.count("!") >= 3 or text.count("?") >= 4
    if level in (Level.UNHAPPY, Level.ANGRY) and (hits >= 3 or (shouting and hits)):
        level = Level(level + 1)
    if level in (Level.UNHAPPY, Level.ANGRY) and any(phrase in text for phrase in words.calming):
        level = Level(level - 1)
    signals = tuple(name for name, listed in words.signals.items() if any(word in text for word in listed))
    if "threat" in signals:
        level = max(level, Level.ANGRY)
    return Emotion(level, signals)
