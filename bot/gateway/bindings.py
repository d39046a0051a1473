"""One customer on the website and in WeChat: giving out codes, taking up links, parting again (E10)."""

import asyncio
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from bot.domain.errors import NotAllowed
from bot.gateway import keys
from bot.gateway.auth import customer_of
from bot.gateway.errors import gone, too_many
from bot.gateway.exchange import json_answer, moment, read_object, text_field
from bot.gateway.proxies import peer_of
from bot.gateway.rendering import HEADERS

FRAGMENT = "anfu-bind"
"""Under this name the widget finds the token in the address; what follows a `#` is sent to no server."""
PAGE = "/"
"""Our own page with the chat in it."""


async def offer(request: web.Request) -> web.Response:
    """A code that the customer sends to the 公众号; an earlier one is void."""
    conversation_id = _asked_by_customer(request)
    given = await asyncio.to_thread(request.app[keys.OFFICE].bindings.offer, conversation_id)
    return json_answer({"code": given.code, "expires_at": moment(given.expires_at)}, status=201)


async def bound(request: web.Request) -> web.Response:
    """Where else the same customer talks with us, and where they could."""
    return await _bound(request, customer_of(request))


async def take_up(request: web.Request) -> web.Response:
    """Join this conversation with the one in which the customer got the link."""
    conversation_id = _asked_by_customer(request)
    token = text_field(await read_object(request), "token")
    await asyncio.to_thread(request.app[keys.OFFICE].bindings.take_up_link, conversation_id, token)
    return await _bound(request, conversation_id)


async def forget(request: web.Request) -> web.Response:
    """Part this conversation from the others, and remove what was known of that."""
    conversation_id = _asked_by_customer(request)
    await asyncio.to_thread(request.app[keys.OFFICE].bindings.delete, conversation_id)
    return await _bound(request, conversation_id)


async def follow_link(request: web.Request) -> web.Response:
    """From the link in WeChat to the page with the chat; whether to join is asked there, so that looking joins nothing.

    Raises:
        NotFound: not our link. Refused: 410 where it has expired; 429 for too many.
    """
    if wait := request.app[keys.PAGE_LIMIT].take(peer_of(request)):
        raise too_many(wait)
    office, token = request.app[keys.OFFICE], request.match_info["token"]
    try:
        office.links.read("binding", token, request.app[keys.CLOCK]())
    except NotAllowed:
        raise gone("链接过期了。请回到微信里再发一次“绑定”，点新的链接。") from None
    page = urlsplit(office.site_url or PAGE)._replace(fragment=f"{FRAGMENT}={token}").geturl()
    return web.Response(status=303, headers={**HEADERS, hdrs.LOCATION: page})


def _asked_by_customer(request: web.Request) -> str:
    """The conversation; its customer may ask as often as they may write."""
    conversation_id = customer_of(request)
    if wait := request.app[keys.MESSAGE_LIMIT].take(conversation_id):
        raise too_many(wait)
    return conversation_id


async def _bound(request: web.Request, conversation_id: str) -> web.Response:
    bindings = request.app[keys.OFFICE].bindings
    others = await asyncio.to_thread(bindings.bound_to, conversation_id)
    return json_answer(
        {"bound": [{"channel": other.channel} for other in others], "channels": list(bindings.channels)}
    )  # fmt: skip
