"""Tickets for the people of the company to look at: where they stand, and what is owed by when (D6, D7)."""

import asyncio
import re
from typing import Any

from aiohttp import web

from bot.domain.actor import Actor, Role
from bot.domain.audit import Entry
from bot.domain.customer import hidden_facts, hidden_phone, hidden_phones
from bot.domain.errors import NotFound
from bot.domain.flow import Fact
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket
from bot.gateway import keys
from bot.gateway.auth import person_of, staff_of
from bot.gateway.exchange import choice_of, json_answer, moment, whole_number
from bot.gateway.office import Office

PAGE = 50
MOST_PER_PAGE = 200

_NUMBER = re.compile(r"[A-Za-z]{2}[0-9]{8}-[0-9]{4,6}")


async def tickets(request: web.Request) -> web.Response:
    """A page of tickets, newest first, by kind, status and phone where given; an agent's are those of the team."""
    person = await person_of(request)
    kind, status = choice_of(request, "kind", Kind), choice_of(request, "status", Status)
    limit, offset = whole_number(request, "limit", PAGE, MOST_PER_PAGE), whole_number(request, "offset", 0)
    phone = request.query.get("phone") or None
    search = request.app[keys.TICKETING].search
    found = await asyncio.to_thread(search, kind, status, limit, offset, phone, person.only_team)
    office = request.app[keys.OFFICE]
    return json_answer({"tickets": [ticket_json(ticket, office) for ticket in found], "limit": limit, "offset": offset})


async def ticket(request: web.Request) -> web.Response:
    """One ticket with its history, its step and what that still needs (C1, D6)."""
    _, number = await ticket_asked(request)
    return ticket_answer(request, await asyncio.to_thread(request.app[keys.TICKETING].get, number))


async def ticket_deadlines(request: web.Request) -> web.Response:
    """The arithmetic of every promise on a ticket (D7)."""
    _, number = await ticket_asked(request)
    lines = await asyncio.to_thread(request.app[keys.TICKETING].explain, number)
    return json_answer({"lines": lines})


async def deadlines(request: web.Request) -> web.Response:
    """The tickets with a promise that runs, the most urgent first, and why it falls due then (D7)."""
    person = await person_of(request)
    limit = whole_number(request, "limit", PAGE, MOST_PER_PAGE)
    return json_answer({"deadlines": await asyncio.to_thread(_deadlines, request.app, limit, person.only_team)})


def _deadlines(app: web.Application, limit: int, team: str | None) -> list[dict[str, Any]]:
    promises, now = app[keys.OFFICE].promises, app[keys.CLOCK]()
    return [
        {
            "number": ticket.number,
            "kind": ticket.kind,
            "level": ticket.level,
            "priority": ticket.priority,
            "due_at": moment(ticket.due_at) if ticket.due_at else None,
            "why": promises.why_next(ticket, now),
        }
        for ticket in app[keys.TICKETING].next_due(limit, team)
    ]


async def audit(request: web.Request) -> web.Response:
    """Who changed what on a ticket, when and why; for supervisors and above (D6)."""
    await staff_of(request, Role.SUPERVISOR)
    return json_answer({"entries": await asyncio.to_thread(_audit, request.app, number_of(request))})


def _audit(app: web.Application, number: str) -> list[dict[str, Any]]:
    ticket = app[keys.TICKETING].get(number)
    with app[keys.UOW]() as uow:
        return [_change_json(entry) for entry in uow.trail.entries(f"ticket:{ticket.number}")]


async def ticket_asked(request: web.Request) -> tuple[Actor, str]:
    """Who asks, and the number of the ticket in the path, which is this person's business.

    Raises:
        NotFound: there is none. NotAllowed: it is another team's; that is logged.
    """
    person, number = await person_of(request), number_of(request)
    await asyncio.to_thread(request.app[keys.OFFICE].ticket_desk.visible, person, number)
    return person.actor, number


def is_number(text: str) -> bool:
    """Whether it can be a ticket's number, in any case."""
    return bool(_NUMBER.fullmatch(text))


def number_of(request: web.Request) -> str:
    """The ticket's number in the path.

    Raises:
        NotFound: it cannot be one.
    """
    number = request.match_info["number"]
    if not is_number(number):
        raise NotFound("没有这个工单，请核对编号，例如 BX20261123-0001")
    return number.upper()


def ticket_answer(request: web.Request, ticket: Ticket) -> web.Response:
    """A ticket as an answer."""
    return json_answer(ticket_json(ticket, request.app[keys.OFFICE]))


def ticket_json(ticket: Ticket, office: Office) -> dict[str, Any]:
    """A ticket as the API shows it: its step, what that needs, where it leads; who the customer is is masked (E10)."""
    flow, facts = office.casework.flows[ticket.kind], office.casework.facts
    step = flow.step_of(ticket)
    return {
        "number": ticket.number,
        "kind": ticket.kind,
        "status": ticket.status,
        "step": step.id,
        "step_name": step.name,
        "next": [{"to": to, "name": flow.steps[to].name, "cause": cause} for to, cause in step.next.items()],
        "missing": [_fact_json(facts[need]) for need in step.needs if need not in ticket.record],
        "fields": hidden_facts(ticket.fields),
        "record": hidden_phones(ticket.record),
        "entitlement": dict(ticket.entitlement) if ticket.entitlement else None,
        "phone": hidden_phone(ticket.phone),
        "emotion": ticket.emotion,
        "priority": ticket.priority,
        "level": ticket.level,
        "team": ticket.team,
        "assignee": ticket.assignee,
        "opened_at": moment(ticket.opened_at),
        "promised_at": moment(ticket.promised_at),
        "due_at": moment(ticket.due_at) if ticket.due_at else None,
        "conversation_id": ticket.conversation_id,
        "version": ticket.version,
        "history": [_entry_json(entry) for entry in ticket.history],
    }


def _fact_json(fact: Fact) -> dict[str, Any]:
    return {
        "id": fact.id,
        "name": fact.name,
        "ask": fact.ask,
        "values": list(fact.values),
        "span": list(fact.span) if fact.span else None,
    }


def _entry_json(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "at": moment(entry.at),
        "actor": entry.actor,
        "event": entry.event,
        "from_status": entry.from_status,
        "to_status": entry.to_status,
        "reason": hidden_phones(entry.reason),
    }


def _change_json(entry: Entry) -> dict[str, Any]:
    change = entry.change
    return {
        "seq": entry.seq,
        "at": moment(change.at),
        "actor": change.actor,
        "action": change.action,
        "reason": change.reason,
        "before": dict(change.before),
        "after": dict(change.after),
        "hash": entry.hash,
    }
