"""What one message told us: intents, facts, feeling. The form in which understanding reaches the dialogue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.text import clean

MAIN_INTENTS = ("consult", "repair", "return_exchange", "complaint", "other")


def main_intent(intent: str) -> str:
    """The main intent of a sub-intent: `repair_fault` → `repair`; whatever is no main intent's is `other` (B)."""
    return next((main for main in MAIN_INTENTS if intent.startswith(main + "_")), "other")


@dataclass(frozen=True)
class Understood:
    """One intent in a message, with how sure we are (0-1) and the part of the text that it stands in."""

    name: str
    confidence: float
    text: str


@dataclass(frozen=True)
class Mention:
    """A fact with the place in the text where it stands."""

    kind: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Heard:
    """A whole message as understood.

    Attributes:
        text: normal form, simplified characters.
        words: the same, character by character, as the customer wrote it (`text` where the lengths differ).
        intents: what the customer wants, the gravest first; never empty.
        facts: entity type → values in the order said.
        emotion: 0-3.
        signals: see `bot.domain.emotion`.
        sure: whether the first intent is certain enough to act on.
        mentions: the facts again, each with its place.
    """

    text: str
    intents: tuple[Understood, ...]
    facts: Mapping[str, tuple[str, ...]]
    emotion: int = 0
    signals: tuple[str, ...] = ()
    sure: bool = True
    mentions: tuple[Mention, ...] = ()
    words: str = ""

    @property
    def intent(self) -> str:
        """The gravest intent."""
        return self.intents[0].name

    def last(self, fact: str) -> str | None:
        """The last value of a fact: in 「不是冰箱是空调」 the one that counts."""
        values = self.facts.get(fact, ())
        return values[-1] if values else None

    def request(self, number: int, rivals: Iterable[int] = ()) -> "Heard":
        """One of several requests as if it had come alone: 「冰箱报修，另外耳机想退」 tells of one product each (B7).

        Args:
            number: which request; the first owns all facts that no rival claims, a later one only those in its words.
            rivals: the requests that facts of this one must not come from.
        """
        own = self.intents[number]
        taken = [self._place(rival) for rival in rivals if rival != number]
        start, end = self._place(number) if number else (0, len(self.text))
        kept = tuple(m for m in self.mentions if start <= m.start < end and not any(s <= m.start < e for s, e in taken))
        return replace(
            self,
            text=own.text if number else self.text,
            words=self.words[start:end] if number else self.words,
            intents=(own,),
            facts=_by_kind((m.kind, m.value) for m in kept) if self.mentions else self.facts,
            mentions=kept,
        )

    def _place(self, number: int) -> tuple[int, int]:
        words = self.intents[number].text
        start = self.text.find(words)
        return (start, start + len(words)) if start >= 0 and words != self.text else (-1, -1)

    def rest(self, kinds: Iterable[str]) -> str:
        """The customer's words without the facts of these kinds: what is said besides."""
        text = self.words or self.text
        for mention in sorted(self.mentions, key=lambda m: m.start, reverse=True):
            if mention.kind in kinds:
                text = text[: mention.start] + " " + text[mention.end :]
        return text

    @staticmethod
    def from_parse(parse: Mapping[str, Any]) -> "Heard":
        """From the NLU pipeline's output for one message (`understanding` and `entities`)."""
        view = parse.get("understanding") or {}
        text = view.get("text", parse.get("text") or "")
        words = _aligned(clean(parse.get("text") or ""), text)
        mentions = tuple(_mention(entity, text, words) for entity in parse.get("entities", ()))
        named: Sequence[Mapping[str, Any]] = view.get("intents") or [
            {"name": (parse.get("intent") or {}).get("name") or "nlu_fallback", "confidence": 0.0, "text": text}
        ]
        emotion = view.get("emotion", {})
        return Heard(
            text=text,
            intents=tuple(Understood(i["name"], i["confidence"], i.get("text", text)) for i in named),
            facts=_by_kind((m.kind, m.value) for m in mentions),
            emotion=emotion.get("level", 0),
            signals=tuple(emotion.get("signals", ())),
            sure=view.get("sure", True),
            mentions=mentions,
            words=words,
        )


def _mention(entity: Mapping[str, Any], text: str, words: str) -> Mention:
    """A fact; a place or time that people will read stands as the customer wrote it."""
    start, end, value = entity.get("start", 0), entity.get("end", 0), str(entity["value"])
    if entity["entity"] in ("address", "time") and value == text[start:end]:
        value = words[start:end]
    return Mention(entity["entity"], value, start, end)


def _aligned(words: str, text: str) -> str:
    return words if len(words) == len(text) else text


def _by_kind(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    facts: dict[str, tuple[str, ...]] = {}
    for kind, value in pairs:
        facts[kind] = (*facts.get(kind, ()), value)
    return facts
