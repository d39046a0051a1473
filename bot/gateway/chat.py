"""A customer's conversation: opening it, sending, reading by long poll and by socket."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.domain.conversation import Owner
from bot.domain.errors import InvalidInput, NotFound
from bot.domain.message import Message
from bot.domain.milestones import passing
from bot.domain.routing import Place
from bot.domain.text import clean, is_whole
from bot.gateway import keys
from bot.gateway.admission import promptly
from bot.gateway.auth import SUBPROTOCOL, customer_of, customer_token, socket_token
from bot.gateway.errors import bad_request, report, too_many
from bot.gateway.exchange import json_answer, json_text, moment, read_object, seconds, text_field, whole_number
from bot.gateway.limits import Limiter
from bot.gateway.proxies import peer_of
from bot.services.ports import Change

CHANNEL = "web"
LONGEST_WAIT = 30.0
HEARTBEAT_SECONDS = 25.0
GOODBYE_SECONDS = 2.0
MAX_FRAME_BYTES = 4096
MOST_PREVIEWED = 500
"""Characters of what a customer is typing that people at the desk see."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Frame:
    """What a reader gets: messages it has not seen, and who holds the conversation.

    Attributes:
        touched_at: when the conversation changed last, as of this reading.
        typing: who of the company is writing just now; such a frame says nothing else.
        queue: the place of who waits for a person, as known on this node (F5).
        agent: the name of the person who holds the conversation now.
    """

    messages: tuple[Message, ...]
    owner: Owner
    touched_at: datetime | None = None
    typing: str | None = None
    queue: Place | None = None
    agent: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The frame as the API shows it, by long poll and by socket alike."""
        typing = {"typing": {"name": self.typing}} if self.typing else {}
        queue = {"queue": _queue_json(self.queue)} if self.queue else {}
        agent = {"agent": self.agent} if self.agent else {}
        messages = [_message_json(message) for message in self.messages]
        return {"messages": messages, "owner": self.owner, **agent, **typing, **queue}


def _queue_json(place: Place) -> dict[str, Any]:
    return {
        "position": place.position,
        "estimated_seconds": None if place.wait is None else int(place.wait.total_seconds()),
        "opens_at": moment(place.opens_at) if place.opens_at else None,
    }


def _message_json(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.id,
        "seq": message.seq,
        "sender": message.sender,
        "text": message.text,
        "buttons": [{"title": button.title, "payload": button.payload} for button in message.buttons],
        "sent_at": moment(message.sent_at),
        "source": _source_json(message),
        "client_id": message.client_id,
    }


def _source_json(message: Message) -> dict[str, Any] | None:
    """Where it comes from (A11); which suggestion a person made it of is our own business."""
    return message.source and {name: value for name, value in message.source.items() if name != "suggested"}


async def open_conversation(request: web.Request) -> web.Response:
    """Begin a conversation; the bot's greeting is its first message (A15)."""
    _allow(request.app[keys.CONVERSATION_LIMIT], peer_of(request))
    channel = text_field(await read_object(request), "channel")
    if channel != CHANNEL:
        raise InvalidInput('channel 目前只支持 "web"，请改为 "web"')
    app = request.app
    async with promptly(app):
        conversation = await asyncio.to_thread(app[keys.INTAKE].open_conversation, CHANNEL)
    token = customer_token(app[keys.SECRET], conversation.id, app[keys.CLOCK]())
    return json_answer({"conversation_id": conversation.id, "token": token}, status=201)


async def send_message(request: web.Request) -> web.Response:
    """Take a message: stored and acknowledged at once, answered later; the same `client_id` again changes nothing."""
    conversation_id = customer_of(request)
    _allow(request.app[keys.MESSAGE_LIMIT], conversation_id)
    passing("request received")
    body = await read_object(request)
    client_id, text = text_field(body, "client_id"), text_field(body, "text")
    if not _UUID.fullmatch(client_id):
        raise bad_request("client_id 应是 UUID，例如 123e4567-e89b-42d3-a456-426614174000")
    async with promptly(request.app):
        accepted = await asyncio.to_thread(request.app[keys.INTAKE].accept, conversation_id, client_id, text)
    if accepted.fresh:
        request.app[keys.METRICS].messages.inc()
        request.app[keys.TURNS].notice(conversation_id)
    return json_answer({"message_id": accepted.message.id, "seq": accepted.message.seq}, status=202)


def _allow(limiter: Limiter, key: str) -> None:
    if wait := limiter.take(key):
        raise too_many(wait)


async def read_messages(request: web.Request) -> web.Response:
    """What came after `after`; with `wait`, the answer is held until something comes or the time is up."""
    conversation_id = customer_of(request)
    after, wait = whole_number(request, "after", 0), seconds(request, "wait", LONGEST_WAIT)
    async with aclosing(_news(request.app, conversation_id, after)) as news:
        frame = await anext(news)
        if wait and not frame.messages:
            frame = await _next_within(wait, news, frame, request)
    return json_answer(frame.as_json())


async def _next_within(wait: float, news: AsyncGenerator[Frame, None], empty: Frame, request: web.Request) -> Frame:
    began = time.monotonic()
    try:
        async with asyncio.timeout(wait):
            while (frame := await anext(news, empty)).typing:
                pass
            return frame
    except TimeoutError:
        return empty
    finally:
        request[keys.WAITED] = time.monotonic() - began


async def socket(request: web.Request) -> web.WebSocketResponse:
    """The same frames pushed as they come, and the customer's typing taken in (A1).

    Any origin may connect, since the widget lives on other people's sites: what counts is the token, which no browser
    adds by itself as it does with a cookie, so a hostile page gains nothing.
    """
    conversation_id = customer_of(request, socket_token(request))
    after = whole_number(request, "after", 0)
    await asyncio.to_thread(_read, request.app, conversation_id, after)  # unknown: refused before the upgrade
    ws = web.WebSocketResponse(
        heartbeat=HEARTBEAT_SECONDS,
        timeout=GOODBYE_SECONDS,
        max_msg_size=MAX_FRAME_BYTES,
        protocols=(SUBPROTOCOL,),
        compress=False,  # a compressor for each of thousands of idle sockets is a quarter of a megabyte each
    )
    if not ws.can_prepare(request):
        raise bad_request("这个地址只接受 WebSocket 连接；普通请求请用 …/messages")
    await ws.prepare(request)
    with request.app[keys.METRICS].sockets.track_inprogress():
        code = await _converse(ws, request.app, conversation_id, after)
        await ws.close(code=code)
    return ws


async def _converse(ws: web.WebSocketResponse, app: web.Application, conversation_id: str, after: int) -> WSCloseCode:
    """Push and listen until either side ends; returns the code to say goodbye with."""
    talk = _Talk(conversation_id)
    pushing = asyncio.create_task(_push(ws, app, talk, after))
    listening = asyncio.create_task(_listen(ws, app, talk))
    try:
        await asyncio.wait({pushing, listening}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        pushing.cancel()
        listening.cancel()
        results = await asyncio.gather(pushing, listening, return_exceptions=True)
    code = WSCloseCode.GOING_AWAY if app[keys.CLOSING].is_set() else WSCloseCode.OK
    for error in results:
        # A connection that broke is no incident; nobody is left to be told.
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            report(error, "socket")
            code = WSCloseCode.INTERNAL_ERROR
    return code


@dataclass
class _Talk:
    """A socket's conversation, and who held it when the customer was told last."""

    id: str
    owner: Owner = Owner.BOT


async def _push(ws: web.WebSocketResponse, app: web.Application, talk: _Talk, after: int) -> None:
    async with aclosing(_news(app, talk.id, after)) as news:
        async for frame in news:
            talk.owner = frame.owner
            passing("frame ready")
            await ws.send_str(json_text(frame.as_json()))


async def _listen(ws: web.WebSocketResponse, app: web.Application, talk: _Talk) -> None:
    async for message in ws:
        preview = _typed(message.data) if message.type is WSMsgType.TEXT else None
        if preview is None:
            continue
        app[keys.TURNS].typing(talk.id)
        if talk.owner is not Owner.BOT and not app[keys.PREVIEW_LIMIT].take(talk.id):
            await app[keys.WAKEUPS].pass_on({"type": "typing", "conversation_id": talk.id, "text": preview})


def _typed(data: str) -> str | None:
    """What the customer is typing, empty where the frame does not say; None where it is about something else.

    It is shown to people at the desk, and neither stored nor logged.
    """
    try:
        frame = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(frame, dict) or frame.get("type") != "typing":
        return None
    text = frame.get("text")
    return clean(text)[:MOST_PREVIEWED] if isinstance(text, str) and is_whole(text) else ""


async def _news(app: web.Application, conversation_id: str, after: int) -> AsyncGenerator[Frame, None]:
    """What there is after `after`, maybe nothing; then a frame for each news, change of owner or place, or typing.

    Waiting costs nothing: who missed a wake-up is called by the node's feed.
    """
    frame: Frame | None = None
    # The ear opens before the first read: what is stored between read and wait is not missed.
    with app[keys.WAKEUPS].waiting(conversation_id) as ear:
        ear.has_news = True
        while True:
            for change in ear.heard():
                if frame is None or ear.has_news or (changed := _changed(frame, after, change)) is None:
                    ear.has_news = True
                    break
                if changed.messages:
                    frame, after, ear.seen = changed, changed.messages[-1].seq, changed.touched_at
                    yield frame
            if ear.has_news:
                ear.has_news = False
                before, frame = frame, await asyncio.to_thread(_read, app, conversation_id, after)
                ear.seen = frame.touched_at
                if frame.messages:
                    after = frame.messages[-1].seq
                if before is None or frame.messages or (frame.owner, frame.queue) != (before.owner, before.queue):
                    yield frame
            if ear.typing and frame:
                name, ear.typing = ear.typing, None
                yield Frame((), frame.owner, typing=name, agent=name)
            if ear.has_moved and frame and frame.owner is Owner.QUEUED:
                ear.has_moved = False
                if (place := app[keys.OFFICE].standing.of(conversation_id)) and place != frame.queue:
                    frame = replace(frame, messages=(), queue=place)
                    yield frame
            if app[keys.CLOSING].is_set():
                return
            await ear.wait()


def _changed(frame: Frame, after: int, change: Change) -> Frame | None:
    """What a reader sees next who has seen `frame` and all messages up to `after`; None: it has to be read."""
    said = tuple(message for message in change.said if message.seq > after)
    if change.said and not said:
        return replace(frame, messages=())  # it was read already
    if not said or said[-1].seq != after + len(said):
        return None
    if change.owner is None:
        # What else has changed calls for itself; `touched_at` stays, so that even a lost call is made up for.
        return replace(frame, messages=said)
    return Frame(said, Owner.BOT, change.at) if change.owner is Owner.BOT else None


def _read(app: web.Application, conversation_id: str, after: int) -> Frame:
    """Messages and owner of one moment."""
    with app[keys.UOW]() as uow:
        news = uow.messages.news(conversation_id, after)
    if news is None:
        raise NotFound("没有这个会话，请刷新页面重新开始")
    queue = app[keys.OFFICE].standing.of(conversation_id) if news.owner is Owner.QUEUED else None
    agent = news.agent if news.owner is Owner.HUMAN else None
    return Frame(news.messages, news.owner, news.touched_at, queue=queue, agent=agent)
