"""What a customer thinks of a conversation that has ended (H1)."""

import asyncio
from typing import Any

from aiohttp import web

from bot.domain.desk import LONGEST_COMMENT, Rating
from bot.gateway import keys
from bot.gateway.auth import customer_of
from bot.gateway.errors import too_many
from bot.gateway.exchange import json_answer, moment, number_field, read_object, words_field


async def rate(request: web.Request) -> web.Response:
    """Give one to five points and a few words, once after each end of a conversation."""
    conversation_id = customer_of(request)
    if wait := request.app[keys.MESSAGE_LIMIT].take(conversation_id):
        raise too_many(wait)
    body = await read_object(request)
    score, comment = number_field(body, "score"), words_field(body, "comment", "", most=LONGEST_COMMENT)
    rating = await asyncio.to_thread(request.app[keys.OFFICE].farewells.rate, conversation_id, score, comment)
    return json_answer(_rating_json(rating), status=201)


def _rating_json(rating: Rating) -> dict[str, Any]:
    return {"score": rating.score, "comment": rating.comment or "", "rated_at": moment(rating.at)}
