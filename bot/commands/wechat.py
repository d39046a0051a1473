"""`anfu wechat simulate`: WeChat on this machine, to try the whole without an account (W)."""

import argparse
import asyncio
import signal
from datetime import UTC, datetime
from typing import Any

from bot.domain.errors import InvalidInput
from bot.settings import Settings

PORT = 8090


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommand."""
    wechat = commands.add_parser("wechat", help="微信模拟器").add_subparsers(required=True, metavar="动作")
    parser = wechat.add_parser("simulate", parents=[common], help="启动微信模拟器：没有公众号、微信客服也能试")
    parser.add_argument("--port", type=int, default=PORT, help=f"模拟器的端口，默认 {PORT}")
    parser.add_argument("--to", help="安服的地址，默认 http://127.0.0.1:8080")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--aes", action="store_true", default=True, help="公众号用安全模式（加密），默认")
    mode.add_argument("--plain", dest="aes", action="store_false", help="公众号用明文模式；微信客服总是加密")
    parser.add_argument(
        "--seconds-between-retries", type=float, default=5.0, metavar="秒", help="没收到时隔几秒再送，默认 5"
    )
    parser.set_defaults(run=run_simulate)


def run_simulate(options: argparse.Namespace, settings: Settings) -> None:
    """Simulate until interrupted."""
    asyncio.run(simulate(options, options.to or settings.local_address))


async def simulate(options: argparse.Namespace, service_url: str) -> None:
    """Listen, say how to use it, and wait for the end.

    Raises:
        InvalidInput: the port is taken.
    """
    from bot.adapters.channel_files import load_channels
    from bot.adapters.department_files import load_departments
    from bot.simulator.platform import Platform
    from bot.simulator.server import Simulator

    menu = load_channels(load_departments()).menu
    simulator = Simulator(
        Platform(lambda: datetime.now(UTC)), service_url, aes=options.aes,
        retry_after=options.seconds_between_retries, port=options.port, menu=tuple(menu.items()),
    )  # fmt: skip
    try:
        async with simulator:
            print(how_to_use(simulator.address, service_url, options.aes), flush=True)
            await _interrupted()
    except OSError as error:
        raise InvalidInput(f"端口 {options.port} 打不开，可能已被占用，请用 --port 换一个") from error


def how_to_use(address: str, service_url: str, aes: bool) -> str:
    """What to do now; without encryption the service has to be told so by its settings."""
    from bot.simulator.credentials import environment

    port = service_url.rsplit(":", 1)[-1]
    own_port = f" --port {port}" if port.isdecimal() and port != "8080" else ""
    settings = [f"  {name}={value} \\" for name, value in environment(address, aes=aes).items()]
    start = [f"  anfu serve --wechat-simulator {address}{own_port}"] if aes else [*settings, f"  anfu serve{own_port}"]
    lines = [
        f"微信模拟器已就绪（公众号{'安全模式' if aes else '明文模式'}，微信客服）：打开 {address}/",
        f"顾客发的消息送到 {service_url}/wechat 和 {service_url}/kf。另开一个终端启动安服：",
        "",
        *start,
        "",
        "用的是模拟器公开的密钥，只能打开模拟器。按 Ctrl+C 结束。",
    ]
    return "\n".join(lines)


async def _interrupted() -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
