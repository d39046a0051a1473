"""Appointments with technicians from the dialogue: free slots to choose from, booking, moving (B2, G11)."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rasa_sdk import Tracker

from actions.speaking import Speaker
from bot.domain.actor import CUSTOMER
from bot.domain.appointment import slot_meant, slots_meant
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.message import Button
from bot.domain.ticket import Kind, Ticket
from bot.domain.visit import Appointment, Slot, Visit
from bot.services.ticketing import tickets_of
from bot.services.visits import in_words

PENDING = "visit:"
"""Begins `pending` while a ticket waits for its new time."""
ALL, OFFERED = 99, 4
_MOVES = re.compile(
    r"改(?:到|约|期|天)|[改换](?:一?[个下]|成|别的)?.{0,2}(?:时间|日子|时候)|推迟|提前来|延后|往后推|[晚早]点来"
)
_NOT_THE_VISIT = re.compile(r"地址|颜色|电话|手机号|发票|尺码|型号|送货|发货|收货|快递")
_CALLS_OFF = re.compile(r"取消|不用(?:来|上门)|别来|不(?:需要|要)(?:来|上门|师傅)|算了")


def slot_chips(speaker: Speaker, words: str = "") -> list[Button]:
    """The next free slots to click on; of the day that was named, where one was and it has any."""
    now = speaker.anfu.clock()
    free = speaker.anfu.visits.free(most=ALL if words else OFFERED)
    chosen = (slots_meant(words, free, now) or free) if words else free
    return [Button(label, label) for label in (in_words(slot, now) for slot in chosen[:OFFERED])]


def book_visit(speaker: Speaker, ticket: Ticket, starts_at: datetime) -> None:
    """Book the slot for a ticket, once however often the turn runs, and say so; or that it is full meanwhile."""
    visits, now = speaker.anfu.visits, speaker.anfu.clock()
    try:
        visit: Visit | Slot = _booked(visits.of_ticket(ticket.number), starts_at) or visits.book(
            ticket.number, starts_at, CUSTOMER
        )
    except (Conflict, InvalidInput):
        speaker.say("visit.full", number=ticket.number, buttons=slot_chips(speaker))
        return
    speaker.say("visit.booked", slot=in_words(visit, now), number=ticket.number)


def _booked(visits: Sequence[Visit], starts_at: datetime) -> Visit | None:
    return next((v for v in visits if v.state is Appointment.BOOKED and v.starts_at == starts_at), None)


def latest_repair(speaker: Speaker) -> Ticket | None:
    """The customer's newest repair that is not over."""
    with speaker.anfu.uow() as uow:
        tickets = tickets_of(uow, speaker.conversation_id)
    return next((t for t in reversed(tickets) if t.kind is Kind.REPAIR and not t.is_over), None)


def move_visit(speaker: Speaker) -> dict[str, Any] | None:
    """「能改个时间吗」 after a repair was filed is about its visit; None where it is about something else."""
    text = speaker.heard.text
    if not _MOVES.search(text) or _NOT_THE_VISIT.search(text):
        return None
    ticket = latest_repair(speaker)
    return reschedule(speaker, ticket) if ticket else None


def reschedule(speaker: Speaker, ticket: Ticket) -> dict[str, Any]:
    """Move the visit to the slot that is named, or offer the free ones; whatever is wished is noted. Returns slots."""
    words, now = speaker.heard.text, speaker.anfu.clock()
    if _CALLS_OFF.search(words):
        speaker.anfu.visits.call_off(ticket.number, CUSTOMER, speaker.heard.words)
    if ticket.kind is not Kind.REPAIR or _CALLS_OFF.search(words):
        speaker.anfu.ticketing.note(ticket.number, f"客户改约：{speaker.heard.words}")
        speaker.say("ticket.reschedule", number=ticket.number)
        return {"pending": None}
    free = speaker.anfu.visits.free(most=ALL)
    if slot := slot_meant(words, free, now):
        book_visit(speaker, ticket, slot.starts_at)
        return {"pending": None}
    speaker.anfu.ticketing.note(ticket.number, f"客户改约：{speaker.heard.words}")
    chips = slot_chips(speaker, words)
    if not chips:
        speaker.say("ticket.reschedule", number=ticket.number)
        return {"pending": None}
    speaker.say("ticket.reschedule_slots", number=ticket.number, buttons=chips)
    return {"pending": f"{PENDING}{ticket.number}"}


def book_pending(speaker: Speaker, tracker: Tracker) -> dict[str, Any] | None:
    """Take a time as the answer to the slots that were offered; None where none were, or no time is told."""
    pending = str(tracker.get_slot("pending") or "")
    if not pending.startswith(PENDING) or not speaker.heard.last("time"):
        return None
    ticket = speaker.anfu.ticketing.get(pending.removeprefix(PENDING))
    return reschedule(speaker, ticket)
