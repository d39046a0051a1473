"""Working on a ticket along its procedure: facts, steps, replies, proposals, refunds, appointments (C1-C5, B2, F9)."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from bot.domain.compensation import Alternative, Proposal
from bot.domain.text import clean
from bot.domain.ticket import Ticket
from bot.domain.visit import Visit
from bot.gateway import keys
from bot.gateway.api import ticket_answer, ticket_asked
from bot.gateway.auth import staff_of
from bot.gateway.exchange import (
    flag_field,
    flag_of,
    json_answer,
    list_field,
    moment,
    moment_field,
    number_field,
    object_field,
    object_in,
    read_object,
    text_field,
    whole_number,
    words_field,
)
from bot.services.casework import MOST_CHARS
from bot.services.resolutions import Plan
from bot.services.visits import in_words


async def note_facts(request: web.Request) -> web.Response:
    """Note facts on a ticket (C2, C3)."""
    actor, number = await ticket_asked(request)
    facts = _facts_in(await read_object(request))
    return await _worked(request, request.app[keys.OFFICE].casework.note, number, facts, actor)


async def take_step(request: web.Request) -> web.Response:
    """Move a ticket to its next step, noting facts first where any are given."""
    (actor, number), body = await ticket_asked(request), await read_object(request)
    to, reason, facts = text_field(body, "to"), words_field(body, "reason"), _facts_in(body)
    return await _worked(request, request.app[keys.OFFICE].casework.move, number, to, actor, reason, facts)


async def reply(request: web.Request) -> web.Response:
    """Answer the customer in one's own words; a 忌语 needs a reason (A4)."""
    (actor, number), body = await ticket_asked(request), await read_object(request)
    text, in_spite_of = words_field(body, "text", most=MOST_CHARS), words_field(body, "in_spite_of", "")
    return await _worked(request, request.app[keys.OFFICE].casework.reply, number, text, actor, in_spite_of)


async def alternatives(request: web.Request) -> web.Response:
    """What the compensation policy allows for a complaint, and who may grant it (A5, A7)."""
    actor, number = await ticket_asked(request)
    plan = Plan(
        loss_fen=whole_number(request, "loss_fen", 0),
        tier=request.query.get("tier") or Plan.tier,
        price_fen=whole_number(request, "price_fen", 0),
        days_late=whole_number(request, "days_late", 0),
        force_majeure=flag_of(request, "force_majeure"),
    )
    found = await asyncio.to_thread(request.app[keys.OFFICE].resolutions.alternatives, number, plan, actor)
    return json_answer(_proposal_json(found))


async def propose(request: web.Request) -> web.Response:
    """Propose a resolution: to the customer, or first to whoever may approve it (C4, A5)."""
    (actor, number), body = await ticket_asked(request), await read_object(request)
    return await _worked(request, request.app[keys.OFFICE].resolutions.propose, number, _plan_in(body), actor)


async def refund(request: web.Request) -> web.Response:
    """Confirm a refund; above one's limit somebody else approves it (F9)."""
    actor, number = await ticket_asked(request)
    amount = number_field(await read_object(request), "amount_fen")
    return await _worked(request, request.app[keys.OFFICE].resolutions.propose_refund, number, amount, actor)


async def free_slots(request: web.Request) -> web.Response:
    """The next times at which a technician can come (B2, G11)."""
    await staff_of(request)
    slots, now = await asyncio.to_thread(request.app[keys.OFFICE].visits.free), request.app[keys.CLOCK]()
    return json_answer(
        {
            "slots": [
                {"starts_at": moment(slot.starts_at), "ends_at": moment(slot.ends_at), "words": in_words(slot, now)}
                for slot in slots
            ]
        }
    )


async def book_visit(request: web.Request) -> web.Response:
    """Book a technician for a repair, or move the appointment (B2, G11)."""
    actor, number = await ticket_asked(request)
    starts_at = moment_field(await read_object(request), "starts_at")
    visit = await asyncio.to_thread(request.app[keys.OFFICE].visits.book, number, starts_at, actor)
    return json_answer(_visit_json(visit))


async def _worked(request: web.Request, work: Callable[..., Ticket], *arguments: Any) -> web.Response:
    """Do it, and answer with the ticket as it now stands; the customer may have been told."""
    ticket = await asyncio.to_thread(work, *arguments)
    return ticket_answer(request, ticket)


def _facts_in(body: dict[str, Any]) -> dict[str, str]:
    facts = object_field(body, "facts")
    return {clean(name): clean(text_field(facts, name)) for name in facts}


def _plan_in(body: dict[str, Any]) -> Plan:
    tasks = [object_in(task, "tasks") for task in list_field(body, "tasks")]
    return Plan(
        choice=words_field(body, "choice", ""),
        terms=tuple(words_field({"terms": term}, "terms") for term in list_field(body, "terms")),
        tasks=tuple((words_field(task, "department"), words_field(task, "what")) for task in tasks),
        loss_fen=number_field(body, "loss_fen", 0),
        tier=words_field(body, "tier", Plan.tier),
        price_fen=number_field(body, "price_fen", 0),
        days_late=number_field(body, "days_late", 0),
        force_majeure=flag_field(body, "force_majeure", default=False),
    )


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    return {
        "alternatives": [_alternative_json(alternative) for alternative in proposal.alternatives],
        "refused": [
            {"id": way.id, "amount_fen": way.amount_fen, "reasons": list(way.reasons)} for way in proposal.refused
        ],
        "source": proposal.source,
        "version": proposal.version,
    }


def _alternative_json(alternative: Alternative) -> dict[str, Any]:
    return {
        "id": alternative.id,
        "lines": [{"text": line.text, "policy_line": line.policy_line} for line in alternative.lines],
        "amount_fen": alternative.amount_fen,
        "needs": alternative.needs,
        "reasons": list(alternative.reasons),
    }


def _visit_json(visit: Visit) -> dict[str, Any]:
    return {
        "id": visit.id,
        "ticket": visit.ticket,
        "starts_at": moment(visit.starts_at),
        "ends_at": moment(visit.ends_at),
        "state": visit.state,
    }
