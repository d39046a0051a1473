"""Tickets from the dialogue: opened after confirmation, looked up, urged (A9, B6, D8)."""

from datetime import datetime
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.booking import book_visit, latest_repair, reschedule
from actions.consulting import find, say_finding, tell_when
from actions.entitlement import entitlement_of
from actions.orders import known_orders, say_orders
from actions.questions import answer_rights
from actions.speaking import Speaker
from bot.domain.emotion import Level
from bot.domain.procedure import MATTER_FACTS, PROCEDURES, SKIPPED, Procedure
from bot.domain.ticket import Kind, Ticket

HARDLY = 0.5
"""Certainty below which a question that only sounds like one about progress may be one about rights."""


def _open_ticket(procedure: Procedure) -> type[Action]:
    class OpenTicket(Action):
        """Opens the ticket of a confirmed form."""

        def name(self) -> str:
            """The action's name in domain.yml."""
            return f"action_open_{procedure.kind.value}_ticket"

        def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
            """Open it, tell its number and promise, and go on with what else was asked for."""
            if tracker.get_slot("confirmed") != "yes":
                return []  # A9: nothing is filed that the customer has not confirmed
            speaker = Speaker(dispatcher, tracker)
            facts = {fact: tracker.get_slot(fact) for fact in (*procedure.facts[:-1], "model", "product")}
            ticket = speaker.anfu.ticketing.open(
                procedure.kind,
                {fact: str(value) for fact, value in facts.items() if value and value != SKIPPED},
                key=f"{speaker.turn_id}:{self.name()}",
                conversation_id=speaker.conversation_id,
                emotion=speaker.emotion,
                signals=speaker.signals,
                entitlement=entitlement_of(speaker, tracker, procedure.form),
            )
            speaker.say(
                f"{procedure.kind.value}.done",
                emotion=speaker.emotion,
                number=ticket.number,
                promise=speaker.promise(ticket),
            )
            if procedure.kind is Kind.REPAIR and (starts_at := tracker.get_slot("visit_at")):
                book_visit(speaker, ticket, datetime.fromisoformat(starts_at))
            return [*_finish(speaker, tracker)]

    return OpenTicket


def _finish(speaker: Speaker, tracker: Tracker) -> list[dict[str, Any]]:
    """Forget the matter, keep the customer, and turn to the next matter that waits."""
    waiting = list(tracker.get_slot("waiting") or [])
    cleared: dict[str, Any] = dict.fromkeys((*MATTER_FACTS, "opened", "asked_times", "offer"))
    if not waiting:
        return speaker.events(**cleared)
    following, *rest = waiting
    facts = following["facts"]
    if "product" in facts:
        facts = {"order_number": None, "purchased_on": None, "model": None, **facts}
    speaker.say("form.next_matter", matter=speaker.label("kinds", PROCEDURES[following["form"]].kind.value))
    return [*speaker.events(**{**cleared, **facts}, waiting=rest, heard=None), FollowupAction(following["form"])]


TICKET_OPENERS = tuple(_open_ticket(procedure) for procedure in PROCEDURES.values())


class TicketProgress(Action):
    """Tells where a ticket stands."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_ticket_progress"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """The named ticket, else the conversation's latest; else how to find it."""
        speaker = Speaker(dispatcher, tracker)
        if tell_when(speaker, tracker):
            return speaker.events()
        if speaker.heard.intents[0].confidence < HARDLY and (slots := answer_rights(speaker, tracker)) is not None:
            return speaker.events(**slots)
        if ticket := _find_ticket(speaker, tracker):
            say_progress(speaker, ticket)
        elif speaker.heard.last("ticket_number"):
            speaker.say("ticket.verify" if not tracker.get_slot("phone") else "ticket.unknown")
            return speaker.events(pending=f"ticket:{speaker.heard.last('ticket_number')}")
        elif (orders := known_orders(speaker, tracker)) and (
            speaker.heard.last("order_number") or speaker.heard.intent != "ticket_progress"
        ):
            say_orders(speaker, orders)
        else:
            finding = find(speaker, speaker.heard.intents[0])
            if tracker.active_loop_name and speaker.heard.intent != "ticket_progress":
                say_finding(speaker, finding, None)  # no second question beside the form's own
                return speaker.events()
            if finding.answer and speaker.heard.intent != "ticket_progress":
                speaker.answer(finding.answer)
            speaker.say("ticket.ask_number")
            return speaker.events(pending="order_status")
        return speaker.events(pending=None)


class Urge(Action):
    """Notes that a customer asks to hurry (催办)."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_urge"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """Urge the ticket; who urges again is offered a person."""
        speaker = Speaker(dispatcher, tracker)
        if tell_when(speaker, tracker):
            return speaker.events()
        ticket = _find_ticket(speaker, tracker)
        if ticket is None:
            if orders := known_orders(speaker, tracker):
                say_orders(speaker, orders)
                return speaker.events()
            speaker.say("ticket.none")
            return speaker.events(pending="order_status")
        offered = urge(speaker, ticket)
        if not offered and speaker.heard.emotion >= Level.ANGRY:
            offered = speaker.offer_person("negative_emotion")  # F4
        return speaker.events(offer="human" if offered else None)


class Reschedule(Action):
    """Moves the appointment of a repair to a free slot, or notes the wish for another."""

    def name(self) -> str:
        """The action's name in domain.yml."""
        return "action_reschedule"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict) -> list[dict[str, Any]]:
        """Book the slot that is named, offer the free ones, or note what is wished; without a ticket, ask which."""
        speaker = Speaker(dispatcher, tracker)
        named = speaker.heard.last("ticket_number")
        ticket = _find_ticket(speaker, tracker) if named else latest_repair(speaker)
        if ticket is None:
            speaker.say("ticket.ask_number")
            return speaker.events()
        return speaker.events(**reschedule(speaker, ticket))


def urge(speaker: Speaker, ticket: Ticket) -> bool:
    """Note that the customer asks to hurry; True where a person was offered: it is late, or not the first time."""
    again = ticket.times_urged > 0
    ticket = speaker.anfu.ticketing.urge(ticket.number)
    if speaker.is_late(ticket):
        speaker.say(
            "ticket.late",
            number=ticket.number,
            kind=speaker.label("kinds", ticket.kind),
            promise=speaker.promise(ticket),
        )
        return True
    if again:
        speaker.say("ticket.urged_again", number=ticket.number)
    else:
        speaker.say("ticket.urged", number=ticket.number, promise=speaker.promise(ticket))
    return again


def _find_ticket(speaker: Speaker, tracker: Tracker) -> Ticket | None:
    ticketing = speaker.anfu.ticketing
    if number := speaker.heard.last("ticket_number"):
        return ticketing.visible_to(speaker.conversation_id, number, tracker.get_slot("phone"))
    return ticketing.latest_of(speaker.conversation_id)


def say_progress(speaker: Speaker, ticket: Ticket) -> None:
    """Tell a ticket's status and promise."""
    kind, status = speaker.label("kinds", ticket.kind), speaker.label("statuses", ticket.status)
    if ticket.is_over:
        speaker.say("ticket.over", number=ticket.number, kind=kind, status=status)
    elif speaker.is_late(ticket):
        speaker.say("ticket.late", number=ticket.number, kind=kind, promise=speaker.promise(ticket))
    elif ticket.due_at is None:
        speaker.say("ticket.waiting", number=ticket.number, kind=kind, status=status)
    else:
        script = "ticket.progress" if ticket.due_at == ticket.promised_at else "ticket.under_way"
        speaker.say(script, number=ticket.number, kind=kind, status=status, promise=speaker.promise(ticket))
