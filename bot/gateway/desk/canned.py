"""常用语 at the desk: one's own, the team's, the shipped ones (A4, A11)."""

import asyncio
from typing import Any

from aiohttp import web

from bot.domain.canned import LONGEST_TEXT, VARIABLES, Canned
from bot.domain.errors import InvalidInput, NotAllowed, NotFound
from bot.domain.person import Person
from bot.gateway import keys
from bot.gateway.auth import person_of
from bot.gateway.exchange import json_answer, read_object, words_field
from bot.gateway.office import Office
from bot.services.canned import Kept

_FIELDS = ("title", "text", "topic", "shortcut", "sharing")
MOST_SEARCHED = 100


async def canned(request: web.Request) -> web.Response:
    """What the person has at hand; with a conversation, filled in for it as far as is known."""
    person, office = await person_of(request), request.app[keys.OFFICE]
    words, topic = request.query.get("q", "")[:MOST_SEARCHED], request.query.get("topic") or None
    conversation_id = request.query.get("conversation") or None
    kept, values = await asyncio.to_thread(_found, request.app, person, words, topic, conversation_id)
    return json_answer(
        {
            "replies": [_kept_json(one, person, values) for one in kept],
            "topics": [{"id": topic.id, "name": topic.name} for topic in office.canned.topics],
            "variables": [{"id": name, "name": told} for name, told in VARIABLES.items()],
        }
    )


def _found(
    app: web.Application, person: Person, words: str, topic: str | None, conversation_id: str | None
) -> tuple[list[Kept], dict[str, str] | None]:
    office: Office = app[keys.OFFICE]
    with app[keys.UOW]() as uow:
        values = office.assistance.values_for(uow, conversation_id, person) if conversation_id else None
        return office.canned.seen(uow, person, words, topic), values


async def keep_canned(request: web.Request) -> web.Response:
    """Keep a new one."""
    person, given = await person_of(request), _given(await read_object(request))
    reply = await asyncio.to_thread(request.app[keys.OFFICE].canned.keep, person, given)
    return json_answer(_reply_json(reply, person), status=201)


async def change_canned(request: web.Request) -> web.Response:
    """Change one."""
    person, given = await person_of(request), _given(await read_object(request))
    change = request.app[keys.OFFICE].canned.change
    return json_answer(_reply_json(await asyncio.to_thread(change, _id_of(request), person, given), person))


async def remove_canned(request: web.Request) -> web.Response:
    """Take one out of the lists."""
    person = await person_of(request)
    await asyncio.to_thread(request.app[keys.OFFICE].canned.remove, _id_of(request), person)
    return web.Response(status=204)


async def use_canned(request: web.Request) -> web.Response:
    """One was put into the answer: what is used most stands first."""
    person = await person_of(request)
    await asyncio.to_thread(request.app[keys.OFFICE].canned.used, _id_of(request), person)
    return web.Response(status=204)


def _given(body: dict[str, Any]) -> dict[str, str]:
    if unknown := set(body) - set(_FIELDS):
        raise InvalidInput(f"不认识的字段 {'、'.join(sorted(unknown))}，可以写 {'、'.join(_FIELDS)}")
    return {name: words_field(body, name, "", most=LONGEST_TEXT) for name in _FIELDS if name in body}


def _id_of(request: web.Request) -> str:
    if len(request.match_info["id"]) > 60:
        raise NotFound("没有这条常用语，可能已经删掉了，请刷新列表")
    return request.match_info["id"]


def _kept_json(kept: Kept, person: Person, values: dict[str, str] | None) -> dict[str, Any]:
    missing = sorted(kept.reply.variables - set(values)) if values is not None else []
    return {
        **_reply_json(kept.reply, person),
        "own_uses": kept.own_uses,
        "uses": kept.uses,
        "filled": kept.reply.filled(values) if values is not None else None,
        "missing": [VARIABLES[name] for name in missing],
    }


def _reply_json(reply: Canned, person: Person) -> dict[str, Any]:
    return {
        "id": reply.id,
        "title": reply.title,
        "text": reply.text,
        "topic": reply.topic,
        "shortcut": reply.shortcut,
        "sharing": reply.sharing,
        "owner": reply.owner,
        "team": reply.team,
        "requirement": reply.requirement,
        "editable": _may_edit(reply, person),
        "version": reply.version,
    }


def _may_edit(reply: Canned, person: Person) -> bool:
    try:
        reply.require_editable(person)
    except NotAllowed:
        return False
    return True
