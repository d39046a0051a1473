"""What one message told us: intents, facts, feeling. The form in which understanding reaches the dialogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
class Heard:
    """A whole message as understood.

    Attributes:
        text: normal form, simplified characters.
        intents: what the customer wants, the gravest first; never empty.
        facts: entity type → values in the order said.
        emotion: 0-3.
        signals: see `bot.domain.emotion`.
        sure: whether the first intent is certain enough to act on.
    """

    text: str
    intents: tuple[Understood, ...]
    facts: Mapping[str, tuple[str, ...]]
    emotion: int = 0
    signals: tuple[str, ...] = ()
    sure: bool = True

    @property
    def intent(self) -> str:
        """The gravest intent."""
        return self.intents[0].name

    def last(self, fact: str) -> str | None:
        """The last value of a fact: in 「不是冰箱是空调」 the one that counts."""
        values = self.facts.get(fact, ())
        return values[-1] if values else None

    @staticmethod
    def from_parse(parse: Mapping[str, Any]) -> "Heard":
        """From the NLU pipeline's output for one message (`understanding` and `entities`)."""
        view = parse.get("understanding") or {}
        text = view.get("text", parse.get("text") or "")
        facts: dict[str, tuple[str, ...]] = {}
        for entity in parse.get("entities", ()):
            facts[entity["entity"]] = (*facts.get(entity["entity"], ()), str(entity["value"]))
        named: Sequence[Mapping[str, Any]] = view.get("intents") or [
            {"name": (parse.get("intent") or {}).get("name") or "nlu_fallback", "confidence": 0.0, "text": text}
        ]
        emotion = view.get("emotion", {})
        return Heard(
            text=text,
            intents=tuple(Understood(i["name"], i["confidence"], i.get("text", text)) for i in named),
            facts=facts,
            emotion=emotion.get("level", 0),
            signals=tuple(emotion.get("signals", ())),
            sure=view.get("sure", True),
        )
