"""Questions about rights, answered from the calculator where the facts are known (A12, E11)."""

from typing import Any

from rasa_sdk import Tracker

from actions.entitlement import (
    ASK_FOR,
    TO_HUMAN,
    chips_for,
    say,
    say_both_sides,
    say_on_wish,
    say_unsuited,
    say_ways,
)
from actions.orders import order_told, say_orders
from actions.rights import WAITING, Rights
from actions.speaking import Speaker
from bot.domain.answers import short_day
from bot.domain.rights import Topic, topic_of
from bot.domain.warranty.case import FaultKind, Wish
from bot.domain.warranty.law import Option, PeriodRule
from bot.services.statutes import Told

ANSWERS = frozenset({"order_number", "phone", "product", "date", "since"})
"""Facts that a waiting question waits for."""
LONG_SINCE = 30
"""Days after a purchase from which no-reason return is over, however late the goods came."""


def answer_rights(speaker: Speaker, tracker: Tracker) -> dict[str, Any] | None:
    """Answer a question about rights from the calculator, or one that waited for what it needs.

    Returns:
        Slots to set where something was said; None where an article has to answer.
    """
    topic = topic_of(speaker.heard.text) or _waiting_for(speaker, tracker)
    if topic is None:
        return None
    rights = Rights(speaker, tracker, tracker.active_loop_name)
    if rights.is_about_another:
        return None
    if _answer(rights, topic):
        return {"pending": f"{WAITING}{topic}" if _wants_order(rights, topic) else None, **_remembered(rights)}
    return None if rights.form else _ask_on(rights, topic)


def offer_look_up(speaker: Speaker, tracker: Tracker, said: str) -> dict[str, Any]:
    """After an answer in general: the order number brings the one for this customer (A14). Returns slots.

    Args:
        said: the answer, which may offer it already.
    """
    topic = topic_of(speaker.heard.text)
    if topic is None or tracker.active_loop_name:
        return {}
    if "订单号" not in said:
        speaker.say("statute.look_up")
    return {"pending": f"{WAITING}{topic}"}


def _waiting_for(speaker: Speaker, tracker: Tracker) -> Topic | None:
    """The question that waits for just such a fact as the message tells."""
    pending = str(tracker.get_slot("pending") or "")
    told = ANSWERS & speaker.heard.facts.keys()
    return Topic(pending.removeprefix(WAITING)) if pending.startswith(WAITING) and told else None


def _wants_order(rights: Rights, topic: Topic) -> bool:
    """Whether an order number would still make the answer better."""
    by_order = rights.basis is not None and rights.basis.order is not None
    return not by_order and not rights.form and topic is Topic.WAYS and not rights.account.has_fault


def _answer(rights: Rights, topic: Topic) -> bool:
    account = rights.account
    if topic in (Topic.PERIOD, Topic.COST):
        return _answer_period(rights)
    fault = account.fault
    if fault is None and rights.form == "repair_form":
        fault = FaultKind.PERFORMANCE
    if topic is Topic.NO_REASON and not account.has_fault:
        fault = FaultKind.NONE
    if fault in (None, FaultKind.NONE) and not account.is_misuse:
        return _answer_without_fault(rights, is_unsuited=fault is FaultKind.NONE)
    return _answer_on_fault(rights, fault or FaultKind.PERFORMANCE)


def _answer_on_fault(rights: Rights, fault: FaultKind) -> bool:
    wish = rights.account.wish or (rights.wish if rights.form else None)
    told = rights.told(fault, wish)
    if told is None:
        return False
    if wish:
        say_on_wish(rights, told, wish, rights.form)
    else:
        say_ways(rights, told, chips_for(rights, told, rights.form))
    return True


def _answer_without_fault(rights: Rights, is_unsuited: bool) -> bool:
    """A wish to give goods back that are not said to be faulty."""
    faulty = rights.told(FaultKind.PERFORMANCE)
    if rights.basis is None or faulty is None:
        return False
    if rights.basis.order is None:
        return _answer_without_order(rights, faulty, is_unsuited)
    unsuited = rights.told(None, Wish.RETURN)
    assert unsuited
    if is_unsuited:
        say_unsuited(rights, unsuited, rights.account.wish or Wish.RETURN, rights.form)
    else:
        say_both_sides(rights, faulty, unsuited)
    return True


def _answer_without_order(rights: Rights, faulty: Told, is_unsuited: bool) -> bool:
    """Whether goods came by post, and when, only the order tells; but long since is long since."""
    days = rights.basis.days if rights.basis else None
    if days and (rights.today - days.last).days > LONG_SINCE:
        say(rights, "statute.no_reason_over", faulty, quality=rights.quality(faulty), buttons=[TO_HUMAN])
    elif is_unsuited:
        return False
    else:
        say_both_sides(rights, faulty, faulty)
    return True


def _answer_period(rights: Rights) -> bool:
    """Until when faults are repaired free of charge, and what a repair costs (E7)."""
    fault = rights.account.fault if rights.account.has_fault else FaultKind.PERFORMANCE
    told = rights.told(fault)
    if told is None:
        return False
    free = told.decision.remedy(Option.REPAIR)
    if free and free.deadline and _has_period(rights):
        chips = [] if rights.form else [ASK_FOR[Option.REPAIR]]
        say(rights, "statute.in_period", told, until=short_day(free.deadline, rights.today), buttons=chips)
    else:
        say_ways(rights, told, chips_for(rights, told, rights.form))
    return True


def _has_period(rights: Rights) -> bool:
    """Whether 三包 gives the goods a period that somebody has verified."""
    basis = rights.basis
    assert basis and basis.goods
    bought_on = basis.order.bought_on if basis.order else basis.days.first if basis.days else rights.today
    period = rights.statutes.law.in_force(bought_on, basis.goods.kind).one(PeriodRule)
    return bool(period and period.verified)


def _ask_on(rights: Rights, topic: Topic) -> dict[str, Any] | None:
    """Ask which of several orders, the product, or the day; None where an article answers meanwhile. Returns slots."""
    waits = {"pending": f"{WAITING}{topic}"}
    was_waiting = str(rights.tracker.get_slot("pending") or "").startswith(WAITING)
    if len(rights.orders) > 1:
        say_orders(rights.speaker, rights.orders)
    elif rights.days and not rights.product:
        rights.speaker.say("statute.ask_product")
    elif was_waiting and rights.days is None and not rights.speaker.times_said("statute.ask_day"):
        rights.speaker.say("statute.ask_day")
    else:
        return None
    return waits


def _remembered(rights: Rights) -> dict[str, Any]:
    """What the answer was about, so that a form that follows neither asks nor tells it again (A1)."""
    slots: dict[str, Any] = {"account": {**(rights.tracker.get_slot("account") or {}), "told": rights.about}}
    if rights.basis and rights.basis.order and not rights.form:
        slots |= {name: value for name, value in order_told([rights.basis.order]).items() if name != "pending"}
    return slots
