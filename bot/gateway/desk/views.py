"""Lists of tickets under a name: those everybody has, one's own, and shared ones; with how many stand in each."""

import asyncio
from typing import Any

from aiohttp import web

from bot.domain.errors import NotFound
from bot.domain.person import Person
from bot.domain.ticket_view import BUILT_IN, Sort, TicketView
from bot.gateway import keys
from bot.gateway.auth import person_of
from bot.gateway.desk.tickets import field_json
from bot.gateway.exchange import (
    choice_in,
    flag_field,
    json_answer,
    list_field,
    object_field,
    read_object,
    text_field,
    words_field,
)
from bot.gateway.office import Office
from bot.services.ticket_desk import MOST_COUNTED

_LONGEST_ID = 36


async def views(request: web.Request) -> web.Response:
    """The lists, how many tickets stand in each, and what columns can show."""
    person = await person_of(request)
    return json_answer(await asyncio.to_thread(_views, request.app[keys.OFFICE], person))


async def keep(request: web.Request) -> web.Response:
    """Keep a list; supervisors may share theirs."""
    person, body = await person_of(request), await read_object(request)
    sort = choice_in(text_field(body, "sort"), "sort ", Sort) if "sort" in body else Sort.OPENED
    columns = [words_field({"columns": column}, "columns") for column in list_field(body, "columns")]
    view = await asyncio.to_thread(
        request.app[keys.OFFICE].ticket_views.keep, person, words_field(body, "name"), object_field(body, "filters"),
        sort, columns, flag_field(body, "shared", default=False),
    )  # fmt: skip
    return json_answer(_view_json(view, person), status=201)


async def remove(request: web.Request) -> web.Response:
    """Take a list away."""
    person, view_id = await person_of(request), request.match_info["id"]
    if len(view_id) != _LONGEST_ID:
        raise NotFound("没有这个列表，请刷新后再看")
    await asyncio.to_thread(request.app[keys.OFFICE].ticket_views.remove, person, view_id)
    return web.Response(status=204)


def _views(office: Office, person: Person) -> dict[str, Any]:
    kept = office.ticket_views.of(person)
    names = office.labels["ticket_views"]
    return {
        "built_in": [
            {"id": view.id, "name": names[view.id], "filters": view.filters.as_json(), "sort": view.sort}
            for view in BUILT_IN
        ],
        "views": [_view_json(view, person) for view in kept],
        "counts": office.ticket_desk.counts(person, kept),
        "counted_up_to": MOST_COUNTED,
        "columns": dict(office.labels["ticket_columns"]),
        "custom_fields": [field_json(field) for field in office.custom_fields],
        "steps": {kind: {s.id: s.name for s in flow.steps.values()} for kind, flow in office.casework.flows.items()},
    }


def _view_json(view: TicketView, person: Person) -> dict[str, Any]:
    return {
        "id": view.id, "name": view.name, "owner": view.owner, "is_own": view.owner == person.name,
        "shared": view.is_shared, "filters": dict(view.filters), "sort": view.sort, "columns": list(view.columns),
    }  # fmt: skip
