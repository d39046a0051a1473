"""`anfu serve`: the gateway, the engine, the actions and the workers in one process."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.commands.model import ensure_model, start_engine
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.adapters.couriers.email import EmailCourier
    from bot.adapters.couriers.webhook import WebhookCourier
    from bot.adapters.engine import RasaEngine
    from bot.bootstrap import Anfu
    from bot.domain.notice import Way
    from bot.gateway.office import Office
    from bot.services.notices import Dispatch

log = logging.getLogger(__name__)

SIMULATOR = "http://127.0.0.1:8090"
THREADS = 32
"""For what waits for the database: far more than what writes at a time, so that readers are never behind writers."""


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("serve", parents=[common], help="启动客服（网页、接口、机器人）")
    parser.add_argument("--host", help="监听地址，默认 127.0.0.1")
    parser.add_argument("--port", type=int, help="监听端口，默认 8080")
    parser.add_argument(
        "--wechat-simulator", nargs="?", const=SIMULATOR, metavar="地址",
        help=f"把模拟器当作微信（先运行 anfu wechat simulate），默认 {SIMULATOR}",
    )  # fmt: skip
    parser.set_defaults(run=run_serve)


def run_serve(options: argparse.Namespace, settings: Settings) -> None:
    """Serve until interrupted."""
    if options.wechat_simulator:
        settings = _simulated(settings, options.wechat_simulator)
    asyncio.run(serve(settings))


def _simulated(settings: Settings, address: str) -> Settings:
    """The same settings with the simulator's accounts in place of real ones."""
    from bot.simulator.credentials import environment

    values: dict[str, Any] = {name.removeprefix("ANFU_").lower(): value for name, value in environment(address).items()}
    return replace(settings, **values)


async def serve(settings: Settings) -> None:
    """Open, load, listen; on SIGTERM or SIGINT finish what runs and close."""
    from bot.bootstrap import build, use

    started = time.monotonic()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="work"))
    model = ensure_model(settings)
    settings.announce()
    anfu = build(settings)
    use(anfu)
    engine = start_engine(model)
    anfu.knowledge.search("你好")  # encodes the articles now, not at the first question
    async with contextlib.AsyncExitStack() as stack:
        await _start_work(anfu, engine, stack)
        took = time.monotonic() - started
        print(f"安服已就绪（{took:.1f} 秒）：打开 {settings.local_address}/ 开始对话", flush=True)
        if not anfu.people.anybody_signs_in():
            print("还没有人能登录工作台 /desk：用 anfu users add 姓名 --role admin --password 添加第一位", flush=True)
        await _interrupted()
        print("正在停止…", file=sys.stderr)
    engine.stop()


async def _start_work(anfu: "Anfu", engine: "RasaEngine", stack: contextlib.AsyncExitStack) -> None:
    """Start the workers, then the gateway; each is stopped when the stack closes, the last one first."""
    from aiohttp import web

    from bot.adapters.channels.web import WebChannel
    from bot.adapters.wakeups import LocalWakeups, RedisWakeups
    from bot.commands.platforms import Lines, platforms_of
    from bot.gateway.app import create_app
    from bot.services.delivery import Deliveries
    from bot.services.notices import Dispatch
    from bot.services.turns import Turns
    from bot.workers import Worker
    from bot.workers.clockwork import Clockwork
    from bot.workers.draining import Draining
    from bot.workers.turn_runner import TurnRunner

    settings = anfu.settings
    wakeups = RedisWakeups(settings.redis) if settings.redis else LocalWakeups()
    outbox = Draining(Deliveries(anfu.uow, WebChannel(wakeups), anfu.clock).drain)
    turns = Turns(
        anfu.uow, engine, anfu.handoff, anfu.scripts, anfu.clock, anfu.choices.hear, anfu.queueing
    )  # fmt: skip

    def wake_outboxes() -> None:
        outbox.wake()
        lines.wake_outboxes()

    runner = TurnRunner(turns, anfu.uow, wake_outboxes, settings.quiet_seconds)
    lines = Lines(anfu, platforms_of(anfu), wakeups, runner.notice)
    couriers = _couriers(anfu)
    dispatch = Dispatch(anfu.uow, couriers, anfu.clock)
    chores = (
        anfu.watch.look, anfu.attachments.clear_orphans, anfu.resolutions.expire, anfu.followups.say_due,
        anfu.farewells.end_silent, anfu.inspection.look, anfu.intake.forget_events,
        anfu.queue_watch.rescue, anfu.queue_watch.hand_on, anfu.queue_watch.assign, anfu.queue_watch.tell,
    )  # fmt: skip
    editions = Draining(partial(asyncio.to_thread, anfu.editions.refresh))  # what other nodes have published
    workers: tuple[Worker, ...] = (
        outbox, runner, Draining(dispatch.send_due), editions, Clockwork(chores, wake_outboxes), *lines.workers,
    )  # fmt: skip
    app = create_app(
        intake=anfu.intake, ticketing=anfu.ticketing, office=open_office(anfu, dispatch), uow=anfu.reading,
        turns=runner, wakeups=wakeups, engine=engine, clock=anfu.clock, secret=settings.secret(),
        messages_per_minute=settings.messages_per_minute,
        conversations_per_minute=settings.conversations_per_minute, wake_outbox=wake_outboxes,
        show_typing=lines.show_typing, doors=lines.doors, wake_pulls=lines.wake_pullers, pick_up=lines.pick_up,
        still_looking=anfu.intake.still_looking,
    )  # fmt: skip
    server = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await server.setup()
    if isinstance(wakeups, RedisWakeups):
        await wakeups.start()
        stack.push_async_callback(wakeups.stop)
    for courier in couriers.values():
        await stack.enter_async_context(courier)
    await lines.open(stack)
    for worker in workers:
        await worker.start()
        stack.push_async_callback(worker.stop)
    await web.TCPSite(server, settings.host, settings.port).start()
    stack.push_async_callback(server.cleanup)


def open_office(anfu: "Anfu", dispatch: "Dispatch") -> "Office":
    """What people of the company work with, out of everything that is wired."""
    from bot.gateway.office import Office

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
        triggers=anfu.triggers, standing=anfu.standing, bindings=anfu.bindings, site_url=anfu.settings.site_url,
    )  # fmt: skip


def _couriers(anfu: "Anfu") -> "dict[Way, WebhookCourier | EmailCourier]":
    """How notices travel here: webhooks always, mail where a server is set."""
    from bot.adapters.couriers.email import EmailCourier, read_mail_server
    from bot.adapters.couriers.subscriber import SubscriberCourier
    from bot.adapters.couriers.webhook import WebhookCourier
    from bot.adapters.department_files import load_mail_fields
    from bot.domain.notice import Way

    secret, trusted = anfu.settings.secret(), anfu.settings.trusted_hosts
    webhook = WebhookCourier(anfu.departments, secret, anfu.clock)
    hook = SubscriberCourier(anfu.webhooks.address_of, trusted, secret, anfu.clock)
    if not anfu.settings.smtp:
        return {Way.WEBHOOK: webhook, Way.HOOK: hook}
    mail = EmailCourier(anfu.departments, read_mail_server(anfu.settings.smtp), load_mail_fields())
    return {Way.WEBHOOK: webhook, Way.HOOK: hook, Way.EMAIL: mail}


async def _interrupted() -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
