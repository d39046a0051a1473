"""`anfu serve`: the gateway, the engine, the actions and the workers in one process, or in several."""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.commands.model import ensure_model, start_engine
from bot.domain.errors import InvalidInput
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.adapters.couriers.email import EmailCourier
    from bot.adapters.couriers.webhook import WebhookCourier
    from bot.bootstrap import Anfu
    from bot.domain.notice import Way
    from bot.services.ports import BotEngine

log = logging.getLogger(__name__)

SIMULATOR = "http://127.0.0.1:8090"
THREADS = 32
"""For what waits for the database: far more than what writes at a time, so that readers are never behind writers."""
STOP_WITHIN = 24.0
"""Seconds from the end of the drain to the end of the process, whatever hangs."""
COLLECT_AFTER = (20_000, 20, 20)
"""New objects after which the garbage collector looks at these; how many such looks until it looks further."""
KILL_AFTER = STOP_WITHIN + 6
"""The same for who watches over processes: they give up by themselves before."""


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("serve", parents=[common], help="启动客服（网页、接口、机器人）")
    parser.add_argument("--host", help="监听地址，默认 127.0.0.1")
    parser.add_argument("--port", type=int, help="监听端口，默认 8080")
    parser.add_argument(
        "--wechat-simulator", nargs="?", const=SIMULATOR, metavar="地址",
        help=f"把模拟器当作微信（先运行 anfu wechat simulate），默认 {SIMULATOR}",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, help="几个进程一起服务，默认 1；多于 1 个需要 PostgreSQL 和 Redis")
    add_child_options(parser)
    parser.set_defaults(run=run_serve)


def add_child_options(parser: argparse.ArgumentParser) -> None:
    """What a process is given by the one that watches over it."""
    parser.add_argument("--places", help=argparse.SUPPRESS)
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, help=argparse.SUPPRESS)


def run_serve(options: argparse.Namespace, settings: Settings) -> int:
    """Serve until interrupted.

    Raises:
        InvalidInput: somebody else listens there, or several processes have nothing in common.
    """
    if options.wechat_simulator:
        settings = _simulated(settings, options.wechat_simulator)
    if options.places:
        asyncio.run(serve(settings, given_places(options.places), options.parent, options.number))
        return 0
    if settings.workers <= 1:
        asyncio.run(serve(settings, _bound(settings)))
        return 0
    from bot.commands.workers import own_command, require_shared_state, watch_over

    require_shared_state(settings)
    places = _bound(settings)
    ensure_model(settings)  # once, before several processes want it
    return watch_over(own_command(), settings.workers, places, KILL_AFTER + settings.drain_seconds)


def given_places(fds: str) -> list[socket.socket]:
    """The sockets that another process has bound."""
    return [socket.socket(fileno=int(fd)) for fd in fds.split(",")]


def _bound(settings: Settings) -> list[socket.socket]:
    from bot.commands.node import bind

    try:
        return bind(settings.host, settings.port)
    except OSError as error:
        raise InvalidInput(
            f"不能在 {settings.host}:{settings.port} 监听（{error.strerror}）：换一个 --port，或先停掉占用它的程序"
        ) from error


def _simulated(settings: Settings, address: str) -> Settings:
    """The same settings with the simulator's accounts in place of real ones."""
    from bot.simulator.credentials import environment

    values: dict[str, Any] = {name.removeprefix("ANFU_").lower(): value for name, value in environment(address).items()}
    return replace(settings, **values)


async def serve(
    settings: Settings, places: Sequence[socket.socket], parent: int | None = None, number: int | None = None
) -> None:
    """Open, load, listen; on SIGTERM or SIGINT finish what runs and close.

    Args:
        places: bound sockets to listen on.
        parent: a file descriptor that ends when the process that watches over this one is gone.
        number: which of several processes of one machine this is.
    """
    from bot.bootstrap import build, use
    from bot.workers.one_core import OneCore

    started = time.monotonic()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="work"))
    allow_many_files()
    model = ensure_model(settings)
    settings.announce()
    anfu = build(settings)
    use(anfu)
    engine = start_engine(model)
    anfu.knowledge.search("你好")  # encodes the articles now, not at the first question
    _spare_what_stays()
    core = OneCore(number)
    await core.start()
    async with running(anfu, engine, places):
        took = time.monotonic() - started
        print(f"安服已就绪（{took:.1f} 秒）：打开 {settings.local_address}/ 开始对话", flush=True)
        if not anfu.people.anybody_signs_in():
            print("还没有人能登录工作台 /desk：用 anfu users add 姓名 --role admin --password 添加第一位", flush=True)
        await interrupted(parent)
        print("正在停止…", file=sys.stderr)
        give_up_after(settings.drain_seconds + STOP_WITHIN)
    await core.stop()
    engine.stop()


def _spare_what_stays() -> None:
    """Let the collector pass over what was loaded: to walk a million objects again stops the node for half a second.

    It comes less often, too: hardly anything that a turn makes stays in circles, and looking costs a twentieth of it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


@contextlib.asynccontextmanager
async def running(anfu: "Anfu", engine: "BotEngine", places: Sequence[socket.socket]) -> AsyncIterator[None]:
    """A whole node runs while the block does: workers first and last, the gateway within."""
    from bot.adapters.wakeups import LocalWakeups, RedisWakeups
    from bot.commands.node import Node, listening, working
    from bot.commands.platforms import platforms_of

    settings = anfu.settings
    wakeups = RedisWakeups(settings.redis) if settings.redis else LocalWakeups()
    couriers = _couriers(anfu)
    node = Node(anfu, engine, wakeups, platforms_of(anfu), couriers)
    async with working(node, couriers), listening(node.app(), places, settings.drain_seconds):
        yield


async def interrupted(parent: int | None = None) -> None:
    """Wait for SIGTERM or SIGINT, or for the end of the process that watches over this one."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    if parent is not None:
        loop.add_reader(parent, stop.set)
    await stop.wait()
    if parent is not None:
        loop.remove_reader(parent)


def give_up_after(seconds: float) -> None:
    """Leave even where something hangs, such as a thread that waits for a database: what is unfinished is stored."""

    def leave() -> None:
        log.error("stopping took longer than %s s: what is unfinished is taken up at the next start", seconds)
        logging.shutdown()
        os._exit(1)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()


def allow_many_files() -> None:
    """As many open files as the system lets us have: each customer who looks on is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


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
