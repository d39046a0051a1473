"""The desk's socket: what changes comes as it happens, and signs of life, typing and editing go back."""

import asyncio
import json
import re
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.domain.errors import AnfuError
from bot.gateway import keys
from bot.gateway.api import is_number
from bot.gateway.auth import SUBPROTOCOL, person_of
from bot.gateway.chat import GOODBYE_SECONDS, HEARTBEAT_SECONDS, MAX_FRAME_BYTES
from bot.gateway.desk.desktop import Desktop
from bot.gateway.errors import Refused, bad_request, report, too_many
from bot.gateway.exchange import MAX_WHOLE_NUMBER, json_text

SIGNED_OUT = 4401
"""The code with which a desk is closed whose session is over."""
MOST_OPENED = 50
MOST_DESKS = 20
"""Of one person at once: everything live goes to each of them."""
FRAMES_PER_MINUTE = 300
"""What all desks of one person may say; beyond that they are not heard, so that the others are."""
LOOK_EVERY_SECONDS = 15.0
"""How often an open line counts as a sign of life, and the session is asked for anew.

A browser slows the timers of a hidden page to one a minute: the desk's own signs would come too late.
"""

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


async def socket(request: web.Request) -> web.WebSocketResponse:
    """Everything live at the desk, for as long as the person is signed in."""
    person = await person_of(request)
    if request.app[keys.FEED].desks_of(person.name) >= MOST_DESKS:
        raise too_many(LOOK_EVERY_SECONDS)
    ws = web.WebSocketResponse(
        heartbeat=HEARTBEAT_SECONDS, timeout=GOODBYE_SECONDS, max_msg_size=MAX_FRAME_BYTES, protocols=(SUBPROTOCOL,),
        compress=False,
    )  # fmt: skip
    if not ws.can_prepare(request):
        raise bad_request("这个地址只接受 WebSocket 连接")
    await ws.prepare(request)
    desk = Desktop(person)
    desk.offer({"type": "hello", "name": person.name, "role": person.role, "team": person.team})
    await asyncio.to_thread(request.app[keys.OFFICE].presence.alive, person.name)
    feed = request.app[keys.FEED]
    feed.enter(desk)
    try:
        with request.app[keys.METRICS].sockets.track_inprogress():
            await ws.close(code=await _work(ws, request, desk))
    finally:
        feed.leave(desk)
        for ticket in desk.editing:
            await _edit(request, desk, ticket, on=False)
    return ws


async def _work(ws: web.WebSocketResponse, request: web.Request, desk: Desktop) -> int:
    """Push and listen until either side ends; returns the code to say goodbye with."""
    pushing = asyncio.create_task(_push(ws, desk))
    listening = asyncio.create_task(_listen(ws, request, desk))
    watching = asyncio.create_task(_watch(request, desk))
    tasks = {pushing, listening, watching}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for error in results:
        if isinstance(error, Refused | AnfuError):
            return SIGNED_OUT
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            report(error, "desk socket")
            return WSCloseCode.INTERNAL_ERROR
    return WSCloseCode.GOING_AWAY if request.app[keys.CLOSING].is_set() else WSCloseCode.OK


async def _push(ws: web.WebSocketResponse, desk: Desktop) -> None:
    while (frame := await desk.waiting.get()) is not None:
        await ws.send_str(json_text(frame))


async def _watch(request: web.Request, desk: Desktop) -> None:
    """See that nobody listens on whose session is over, whatever the desk says or keeps to itself."""
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        await _be_alive(request, desk)


async def _be_alive(request: web.Request, desk: Desktop) -> None:
    desk.person = await person_of(request)
    await asyncio.to_thread(request.app[keys.OFFICE].presence.alive, desk.person.name)


async def _listen(ws: web.WebSocketResponse, request: web.Request, desk: Desktop) -> None:
    async for message in ws:
        if request.app[keys.FRAME_LIMIT].take(desk.person.name):
            continue
        if message.type is WSMsgType.TEXT and (frame := _read(message.data)):
            await _do(request, desk, frame)


def _read(data: str) -> dict[str, Any] | None:
    try:
        frame = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return frame if isinstance(frame, dict) else None


async def _do(request: web.Request, desk: Desktop, frame: dict[str, Any]) -> None:
    """Do what a frame says; one that makes no sense is ignored."""
    app, conversation_id, after = request.app, frame.get("conversation_id"), frame.get("after", 0)
    match frame.get("type"):
        case "alive":
            await _be_alive(request, desk)
            desk.offer({"type": "alive"})  # by which a desk knows a line that is dead and does not say so
            for ticket in desk.editing:
                await _edit(request, desk, ticket, on=True)
        case "open" if isinstance(conversation_id, str) and _is_seq(after) and len(desk.opened) < MOST_OPENED:
            if not _UUID.fullmatch(conversation_id):
                return
            await app[keys.FEED].open(desk, conversation_id, after)
        case "close" if isinstance(conversation_id, str):
            desk.opened.pop(conversation_id, None)
        case "typing" if isinstance(conversation_id, str) and conversation_id in desk.opened:
            holds = app[keys.FEED].holds(desk.person.name, conversation_id)
            typing = {"type": "agent_typing", "conversation_id": conversation_id, "name": desk.person.name}
            await app[keys.WAKEUPS].pass_on({**typing, "holds": holds})
            if holds and app[keys.FEED].is_elsewhere(conversation_id):
                app[keys.SHOW_TYPING](conversation_id)
        case "editing" if frame.get("ticket") is None or _is_ticket(frame["ticket"]):
            wanted = {frame["ticket"].upper()} if frame.get("ticket") else set()
            for ticket in desk.editing - wanted:
                await _edit(request, desk, ticket, on=False)
            for ticket in wanted:
                await _edit(request, desk, ticket, on=True)


def _is_ticket(value: Any) -> bool:
    return isinstance(value, str) and is_number(value)


def _is_seq(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_WHOLE_NUMBER


async def _edit(request: web.Request, desk: Desktop, ticket: str, on: bool) -> None:
    desk.editing = desk.editing | {ticket} if on else desk.editing - {ticket}
    frame = {"type": "editing_by", "ticket": ticket, "name": desk.person.name, "on": on}
    await request.app[keys.WAKEUPS].pass_on(frame)
