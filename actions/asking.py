"""The questions of the forms: one at a time, each in new words when it comes again (A1, A2, A9)."""

from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.booking import slot_chips
from actions.consulting import answer_besides
from actions.entitlement import TO_HUMAN, tell_in_form, tell_of_repairs
from actions.listening import FACTS
from actions.speaking import Speaker
from actions.tickets import urge
from bot.domain.emotion import Level
from bot.domain.message import Button
from bot.domain.procedure import MATTER_FACTS, PROCEDURES, SKIPPED

MANY_MATTERS, MANY_QUESTIONS = 3, 12
"""F3: so many matters at once, or questions in one form, are better dealt with by a person."""
MISSES_BEFORE_HUMAN = 3
"""F2: a third message that is not understood brings a person."""

SAME_FAULT = 0.55
"""Similarity from which an article is about the very fault that was told."""

ANY_TIME = ("都可以", "跳过")
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
        self.offered = False
        self.account: dict[str, Any] = dict(tracker.get_slot("account") or {})
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
            self.speaker.say("care.special", fires="elderly_or_minor")
        self._tell_of_order()
        self._tell_of_rights()
        if not self.note.get("digression"):
            answer_besides(self.speaker)
        if rule := self._rule_for_a_person():
            self.offered = self.speaker.offer_person(rule)
        self._ask()
        # A bare yes to a summary confirms the summary; to any other question it is for the person that was offered.
        return self._events(offer="human" if self.offered and self.fact != "confirmed" else None)

    def _rule_for_a_person(self) -> str | None:
        """Which rule of F3 and F4 asks the customer whether a person is wanted, the gravest first."""
        heard, matters = self.speaker.heard, 1 + len(self.tracker.get_slot("waiting") or [])
        if "special_care" in heard.signals:
            return None  # that offer has been made, in kinder words
        if "safety" in heard.signals:
            return "safety"
        claims = self.speaker.anfu.triggers.book.get("complex").is_heard_in(heard.text)  # E5
        if claims or (self.opening and matters >= MANY_MATTERS) or sum(self.asked.values()) >= MANY_QUESTIONS:
            return "complex"
        if self.opening and self.form == "complaint_form":
            return "complaint"
        return "negative_emotion" if heard.emotion >= Level.ANGRY else None

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
        told: dict[str, Any] = {
            "opened": self.form, "asked_times": self.asked, "account": self.account, "offer": None, **slots,
        }  # fmt: skip
        return self.speaker.events(**told)

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
            self.speaker.say("complaint.offer_human", fires="extreme_emotion")
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

    def _tell_of_rights(self) -> None:
        """E11, A7: what the customer is entitled to, as soon as it can be known, once for each matter and order."""
        if not (self.opening or self.note.get("took")):
            return
        told = tell_in_form(self.speaker, self.tracker, self.form)
        self.account |= told
        if self.opening and not told and "told" not in self.account:
            tell_of_repairs(self.speaker, self.tracker)

    def _ask(self) -> None:
        problem = self.note.get("problem")
        if int(self.tracker.get_slot("misses") or 0) >= MISSES_BEFORE_HUMAN:
            self.speaker.say("misunderstood.human", handover="misunderstood_three_times")
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
            level = 0 if not times else 2 if misses >= 2 else 1
            script = f"ask.{self.fact}"
            self.speaker.say(script, level=level, buttons=self._with_a_person(script, self._choices()))
        elif times and not self.note.get("took"):
            script = "ask.confirmed_still"
            self.speaker.say(script, summary=self._summary(), buttons=self._with_a_person(script))
        else:
            script = "ask.confirmed"
            self.speaker.say(script, level=min(times, 1), summary=self._summary(), buttons=self._with_a_person(script))

    def _with_a_person(self, script: str, choices: Sequence[Button] = ()) -> list[Button]:
        """The question's quick replies, and one for the person that was offered just before it (F4)."""
        if not self.offered:
            return list(choices)
        own = choices or self.speaker.anfu.scripts.get(script).buttons
        return [*(button for button in own if button != TO_HUMAN), TO_HUMAN]

    def _choices(self) -> list[Button]:
        """Free slots beside the usual answers, where the time of a visit is asked (B2)."""
        if self.fact != "preferred_time" or not (slots := slot_chips(self.speaker)):
            return []
        return [*slots, *(Button(words, words) for words in ANY_TIME)]

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
