"""Tickets at the desk: lists, the whole of one, and changing one or many."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.domain.custom_field import CustomField, custom_of
from bot.domain.customer import TELLING, hidden_facts, hidden_phone, hidden_phones
from bot.domain.person import Person
from bot.domain.ticket import Ticket
from bot.domain.ticket_view import Filter, Place, Sort, read_filter, read_place
from bot.gateway import keys
from bot.gateway.api import MOST_PER_PAGE, PAGE, number_of, ticket_json
from bot.gateway.auth import person_of
from bot.gateway.desk.attachments import attachment_json
from bot.gateway.errors import bad_request
from bot.gateway.exchange import (
    choice_in,
    choice_of,
    flag_field,
    json_answer,
    moment,
    number_field,
    object_field,
    read_object,
    text_field,
    whole_number,
    words_field,
)
from bot.gateway.office import Office
from bot.services.ports import ListedTicket
from bot.services.ticket_changes import MOST_AT_ONCE, Action, Edit, Order
from bot.services.ticket_timeline import Happening

MATCH = "match"
MOST_RELATED = 20
_BESIDE_FILTER = frozenset({"q", "sort", "cursor", "limit", "columns", "full", "reason"})


async def tickets(request: web.Request) -> web.Response:
    """A page of tickets by what is asked for, or by how well they are found."""
    person, office = await person_of(request), request.app[keys.OFFICE]
    wanted, sort, words = list_asked(request)
    limit, after = whole_number(request, "limit", PAGE, MOST_PER_PAGE), _place_of(request, sort, words)
    page = await asyncio.to_thread(office.ticket_desk.page, person, wanted, sort, limit or PAGE, after, words)
    order = MATCH if words else sort
    return json_answer(
        {
            "tickets": [listed_json(listed, office) for listed in page.tickets],
            "next": page.next.in_words(order) if page.next else None,
        }
    )


async def ticket(request: web.Request) -> web.Response:
    """A ticket with all that happened around it, its files, and who has it open."""
    person, number = await person_of(request), number_of(request)
    whole = await asyncio.to_thread(_whole, request.app[keys.OFFICE], person, number)
    return json_answer({**whole, "editing": request.app[keys.FEED].editors(number)})


async def assign(request: web.Request) -> web.Response:
    """Say who deals with a ticket; null says nobody in particular."""
    person, number, body = await person_of(request), number_of(request), await read_object(request)
    name = None if body.get("name") is None else words_field(body, "name")
    changes = request.app[keys.OFFICE].ticket_changes
    return await _changed(request, person, await asyncio.to_thread(changes.assign, number, name, person, _seen(body)))


async def reveal(request: web.Request) -> web.Response:
    """The customer's phone, address and name in full; that they were looked at is audited (E10)."""
    person, number = await person_of(request), number_of(request)
    told = await asyncio.to_thread(request.app[keys.OFFICE].ticket_desk.reveal, person, number)
    return json_answer({name: told.get(name) for name in TELLING})


async def edit(request: web.Request) -> web.Response:
    """Change what stands on a ticket; where somebody else changed it meanwhile, tell who and what."""
    person, number, body = await person_of(request), number_of(request), await read_object(request)
    priority = number_field(body, "priority") if "priority" in body else None
    wanted = Edit(
        fields=_words_in(body, "fields"), facts=_words_in(body, "facts"), custom=object_field(body, "custom"),
        priority=priority, version=_seen(body),
    )  # fmt: skip
    changes = request.app[keys.OFFICE].ticket_changes
    return await _changed(request, person, await asyncio.to_thread(changes.edit, number, wanted, person))


async def bulk(request: web.Request) -> web.Response:
    """Do the same to many tickets; each is told apart, and one that fails leaves the others."""
    person, body = await person_of(request), await read_object(request)
    numbers = body.get("numbers")
    if not isinstance(numbers, list) or not all(
        isinstance(n, str) and len(n) <= 20 for n in numbers[: MOST_AT_ONCE + 1]
    ):
        raise bad_request('请以数组给出 numbers，例如 ["BX20261123-0001"]')
    action, value = choice_in(text_field(body, "action"), "action ", Action), body.get("value")
    if action is Action.PRIORITY:
        value = number_field(body, "value")
    elif value is not None or action is Action.STEP:
        value = words_field(body, "value")
    order = Order(action, value, words_field(body, "reason", ""))
    dry_run = flag_field(body, "dry_run", default=False)
    changes = request.app[keys.OFFICE].ticket_changes
    done = await asyncio.to_thread(changes.bulk, numbers, order, person, dry_run)
    good = sum(outcome.ok for outcome in done)
    told = [{"number": outcome.number, "ok": outcome.ok, "reason": outcome.reason} for outcome in done]
    return json_answer({"done": good, "refused": len(done) - good, "dry_run": dry_run, "results": told})


async def merge(request: web.Request) -> web.Response:
    """Merge this ticket into another one of the same customer."""
    person, number, body = await person_of(request), number_of(request), await read_object(request)
    into, reason = words_field(body, "into", most=20), words_field(body, "reason")
    merging = request.app[keys.OFFICE].ticket_merging
    kept = await asyncio.to_thread(merging.merge, number, into, reason, person)
    return await _changed(request, person, kept)


def list_asked(request: web.Request) -> tuple[Filter, Sort, str]:
    """Filter, order and words of a list in the query string.

    Raises:
        Refused, InvalidInput: they are none.
    """
    if any(not value.isprintable() for value in request.query.values()):
        raise bad_request("网址里有看不见的字符，请去掉后再试")
    wanted = read_filter({name: value for name, value in request.query.items() if name not in _BESIDE_FILTER})
    return wanted, choice_of(request, "sort", Sort) or Sort.OPENED, request.query.get("q", "").strip()


def listed_json(listed: ListedTicket, office: Office) -> dict[str, Any]:
    """A ticket as it stands in a list: the phone masked, no address (E10)."""
    ticket = listed.ticket
    return {
        "number": ticket.number, "kind": ticket.kind, "status": ticket.status, "step": ticket.step,
        "step_name": office.casework.step_name(ticket), "priority": ticket.priority, "level": ticket.level,
        "team": ticket.team, "assignee": ticket.assignee, "phone": hidden_phone(ticket.phone),
        "emotion": ticket.emotion, "fields": hidden_facts({n: v for n, v in ticket.fields.items() if n not in TELLING}),
        "custom": custom_of(ticket), "opened_at": moment(ticket.opened_at),
        "due_at": moment(ticket.due_at) if ticket.due_at else None, "changed_at": moment(listed.changed_at),
        "has_attachments": listed.has_attachments, "conversation_id": ticket.conversation_id,
        "merged_into": ticket.merged_into, "version": ticket.version,
    }  # fmt: skip


def _whole(office: Office, person: Person, number: str) -> dict[str, Any]:
    ticket, facts = office.ticket_desk.visible(person, number), office.casework.facts
    return {
        "ticket": ticket_json(ticket, office),
        "custom_fields": [field_json(field) for field in office.custom_fields if field.belongs_to(ticket.kind)],
        "facts": {name: {"name": fact.name, "values": list(fact.values)} for name, fact in facts.items()},
        "timeline": [_happening_json(happening) for happening in office.timelines.of(ticket, person)],
        "attachments": [attachment_json(file) for file in office.attachments.of_ticket(ticket)],
        "related": [listed_json(listed, office) for listed in _related(office, person, ticket)],
    }


def _related(office: Office, person: Person, ticket: Ticket) -> list[ListedTicket]:
    """Other tickets of the same phone, the newest first."""
    if not ticket.phone:
        return []
    page = office.ticket_desk.page(person, Filter(phone=ticket.phone), Sort.OPENED, MOST_RELATED)
    return [listed for listed in page.tickets if listed.ticket.number != ticket.number]


def field_json(field: CustomField) -> dict[str, Any]:
    """A field of the company's own as the API shows it."""
    return {
        "id": field.id, "name": field.name, "kind": field.kind, "tickets": list(field.tickets),
        "required_at": field.required_at, "values": list(field.values),
    }  # fmt: skip


def _happening_json(happening: Happening) -> dict[str, Any]:
    return {
        "at": moment(happening.at), "kind": happening.kind, "what": happening.what, "who": happening.who,
        "text": hidden_phones(happening.text), "about": happening.about, "more": dict(happening.more),
    }  # fmt: skip


async def _changed(request: web.Request, person: Person, ticket: Ticket) -> web.Response:
    """The ticket as it stands now; everybody who has it open is told."""
    frame = {"type": "ticket", "number": ticket.number, "version": ticket.version, "by": person.name}
    await request.app[keys.WAKEUPS].pass_on(frame)
    return json_answer(ticket_json(ticket, request.app[keys.OFFICE]))


def _place_of(request: web.Request, sort: Sort, words: str) -> Place | None:
    cursor = request.query.get("cursor")
    return read_place(cursor, MATCH if words else sort) if cursor else None


def _seen(body: Mapping[str, Any]) -> int | None:
    return number_field(dict(body), "version") if body.get("version") is not None else None


def _words_in(body: dict[str, Any], name: str) -> dict[str, str]:
    given = object_field(body, name)
    return {key: words_field(given, key, "") if given[key] in (None, "") else words_field(given, key) for key in given}
