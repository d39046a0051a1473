"""Subscriptions of other systems to what happens here."""

import asyncio
import re
from typing import Any

from aiohttp import web

from bot.domain.actor import Role
from bot.domain.errors import NotFound
from bot.domain.notice import Notice
from bot.domain.webhook import Standing, Webhook
from bot.gateway import keys
from bot.gateway.auth import staff_of
from bot.gateway.errors import bad_request
from bot.gateway.exchange import flag_field, json_answer, list_field, moment, read_object, text_field
from bot.services.webhooks import CHOICES, Webhooks

_ID = re.compile(r"[0-9a-f-]{36}")


async def webhooks(request: web.Request) -> web.Response:
    """All subscriptions, and what can be subscribed to."""
    await staff_of(request, Role.MANAGER)
    found = await asyncio.to_thread(_webhooks(request).all)
    return json_answer({"webhooks": [_webhook_json(webhook) for webhook in found], "events": list(CHOICES)})


async def subscribe(request: web.Request) -> web.Response:
    """A new subscription; its key is told here and not again."""
    actor, body = await staff_of(request, Role.MANAGER), await read_object(request)
    url, events = text_field(body, "url").strip(), list_field(body, "events")
    if not all(isinstance(event, str) for event in events):
        raise bad_request("请以字符串的数组给出 events")
    webhook, key = await asyncio.to_thread(_webhooks(request).subscribe, url, events, actor)
    return json_answer({**_webhook_json(webhook), "secret": key}, status=201)


async def pause(request: web.Request) -> web.Response:
    """Pause a subscription, or serve it again."""
    actor, webhook_id = await staff_of(request, Role.MANAGER), _id_of(request)
    state = Standing.ACTIVE if flag_field(await read_object(request), "active") else Standing.PAUSED
    return json_answer(_webhook_json(await asyncio.to_thread(_webhooks(request).stand, webhook_id, state, actor)))


async def unsubscribe(request: web.Request) -> web.Response:
    """Remove a subscription."""
    actor, webhook_id = await staff_of(request, Role.MANAGER), _id_of(request)
    await asyncio.to_thread(_webhooks(request).stand, webhook_id, Standing.REMOVED, actor)
    return web.Response(status=204)


async def try_out(request: web.Request) -> web.Response:
    """Send a trial event; what became of it stands among the deliveries."""
    actor, webhook_id = await staff_of(request, Role.MANAGER), _id_of(request)
    return json_answer({"id": await asyncio.to_thread(_webhooks(request).test, webhook_id, actor)}, status=202)


async def deliveries(request: web.Request) -> web.Response:
    """What was sent to a subscription lately, and what became of it."""
    await staff_of(request, Role.MANAGER)
    found = await asyncio.to_thread(_webhooks(request).deliveries, _id_of(request))
    return json_answer({"deliveries": [_delivery_json(notice) for notice in found]})


def _webhooks(request: web.Request) -> Webhooks:
    return request.app[keys.OFFICE].webhooks


def _id_of(request: web.Request) -> str:
    if not _ID.fullmatch(request.match_info["id"]):
        raise NotFound("没有这个订阅，请核对编号")
    return request.match_info["id"]


def _webhook_json(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "active": webhook.state is Standing.ACTIVE,
        "created_by": webhook.created_by,
        "created_at": moment(webhook.opened_at),
    }


def _delivery_json(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "event": notice.subject,
        "state": notice.state,
        "attempts": notice.attempts,
        "error": notice.error,
        "created_at": moment(notice.created_at),
        "sent_at": moment(notice.sent_at) if notice.sent_at else None,
    }
