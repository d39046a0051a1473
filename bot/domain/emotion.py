"""How the customer feels (A2, A13): level 0-3 and signals, from what a message sounds like and which words it holds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

SIGNALS = ("threat", "safety", "special_care", "sarcasm")
IRONIC = 0.4
"""Probability from which irony is believed."""


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

    Signals: `threat` (12315, media, court), `safety` (harm to people, oneself included), `special_care` (elderly,
    minor, disabled, ill; A13), `sarcasm` (praise or thanks that are none).
    """

    level: Level
    signals: tuple[str, ...] = ()


@dataclass(frozen=True)
class EmotionWords:
    """The reviewed word lists.

    Attributes:
        unhappy: words after which nobody is calm.
        angry: words after which nobody is merely unhappy.
        extreme: words that only the furious say.
        coarse: words that the angry say, too; with a threat they are extreme.
        signals: words that give a signal wherever they stand.
        in_anger: words that give a signal only in a message that does not sound calm: who asks for the court's address
            threatens nobody.
        calming: phrases that say that the customer is not angry.
        innocent: words that hold a grave one and do not mean it.
    """

    unhappy: Sequence[str]
    angry: Sequence[str]
    extreme: Sequence[str]
    coarse: Sequence[str]
    signals: Mapping[str, Sequence[str]]
    in_anger: Mapping[str, Sequence[str]]
    calming: Sequence[str]
    innocent: Sequence[str] = ()


_OLD_OR_YOUNG = re.compile(
    r"(?:[7-9]\d|[七八九]十[一二三四五六七八九多来几]?)多?岁|(?:今年|快|都|已经)[七八九]十[一二三四五六七八九多来几]?了|我(?:今年|才|还)?(?:才|刚)?(?:[6-9]|1[0-7]|[六七八九]|十[一二三四五六七]?)岁"
)


def feeling(text: str, words: EmotionWords, sounds: Level, irony: float = 0.0) -> Emotion:
    """What a message sounds like, corrected by the words that leave no doubt.

    Args:
        text: the message in normal form.
        sounds: the level that the model hears in the whole.
        irony: probability (0-1) that praise or thanks mean their opposite.
    """
    for innocent in words.innocent:
        text = text.replace(innocent, " ")
    level = sounds
    coarse = _any(words.coarse, text)
    if _any(words.extreme, text):
        level = Level.EXTREME
    elif coarse or _any(words.angry, text):
        level = max(level, Level.ANGRY)
    elif _any(words.unhappy, text):
        level = max(level, Level.UNHAPPY)
    elif level is not Level.EXTREME and _any(words.calming, text):
        level = Level.CALM
    signals = {name for name, listed in words.signals.items() if _any(listed, text)}
    if level > Level.CALM:
        signals |= {name for name, listed in words.in_anger.items() if _any(listed, text)}
    if _OLD_OR_YOUNG.search(text):
        signals.add("special_care")
    if "threat" in signals:
        level = max(level, Level.EXTREME if coarse else Level.ANGRY)
    if irony >= IRONIC and level in (Level.UNHAPPY, Level.ANGRY):
        signals.add("sarcasm")
    return Emotion(level, tuple(name for name in SIGNALS if name in signals))


def _any(listed: Sequence[str], text: str) -> bool:
    return any(map(text.__contains__, listed))
