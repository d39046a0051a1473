"""The rules that bring customers to people, and how often each fired (F2-F4)."""

import asyncio
from typing import Any

from aiohttp import web

from bot.gateway import keys
from bot.gateway.auth import person_of
from bot.gateway.exchange import json_answer, moment
from bot.services.triggers import Fired


async def triggers(request: web.Request) -> web.Response:
    """All rules, as `content/triggers.yml` has them, with counts of today and of seven days, and the last examples."""
    await person_of(request)
    fired = await asyncio.to_thread(request.app[keys.OFFICE].triggers.overview)
    return json_answer({"triggers": [_trigger_json(one) for one in fired]})


def _trigger_json(fired: Fired) -> dict[str, Any]:
    rule = fired.trigger
    return {
        "id": rule.id,
        "clause": rule.clause,
        "name": rule.name,
        "fires": rule.fires,
        "does": rule.does,
        "priority": rule.priority,
        "level": rule.level,
        "skills": list(rule.skills),
        "today": fired.today,
        "week": fired.week,
        "examples": [
            {"conversation_id": one.conversation_id, "at": moment(one.at), "detail": one.detail}
            for one in fired.examples
        ],
    }
