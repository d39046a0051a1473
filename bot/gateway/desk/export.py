"""Tickets as a table for a spreadsheet: streamed, and nothing in a cell can be a formula (E10)."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime

from aiohttp import hdrs, web

from bot.domain.custom_field import custom_of
from bot.domain.customer import hidden_phone
from bot.domain.dates import SHANGHAI
from bot.domain.errors import InvalidInput
from bot.domain.text import clean, mask
from bot.domain.ticket import Kind, Ticket
from bot.gateway import keys
from bot.gateway.auth import person_of
from bot.gateway.desk.tickets import list_asked
from bot.gateway.exchange import flag_of
from bot.gateway.office import Office
from bot.services.ports import ListedTicket
from bot.services.ticket_changes import PRIORITIES

BOM = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""
_ACTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""With these, maybe behind spaces, a spreadsheet takes a cell for a formula."""
LONGEST_REASON = 200
_CUSTOM = "custom."

Cell = Callable[[ListedTicket], str]


async def tickets_csv(request: web.Request) -> web.StreamResponse:
    """The tickets of a list as CSV; phones are masked unless a supervisor says why not."""
    person, office = await person_of(request), request.app[keys.OFFICE]
    wanted, sort, words = list_asked(request)
    full, reason = flag_of(request, "full"), clean(request.query.get("reason", ""))[:LONGEST_REASON]
    columns = _columns(request, office, full)
    rounds = await asyncio.to_thread(office.ticket_desk.export, person, wanted, sort, words, full, reason)
    first = await asyncio.to_thread(next, rounds)
    name = f"tickets-{request.app[keys.CLOCK]().astimezone(SHANGHAI):%Y%m%d-%H%M}.csv"
    answer = web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: "text/csv; charset=utf-8",
            hdrs.CONTENT_DISPOSITION: f"attachment; filename={name}",
            hdrs.CONTENT_SECURITY_POLICY: "sandbox; default-src 'none'",
        }
    )
    await answer.prepare(request)
    await answer.write((BOM + _lines([list(columns)])).encode())
    async for some in _in_threads(first, rounds):
        await answer.write(_lines([[cell(one) for cell in columns.values()] for one in some]).encode())
    await answer.write_eof()
    return answer


async def _in_threads(
    first: list[ListedTicket], rest: Iterator[list[ListedTicket]]
) -> AsyncIterator[list[ListedTicket]]:
    some: list[ListedTicket] | None = first
    while some is not None:
        yield some
        some = await asyncio.to_thread(next, rest, None)


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_ACTS) or text.lstrip().startswith(_ACTS) else text


def _lines(rows: list[list[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([safe_cell(cell) for cell in row] for row in rows)
    return written.getvalue()


def _columns(request: web.Request, office: Office, full: bool) -> dict[str, Cell]:
    """Chinese name → what stands in the cell, in the order asked for.

    Raises:
        InvalidInput: there is no such column.
    """
    names: Mapping[str, str] = office.labels["ticket_columns"]
    custom = {f"{_CUSTOM}{field.id}": field.name for field in office.custom_fields}
    asked = [name for name in request.query.get("columns", "").split(",") if name] or [*names, *custom]
    if unknown := [name for name in asked if name not in names and name not in custom]:
        raise InvalidInput(f"没有这样的列：{'、'.join(unknown[:5])}；可用的是：{'、'.join([*names, *custom])}")
    return {names.get(name) or custom[name]: _cell(name, office, full) for name in asked}


def _cell(name: str, office: Office, full: bool) -> Cell:
    told: Callable[[str], str] = (lambda text: text) if full else mask
    if name.startswith(_CUSTOM):
        return lambda one: told(custom_of(one.ticket).get(name.removeprefix(_CUSTOM), ""))
    special: dict[str, Cell] = {
        "kind": lambda one: str(office.labels["kinds"][one.ticket.kind]),
        "status": lambda one: str(office.labels["statuses"][one.ticket.status]),
        "step": lambda one: office.casework.step_name(one.ticket),
        "level": lambda one: str(office.labels["levels"][one.ticket.level]),
        "priority": lambda one: PRIORITIES[one.ticket.priority],
        "phone": lambda one: (one.ticket.phone if full else hidden_phone(one.ticket.phone)) or "",
        "opened_at": lambda one: _time(one.ticket.opened_at),
        "due_at": lambda one: _time(one.ticket.due_at),
        "changed_at": lambda one: _time(one.changed_at),
        "has_attachments": lambda one: "有" if one.has_attachments else "",
        "matter": lambda one: told(matter_of(one.ticket)),
        "product": lambda one: told(one.ticket.fields.get("product", "")),
    }
    return special.get(name) or (lambda one: str(getattr(one.ticket, name) or ""))


_FIRST = {Kind.COMPLAINT: "grievance", Kind.RETURN_EXCHANGE: "reason", Kind.CALLBACK: "topic", Kind.SUGGESTION: "idea"}


def matter_of(ticket: Ticket) -> str:
    """What it is about, in the customer's words."""
    first = _FIRST.get(ticket.kind, "")
    named = (first, "symptom", "grievance", "reason", "topic", "idea", "wish")
    return next((ticket.fields[name] for name in named if ticket.fields.get(name)), "")


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at else ""
