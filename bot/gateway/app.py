"""The gateway as one aiohttp application; who starts it also starts and stops the workers."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from bot.gateway import keys
from bot.gateway.errors import answer_errors
from bot.gateway.exchange import MAX_BODY_BYTES
from bot.gateway.health import measure, note_start
from bot.gateway.limits import Limiter
from bot.gateway.metrics import Metrics
from bot.gateway.pages import secure
from bot.gateway.routes import add_routes
from bot.services.intake import Intake
from bot.services.ports import BotEngine, Clock, TurnStarter, UnitOfWorkFactory, Wakeups
from bot.services.ticketing import Ticketing

MIN_SECRET_CHARS = 16


def create_app(
    *,
    intake: Intake,
    ticketing: Ticketing,
    uow: UnitOfWorkFactory,
    turns: TurnStarter,
    wakeups: Wakeups,
    engine: BotEngine,
    clock: Clock,
    secret: str,
    messages_per_minute: int,
    conversations_per_minute: int,
    wake_outbox: Callable[[], None],
) -> web.Application:
    """The application, ready for a runner.

    The gateway keeps its own access log (logger `anfu.access`): run it with `access_log=None`, since aiohttp's would
    write query strings.

    Args:
        secret: the key that signs tokens; nodes of one system share it.
        messages_per_minute: how many messages one conversation may send.
        conversations_per_minute: how many conversations one peer address may open.
        wake_outbox: says that something was stored to be delivered.

    Raises:
        ValueError: the secret is too short to keep anyone out, or a limit is below 1.
    """
    if len(secret) < MIN_SECRET_CHARS:
        raise ValueError(f"ANFU_SECRET 太短：至少 {MIN_SECRET_CHARS} 个字符，建议 32 个以上随机字符")
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[note_start, answer_errors])
    app[keys.INTAKE] = intake
    app[keys.TICKETING] = ticketing
    app[keys.UOW] = uow
    app[keys.TURNS] = turns
    app[keys.WAKEUPS] = wakeups
    app[keys.ENGINE] = engine
    app[keys.CLOCK] = clock
    app[keys.SECRET] = secret
    app[keys.WAKE_OUTBOX] = wake_outbox
    app[keys.MESSAGE_LIMIT] = Limiter(messages_per_minute)
    app[keys.CONVERSATION_LIMIT] = Limiter(conversations_per_minute)
    app[keys.METRICS] = Metrics()
    app[keys.CLOSING] = asyncio.Event()
    app.on_response_prepare.append(secure)
    app.on_response_prepare.append(measure)
    app.on_shutdown.append(_say_goodbye)
    add_routes(app)
    return app


async def _say_goodbye(app: web.Application) -> None:
    app[keys.CLOSING].set()
