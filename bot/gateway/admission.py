"""Who is let in while more comes than can be dealt with; others are refused before anything is stored.

What is acknowledged is answered (invariant 11), so what could not be answered in good time must not be acknowledged.
Platforms' callbacks are never refused: they are stored, and answered when their turn comes (W1).
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import NoReturn

from aiohttp import web

from bot.domain.conversation import Owner
from bot.domain.errors import Unreachable
from bot.gateway import keys
from bot.gateway.errors import Handler, busy
from bot.gateway.proxies import peer_of

STORE_WITHIN_SECONDS = 5.0
"""How long a customer's request waits for the database; what it has stored all the same is answered."""
SPREAD_SECONDS = 4
"""Those who are refused together should not come again together."""


class Coming:
    """How many messages are being taken just now: they are on their way to those that wait."""

    number = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """One more, while the block runs."""
        self.number += 1
        try:
            yield
        finally:
            self.number -= 1


def for_messages(handler: Handler) -> Handler:
    """Only as many messages as are answered in good time; people's own conversations go on."""

    @wraps(handler)
    async def admit(request: web.Request) -> web.StreamResponse:
        coming, conversation_id = request.app[keys.COMING], request.match_info["id"]
        has_room = request.app[keys.TURNS].has_room(conversation_id, coming.number)
        if not has_room and not await _is_with_a_person(request.app, conversation_id):
            _refuse(request.app, "message")
        with coming.one():
            return await handler(request)

    return admit


def for_newcomers(handler: Handler) -> Handler:
    """Nobody new while those who are here wait."""

    @wraps(handler)
    async def admit(request: web.Request) -> web.StreamResponse:
        if not request.app[keys.TURNS].has_room():
            _refuse(request.app, "conversation")
        return await handler(request)

    return admit


def for_readers(handler: Handler) -> Handler:
    """Only so many sockets and held requests at a time; one that is answered at once is no burden."""

    @wraps(handler)
    async def admit(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/messages") and not request.query.get("wait"):
            return await handler(request)
        readers = request.app[keys.READERS]
        if readers.locked():
            _refuse(request.app, "reader")
        with request.app[keys.READERS_OF_ONE].enter(peer_of(request)):
            async with readers:
                return await handler(request)

    return admit


@asynccontextmanager
async def promptly(app: web.Application) -> AsyncIterator[None]:
    """Storing takes a moment; where the database hangs or is gone, the customer hears so instead of nothing.

    Raises:
        Refused: 503.
    """
    try:
        async with asyncio.timeout(STORE_WITHIN_SECONDS):
            yield
    except (TimeoutError, Unreachable):
        _refuse(app, "storage")


def _refuse(app: web.Application, what: str) -> NoReturn:
    app[keys.METRICS].refused.labels(what).inc()
    raise busy(app[keys.TURNS].room_in() + random.randint(0, SPREAD_SECONDS))


async def _is_with_a_person(app: web.Application, conversation_id: str) -> bool:
    def read() -> bool:
        with app[keys.UOW]() as uow:
            conversation = uow.conversations.get(conversation_id)
        return conversation is not None and conversation.owner is Owner.HUMAN

    async with promptly(app):
        return await asyncio.to_thread(read)
