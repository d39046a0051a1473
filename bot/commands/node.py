"""One node of the service: gateway and workers around what is wired, started and stopped in the right order."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial

from aiohttp import web

from bot.adapters.database_clock import DatabaseClock
from bot.adapters.wakeups import LocalWakeups, RedisWakeups
from bot.bootstrap import Anfu
from bot.commands.platforms import Lines, Platform
from bot.domain.milestones import passing
from bot.domain.notice import Way
from bot.gateway import keys
from bot.gateway.app import create_app
from bot.gateway.metrics import Metrics
from bot.gateway.office import Office
from bot.services.notices import Dispatch
from bot.services.patience import Patience
from bot.services.ports import BotEngine, Committed, Courier
from bot.services.turns import Turns
from bot.workers import Worker
from bot.workers.clockwork import Chore, Clockwork
from bot.workers.draining import Draining
from bot.workers.turn_runner import TurnRunner

log = logging.getLogger(__name__)

ANSWER_REQUESTS_WITHIN = 5.0
"""Seconds that requests in hand may still take once nobody new is let in."""
HEAR_LAST_REQUESTS_FOR = 0.5
"""Seconds for who was let in last to say what they came for: a proxy that is cut off there may not ask another node."""


class Node:
    """What runs on one node; nothing runs yet.

    Attributes:
        runner: answers customers. lines: the platforms. dispatch: brings notices.
    """

    def __init__(
        self, anfu: Anfu, engine: BotEngine, wakeups: LocalWakeups, platforms: Sequence[Platform],
        couriers: Mapping[Way, Courier],
    ) -> None:  # fmt: skip
        self._anfu = anfu
        self._engine = engine
        self.wakeups = wakeups
        self.metrics = Metrics()
        turns = Turns(
            anfu.uow, engine, anfu.handoff, anfu.scripts, anfu.clock, anfu.choices.hear, anfu.queueing,
            anfu.consent.with_notice, anfu.fleeting,
        )  # fmt: skip
        patience = Patience(anfu.uow, anfu.handoff, anfu.scripts)
        self.runner = TurnRunner(
            turns, anfu.uow, anfu.settings.quiet_seconds, ask_patience=patience.ask,
            most_waiting=anfu.settings.waiting_turns, show_waiting=self.metrics.turns_waiting.set,
            note_seconds=self.metrics.turn_seconds.observe,
        )  # fmt: skip
        self.lines = Lines(anfu, platforms, wakeups, self.runner.notice)
        self.dispatch = Dispatch(anfu.uow, couriers, anfu.clock)
        self.office = open_office(anfu, self.dispatch)

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Whatever a commit of this node changes while the block runs is told at once to who reads or sends it.

        Who misses it looks by itself within seconds: readers through the feed, and those who send as well.
        """
        loop = asyncio.get_running_loop()

        def tell(committed: Committed) -> None:
            loop.call_soon_threadsafe(self._tell, committed)

        with self._anfu.uow.telling(tell):
            yield

    def _tell(self, committed: Committed) -> None:
        for change in committed.changes:
            self.wakeups.announce(change)
        if committed.sends:
            self.lines.wake_outboxes()
        passing("readers woken")

    def chores(self) -> tuple[Chore, ...]:
        """What time asks for; safe on any number of nodes at once."""
        anfu = self._anfu
        keeping_time = (anfu.clock.look,) if isinstance(anfu.clock, DatabaseClock) else ()
        return (
            *keeping_time, anfu.set_back.look, anfu.watch.look, anfu.attachments.clear_orphans,
            anfu.resolutions.expire, anfu.followups.say_due, anfu.farewells.end_silent, anfu.inspection.look,
            anfu.intake.forget_events, anfu.queue_watch.rescue, anfu.queue_watch.hand_on, anfu.queue_watch.assign,
            anfu.queue_watch.tell, anfu.retention.look,
        )  # fmt: skip

    def workers(self) -> tuple[Worker, ...]:
        """All loops but the one that answers customers."""
        editions = partial(asyncio.to_thread, self._anfu.editions.refresh)  # what other nodes have published
        return (
            Draining(self.dispatch.send_due), Draining(editions), Clockwork(self.chores()), *self.lines.workers,
        )  # fmt: skip

    def app(self) -> web.Application:
        """The gateway."""
        anfu, settings = self._anfu, self._anfu.settings
        return create_app(
            intake=anfu.intake, ticketing=anfu.ticketing, office=self.office, uow=anfu.reading, turns=self.runner,
            wakeups=self.wakeups, engine=self._engine, clock=anfu.clock, secret=settings.secret(),
            messages_per_minute=settings.messages_per_minute,
            conversations_per_minute=settings.conversations_per_minute, most_readers=settings.most_readers,
            trusted_proxies=settings.trusted_proxies, metrics=self.metrics,
            show_typing=self.lines.show_typing, doors=self.lines.doors, wake_pulls=self.lines.wake_pullers,
            pick_up=self.lines.pick_up, still_looking=anfu.intake.still_looking,
            metrics_token=settings.metrics_token,
        )  # fmt: skip


@contextlib.asynccontextmanager
async def working(
    node: Node, couriers: Mapping[Way, contextlib.AbstractAsyncContextManager[object]]
) -> AsyncIterator[None]:
    """The node's loops run while the block does.

    At the end the answers in hand are finished and stored first, then what is stored is brought; each within bounds.
    """
    async with contextlib.AsyncExitStack() as stack:
        if isinstance(node.wakeups, RedisWakeups):
            await node.wakeups.start()
            stack.push_async_callback(node.wakeups.stop)
        for courier in couriers.values():
            await stack.enter_async_context(courier)
        await node.lines.open(stack)
        stack.enter_context(node.telling())
        workers = node.workers()
        stack.push_async_callback(_stop_all, workers)
        for worker in workers:
            await worker.start()
        stack.push_async_callback(node.runner.stop)
        await node.runner.start()
        yield


async def _stop_all(workers: Sequence[Worker]) -> None:
    """At once, since each may take some seconds."""
    results = await asyncio.gather(*(worker.stop() for worker in workers), return_exceptions=True)
    for error in results:
        if isinstance(error, BaseException):
            log.error("a worker could not be stopped", exc_info=error)


@contextlib.asynccontextmanager
async def listening(app: web.Application, places: Sequence[socket.socket], drain_seconds: float) -> AsyncIterator[None]:
    """The gateway answers while the block runs, and some seconds longer, in which it says that it leaves.

    Args:
        places: sockets that are bound.
        drain_seconds: for how long `/readyz` says 503 before nobody new is let in.
    """
    server = web.AppRunner(app, access_log=None, shutdown_timeout=ANSWER_REQUESTS_WITHIN)
    await server.setup()
    try:
        for place in places:
            await web.SockSite(server, place).start()
        yield
        app[keys.LEAVING].set()
        await asyncio.sleep(drain_seconds)
        for site in server.sites:
            await site.stop()
        await asyncio.sleep(HEAR_LAST_REQUESTS_FOR)
    finally:
        await server.cleanup()


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets at an address, one for each family that its name has.

    Raises:
        OSError: somebody else listens there, or there is no such address.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    places: list[socket.socket] = []
    for family, kind, protocol, _, address in dict.fromkeys(found):
        place = socket.socket(family, kind, protocol)
        places.append(place)
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            place.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        place.setblocking(False)
        try:
            place.bind(address)
        except OSError:
            for one in places:
                one.close()
            raise
    return places


def open_office(anfu: Anfu, dispatch: Dispatch) -> Office:
    """What people of the company work with, out of everything that is wired."""
    return Office(
        casework=anfu.casework, resolutions=anfu.resolutions, tasks=anfu.tasks, followups=anfu.followups,
        visits=anfu.visits, conduct=anfu.conduct, promises=anfu.promises, links=anfu.links, dispatch=dispatch,
        labels=anfu.labels, desk=anfu.desk, farewells=anfu.farewells, customers=anfu.customers,
        briefings=anfu.briefings, people=anfu.people, sign_in=anfu.sign_in, accounts=anfu.accounts,
        ticket_desk=anfu.ticket_desk, ticket_changes=anfu.ticket_changes, ticket_merging=anfu.ticket_merging,
        ticket_views=anfu.ticket_views, timelines=anfu.timelines, attachments=anfu.attachments,
        custom_fields=anfu.content.custom_fields, presence=anfu.presence, address=anfu.settings.address,
        assistance=anfu.assistance, canned=anfu.canned, quality=anfu.quality, wall=anfu.wall, beside=anfu.beside,
        revising=anfu.revising, webhooks=anfu.webhooks,
        triggers=anfu.triggers, standing=anfu.standing, bindings=anfu.bindings,
        consent=anfu.consent, retention=anfu.retention, site_url=anfu.settings.site_url,
    )  # fmt: skip
