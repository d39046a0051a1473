"""Whether the process lives, whether it can answer, and its numbers for Prometheus."""

import asyncio
import hmac
import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import TypeVar

from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST

from bot.domain import concern
from bot.domain.pulse import Pulse, Tables
from bot.gateway import keys
from bot.gateway.auth import bearer_token
from bot.gateway.crowd import is_this_machine
from bot.gateway.errors import Handler, error_answer, forbidden, route_of, unauthorized
from bot.gateway.exchange import json_answer
from bot.gateway.limits import address_key
from bot.gateway.rendering import is_behind_link

access = logging.getLogger("anfu.access")
T = TypeVar("T")

REQUEST_ID = "X-Request-Id"
"""Taken from who asks, or made here; on every answer and every line of the log."""

_DATABASE_WITHIN_SECONDS = 5
_BROUGHT = (hdrs.FORWARDED, "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", hdrs.VIA)
"""What proxies add: who asks is somewhere else."""
_SWITCHING_PROTOCOLS = 101
_GIVEN_ID = re.compile(r"[\w.-]{20,64}", re.ASCII)  # longer than a phone or card number: ids stand whole in the log
_OF_ONE_CONVERSATION = ("/api/v1/conversations/{id}", "/api/v1/desk/conversations/{id}")


@web.middleware
async def note_start(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Remember when a request came; one that comes while the server leaves is the last of its connection."""
    request[keys.STARTED] = time.monotonic()
    given = request.headers.get(REQUEST_ID, "")
    concern.request_id.set(given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex)
    is_of_one = route_of(request).startswith(_OF_ONE_CONVERSATION)
    # Set anew in any case: the next request of a connection runs in the same task.
    concern.conversation_id.set(request.match_info["id"] if is_of_one else "")
    response = await handler(request)
    if request.app[keys.LEAVING].is_set() and not response.prepared:
        response.force_close()  # a proxy that kept the connection would find it closed at its next request
    return response


async def measure(request: web.Request, response: web.StreamResponse) -> None:
    """Count an answer as its headers go out, and write the access log: no query strings, no tokens, no bodies (E10)."""
    response.headers[REQUEST_ID] = concern.request_id.get()
    now = time.monotonic()
    elapsed = now - request.get(keys.STARTED, now)
    method = request.method if request.method in hdrs.METH_ALL else "OTHER"
    route = route_of(request)
    metrics = request.app[keys.METRICS]
    metrics.requests.labels(method, route, str(response.status)).inc()
    if response.status != _SWITCHING_PROTOCOLS:
        waited = request.get(keys.WAITED, 0.0)
        metrics.seconds.labels(method, route).observe(max(0.0, elapsed - waited))
    path = route if is_behind_link(request) else request.rel_url.raw_path
    access.info("%s %s %d %.3fs", method, path, response.status, elapsed)


async def healthz(request: web.Request) -> web.Response:
    """The process lives."""
    return json_answer({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """The model is loaded, the database answers in a form that we know, and the server stays; otherwise 503 says why.

    Where only promptness suffers, such as without Redis, the service is ready, and says what is `degraded`.
    """
    if request.app[keys.LEAVING].is_set():
        return error_answer(503, "leaving", "这台服务正在停止，请连别的", {"Retry-After": "5"})
    missing = [] if request.app[keys.ENGINE].ready else ["对话模型（engine）"]
    tables = await _within_bounds(request.app, _tables)
    if tables is None:
        missing.append("数据库（database）")
    if tables is Tables.OLDER:
        missing.append("数据库结构（migrations，请运行 anfu db upgrade）")
    if missing:
        return error_answer(503, "not_ready", f"还没有准备好：{'、'.join(missing)}，请稍后再试", {"Retry-After": "5"})
    degraded = [] if request.app[keys.WAKEUPS].reaches_others else ["redis"]
    degraded += ["migrations"] if tables is Tables.NEWER else []
    return json_answer({"status": "ready"} | ({"degraded": degraded} if degraded else {}))


async def metrics(request: web.Request) -> web.Response:
    """The numbers in Prometheus' text form."""
    _require_may_count(request)
    numbers = request.app[keys.METRICS]
    due = time.monotonic()
    await asyncio.sleep(0)
    numbers.loop_lag.set(time.monotonic() - due)
    numbers.show(await _within_bounds(request.app, _pulse))
    return web.Response(body=numbers.tell(), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})


def _require_may_count(request: web.Request) -> None:
    """See that our numbers are told to whoever brings the token; without one, to this machine and no proxy on it.

    Raises:
        Refused: 401, 403.
    """
    if token := request.app[keys.METRICS_TOKEN]:
        if not hmac.compare_digest(bearer_token(request).encode(), token.encode()):
            raise unauthorized("指标的令牌不对，请核对 ANFU_METRICS_TOKEN")
    elif any(name in request.headers for name in _BROUGHT) or not is_this_machine(address_key(request.remote)):
        raise forbidden("指标只给本机看。要从别的机器或经过代理来取，请设置 ANFU_METRICS_TOKEN")


async def _within_bounds(app: web.Application, ask: Callable[[web.Application], T]) -> T | None:
    """What the database says; None where it does not answer in time."""
    try:
        async with asyncio.timeout(_DATABASE_WITHIN_SECONDS):
            return await asyncio.to_thread(ask, app)
    except Exception:
        return None


def _tables(app: web.Application) -> Tables:
    with app[keys.UOW]() as uow:
        return uow.pulse.tables()


def _pulse(app: web.Application) -> Pulse:
    with app[keys.UOW]() as uow:
        return uow.pulse.at(app[keys.CLOCK]())
