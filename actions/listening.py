"""Taking from each message what it tells (A1: never ask what was already said)."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection

from bot.bootstrap import current
from bot.domain.appointment import slot_meant
from bot.domain.dates import day_in_words
from bot.domain.facts import WISHES, facts_said
from bot.domain.heard import Heard
from bot.domain.listening import Taken, adds_matter, listen, other_matters, replaces, turns_to
from bot.domain.order import Order
from bot.domain.procedure import OPENED_BY, PROCEDURES, SKIPPED
from bot.domain.rights import Account, account_in, names_of_parts

FACTS = tuple(dict.fromkeys((*(fact for p in PROCEDURES.values() for fact in p.facts), "model")))


ALL_SLOTS = 99


class TakeFacts(Action):
    """Runs first in every turn: fills slots from the message, and says what the message means for the running form."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_take_facts"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """Slots for the facts, and `heard` for the form and its questions."""
        message_id = tracker.latest_message.get("message_id")
        if message_id and (tracker.get_slot("heard") or {}).get("message_id") == message_id:
            return []  # Rasa reads the slots again when a form begins; the message was heard before
        heard = Heard.from_parse(tracker.latest_message)
        form, asked = tracker.active_loop_name, tracker.get_slot("requested_slot")
        known = {fact: tracker.get_slot(fact) for fact in (*FACTS, "account")}
        taken = listen(heard, known, form, asked)
        if form and tracker.get_slot("offer") == "human" and heard.intent == "affirm":
            taken = Taken(digression=True)  # F4: yes to the person that was offered
        facts, problem = _without_stale(dict(taken.facts), known), taken.problem
        misses = int(tracker.get_slot("misses") or 0)
        if form and asked in PROCEDURES[form].optional and not facts.get(asked):
            times = dict(tracker.get_slot("asked_times") or {}).get(asked, 0)
            if (problem == "unclear" and misses) or times >= 3:
                facts[asked], problem = SKIPPED, None  # A1: an optional question is not pressed
        if facts.get("wish") == WISHES["return_exchange_cancel"]:
            facts.setdefault("condition", SKIPPED)  # what was not delivered has none
        order, order_note = _order_of(facts, known)
        facts |= order
        facts |= _slot_named(heard, facts, asked)
        missed = (
            problem in ("unclear", "phone") or (not form and not heard.sure) or (taken.digression and not heard.sure)
        )
        note = {
            "digression": taken.digression, "problem": problem, "order": order_note, "took": sorted(facts),
            "message_id": message_id, "form": form,
        }  # fmt: skip
        waiting = _waiting(heard, tracker.get_slot("waiting") or [], form, asked, known)
        return [
            *(SlotSet(name, value) for name, value in facts.items()),
            SlotSet("account", _account(heard, facts, known, form)),
            SlotSet("heard", note), SlotSet("misses", misses + 1 if missed else 0), SlotSet("waiting", waiting),
        ]  # fmt: skip


def _account(heard: Heard, facts: dict[str, Any], known: dict[str, Any], form: str | None) -> dict[str, Any]:
    """What the customer has told of the matter so far that rights and urgency depend on (A13, E6)."""
    before: dict[str, Any] = dict(known["account"] or {})
    if _is_other_product(facts, known):
        before = {name: before[name] for name in ("emotion", "signals") if name in before}
    opens = form or OPENED_BY.get(heard.intent)
    others = [n for n in other_matters(heard, opens) if n]
    parts = names_of_parts(current().statutes.law.goods.values())
    told = account_in(heard.request(0, others), parts, besides=[heard.intents[n].text for n in others])
    return {
        **before,
        **Account.from_json(before).with_news(told).as_json(),
        "emotion": max(heard.emotion, before.get("emotion", 0)),
        "signals": sorted({*heard.signals, *before.get("signals", ())}),
    }


def _slot_named(heard: Heard, facts: dict[str, Any], asked: str | None) -> dict[str, Any]:
    """The free slot that the time just wished for names, if it names one; the words are kept besides (B2, G11)."""
    if not facts.get("preferred_time"):
        return {}
    anfu = current()
    free, now = anfu.visits.free(most=ALL_SLOTS), anfu.clock()
    named = [heard.text[m.start : m.end] for m in heard.mentions if m.kind == "time"][-1:]
    words = [heard.text, *named] if asked == "preferred_time" else named
    found = next((slot for said in words if (slot := slot_meant(said, free, now))), None)
    return {"visit_at": found.starts_at.isoformat() if found else None}


def _is_other_product(facts: dict[str, Any], known: dict[str, Any]) -> bool:
    return bool(facts.get("product") and known.get("product") and not _same_product(facts["product"], known["product"]))


def _without_stale(facts: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Another product has another order, model and day of purchase."""
    if not _is_other_product(facts, known):
        return facts
    return {**dict.fromkeys(name for name in ("order_number", "model", "purchased_on") if known.get(name)), **facts}


def _same_product(one: str, other: str) -> bool:
    called = current().orders.product_called
    return one in other or other in one or (called(one) is not None and called(one) == called(other))


def _order_of(facts: dict[str, Any], known: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str] | None]:
    """What the shop knows of the order that was just named: fills what the customer need not be asked."""
    number = facts.get("order_number")
    if number == SKIPPED:
        return {}, None
    if number:
        orders = current().orders.by_number(number)
        if not orders:
            return {}, {"unknown": number}
    else:
        orders = _orders_meant(facts, known)
    if not orders:
        return {}, None
    order = orders[0]
    filled = {
        "product": order.product.name,
        "purchased_on": day_in_words(order.bought_on),
        "order_number": order.number,
    }
    return filled, {"product": order.product.name, "bought_on": day_in_words(order.bought_on)}


def _orders_meant(facts: dict[str, Any], known: dict[str, Any]) -> list[Order]:
    """The order that a phone number and a product tell, unless the customer told of another day of purchase."""
    product = facts.get("product") or known.get("product")
    day = facts.get("purchased_on") or known.get("purchased_on")
    if not facts.get("phone") or known.get("order_number") not in (None, SKIPPED) or not product:
        return []
    orders = [o for o in current().orders.by_phone(facts["phone"]) if _same_product(product, o.product.name)]
    return [o for o in orders if day in (None, SKIPPED) or day_in_words(o.bought_on).startswith(str(day))]


def _waiting(
    heard: Heard, waiting: list[dict[str, Any]], form: str | None, asked: str | None, known: dict[str, Any]
) -> list[dict[str, Any]]:
    """Matters to come back to: those that the message asks for besides, and one that it turns away from (B7).

    Each is `{form, facts}`; its facts are set when its turn comes.
    """
    runs = turns_to(heard, form, asked) or form if form else OPENED_BY.get(heard.intent)
    if not runs:
        return waiting
    more = [
        _matter(heard, n) for n in other_matters(heard, runs) if n or (form and runs == form and adds_matter(heard))
    ]
    if form and runs != form and not replaces(heard) and _is_another(heard, runs, known):
        kept = {fact: known[fact] for fact in (*PROCEDURES[form].facts[:-1], "account") if known.get(fact)}
        more.append({"form": form, "facts": kept})
    later: dict[str, dict[str, Any]] = {}
    for matter in (*waiting, *more):
        later.setdefault(matter["form"], matter)
    return [matter for name, matter in later.items() if name != runs]


def _matter(heard: Heard, number: int) -> dict[str, Any]:
    form = OPENED_BY[heard.intents[number].name]
    request = heard.request(number)
    account = {
        **account_in(request).as_json(), "emotion": heard.emotion, "signals": list(heard.signals),
    }  # fmt: skip
    return {"form": form, "facts": {**facts_said(request, form, None), "account": account}}


def _is_another(heard: Heard, form: str, known: dict[str, Any]) -> bool:
    """A complaint, or another product, leaves the first matter to be done; the same product's takes its place."""
    product = heard.last("product")
    return form == "complaint_form" or bool(
        product and known.get("product") and not _same_product(product, known["product"])
    )


def _validate(form: str) -> type[Action]:
    class ValidateForm(Action):
        """Lets the form go on with its next question unless the message was about something else."""

        def name(self) -> str:
            """The name that Rasa calls before the form's next question."""
            return f"validate_{form}"

        def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
            """A digression steps back, which makes Rasa look for its rule.

            Raises:
                ActionExecutionRejection: the message is about something else.
            """
            heard = tracker.get_slot("heard") or {}
            if heard.get("digression") and heard.get("form") == form and not _answered(tracker):
                raise ActionExecutionRejection(form)
            return [SlotSet("heard", heard)]

    return ValidateForm


def _answered(tracker: Tracker) -> bool:
    """Whether a rule has answered the latest message already, so that the form goes on."""
    for event in reversed(tracker.events):
        if event["event"] == "user":
            return False
        if event["event"] == "action" and event["name"] not in ("action_listen", "action_extract_slots", *PROCEDURES):
            return True
    return False


FORM_VALIDATIONS = tuple(_validate(form) for form in PROCEDURES)
