"""Whether the process lives, whether it can answer, and its numbers for Prometheus."""

import asyncio
import logging
import time

from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.gateway import keys
from bot.gateway.errors import Handler, error_answer, route_of
from bot.gateway.exchange import json_answer
from bot.gateway.rendering import is_behind_link

access = logging.getLogger("anfu.access")

_DATABASE_WITHIN_SECONDS = 5
_SWITCHING_PROTOCOLS = 101


@web.middleware
async def note_start(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Remember when a request came."""
    request[keys.STARTED] = time.monotonic()
    return await handler(request)


async def measure(request: web.Request, response: web.StreamResponse) -> None:
    """Count an answer as its headers go out, and write the access log: no query strings, no tokens, no bodies (E10)."""
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
    """The model is loaded and the database answers; otherwise 503 says what is missing."""
    missing = [] if request.app[keys.ENGINE].ready else ["对话模型（engine）"]
    if await _queue_length(request.app) is None:
        missing.append("数据库（database）")
    if missing:
        return error_answer(503, "not_ready", f"还没有准备好：{'、'.join(missing)}，请稍后再试", {"Retry-After": "5"})
    return json_answer({"status": "ready"})


async def metrics(request: web.Request) -> web.Response:
    """The numbers in Prometheus' text form."""
    numbers = request.app[keys.METRICS]
    length = await _queue_length(request.app)
    numbers.queue.set(float("nan") if length is None else length)
    return web.Response(body=generate_latest(numbers.registry), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})


async def _queue_length(app: web.Application) -> int | None:
    """How many wait for a person; None where the database does not answer."""
    try:
        async with asyncio.timeout(_DATABASE_WITHIN_SECONDS):
            return await asyncio.to_thread(_count_queue, app)
    except Exception:
        return None


def _count_queue(app: web.Application) -> int:
    with app[keys.UOW]() as uow:
        return uow.conversations.queued_before(app[keys.CLOCK]())
