"""The gateway as one aiohttp application; who starts it also starts and stops the workers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType

from aiohttp import web

from bot.gateway import keys
from bot.gateway.admission import Coming
from bot.gateway.crowd import SHARE, Crowd
from bot.gateway.desk.attachments import UPLOADS_PER_MINUTE
from bot.gateway.desk.feed import Feed
from bot.gateway.desk.session import HASHES_AT_ONCE, SIGN_INS_PER_MINUTE
from bot.gateway.desk.socket import FRAMES_PER_MINUTE
from bot.gateway.errors import answer_errors
from bot.gateway.exchange import MAX_BODY_BYTES, refuse_unwritable
from bot.gateway.headers import secure
from bot.gateway.health import measure, note_start
from bot.gateway.limits import Limiter, seldom
from bot.gateway.links import PAGES_PER_MINUTE
from bot.gateway.metrics import Metrics
from bot.gateway.office import Office
from bot.gateway.passive import Given
from bot.gateway.proxies import read_networks
from bot.gateway.rendering import load_templates
from bot.gateway.routes import add_routes
from bot.services.intake import Intake
from bot.services.ports import BotEngine, Clock, TurnStarter, UnitOfWorkFactory, Wakeups
from bot.services.ports.channels import Door
from bot.services.ticketing import Ticketing

MIN_SECRET_CHARS = 16
PREVIEWS_PER_MINUTE = 300
"""How often people at the desk are shown what one customer is typing."""
TYPING_EVERY_SECONDS = 5.0
"""How often a customer on somebody else's platform is shown that a person types: each showing is a call there."""


def create_app(
    *,
    intake: Intake,
    ticketing: Ticketing,
    office: Office,
    uow: UnitOfWorkFactory,
    turns: TurnStarter,
    wakeups: Wakeups,
    engine: BotEngine,
    clock: Clock,
    secret: str,
    messages_per_minute: int,
    conversations_per_minute: int,
    most_readers: int,
    trusted_proxies: str,
    metrics: Metrics,
    show_typing: Callable[[str], None] = lambda _: None,
    doors: Mapping[str, Door] = MappingProxyType({}),
    wake_pulls: Callable[[], None] = lambda: None,
    pick_up: Callable[[str], str | None] = lambda _: None,
    still_looking: Callable[[], str] = lambda: "",
    metrics_token: str = "",
) -> web.Application:
    """The application, ready for a runner.

    The gateway keeps its own access log (logger `anfu.access`): run it with `access_log=None`, since aiohttp's would
    write query strings.

    Args:
        office: what staff work with, and the pages behind links.
        uow: what the gateway reads with; it changes nothing but through the use cases.
        secret: the key that signs tokens; nodes of one system share it.
        messages_per_minute: how many messages one conversation may send.
        conversations_per_minute: how many conversations one peer address may open.
        most_readers: how many customers' sockets and held requests there may be at a time.
        trusted_proxies: addresses and networks, with commas between, that tell the truth about who asks them.
        show_typing: lets the customer of a conversation on somebody else's platform see that a person writes.
        doors: where platforms call, by the name of the address.
        wake_pulls: says that a platform has more to fetch.
        pick_up: gives what waits for the customer of a conversation, who can only be answered while they ask.
        still_looking: what such a customer is told where the answer takes too long.
        metrics_token: opens `/metrics` to who brings it; without one they are for this machine alone.

    Raises:
        ValueError: the secret is too short to keep anyone out, a limit is below 1, or a proxy is no address.
    """
    if len(secret) < MIN_SECRET_CHARS:
        raise ValueError(f"ANFU_SECRET 太短：至少 {MIN_SECRET_CHARS} 个字符，建议 32 个以上随机字符")
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[note_start, answer_errors, refuse_unwritable])
    app[keys.INTAKE] = intake
    app[keys.TICKETING] = ticketing
    app[keys.OFFICE] = office
    app[keys.UOW] = uow
    app[keys.TURNS] = turns
    app[keys.WAKEUPS] = wakeups
    app[keys.ENGINE] = engine
    app[keys.CLOCK] = clock
    app[keys.SECRET] = secret
    app[keys.SHOW_TYPING] = seldom(show_typing, TYPING_EVERY_SECONDS)
    app[keys.DOORS] = doors
    app[keys.WAKE_PULLS] = wake_pulls
    app[keys.PICK_UP] = pick_up
    app[keys.STILL_LOOKING] = still_looking
    app[keys.GIVEN] = Given()
    app[keys.MESSAGE_LIMIT] = Limiter(messages_per_minute)
    app[keys.CONVERSATION_LIMIT] = Limiter(conversations_per_minute)
    app[keys.PREVIEW_LIMIT] = Limiter(PREVIEWS_PER_MINUTE)
    app[keys.FRAME_LIMIT] = Limiter(FRAMES_PER_MINUTE)
    app[keys.UPLOAD_LIMIT] = Limiter(UPLOADS_PER_MINUTE)
    app[keys.PAGE_LIMIT] = Limiter(PAGES_PER_MINUTE)
    app[keys.SIGN_IN_LIMIT] = Limiter(SIGN_INS_PER_MINUTE)
    app[keys.HASHING] = asyncio.Semaphore(HASHES_AT_ONCE)
    app[keys.TEMPLATES] = load_templates()
    app[keys.PROXIES] = read_networks(trusted_proxies)
    app[keys.METRICS] = metrics
    app[keys.COMING] = Coming()
    app[keys.READERS] = asyncio.Semaphore(most_readers)
    app[keys.READERS_OF_ONE] = Crowd(max(1, most_readers // SHARE))
    app[keys.METRICS_TOKEN] = metrics_token
    app[keys.LEAVING] = asyncio.Event()
    app[keys.FEED] = Feed(uow, wakeups, office, clock)
    app[keys.CLOSING] = asyncio.Event()
    app.on_response_prepare.append(secure)
    app.on_response_prepare.append(measure)
    app.cleanup_ctx.append(_keep_feeding)
    app.on_shutdown.append(_say_goodbye)
    add_routes(app)
    return app


async def _keep_feeding(app: web.Application) -> AsyncIterator[None]:
    await app[keys.FEED].start()
    yield
    await app[keys.FEED].stop()


async def _say_goodbye(app: web.Application) -> None:
    app[keys.LEAVING].set()
    app[keys.CLOSING].set()
    app[keys.FEED].say_goodbye()
