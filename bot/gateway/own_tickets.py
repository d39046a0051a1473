"""A customer's own tickets, as the chat's window shows them (B6, D8)."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.domain.text import mask
from bot.domain.ticket import Kind, Ticket
from bot.gateway import keys
from bot.gateway.auth import customer_of
from bot.gateway.errors import too_many
from bot.gateway.exchange import json_answer, moment

MOST = 50
LONGEST_WHAT = 60
_TELLING: Mapping[Kind, tuple[str, ...]] = {
    Kind.REPAIR: ("product", "symptom"),
    Kind.RETURN_EXCHANGE: ("product", "wish", "reason"),
    Kind.COMPLAINT: ("grievance",),
    Kind.CALLBACK: ("topic",),
    Kind.SUGGESTION: ("idea",),
    Kind.OUT_OF_STOCK: ("product",),
}
"""What of a ticket tells its customer which one it is; nothing that identifies a person (E10)."""


async def tickets(request: web.Request) -> web.Response:
    """The tickets of the customer's conversations, in whichever channel they were opened; the newest first."""
    conversation_id = customer_of(request)
    if wait := request.app[keys.MESSAGE_LIMIT].take(conversation_id):
        raise too_many(wait)
    found = await asyncio.to_thread(request.app[keys.TICKETING].all_of, conversation_id, MOST)
    labels = request.app[keys.OFFICE].labels
    return json_answer({"tickets": [_ticket_json(ticket, labels) for ticket in found]})


def _ticket_json(ticket: Ticket, labels: Mapping[str, Any]) -> dict[str, Any]:
    is_promised = ticket.due_at is not None and not ticket.is_over
    return {
        "number": ticket.number,
        "kind": labels["kinds"][ticket.kind],
        "status": labels["statuses"][ticket.status],
        "is_over": ticket.is_over,
        "what": what_of(ticket),
        "opened_at": moment(ticket.opened_at),
        "promised_at": moment(ticket.due_at) if is_promised and ticket.due_at else None,
    }


def what_of(ticket: Ticket) -> str:
    """What it is about, in the customer's own words, numbers of people and orders hidden."""
    told = [ticket.fields[name] for name in _TELLING[ticket.kind] if ticket.fields.get(name)]
    words = mask(" · ".join(told))
    return words if len(words) <= LONGEST_WHAT else words[: LONGEST_WHAT - 1] + "…"
