"""Taking from each message what it tells (A1: never ask what was already said)."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.bootstrap import current
from bot.domain.dates import day_in_words
from bot.domain.heard import Heard
from bot.domain.order import Order
from bot.domain.procedure import OPENED_BY, PROCEDURES, SKIPPED, listen

FACTS = tuple(dict.fromkeys((*(fact for p in PROCEDURES.values() for fact in p.facts), "model")))


class TakeFacts(Action):
    """Runs first in every turn: fills slots from the message, and says what the message means for the running form."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_take_facts"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """Slots for the facts, and `heard` for the form and its questions."""
        heard = Heard.from_parse(tracker.latest_message)
        form, asked = tracker.active_loop_name, tracker.get_slot("requested_slot")
        known = {fact: tracker.get_slot(fact) for fact in FACTS}
        taken = listen(heard, known, form, asked)
        facts, problem = dict(taken.facts), taken.problem
        misses = int(tracker.get_slot("misses") or 0)
        if problem == "unclear" and misses and form and asked in PROCEDURES[form].optional:
            facts[asked], problem = SKIPPED, None  # A1: an optional question is not pressed
        order, order_note = _order_of(facts, known)
        facts |= order
        misses = misses + 1 if problem == "unclear" or not heard.sure else 0
        note = {"digression": taken.digression, "problem": problem, "order": order_note, "took": sorted(facts)}
        waiting = _waiting(heard, tracker.get_slot("waiting") or [], form)
        return [
            *(SlotSet(name, value) for name, value in facts.items()),
            SlotSet("heard", note), SlotSet("misses", misses), SlotSet("waiting", waiting),
        ]  # fmt: skip


def _order_of(facts: dict[str, Any], known: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str] | None]:
    """What the shop knows of the order that was just named: fills what the customer need not be asked."""
    orders: list[Order] = []
    if number := facts.get("order_number"):
        if number == SKIPPED:
            return {}, None
        orders = current().orders.by_number(number)
        if not orders:
            return {}, {"unknown": number}
    elif facts.get("phone") and not known.get("order_number"):
        orders = current().orders.by_phone(facts["phone"])
        product = facts.get("product") or known.get("product")
        orders = [o for o in orders if product and current().orders.product_called(product) == o.product]
    if not orders:
        return {}, None
    order = orders[0]
    filled = {
        "product": order.product.name,
        "purchased_on": day_in_words(order.bought_on),
        "order_number": order.number,
    }
    return filled, {"product": order.product.name, "bought_on": day_in_words(order.bought_on)}


def _waiting(heard: Heard, waiting: list[str], form: str | None) -> list[str]:
    """Forms that the message asks for besides the one that runs or opens now (B7)."""
    first = form or OPENED_BY.get(heard.intent)
    more = [OPENED_BY[i.name] for i in heard.intents[1:] if i.name in OPENED_BY]
    return list(dict.fromkeys(f for f in (*waiting, *more) if f != first)) if first else waiting


def _validate(form: str) -> type[Action]:
    class ValidateForm(Action):
        """Lets the form go on with its next question unless the message was about something else."""

        def name(self) -> str:
            """The name that Rasa calls before the form's next question."""
            return f"validate_{form}"

        def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
            """Nothing for a digression, which makes Rasa look for its rule."""
            heard = tracker.get_slot("heard") or {}
            return [] if heard.get("digression") else [SlotSet("heard", heard)]

    return ValidateForm


FORM_VALIDATIONS = tuple(_validate(form) for form in PROCEDURES)
