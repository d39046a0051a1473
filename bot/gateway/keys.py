"""What handlers find in the application and in a request, typed."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from bot.gateway.limits import Limiter
from bot.gateway.metrics import Metrics
from bot.services.intake import Intake
from bot.services.ports import BotEngine, Clock, TurnStarter, UnitOfWorkFactory, Wakeups
from bot.services.ticketing import Ticketing

INTAKE = web.AppKey("INTAKE", Intake)
TICKETING = web.AppKey("TICKETING", Ticketing)
UOW: web.AppKey[UnitOfWorkFactory] = web.AppKey("UOW")
TURNS: web.AppKey[TurnStarter] = web.AppKey("TURNS")
WAKEUPS: web.AppKey[Wakeups] = web.AppKey("WAKEUPS")
ENGINE: web.AppKey[BotEngine] = web.AppKey("ENGINE")
CLOCK: web.AppKey[Clock] = web.AppKey("CLOCK")
SECRET = web.AppKey("SECRET", str)
WAKE_OUTBOX: web.AppKey[Callable[[], None]] = web.AppKey("WAKE_OUTBOX")
MESSAGE_LIMIT = web.AppKey("MESSAGE_LIMIT", Limiter)
CONVERSATION_LIMIT = web.AppKey("CONVERSATION_LIMIT", Limiter)
METRICS = web.AppKey("METRICS", Metrics)
CLOSING = web.AppKey("CLOSING", asyncio.Event)
"""Set when the server stops: long polls answer at once and sockets say goodbye."""

STARTED = web.RequestKey("STARTED", float)
"""When the request came, on the monotonic clock."""
WAITED = web.RequestKey("WAITED", float)
"""Seconds of a request that were spent on waiting for news, as the client asked for."""
