"""The supervisor's wall (F5, H8)."""

import asyncio
from datetime import timedelta
from typing import Any

from aiohttp import web

from bot.domain.actor import Role
from bot.domain.desk import Row
from bot.domain.person import Person
from bot.domain.wall import Line, Today, Wall
from bot.gateway import keys
from bot.gateway.auth import staff_of
from bot.gateway.desk.rows import at, reason_name
from bot.gateway.exchange import json_answer, moment
from bot.gateway.office import Office


async def wall(request: web.Request) -> web.Response:
    """How things stand now: queues, people, what is overdue, today."""
    await staff_of(request, Role.SUPERVISOR)
    office = request.app[keys.OFFICE]
    return json_answer(_wall_json(await asyncio.to_thread(office.wall.look), office))


def _wall_json(seen: Wall, office: Office) -> dict[str, Any]:
    return {
        "at": moment(seen.at),
        "teams": [_line_json(line, seen, office) for line in seen.lines],
        "agents": [_agent_json(person, seen, office) for person in seen.people],
        "overdue": {"chats": seen.overdue, "tickets": seen.tickets_late},
        "approvals": seen.approvals,
        "channels": [
            {"channel": channel, "name": office.desk.reaching.name_of(channel), "count": count}
            for channel, count in seen.channels.items()
        ],
        "today": _today_json(seen.today, office),
    }


def _line_json(line: Line, seen: Wall, office: Office) -> dict[str, Any]:
    return {
        "team": line.team,
        "team_name": _team_name(line.team, office),
        "waiting": line.waiting,
        "waiting_since": at(line.oldest),
        "longest_seconds": int((seen.at - line.oldest).total_seconds()) if line.oldest else 0,
        "estimated_seconds": _seconds(line.estimated),
        "priorities": [{"priority": priority, "count": count} for priority, count in line.priorities.items()],
        "at_work": line.at_work,
        "free_places": line.places,
    }


def _agent_json(person: Person, seen: Wall, office: Office) -> dict[str, Any]:
    return {
        "name": person.name,
        "role": person.role,
        "team": person.team,
        "team_name": _team_name(person.team, office),
        "presence": person.presence,
        "since": at(person.since),
        "is_there": person.is_there(seen.at),
        "load": person.load,
        "capacity": person.capacity,
        "conversations": [_held_json(row, office) for row in seen.held.get(person.name, ())],
    }


def _held_json(row: Row, office: Office) -> dict[str, Any]:
    c = row.conversation
    return {
        "id": c.id,
        "title": row.title,
        "priority": c.need.priority,
        "emotion": c.emotion,
        "taken_at": at(c.taken_at),
        "waiting_since": at(c.waiting_since),
        "due_at": at(office.desk.rules.due_at(c)),
    }


def _today_json(today: Today, office: Office) -> dict[str, Any]:
    return {
        "conversations": today.conversations,
        "by_bot": today.by_bot,
        "by_bot_share": today.by_bot / today.conversations if today.conversations else None,
        "closed": today.closed,
        "handovers": [
            {"reason": reason, "reason_name": reason_name(reason, office), "count": count}
            for reason, count in today.handovers.items()
        ],
        "transferred": today.transferred,
        "first_reply_seconds": _seconds(today.first_reply),
        "rating": round(today.rating, 2) if today.rating is not None else None,
        "ratings": today.ratings,
    }


def _team_name(team: str, office: Office) -> str:
    return office.desk.rules.teams.get(team, team)


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())
