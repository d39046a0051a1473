"""Where platforms call: what customers sent there is stored before the platform hears `success` (W1)."""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web

from bot.domain.errors import Forged, Unreadable
from bot.domain.incoming import Incoming
from bot.domain.milestones import passing
from bot.gateway import keys, passive
from bot.gateway.errors import Refused, bad_request
from bot.gateway.exchange import read_body
from bot.services.intake import Received
from bot.services.ports.channels import Door

log = logging.getLogger(__name__)

Read = TypeVar("Read")
MOST_BYTES = 128 * 1024
"""The longest text that WeChat lets a customer write is 64 KiB when it is sealed, and a little more."""


async def verify(request: web.Request) -> web.Response:
    """Say back what the platform asks, so that it knows that the address is ours."""
    door = _door(request)
    return web.Response(text=_trusted(request, door, lambda: door.verify(request.query)))


async def receive(request: web.Request) -> web.Response:
    """Take what the platform brings: stored once, however often it comes; answered later, or at once where it must.

    What could not be stored is never called a success: the platform brings it again.
    """
    door = _door(request)
    body = await read_body(request.clone(client_max_size=MOST_BYTES))
    passing("callback received")
    knock = _trusted(request, door, lambda: door.read(request.query, body))
    for incoming in knock.incoming:
        received = await _store(request.app, door, incoming)
        if knock.reply:
            return await passive.answer(request, incoming, received, knock.reply)
    if knock.pull:
        await asyncio.to_thread(request.app[keys.INTAKE].want_pull, door.channel, *knock.pull)
        _count(request.app, door, "more")
        request.app[keys.WAKE_PULLS]()
    return passive.success()


async def _store(app: web.Application, door: Door, incoming: Incoming) -> Received:
    received = await asyncio.to_thread(app[keys.INTAKE].receive, door.channel, door.limits, incoming)
    _count(app, door, "new" if received.fresh else "repeated")
    if received.fresh:
        if received.wants_turn:
            app[keys.METRICS].messages.inc()
            app[keys.TURNS].notice(received.conversation_id, door.limits.quiet_seconds)
        await app[keys.WAKEUPS].publish(received.conversation_id)
    return received


def _door(request: web.Request) -> Door:
    """The door at this address; where no account is set up there is none."""
    door = request.app[keys.DOORS].get(request.path.removeprefix("/"))
    if door is None:
        raise web.HTTPNotFound
    return door


def _trusted(request: web.Request, door: Door, read: Callable[[], Read]) -> Read:
    """What the door makes of a call; the log tells the operator why one was turned away, the caller is not told."""
    try:
        return read()
    except Forged as error:
        _count(request.app, door, "forged")
        log.warning("%s: turned away a call: %s", door.channel, error)
        raise Refused(403, error.code, "签名或时间不对，只接受平台发来的请求") from None
    except Unreadable as error:
        _count(request.app, door, "unreadable")
        log.warning("%s: a call that cannot be read: %s", door.channel, error)
        raise bad_request("内容不是平台的消息格式，请核对平台里填写的地址") from None


def _count(app: web.Application, door: Door, result: str) -> None:
    app[keys.METRICS].callbacks.labels(door.channel, result).inc()
