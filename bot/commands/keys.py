"""`anfu keys`: the keys that personal data is sealed with (E10)."""

import argparse
import secrets
from typing import Any

from bot.settings import Settings


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    parser = commands.add_parser("keys", help="加密个人信息的密钥：生成、更换、查看")
    keys = parser.add_subparsers(required=True, metavar="动作")
    new = keys.add_parser("new", parents=[common], help="生成一把新密钥，打印出来，不保存")
    new.set_defaults(run=run_new)
    status = keys.add_parser("status", parents=[common], help="各表有多少是用最新的密钥加密的")
    status.set_defaults(run=run_status)
    rotate = keys.add_parser("rotate", parents=[common], help="全部改用最新的密钥加密；不用停服务，中断了再运行一次")
    rotate.set_defaults(run=run_rotate)


def run_new(options: argparse.Namespace, settings: Settings) -> None:
    """Print a new key."""
    print(secrets.token_urlsafe(48))


def run_status(options: argparse.Namespace, settings: Settings) -> int:
    """0 where everything is sealed with the newest key."""
    from bot.adapters.resealing import tallies
    from bot.bootstrap import build

    left = 0
    for tally in tallies(build(settings).database):
        if tally.newest or tally.older or tally.plain:
            print(f"{tally.table}：最新的密钥 {tally.newest}，旧密钥 {tally.older}，未加密 {tally.plain}")
        left += tally.older + tally.plain
    if not left:
        print("全部用最新的密钥加密，旧密钥可以从 ANFU_DATA_KEYS 里去掉了（旧备份还要用它）")
        return 0
    print(f"还有 {left} 项要改用最新的密钥：运行 anfu keys rotate")
    return 1


def run_rotate(options: argparse.Namespace, settings: Settings) -> None:
    """Seal everything with the newest key."""
    from bot.adapters.resealing import reseal
    from bot.bootstrap import build

    done = reseal(build(settings).database, lambda table, rows: print(f"{table}：{rows} 行", flush=True))
    print(f"完成，改了 {done} 行；用 anfu keys status 核对")
