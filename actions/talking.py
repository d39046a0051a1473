"""What lies around the matters: small talk, yes and no, bare facts, and not understanding (A1, A8, B6)."""

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.booking import book_pending
from actions.consulting import answer_besides, find, offer_choices
from actions.orders import known_orders, order_told, say_orders
from actions.questions import answer_rights
from actions.speaking import Speaker
from actions.tickets import say_progress
from bot.domain.dates import day_in_words
from bot.domain.emotion import Level
from bot.domain.procedure import MATTER_FACTS

_OTHER_SCRIPTS = {"greet": "greeting.hello"}


class SmallTalk(Action):
    """Answers greeting, thanks, praise and the like."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_small_talk"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """The intent's own script."""
        speaker = Speaker(dispatcher, tracker)
        intent = speaker.heard.intent
        if intent == "abuse" and speaker.heard.emotion >= Level.EXTREME:
            speaker.say("handover.angry", handover="extreme_emotion")  # F3
            return speaker.events()
        if intent == "abuse":
            speaker.say("smalltalk.abuse", fires="negative_emotion")  # F4: it asks whether a person is wanted
            return speaker.events(offer="human")
        speaker.say(_OTHER_SCRIPTS.get(intent, f"smalltalk.{intent}"))
        answer_besides(speaker)
        return speaker.events()


class Affirm(Action):
    """A yes outside of a form: to what was offered last, if anything."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_affirm"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """Do what was offered."""
        speaker = Speaker(dispatcher, tracker)
        if tracker.get_slot("offer") == "human":
            speaker.say("handover.accepted", handover="asked_for_human")
        else:
            speaker.say("smalltalk.affirm")
        return speaker.events(offer=None)


class Deny(Action):
    """A no outside of a form."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_deny"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """Leave what was offered."""
        speaker = Speaker(dispatcher, tracker)
        speaker.say("handover.declined" if tracker.get_slot("offer") == "human" else "smalltalk.deny")
        return speaker.events(offer=None)


class Inform(Action):
    """A bare fact outside of a form: an order number, a phone, a product."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_inform"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """What the fact was asked for, or what can be done with it."""
        speaker = Speaker(dispatcher, tracker)
        heard, pending = speaker.heard, str(tracker.get_slot("pending") or "")
        waited = book_pending(speaker, tracker)
        if waited is None and not heard.last("ticket_number"):
            waited = answer_rights(speaker, tracker)
        if waited is not None:
            return speaker.events(**waited)
        number = heard.last("ticket_number") or (
            pending.removeprefix("ticket:") if pending.startswith("ticket:") else None
        )
        if number and (
            ticket := speaker.anfu.ticketing.visible_to(speaker.conversation_id, number, tracker.get_slot("phone"))
        ):
            say_progress(speaker, ticket)
        elif number:
            speaker.say("ticket.unknown" if heard.last("phone") else "ticket.verify")
            return speaker.events(pending=f"ticket:{number}")
        elif heard.last("order_number") or heard.last("phone"):
            return speaker.events(**self._order(speaker, tracker, pending))
        elif pending == "order_status" and heard.last("product") and len(known_orders(speaker, tracker)) == 1:
            chosen = known_orders(speaker, tracker)
            say_orders(speaker, chosen)
            return speaker.events(**order_told(chosen))
        elif product := heard.last("product"):
            speaker.say("inform.product", product=product)
        elif article := find(speaker, heard.intents[0]).answer:
            speaker.answer(article)
        else:
            speaker.say("inform.noted")
        return speaker.events(pending=None)

    def _order(self, speaker: Speaker, tracker: Tracker, pending: str) -> dict[str, Any]:
        orders = known_orders(speaker, tracker)
        if not orders:
            speaker.say("order.unknown" if speaker.heard.last("order_number") or pending else "inform.phone")
        elif pending == "order_status" or len(orders) > 1 or re.search(r"查|物流|快递|到哪", speaker.heard.text):
            say_orders(speaker, orders)
        else:
            speaker.say("inform.order", product=orders[0].product.name, bought_on=day_in_words(orders[0].bought_on))
        return order_told(orders) if orders else {"pending": pending or None}


class Cancel(Action):
    """The customer does not want to go on with the form."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_cancel"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """Leave the form; nothing is filed."""
        speaker = Speaker(dispatcher, tracker)
        speaker.say("form.cancelled" if tracker.active_loop_name else "smalltalk.deny")
        cleared: dict[str, Any] = dict.fromkeys((*MATTER_FACTS, "opened", "asked_times", "waiting", "offer"))
        return [*speaker.events(**cleared), ActiveLoop(None), SlotSet("requested_slot", None)]


class Misunderstood(Action):
    """A message that no rule answers: by meaning where an article is near; else words, choices, a person (A1, F2)."""

    def name(self) -> str:
        """The action's name in domain.yml and config.yml."""
        return "action_misunderstood"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """The next step of the ladder, then the running form's question, or silence: no rule says what follows."""
        speaker = Speaker(dispatcher, tracker)
        slots = self._answer(speaker, tracker)
        goes_on = tracker.active_loop_name if not speaker.has_handed_over else None
        return [*speaker.events(**slots), FollowupAction(goes_on or "action_listen")]

    def _answer(self, speaker: Speaker, tracker: Tracker) -> dict[str, Any]:
        misses = int(tracker.get_slot("misses") or 1)
        if (slots := answer_rights(speaker, tracker)) is not None:
            return {"misses": 0, **slots}
        finding = find(speaker, speaker.heard.intents[0])
        if "special_care" in speaker.heard.signals and not speaker.times_said("care.special"):
            speaker.say("care.special", fires="elderly_or_minor")  # A13
        if finding.answer and finding.answer.id != tracker.get_slot("last_article"):
            speaker.answer(finding.answer)
            return {"last_article": finding.answer.id, "misses": 0}
        if misses >= 3:
            speaker.say("misunderstood.human", handover="misunderstood_three_times")
        elif finding.choices:
            offer_choices(speaker, finding)
        else:
            speaker.say("misunderstood.rephrase" if misses == 1 else "misunderstood.choices")
        return {"misses": misses}
