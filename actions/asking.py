"""The questions of the forms: one at a time, each in new words when it comes again (A1, A2, A9)."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.consulting import answer_besides
from actions.listening import FACTS
from actions.speaking import Speaker
from actions.tickets import urge
from bot.domain.emotion import Level
from bot.domain.message import Button
from bot.domain.procedure import MATTER_FACTS, PROCEDURES, SKIPPED

MISSES_BEFORE_HUMAN = 3
"""F2: a third message that is not understood brings a person."""

SAME_FAULT = 0.55
"""Similarity from which an article is about the very fault that was told."""

_OPENINGS = {
    "repair_repeat": "repair.open_again",
    "repair_install": "repair.open_install",
}


def _ask_for(fact: str) -> type[Action]:
    class AskFor(Action):
        """Asks for one fact of the running form."""

        def name(self) -> str:
            """The name that Rasa calls to fill the slot."""
            return f"action_ask_{fact}"

        def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
            """First the feeling, then what was found or answered besides, then the one question."""
            return _Asking(dispatcher, tracker, fact).run()

    return AskFor


class _Asking:
    """One question with what has to be said before it."""

    def __init__(self, dispatcher: CollectingDispatcher, tracker: Tracker, fact: str) -> None:
        self.speaker = Speaker(dispatcher, tracker)
        self.tracker = tracker
        self.fact = fact
        self.form = str(tracker.active_loop_name)
        self.note: dict[str, Any] = tracker.get_slot("heard") or {}
        self.opening = tracker.get_slot("opened") != self.form
        self.asked: dict[str, int] = {} if self.opening else dict(tracker.get_slot("asked_times") or {})

    def run(self) -> list[dict[str, Any]]:
        if self.opening:
            if self._filed_already():
                return self._urge_instead()
            self._open()
            self.asked["comfort"] = int(self.speaker.heard.emotion >= Level.ANGRY)  # the opening has comforted
            if self._offers_human_first():
                return self._events(offer="human")
        elif self._needs_comfort() and not self.asked.get("comfort"):
            self.asked["comfort"] = 1
            self.speaker.say("emotion.comfort")
        if "special_care" in self.speaker.heard.signals and not self.asked.get("care"):
            self.asked["care"] = 1
            self.speaker.say("care.special")
        self._tell_of_order()
        if not self.note.get("digression"):
            answer_besides(self.speaker)
        self._ask()
        return self._events()

    def _needs_comfort(self) -> bool:
        """A2: anger, and a reproach in the middle of something else."""
        heard = self.speaker.heard
        return heard.emotion >= Level.ANGRY or (heard.is_reproach and self.form != "complaint_form")

    def _filed_already(self) -> bool:
        """Whether anger without a new matter follows a complaint that is being dealt with."""
        ticket = self.speaker.anfu.ticketing.latest_of(self.speaker.conversation_id)
        vents = self.speaker.heard.intent in ("complaint_no_reply", "complaint_general")
        return bool(vents and ticket and ticket.kind == PROCEDURES[self.form].kind and not ticket.is_over)

    def _urge_instead(self) -> list[dict[str, Any]]:
        ticket = self.speaker.anfu.ticketing.latest_of(self.speaker.conversation_id)
        assert ticket is not None
        urge(self.speaker, ticket)
        return [
            *self.speaker.events(**dict.fromkeys(MATTER_FACTS), offer="human"),
            ActiveLoop(None), SlotSet("requested_slot", None),
        ]  # fmt: skip

    def _events(self, **slots: Any) -> list[dict[str, Any]]:
        return self.speaker.events(**{"opened": self.form, "asked_times": self.asked, "offer": None, **slots})

    def _open(self) -> None:
        kind = PROCEDURES[self.form].kind.value
        if self.tracker.get_slot("opened") and kind != "complaint":
            self.speaker.say("form.switched", matter=self.speaker.label("kinds", kind))
        else:
            special = _OPENINGS.get(self.speaker.heard.intent) if kind == "repair" else None
            self.speaker.say(special or f"{kind}.open")
        tip = self._safe_tip() if kind == "repair" else None
        if tip:
            self.speaker.say("repair.self_help", tip=tip)

    def _safe_tip(self) -> str | None:
        """B2: a safe self-help step where an article about just this fault exists."""
        if self.speaker.heard.intent != "repair_fault" or not self.tracker.get_slot("symptom"):
            return None
        product = self.speaker.anfu.orders.product_called(str(self.tracker.get_slot("product") or ""))
        for hit in self.speaker.anfu.knowledge.search(self.speaker.heard.text, most=1):
            about = "".join((hit.article.title, *hit.article.questions))
            is_for_it = product is not None and any(name in about for name in (product.name, *product.aliases))
            if is_for_it and "repair_fault" in hit.article.intents and hit.similarity >= SAME_FAULT:
                return hit.article.answer
        return None

    def _offers_human_first(self) -> bool:
        """F3, F4: extreme emotion is offered a person before any question."""
        if self.form == "complaint_form" and self.speaker.heard.emotion >= Level.EXTREME:
            self.speaker.say("complaint.offer_human")
            return True
        return False

    def _tell_of_order(self) -> None:
        if not {"product", "order_number"} & set(PROCEDURES[self.form].facts):
            return
        order = self.note.get("order") or {}
        if "product" in order and "order_number" in self.note.get("took", ()):
            self.speaker.say("fact.order_found", **order)
        elif "unknown" in order:
            self.speaker.say("fact.order_unknown", order_number=order["unknown"])

    def _ask(self) -> None:
        problem = self.note.get("problem")
        if int(self.tracker.get_slot("misses") or 0) >= MISSES_BEFORE_HUMAN:
            self.speaker.say("misunderstood.human", handover="misunderstood")
        elif problem == "phone":
            self.speaker.say("invalid.phone")
        elif problem == "why":
            self.speaker.say("form.why")
            self._ask_or_sum_up()
        elif problem == "which":
            self.speaker.say("ask.which_wrong", buttons=self._correction_chips())
        else:
            self._ask_or_sum_up()
            self.asked[self.fact] = self.asked.get(self.fact, 0) + 1

    def _ask_or_sum_up(self) -> None:
        times = self.asked.get(self.fact, 0)
        misses = int(self.tracker.get_slot("misses") or 0)
        if self.fact != "confirmed":
            # After a digression the question only comes back; an example helps who was not understood.
            self.speaker.say(f"ask.{self.fact}", level=0 if not times else 2 if misses >= 2 else 1)
        elif times and not self.note.get("took"):
            self.speaker.say("ask.confirmed_still", summary=self._summary())
        else:
            self.speaker.say("ask.confirmed", level=min(times, 1), summary=self._summary())

    def _given(self) -> dict[str, str]:
        facts = {fact: self.tracker.get_slot(fact) for fact in (*PROCEDURES[self.form].facts[:-1], "model")}
        if self.form == "complaint_form":
            facts["product"] = self.tracker.get_slot("product")
        return {fact: str(value) for fact, value in facts.items() if value and value != SKIPPED}

    def _summary(self) -> str:
        return "\n".join(f"· {self.speaker.label('facts', fact)}：{value}" for fact, value in self._given().items())

    def _correction_chips(self) -> list[Button]:
        words = self.speaker.anfu.labels["corrections"]
        return [Button(words[fact], words[fact]) for fact in self._given() if fact in words]


QUESTIONS = tuple(_ask_for(fact) for fact in FACTS if fact != "model")
