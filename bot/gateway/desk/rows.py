"""Conversations, messages and customers as the desk's API and socket show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.domain.channel import WEBSITE
from bot.domain.customer import Customer, hidden_phone
from bot.domain.desk import Row
from bot.domain.message import Message
from bot.gateway.exchange import moment
from bot.gateway.office import Office
from bot.services.reaching import ReachView

MOST_LAST_CHARS = 120


def row_json(row: Row, unread: int, office: Office) -> dict[str, Any]:
    """A conversation in a list."""
    c = row.conversation
    place = office.standing.of(c.id) if row.position else None
    return {
        "id": c.id,
        "channel": c.channel,
        "reach": None if c.channel == WEBSITE else reach_json(office.desk.reaching.view(c, row.reach)),
        "title": row.title,
        "owner": c.owner,
        "agent": c.agent,
        "team": c.need.team,
        "level": c.need.level,
        "priority": c.need.priority,
        "skills": list(c.need.skills),
        "reason": c.handover_reason,
        "reason_name": reason_name(c.handover_reason, office),
        "opened_at": moment(c.opened_at),
        "queued_at": at(c.queued_at),
        "taken_at": at(c.taken_at),
        "waiting_since": at(c.waiting_since),
        "due_at": at(office.desk.rules.due_at(c)),
        "emotion": c.emotion,
        "signals": list(c.signals),
        "special_care": row.special_care or "special_care" in c.signals,
        "last": _last(row.last),
        "unread": unread,
        "position": place.position if place else row.position,
        "return_asked": c.return_asked,
        "closed_at": at(c.closed_at),
        "closed_reason": c.closed_reason,
        "closed_reason_name": office.desk.rules.reasons.get(c.closed_reason or ""),
        "summary": c.summary,
        "ticket_numbers": list(row.tickets),
        "customer_id": c.customer_id,
        "returning": row.returning,
        "by": row.by,
        "touched_at": c.touched_at.isoformat() if c.touched_at else None,
    }


def reach_json(seen: ReachView) -> dict[str, Any]:
    """How a customer on somebody else's platform can be reached."""
    return {
        "name": seen.name,
        "counts": seen.counts,
        "left": seen.left,
        "most": seen.most,
        "until": at(seen.until),
        "has_left": seen.has_left,
        "passive": seen.passive,
        "state": seen.state,
        "may_send": seen.may_send,
        "reason": seen.reason,
        "ways": [{"id": way.id, "name": way.name, "text": way.text, "department": way.department} for way in seen.ways],
    }


def unread_of(row: Row, person: str, unread: Mapping[tuple[str, str], int]) -> int:
    """How many of the customer's messages a person has not read: all, where they never looked."""
    return unread.get((row.conversation.id, person), row.said)


def reason_name(reason: str | None, office: Office) -> str | None:
    """The rule that brought a conversation to people, in Chinese."""
    return office.triggers.book.get(reason).name if reason else None


def message_json(message: Message) -> dict[str, Any]:
    """A message as people see it, notes included."""
    client_id = message.client_id.rpartition(":")[2] if message.client_id else None
    return {
        "message_id": message.id,
        "seq": message.seq,
        "sender": message.sender,
        "text": message.text,
        "buttons": [{"title": button.title, "payload": button.payload} for button in message.buttons],
        "sent_at": moment(message.sent_at),
        "source": message.source,
        "client_id": client_id,
        "note": message.note,
        "delivery": {"state": message.delivery, "note": message.delivery_note} if message.delivery else None,
    }


def customer_json(customer: Customer, phone: str | None = None) -> dict[str, Any]:
    """A customer's file; the phone is hidden but for its end unless it is given in the open."""
    return {
        "id": customer.id,
        "name": customer.name,
        "phone": phone or hidden_phone(customer.phone),
        "tier": customer.tier,
        "birthday": customer.birthday.isoformat() if customer.birthday else None,
        "preferences": customer.preferences,
        "special_care": customer.special_care,
        "note": customer.note,
        "version": customer.version,
    }


def at(when: datetime | None) -> str | None:
    """A moment, or nothing."""
    return moment(when) if when else None


def _last(message: Message | None) -> dict[str, Any] | None:
    if message is None:
        return None
    return {"sender": message.sender, "text": message.text[:MOST_LAST_CHARS], "at": moment(message.sent_at)}
