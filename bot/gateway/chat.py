"""A customer's conversation: opening it, sending, reading by long poll and by socket."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.domain.conversation import Owner
from bot.domain.errors import InvalidInput, NotFound
from bot.domain.message import Message
from bot.gateway import keys
from bot.gateway.auth import SUBPROTOCOL, customer_of, customer_token, socket_token
from bot.gateway.errors import bad_request, report, too_many
from bot.gateway.exchange import json_answer, json_text, moment, read_object, seconds, text_field, whole_number
from bot.gateway.limits import Limiter, address_key
from bot.services.ports import WakeupSignal

CHANNEL = "web"
LONGEST_WAIT = 30.0
READ_AGAIN_SECONDS = 2.0
"""Readers look by themselves this often: wake-ups make them prompt, not correct."""
HEARTBEAT_SECONDS = 25.0
GOODBYE_SECONDS = 2.0
MAX_FRAME_BYTES = 4096

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Frame:
    """What a reader gets: messages it has not seen, and who holds the conversation."""

    messages: tuple[Message, ...]
    owner: Owner

    def as_json(self) -> dict[str, Any]:
        """The frame as the API shows it, by long poll and by socket alike."""
        return {"messages": [_message_json(message) for message in self.messages], "owner": self.owner}


def _message_json(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.id,
        "seq": message.seq,
        "sender": message.sender,
        "text": message.text,
        "buttons": [{"title": button.title, "payload": button.payload} for button in message.buttons],
        "sent_at": moment(message.sent_at),
        "source": message.source,
        "client_id": message.client_id,
    }


async def open_conversation(request: web.Request) -> web.Response:
    """Begin a conversation; the bot's greeting is its first message (A15)."""
    _allow(request.app[keys.CONVERSATION_LIMIT], address_key(request.remote))
    channel = text_field(await read_object(request), "channel")
    if channel != CHANNEL:
        raise InvalidInput('channel 目前只支持 "web"，请改为 "web"')
    app = request.app
    conversation = await asyncio.to_thread(app[keys.INTAKE].open_conversation, CHANNEL)
    app[keys.WAKE_OUTBOX]()
    token = customer_token(app[keys.SECRET], conversation.id, app[keys.CLOCK]())
    return json_answer({"conversation_id": conversation.id, "token": token}, status=201)


async def send_message(request: web.Request) -> web.Response:
    """Take a message: stored and acknowledged at once, answered later; the same `client_id` again changes nothing."""
    conversation_id = customer_of(request)
    _allow(request.app[keys.MESSAGE_LIMIT], conversation_id)
    body = await read_object(request)
    client_id, text = text_field(body, "client_id"), text_field(body, "text")
    if not _UUID.fullmatch(client_id):
        raise bad_request("client_id 应是 UUID，例如 123e4567-e89b-42d3-a456-426614174000")
    accepted = await asyncio.to_thread(request.app[keys.INTAKE].accept, conversation_id, client_id, text)
    if accepted.fresh:
        request.app[keys.METRICS].messages.inc()
        request.app[keys.TURNS].notice(conversation_id)
        await request.app[keys.WAKEUPS].publish(conversation_id)  # the customer's other tabs
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
            return await anext(news, empty)
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
        heartbeat=HEARTBEAT_SECONDS, timeout=GOODBYE_SECONDS, max_msg_size=MAX_FRAME_BYTES, protocols=(SUBPROTOCOL,)
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
    pushing = asyncio.create_task(_push(ws, app, conversation_id, after))
    listening = asyncio.create_task(_listen(ws, app, conversation_id))
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


async def _push(ws: web.WebSocketResponse, app: web.Application, conversation_id: str, after: int) -> None:
    async with aclosing(_news(app, conversation_id, after)) as news:
        async for frame in news:
            await ws.send_str(json_text(frame.as_json()))


async def _listen(ws: web.WebSocketResponse, app: web.Application, conversation_id: str) -> None:
    async for message in ws:
        if message.type is WSMsgType.TEXT and _says_typing(message.data):
            app[keys.TURNS].typing(conversation_id)


def _says_typing(data: str) -> bool:
    try:
        frame = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(frame, dict) and frame.get("type") == "typing"


async def _news(app: web.Application, conversation_id: str, after: int) -> AsyncGenerator[Frame, None]:
    """What there is after `after`, maybe nothing; then a frame for each news or change of owner."""
    owner: Owner | None = None
    # The ear opens before the first read: what is stored between read and wait is not missed.
    with app[keys.WAKEUPS].waiting(conversation_id) as ear:
        while True:
            frame = await asyncio.to_thread(_read, app, conversation_id, after)
            if frame.messages or frame.owner is not owner:
                yield frame
            owner = frame.owner
            after = frame.messages[-1].seq if frame.messages else after
            if app[keys.CLOSING].is_set():
                return
            await _called_or_closing(ear, app[keys.CLOSING])


async def _called_or_closing(ear: WakeupSignal, closing: asyncio.Event) -> None:
    waits = [asyncio.create_task(ear.wait(READ_AGAIN_SECONDS)), asyncio.create_task(closing.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _read(app: web.Application, conversation_id: str, after: int) -> Frame:
    """Messages and owner of one moment; private notes stay out (invariant 9)."""
    with app[keys.UOW]() as uow:
        conversation = uow.conversations.get(conversation_id)
        if conversation is None:
            raise NotFound("没有这个会话，请刷新页面重新开始")
        return Frame(tuple(uow.messages.after(conversation_id, after)), conversation.owner)
