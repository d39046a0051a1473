"""Answers within the platform's own call, for accounts that have no other way to speak (W1).

The platform waits five seconds, and calls up to three times in all. A call that has no answer in time is left to be
cut; the last one says that we are still looking, and the customer picks the answer up with their next word.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from aiohttp import web

from bot.domain.conversation import Owner
from bot.domain.incoming import Did, Incoming
from bot.gateway import keys
from bot.services.intake import Received

ANSWER_WITHIN_SECONDS = 4.5
CUT_AFTER_SECONDS = 5.5
"""Half a second after the platform has given up; who answers an error before that may be shown as broken."""
LOOK_AGAIN_SECONDS = 0.5
"""Nobody is called when a turn ends without a word, as it does where a person holds the conversation."""
LAST_CALL_AFTER = timedelta(seconds=9)
_REMEMBER_SECONDS = 20.0

_READS_REPLIES = frozenset({Did.WROTE, Did.CLICKED})
"""Who has left, or of whom the platform only tells something, is not looking."""

Reply = Callable[[str], bytes]


class Given:
    """What was answered to calls of late: the answer may not have arrived, and the same call gets the same again."""

    def __init__(self) -> None:
        self._texts: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    def note(self, received: Received, incoming: Incoming, text: str) -> None:
        """That was answered."""
        now = time.monotonic()
        while self._texts and now - next(iter(self._texts.values()))[0] > _REMEMBER_SECONDS:
            self._texts.popitem(last=False)
        self._texts[received.conversation_id, incoming.key] = now, text

    def to(self, received: Received, incoming: Incoming) -> str | None:
        """What was answered to the same; None where nothing was."""
        return self._texts.get((received.conversation_id, incoming.key), (0.0, None))[1]


def success() -> web.Response:
    """The word that ends a call without saying anything to the customer."""
    return web.Response(text="success")


async def answer(request: web.Request, incoming: Incoming, received: Received, reply: Reply) -> web.Response:
    """Answer a call with what waits for the customer, or comes in time."""
    if incoming.did not in _READS_REPLIES:
        return success()
    app, began = request.app, time.monotonic()
    is_last_call = app[keys.CLOCK]() - incoming.at > LAST_CALL_AFTER
    text = app[keys.GIVEN].to(received, incoming)
    if text is None and (received.wants_turn or (incoming.text and not received.fresh)):
        text = await _wait_for_words(app, received.conversation_id)
    elif text is None:
        text = await asyncio.to_thread(app[keys.PICK_UP], received.conversation_id) or ""
    if text is None and is_last_call:
        text = app[keys.STILL_LOOKING]()
    if text is None:
        await _wait_for_the_cut(app, began)
    request[keys.WAITED] = time.monotonic() - began
    if text is None:
        raise web.HTTPServiceUnavailable
    if not text:
        return success()
    app[keys.GIVEN].note(received, incoming, text)
    return web.Response(body=reply(text), content_type="application/xml", charset="utf-8")


async def _wait_for_words(app: web.Application, conversation_id: str) -> str | None:
    """What is said to the customer, once everything is answered; a greeting that waits goes with the answer.

    Returns:
        Empty where nothing more is to come: another call has taken it along. None where it takes too long.
    """
    ends = time.monotonic() + ANSWER_WITHIN_SECONDS
    # The ear opens before the first look: what is stored between look and wait is not missed.
    with app[keys.WAKEUPS].waiting(conversation_id) as ear:
        while True:
            is_answered, is_with_bot = await asyncio.to_thread(_look, app, conversation_id)
            text = await asyncio.to_thread(app[keys.PICK_UP], conversation_id) if is_answered else None
            if text or (is_answered and is_with_bot):
                return text or ""
            left = ends - time.monotonic()
            if left <= 0 or app[keys.CLOSING].is_set():
                return None
            await ear.wait(min(left, LOOK_AGAIN_SECONDS))


def _look(app: web.Application, conversation_id: str) -> tuple[bool, bool]:
    """Whether all that the customer said is answered, and whether it is the bot who answers."""
    with app[keys.UOW]() as uow:
        conversation = uow.conversations.get(conversation_id)
        is_answered = not uow.messages.unanswered(conversation_id)
    return is_answered, conversation is None or conversation.owner is Owner.BOT


async def _wait_for_the_cut(app: web.Application, began: float) -> None:
    """Let the platform give up, unless the server stops."""
    try:
        async with asyncio.timeout(max(0.0, began + CUT_AFTER_SECONDS - time.monotonic())):
            await app[keys.CLOSING].wait()
    except TimeoutError:
        return
