"""What one message told us: intents, facts, feeling. The form in which understanding reaches the dialogue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from bot.domain.traced import Traced

MAIN_INTENTS = ("consult", "repair", "return_exchange", "complaint", "other")


@cache
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
    """A fact with the place in the normal form where it stands."""

    kind: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Heard:
    """A whole message as understood.

    Attributes:
        text: normal form, simplified characters.
        traced: the same with each character's place in what the customer wrote; None where nobody knows it.
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
    traced: Traced | None = None

    @property
    def intent(self) -> str:
        """The gravest intent."""
        return self.intents[0].name

    @property
    def is_reproach(self) -> bool:
        """Whether displeasure is what the message is about (A2)."""
        return self.sure and self.emotion > 0 and main_intent(self.intent) == "complaint"

    def last(self, fact: str) -> str | None:
        """The last value of a fact: in 「不是冰箱是空调」 the one that counts."""
        values = self.facts.get(fact, ())
        return values[-1] if values else None

    @property
    def words(self) -> str:
        """The message as the customer wrote it."""
        return self.said(0, len(self.text))

    def said(self, start: int, end: int) -> str:
        """The characters `start` to `end` of the text as the customer wrote them."""
        return self.traced.words(start, end) if self.traced else self.text[start:end]

    def request(self, number: int, rivals: Iterable[int] = ()) -> "Heard":
        """One of several requests as if it had come alone: 「冰箱报修，另外耳机想退」 tells of one product each (B7).

        Args:
            number: which request; the first owns all facts that no rival claims, a later one only those in its words.
            rivals: the requests that facts of this one must not come from.
        """
        own = self.intents[number]
        taken = [self._place(rival) for rival in rivals if rival != number]
        start, end = self._place(number) if number else (0, len(self.text))
        kept = tuple(
            replace(m, start=m.start - start, end=m.end - start)
            for m in self.mentions
            if start <= m.start < end and not any(s <= m.start < e for s, e in taken)
        )
        return replace(
            self,
            text=own.text if number else self.text,
            traced=self.traced.part(start, end) if self.traced and number else self.traced,
            intents=(own,),
            facts=_by_kind((m.kind, m.value) for m in kept) if self.mentions else self.facts,
            mentions=kept,
        )

    def _place(self, number: int) -> tuple[int, int]:
        words = self.intents[number].text
        start = self.text.find(words)
        return (start, start + len(words)) if start >= 0 and words != self.text else (0, 0)

    def rest(self, kinds: Iterable[str]) -> str:
        """The customer's words without the facts of these kinds: what is said besides."""
        parts: list[str] = []
        done = 0
        for mention in sorted(self.mentions, key=lambda m: m.start):
            if mention.kind in kinds and mention.end > done:
                parts.append(self.said(done, max(done, mention.start)))
                done = mention.end
        return " ".join((*parts, self.said(done, len(self.text))))

    @staticmethod
    def from_parse(parse: Mapping[str, Any]) -> "Heard":
        """From the NLU pipeline's output for one message (`understanding` and `entities`)."""
        view = parse.get("understanding") or {}
        original = parse.get("text") or ""
        text = view.get("text", original)
        mentions = tuple(
            Mention(e["entity"], str(e["value"]), *e.get("normal", (e.get("start", 0), e.get("end", 0))))
            for e in parse.get("entities", ())
        )
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
            traced=_traced(original, text, view.get("places")),
        )


def _traced(original: str, text: str, places: Sequence[Sequence[int]] | None) -> Traced | None:
    """The text with its places; where none are told, each character stands for the one above it."""
    if places is None:
        return replace(Traced.of(original), text=text) if len(original) == len(text) else None
    return Traced(original, text, tuple((start, end) for start, end in places))


def _by_kind(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    facts: dict[str, tuple[str, ...]] = {}
    for kind, value in pairs:
        facts[kind] = (*facts.get(kind, ()), value)
    return facts
