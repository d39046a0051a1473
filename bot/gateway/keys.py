"""What handlers find in the application and in a request, typed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from aiohttp import web
from jinja2 import Environment

from bot.gateway.limits import Limiter
from bot.gateway.metrics import Metrics
from bot.gateway.office import Office
from bot.services.intake import Intake
from bot.services.ports import BotEngine, Clock, TurnStarter, UnitOfWorkFactory, Wakeups
from bot.services.ports.channels import Door
from bot.services.ticketing import Ticketing

if TYPE_CHECKING:
    from bot.gateway.admission import Coming
    from bot.gateway.crowd import Crowd
    from bot.gateway.desk.feed import Feed
    from bot.gateway.passive import Given

INTAKE = web.AppKey("INTAKE", Intake)
TICKETING = web.AppKey("TICKETING", Ticketing)
OFFICE = web.AppKey("OFFICE", Office)
UOW: web.AppKey[UnitOfWorkFactory] = web.AppKey("UOW")
TURNS: web.AppKey[TurnStarter] = web.AppKey("TURNS")
WAKEUPS: web.AppKey[Wakeups] = web.AppKey("WAKEUPS")
ENGINE: web.AppKey[BotEngine] = web.AppKey("ENGINE")
CLOCK: web.AppKey[Clock] = web.AppKey("CLOCK")
SECRET = web.AppKey("SECRET", str)
SHOW_TYPING: web.AppKey[Callable[[str], None]] = web.AppKey("SHOW_TYPING")
"""Lets the customer of a conversation on somebody else's platform see that a person writes."""
DOORS: web.AppKey[Mapping[str, Door]] = web.AppKey("DOORS")
"""Where platforms call, by the name of the address."""
WAKE_PULLS: web.AppKey[Callable[[], None]] = web.AppKey("WAKE_PULLS")
PICK_UP: web.AppKey[Callable[[str], str | None]] = web.AppKey("PICK_UP")
"""Gives what waits for the customer of a conversation who can only be answered while they ask; it is sent by that."""
STILL_LOOKING: web.AppKey[Callable[[], str]] = web.AppKey("STILL_LOOKING")
"""What such a customer is told where the answer takes too long."""
GIVEN: web.AppKey["Given"] = web.AppKey("GIVEN")
MESSAGE_LIMIT = web.AppKey("MESSAGE_LIMIT", Limiter)
CONVERSATION_LIMIT = web.AppKey("CONVERSATION_LIMIT", Limiter)
PREVIEW_LIMIT = web.AppKey("PREVIEW_LIMIT", Limiter)
FRAME_LIMIT = web.AppKey("FRAME_LIMIT", Limiter)
PAGE_LIMIT = web.AppKey("PAGE_LIMIT", Limiter)
SIGN_IN_LIMIT = web.AppKey("SIGN_IN_LIMIT", Limiter)
HASHING = web.AppKey("HASHING", asyncio.Semaphore)
"""Few passwords are hashed at once."""
TEMPLATES = web.AppKey("TEMPLATES", Environment)
METRICS = web.AppKey("METRICS", Metrics)
FEED: web.AppKey["Feed"] = web.AppKey("FEED")
PROXIES: web.AppKey[Sequence[IPv4Network | IPv6Network]] = web.AppKey("PROXIES")
"""Which of those who connect tell the truth about who asks them."""
COMING: web.AppKey["Coming"] = web.AppKey("COMING")
READERS = web.AppKey("READERS", asyncio.Semaphore)
"""Places for customers' sockets and held requests."""
READERS_OF_ONE: web.AppKey["Crowd"] = web.AppKey("READERS_OF_ONE")
"""How many of these one address has taken."""
UPLOAD_LIMIT = web.AppKey("UPLOAD_LIMIT", Limiter)
METRICS_TOKEN = web.AppKey("METRICS_TOKEN", str)
LEAVING = web.AppKey("LEAVING", asyncio.Event)
"""Set when the server is about to stop: `/readyz` says so, and connections are not kept for a next request."""
CLOSING = web.AppKey("CLOSING", asyncio.Event)
"""Set when the server stops: long polls answer at once and sockets say goodbye."""

STARTED = web.RequestKey("STARTED", float)
"""When the request came, on the monotonic clock."""
WAITED = web.RequestKey("WAITED", float)
"""Seconds of a request that were spent on waiting for news, as the client asked for."""
