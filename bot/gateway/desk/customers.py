"""Customers' files at the desk (G17)."""

import asyncio
import re
from datetime import date
from typing import Any

from aiohttp import web

from bot.domain.desk import Row
from bot.domain.errors import NotFound
from bot.gateway import keys
from bot.gateway.auth import person_of
from bot.gateway.desk.rows import at, customer_json
from bot.gateway.errors import bad_request
from bot.gateway.exchange import flag_field, json_answer, moment, number_field, read_object, words_field
from bot.gateway.office import Office
from bot.services.customers import Entitled, File

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def file_json(file: File, office: Office) -> dict[str, Any]:
    """What is known of whoever writes: file, orders, warranty of each, earlier conversations."""
    return {
        "customer": customer_json(file.customer) if file.customer else None,
        "proposed_customer": customer_json(file.proposed) if file.proposed else None,
        "orders": [_order_json(entitled) for entitled in file.orders],
        "warranty": [_warranty_json(entitled) for entitled in file.orders if entitled.told],
        "history": [
            *[_earlier_json(row, office, verified=True) for row in file.earlier],
            *[_earlier_json(row, office, verified=False) for row in file.perhaps],
        ],
    }


async def customer(request: web.Request) -> web.Response:
    """A customer's file."""
    person, get = await person_of(request), request.app[keys.OFFICE].customers.get
    return json_answer(customer_json(await asyncio.to_thread(get, _id_of(request), person)))


async def edit(request: web.Request) -> web.Response:
    """Change a customer's file; of two who change the same version the later is told."""
    person, customer_id, body = await person_of(request), _id_of(request), await read_object(request)
    version, given = number_field(body, "version"), _given(body)
    changed = await asyncio.to_thread(
        request.app[keys.OFFICE].customers.edit, customer_id, person, version, given
    )  # fmt: skip
    return json_answer(customer_json(changed))


async def link(request: web.Request) -> web.Response:
    """Confirm whose conversation this is: `customer_id` of a known file, or what a new one begins with."""
    person, body = await person_of(request), await read_object(request)
    conversation_id = _id_of(request)
    known = words_field(body, "customer_id", most=36) if body.get("customer_id") is not None else None
    linked = await asyncio.to_thread(
        request.app[keys.OFFICE].customers.link, conversation_id, person, known, _given(body)
    )  # fmt: skip
    await request.app[keys.WAKEUPS].publish(conversation_id)
    return json_answer(customer_json(linked))


async def reveal(request: web.Request) -> web.Response:
    """The customer's whole phone number; that it was looked at is audited (E10)."""
    person = await person_of(request)
    await read_object(request)
    phone = await asyncio.to_thread(request.app[keys.OFFICE].customers.reveal, _id_of(request), person)
    return json_answer({"phone": phone})


def _id_of(request: web.Request) -> str:
    if not _UUID.fullmatch(request.match_info["id"]):
        raise NotFound("没有这一项，请刷新后再试")
    return request.match_info["id"]


def _given(body: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: words_field(body, name, "", most=most)
        for name, most in {"name": 60, "phone": 20, "tier": 20, "preferences": 500, "note": 1000}.items()
        if body.get(name) is not None
    }
    if "special_care" in body:
        given["special_care"] = flag_field(body, "special_care")
    if "birthday" in body:
        given["birthday"] = _day(body["birthday"])
    return given


def _day(raw: Any) -> date | None:
    if raw in (None, ""):
        return None
    try:
        return date.fromisoformat(raw)
    except (TypeError, ValueError):
        raise bad_request("birthday 应是日期，例如 1980-05-01") from None


def _order_json(entitled: Entitled) -> dict[str, Any]:
    order = entitled.order
    return {
        "number": order.number,
        "product": order.product.name,
        "model": order.product.model,
        "category": order.product.category,
        "quantity": order.quantity,
        "price_fen": order.price_fen,
        "bought_on": order.bought_on.isoformat(),
        "received_on": order.received_on.isoformat() if order.received_on else None,
        "channel": order.channel,
        "status": order.status,
        "tracking": order.tracking,
    }


def _warranty_json(entitled: Entitled) -> dict[str, Any]:
    assert entitled.told
    decision = entitled.told.decision
    return {
        "order_number": entitled.order.number,
        "product": entitled.order.product.name,
        "options": list(decision.options),
        "until": decision.best.deadline.isoformat() if decision.best.deadline else None,
        "lines": list(entitled.told.lines),
        "clauses": entitled.told.clauses,
        "notes": list(decision.notes),
    }


def _earlier_json(row: Row, office: Office, verified: bool) -> dict[str, Any]:
    c = row.conversation
    return {
        "id": c.id,
        "channel": c.channel,
        "opened_at": moment(c.opened_at),
        "closed_at": at(c.closed_at),
        "closed_reason_name": office.desk.rules.reasons.get(c.closed_reason or ""),
        "agent": c.agent,
        "summary": c.summary,
        "last": row.last.text[:120] if row.last else None,
        "ticket_numbers": list(row.tickets),
        "verified": verified,
    }
