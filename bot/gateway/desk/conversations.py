"""Conversations at the desk: lists, one whole, and what people do with them (F4-F8)."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.domain.desk import View
from bot.domain.errors import InvalidInput, NotFound
from bot.domain.person import Person
from bot.domain.transfer import Whither
from bot.gateway import keys
from bot.gateway.api import ticket_json
from bot.gateway.auth import person_of
from bot.gateway.desk.briefing import briefing_json
from bot.gateway.desk.customers import file_json
from bot.gateway.desk.rows import message_json, row_json, unread_of
from bot.gateway.errors import bad_request
from bot.gateway.exchange import (
    choice_of,
    flag_field,
    json_answer,
    number_field,
    object_field,
    read_object,
    text_field,
    whole_number,
    words_field,
)
from bot.services.desk import MOST_CHARS, MOST_DRAFT_CHARS
from bot.services.farewells import INACTIVE, MOST_SUMMARY_CHARS

PAGE = 50
MOST_PER_PAGE = 200
MOST_MESSAGES = 200
MOST_WORDS = 60

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


async def conversations(request: web.Request) -> web.Response:
    """A page of one of the desk's lists, and how many stand in each."""
    person = await person_of(request)
    view = choice_of(request, "view", View) or View.MINE
    words, before = request.query.get("q", "").strip(), _before(request)
    if len(words) > MOST_WORDS:
        raise InvalidInput(f"搜索词最多 {MOST_WORDS} 个字")
    limit, office = whole_number(request, "limit", PAGE, MOST_PER_PAGE), request.app[keys.OFFICE]
    behind = request.query.get("behind") or None
    rows, counts, unread = await asyncio.to_thread(office.desk.page, view, person, words, before, limit, behind)
    return json_answer(
        {
            "conversations": [row_json(row, unread_of(row, person.name, unread), office) for row in rows],
            "counts": counts,
        }
    )


async def conversation(request: web.Request) -> web.Response:
    """One conversation with everything that whoever holds it needs, so that the customer never repeats (F6)."""
    person, conversation_id = await person_of(request), id_of(request)
    return json_answer(await asyncio.to_thread(_whole, request.app, conversation_id, person))


def _whole(app: web.Application, conversation_id: str, person: Person) -> dict[str, Any]:
    office = app[keys.OFFICE]
    file = office.customers.file_of(conversation_id, person)
    with app[keys.UOW]() as uow:
        (row,) = uow.desk.rows([conversation_id])
        unread = uow.desk.unread([conversation_id], [person.name])
        messages = uow.desk.last_messages(conversation_id, MOST_MESSAGES)
        draft = uow.desk.draft(conversation_id, person.name)
    briefing = office.briefings.of(row, file)
    return {
        "conversation": row_json(row, unread_of(row, person.name, unread), office),
        "messages": [message_json(message) for message in messages],
        "tickets": [ticket_json(ticket, office) for ticket in file.tickets],
        **file_json(file, office),
        "briefing": briefing_json(briefing),
        "draft": draft,
    }


async def messages(request: web.Request) -> web.Response:
    """Messages after or before one, notes included."""
    person, conversation_id = await person_of(request), id_of(request)
    after, before = whole_number(request, "after", 0), whole_number(request, "before", 0) or None

    def read() -> list[dict[str, Any]]:
        with request.app[keys.UOW]() as uow:
            request.app[keys.OFFICE].desk.seen(uow, conversation_id, person)
            if before:
                found = uow.desk.last_messages(conversation_id, MOST_PER_PAGE, before)
            else:
                found = uow.messages.after(conversation_id, after, notes=True)[:MOST_MESSAGES]
            return [message_json(message) for message in found]

    return json_answer({"messages": await asyncio.to_thread(read)})


async def take(request: web.Request) -> web.Response:
    """Take a conversation over; the customer is told who serves now (F4)."""
    return await _done(request, request.app[keys.OFFICE].desk.take)


async def barge(request: web.Request) -> web.Response:
    """A supervisor joins a conversation that somebody else holds."""
    return await _done(request, request.app[keys.OFFICE].desk.barge)


async def say(request: web.Request) -> web.Response:
    """Say something to the customer; a 忌语 needs a reason (A4)."""
    person, conversation_id, body = await person_of(request), id_of(request), await read_object(request)
    message, fresh = await asyncio.to_thread(
        request.app[keys.OFFICE].desk.say, conversation_id, person, _client_id(body),
        words_field(body, "text", most=MOST_CHARS), words_field(body, "in_spite_of", ""),
        words_field(body, "source", ""),
    )  # fmt: skip
    return json_answer(message_json(message), status=201 if fresh else 200)


async def note(request: web.Request) -> web.Response:
    """Write something that only colleagues read (invariant 9)."""
    return await _noted(request, "note")


async def whisper(request: web.Request) -> web.Response:
    """A supervisor's word to whoever holds the conversation; the customer does not see it."""
    return await _noted(request, "whisper")


async def transfer(request: web.Request) -> web.Response:
    """Hand a conversation on to a person, a team or a level (F6)."""
    person, conversation_id, body = await person_of(request), id_of(request), await read_object(request)
    to, reason = object_field(body, "to"), words_field(body, "reason")
    whither = Whither(words_field(to, "kind"), words_field(to, "name"))
    desk = request.app[keys.OFFICE].desk
    return await _answered(request, conversation_id, person, desk.transfer, conversation_id, person, whither, reason)


async def ask_return(request: web.Request) -> web.Response:
    """Ask the customer whether the bot may go on (F7)."""
    return await _done(request, request.app[keys.OFFICE].farewells.ask_return)


async def close(request: web.Request) -> web.Response:
    """End a conversation with a reason and a summary (F8)."""
    person, conversation_id, body = await person_of(request), id_of(request), await read_object(request)
    reason, summary = words_field(body, "reason"), words_field(body, "summary", most=MOST_SUMMARY_CHARS)
    farewells = request.app[keys.OFFICE].farewells
    return await _answered(request, conversation_id, person, farewells.close, conversation_id, person, reason, summary)


async def closing(request: web.Request) -> web.Response:
    """The reasons to choose from, and a summary to begin with."""
    person, conversation_id = await person_of(request), id_of(request)

    def propose() -> dict[str, Any]:
        office = request.app[keys.OFFICE]
        file = office.customers.file_of(conversation_id, person)
        with request.app[keys.UOW]() as uow:
            (row,) = uow.desk.rows([conversation_id])
        reasons = [{"id": i, "name": name} for i, name in office.desk.rules.reasons.items() if i != INACTIVE]
        return {"reasons": reasons, "summary": office.briefings.of(row, file).summary}

    return json_answer(await asyncio.to_thread(propose))


async def read(request: web.Request) -> web.Response:
    """The person has read up to a message."""
    person, conversation_id, body = await person_of(request), id_of(request), await read_object(request)
    seq = number_field(body, "seq")
    if await asyncio.to_thread(request.app[keys.OFFICE].desk.read, conversation_id, person, seq):
        await request.app[keys.WAKEUPS].publish(conversation_id)
    return json_answer({"seq": seq})


async def draft(request: web.Request) -> web.Response:
    """Keep what the person has begun to write."""
    person, conversation_id, body = await person_of(request), id_of(request), await read_object(request)
    text = words_field(body, "text", "", most=MOST_DRAFT_CHARS)
    await asyncio.to_thread(request.app[keys.OFFICE].desk.keep_draft, conversation_id, person, text)
    return json_answer({"text": text})


def id_of(request: web.Request) -> str:
    """The conversation's id in the path.

    Raises:
        NotFound: it cannot be one.
    """
    conversation_id = request.match_info["id"]
    if not _UUID.fullmatch(conversation_id):
        raise NotFound("没有这个会话，请回到列表重新选择")
    return conversation_id


async def _done(request: web.Request, work: Callable[[str, Person], Any]) -> web.Response:
    person, conversation_id = await person_of(request), id_of(request)
    flag_field(await read_object(request), "in_spite_of_holder", default=False)
    return await _answered(request, conversation_id, person, work, conversation_id, person)


async def _answered(
    request: web.Request, conversation_id: str, person: Person, work: Callable[..., Any], *arguments: Any
) -> web.Response:
    """Do it, and answer with the conversation's row as it now stands."""
    await asyncio.to_thread(work, *arguments)

    def row() -> dict[str, Any]:
        with request.app[keys.UOW]() as uow:
            (found,) = uow.desk.rows([conversation_id])
            unread = uow.desk.unread([conversation_id], [person.name])
        return row_json(found, unread_of(found, person.name, unread), request.app[keys.OFFICE])

    return json_answer({"conversation": await asyncio.to_thread(row)})


async def _noted(request: web.Request, kind: str) -> web.Response:
    person, conversation_id, body = await person_of(request), id_of(request), await read_object(request)
    text = words_field(body, "text", most=MOST_CHARS)
    desk = request.app[keys.OFFICE].desk
    message, holder = await asyncio.to_thread(desk.note, conversation_id, person, _client_id(body), text, kind)
    if kind == "whisper" and holder:
        notice = {"type": "notice", "kind": "whisper", "title": f"{person.name}对您说", "text": text, "to": [holder]}
        await request.app[keys.WAKEUPS].pass_on({**notice, "link": f"/desk?conversation={conversation_id}"})
    return json_answer(message_json(message), status=201)


def _client_id(body: dict[str, Any]) -> str:
    client_id = text_field(body, "client_id")
    if not _UUID.fullmatch(client_id):
        raise bad_request("client_id 应是 UUID，例如 123e4567-e89b-42d3-a456-426614174000")
    return client_id


def _before(request: web.Request) -> datetime | None:
    raw = request.query.get("before")
    if not raw:
        return None
    try:
        moment = datetime.fromisoformat(raw)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise bad_request("参数 before 应是上一页最后一行的 touched_at")
