"""The queue as people at the desk see it (F5)."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from bot.domain.desk import is_for
from bot.domain.person import Person
from bot.domain.routing import Place, Waiting, due_at, is_at_work
from bot.gateway import keys
from bot.gateway.auth import person_of
from bot.gateway.desk.rows import at
from bot.gateway.exchange import json_answer, moment, whole_number
from bot.gateway.office import Office

MOST_ROWS = 200


async def queue(request: web.Request) -> web.Response:
    """Who waits, in the order in which they are served, with the probable wait; and how each line stands."""
    person = await person_of(request)
    limit = whole_number(request, "limit", MOST_ROWS, MOST_ROWS)
    return json_answer(await asyncio.to_thread(_queue, request, person, limit))


def _queue(request: web.Request, person: Person, limit: int) -> dict[str, Any]:
    office = request.app[keys.OFFICE]
    with request.app[keys.UOW]() as uow:
        waiting, places, people = office.standing.now(uow)
    seen = [one for one in waiting if is_for(person, one.need)]
    return {
        "waiting": [_waiting_json(one, places[one.id], office) for one in seen[:limit]],
        "lines": _lines(seen, places, people, request),
    }


def _waiting_json(one: Waiting, place: Place, office: Office) -> dict[str, Any]:
    policy = office.standing.policy
    return {
        "id": one.id,
        "position": place.position,
        "estimated_seconds": _seconds(place),
        "team": one.need.team,
        "level": one.need.level,
        "priority": one.need.priority,
        "priority_name": policy.ranks[one.need.priority].name if one.need.priority in policy.ranks else None,
        "skills": list(one.need.skills),
        "wanted": one.need.wanted,
        "last_agent": one.last_agent,
        "reason": one.reason,
        "reason_name": office.triggers.book.get(one.reason).name,
        "queued_at": moment(one.queued_at),
        "waiting_since": moment(one.waiting_since),
        "due_at": moment(due_at(one, policy)),
    }


def _lines(
    waiting: Iterable[Waiting], places: dict[str, Place], people: list[Person], request: web.Request
) -> list[dict[str, Any]]:
    now, lines = request.app[keys.CLOCK](), dict[tuple[str, str], list[Waiting]]()
    for one in waiting:
        lines.setdefault(one.line, []).append(one)
    return [
        {
            "team": team,
            "level": level,
            "waiting": len(line),
            "longest_seconds": max(int((now - min(one.queued_at for one in line)).total_seconds()), 0),
            "at_work": sum(is_at_work(p, now) and p.fits(line[0].need) for p in people),
            "ready": sum(p.takes_new(now) and p.fits(line[0].need) for p in people),
            "estimated_seconds": _seconds(places[line[-1].id]),
            "opens_at": at(places[line[0].id].opens_at),
        }
        for (team, level), line in sorted(lines.items())
    ]


def _seconds(place: Place) -> int | None:
    return None if place.wait is None else int(place.wait.total_seconds())
