"""`anfu serve`: the gateway, the engine, the actions and the workers in one process."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import time
from typing import Any

from bot.commands.model import ensure_model, start_engine
from bot.settings import Settings

log = logging.getLogger(__name__)


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("serve", parents=[common], help="启动客服（网页、接口、机器人）")
    parser.add_argument("--host", help="监听地址，默认 127.0.0.1")
    parser.add_argument("--port", type=int, help="监听端口，默认 8080")
    parser.set_defaults(run=run_serve)


def run_serve(options: argparse.Namespace, settings: Settings) -> None:
    """Serve until interrupted."""
    asyncio.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Open, load, listen; on SIGTERM or SIGINT finish what runs and close."""
    from aiohttp import web

    from bot.adapters.channels.web import WebChannel
    from bot.adapters.wakeups import LocalWakeups, RedisWakeups
    from bot.bootstrap import build, use
    from bot.gateway.app import create_app
    from bot.services.delivery import Deliveries
    from bot.services.turns import Turns
    from bot.workers.outbox import OutboxWorker
    from bot.workers.turn_runner import TurnRunner

    started = time.monotonic()
    model = ensure_model(settings)
    anfu = build(settings)
    use(anfu)
    engine = start_engine(model)
    anfu.knowledge.search("你好")  # encodes the articles now, not at the first question
    wakeups = RedisWakeups(settings.redis) if settings.redis else LocalWakeups()
    outbox = OutboxWorker(Deliveries(anfu.uow, {"web": WebChannel(wakeups)}, anfu.clock))
    turns = Turns(anfu.uow, engine, anfu.handoff, anfu.scripts, anfu.clock)
    runner = TurnRunner(turns, anfu.uow, outbox.wake, settings.quiet_seconds)
    app = create_app(
        intake=anfu.intake, ticketing=anfu.ticketing, uow=anfu.uow, turns=runner, wakeups=wakeups, engine=engine,
        clock=anfu.clock, secret=settings.secret(), messages_per_minute=settings.messages_per_minute,
        conversations_per_minute=settings.conversations_per_minute, wake_outbox=outbox.wake,
    )  # fmt: skip
    server = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await server.setup()
    async with contextlib.AsyncExitStack() as stack:
        if isinstance(wakeups, RedisWakeups):
            await wakeups.start()
            stack.push_async_callback(wakeups.stop)
        await outbox.start()
        stack.push_async_callback(outbox.stop)
        await runner.start()
        stack.push_async_callback(runner.stop)
        await web.TCPSite(server, settings.host, settings.port).start()
        stack.push_async_callback(server.cleanup)
        host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
        print(
            f"安服已就绪（{time.monotonic() - started:.1f} 秒）：打开 http://{host}:{settings.port}/ 开始对话",
            flush=True,
        )
        await _interrupted()
        print("正在停止…", file=sys.stderr)
    engine.stop()


async def _interrupted() -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
