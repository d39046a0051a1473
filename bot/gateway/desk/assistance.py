"""Help while an agent writes: what to say, how not to say it, what comes next, a ticket beside (A4, A9, C1-C8)."""

import asyncio
from typing import Any

from aiohttp import web

from bot.domain.actor import LEVEL_NAMES
from bot.domain.flow import STAFF, WAITS
from bot.domain.person import Person
from bot.domain.suggestion import Suggestion
from bot.domain.text import clean
from bot.domain.ticket import Kind
from bot.domain.wording import Remark
from bot.gateway import keys
from bot.gateway.api import ticket_json
from bot.gateway.auth import person_of
from bot.gateway.desk.conversations import id_of
from bot.gateway.exchange import choice_in, json_answer, moment, object_field, read_object, text_field, words_field
from bot.gateway.office import Office
from bot.services.beside import LONGEST_FACT, Ahead, Blank
from bot.services.desk import MOST_CHARS

_SHOWN = ("number", "kind", "status", "step", "step_name", "missing", "priority", "level", "version")


async def suggestions(request: web.Request) -> web.Response:
    """Up to five replies for the conversation as it stands, best first (A11, A14)."""
    person, suggest = await person_of(request), request.app[keys.OFFICE].assistance.suggestions
    found = await asyncio.to_thread(suggest, id_of(request), person)
    return json_answer({"suggestions": [_suggestion_json(suggestion) for suggestion in found]})


async def wording(request: web.Request) -> web.Response:
    """What to change in a sentence before it is sent: 忌语, unbacked promises, open numbers (A4, A11, E10)."""
    await person_of(request)
    text = words_field(await read_object(request), "text", "", most=MOST_CHARS)
    return json_answer(
        {"remarks": [_remark_json(remark) for remark in request.app[keys.OFFICE].assistance.remarks(text)]}
    )


async def next_steps(request: web.Request) -> web.Response:
    """For each open ticket: where it stands, what that needs, where it may go, what was promised and why then (D7)."""
    person, office = await person_of(request), request.app[keys.OFFICE]
    found = await asyncio.to_thread(office.beside.ahead, id_of(request), person)
    return json_answer({"tickets": [_ahead_json(ahead, office, person, request) for ahead in found]})


async def blank_tickets(request: web.Request) -> web.Response:
    """What a new ticket of each kind would hold, out of what the customer has told (F6)."""
    person, office = await person_of(request), request.app[keys.OFFICE]
    found = await asyncio.to_thread(office.beside.blanks, id_of(request), person)
    return json_answer({"kinds": [_blank_json(blank, office) for blank in found]})


async def open_ticket(request: web.Request) -> web.Response:
    """Open a ticket for the customer of the conversation, once for each `client_id`."""
    person, body, office = await person_of(request), await read_object(request), request.app[keys.OFFICE]
    key, kind = words_field(body, "client_id", most=60), choice_in(text_field(body, "kind"), "kind ", Kind)
    fields = object_field(body, "fields")
    facts = {clean(name): words_field(fields, name, "", most=LONGEST_FACT) for name in fields}
    ticket = await asyncio.to_thread(office.beside.open, id_of(request), person, key, kind, facts)
    await request.app[keys.WAKEUPS].publish(id_of(request))  # other desks show its number
    return json_answer(ticket_json(ticket, office), status=201)


def _suggestion_json(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "id": suggestion.id,
        "kind": suggestion.kind,
        "text": suggestion.text,
        "source": dict(suggestion.source),
        "why": suggestion.why,
    }


def _remark_json(remark: Remark) -> dict[str, Any]:
    return {"concern": remark.concern, "phrase": remark.phrase, "why": remark.why, "better": remark.better}


def _ahead_json(ahead: Ahead, office: Office, person: Person, request: web.Request) -> dict[str, Any]:
    ticket = ahead.ticket
    whole, flow = ticket_json(ticket, office), office.casework.flows[ticket.kind]
    due, now = ticket.due_at, request.app[keys.CLOCK]()
    return {
        **{name: whole[name] for name in _SHOWN},
        "kind_name": office.labels["kinds"][ticket.kind],
        "status_name": office.labels["statuses"][ticket.status],
        "clause": flow.step_of(ticket).clause,
        "next": [
            {
                **way,
                "may": way["cause"] == STAFF and person.actor.is_staff,
                "who": _who(way["cause"], ahead),
            }
            for way in whole["next"]
        ],
        "promise": {
            "due_at": moment(due) if due else None,
            "seconds_left": int((due - now).total_seconds()) if due else None,
            "why": list(ahead.why),
        },
    }


def _who(cause: str, ahead: Ahead) -> str:
    """Who, or what, moves a ticket on."""
    if cause == STAFF:
        return "您来办"
    if cause in ("approved", "rejected") and ahead.approver:
        return f"等{LEVEL_NAMES[ahead.approver]}审批"
    return f"等{WAITS[cause]}"


def _blank_json(blank: Blank, office: Office) -> dict[str, Any]:
    names = office.labels["facts"]
    return {
        "kind": blank.kind,
        "name": office.labels["kinds"][blank.kind],
        "promised_at": moment(blank.promised_at),
        "fields": [
            {"id": fact, "name": names.get(fact, fact), "value": value, "optional": fact in blank.optional}
            for fact, value in blank.facts.items()
        ],
    }
