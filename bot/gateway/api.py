"""Tickets for the people of the company."""

import asyncio
import re
from enum import StrEnum
from typing import Any, TypeVar

from aiohttp import web

from bot.domain.errors import NotFound
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket
from bot.gateway import keys
from bot.gateway.auth import staff_of
from bot.gateway.errors import bad_request
from bot.gateway.exchange import json_answer, moment, whole_number

PAGE = 50
MOST_PER_PAGE = 200

_NUMBER = re.compile(r"[A-Za-z]{2}[0-9]{8}-[0-9]{4,6}")
_Choice = TypeVar("_Choice", bound=StrEnum)


async def tickets(request: web.Request) -> web.Response:
    """A page of tickets, newest first, by kind and status where given."""
    await staff_of(request)
    kind, status = _choice(request, "kind", Kind), _choice(request, "status", Status)
    limit, offset = whole_number(request, "limit", PAGE, MOST_PER_PAGE), whole_number(request, "offset", 0)
    found = await asyncio.to_thread(request.app[keys.TICKETING].search, kind, status, limit, offset)
    return json_answer({"tickets": [ticket_json(ticket) for ticket in found], "limit": limit, "offset": offset})


async def ticket(request: web.Request) -> web.Response:
    """One ticket with its history (C1, D6)."""
    await staff_of(request)
    number = request.match_info["number"]
    if not _NUMBER.fullmatch(number):
        raise NotFound("没有这个工单，请核对编号，例如 BX20261123-0001")
    return json_answer(ticket_json(await asyncio.to_thread(request.app[keys.TICKETING].get, number)))


def _choice(request: web.Request, name: str, choices: type[_Choice]) -> _Choice | None:
    raw = request.query.get(name)
    if not raw:
        return None
    try:
        return choices(raw)
    except ValueError:
        raise bad_request(f"参数 {name} 应是其中之一：{'、'.join(choices)}") from None


def ticket_json(ticket: Ticket) -> dict[str, Any]:
    """A ticket as the API shows it."""
    return {
        "number": ticket.number,
        "kind": ticket.kind,
        "status": ticket.status,
        "fields": dict(ticket.fields),
        "phone": ticket.phone,
        "emotion": ticket.emotion,
        "opened_at": moment(ticket.opened_at),
        "promised_at": moment(ticket.promised_at),
        "conversation_id": ticket.conversation_id,
        "history": [_entry_json(entry) for entry in ticket.history],
    }


def _entry_json(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "at": moment(entry.at),
        "actor": entry.actor,
        "event": entry.event,
        "from_status": entry.from_status,
        "to_status": entry.to_status,
        "reason": entry.reason,
    }
