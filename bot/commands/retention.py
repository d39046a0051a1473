"""`anfu retention`: how long everything is kept, and clearing away what is old (E10)."""

import argparse
from typing import Any

from bot.domain.retention import Then
from bot.settings import Settings


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    retention = commands.add_parser("retention", help="各类资料保存多久，清理到期的")
    actions = retention.add_subparsers(required=True, metavar="动作")
    preview = actions.add_parser("preview", parents=[common], help="列出各类保存多久、依据，现在会清掉多少")
    preview.set_defaults(run=run_preview)
    run = actions.add_parser("run", parents=[common], help="现在就清理（服务每天也会自己清理一次）")
    run.set_defaults(run=run_run)


def run_preview(options: argparse.Namespace, settings: Settings) -> None:
    """A line each."""
    from bot.bootstrap import build

    anfu = build(settings)
    for period, old in anfu.retention.preview():
        print(f"{period.name}：{period.days} 天后{period.action_name}，现在有 {old} 条到期（{period.basis}）")
    for period in anfu.retention.periods:
        if period.then is Then.KEEP:
            print(f"{period.name}：一直留着（{period.basis}）")


def run_run(options: argparse.Namespace, settings: Settings) -> None:
    """Clear away what is old."""
    from bot.bootstrap import build

    for period, cleared in build(settings).retention.run():
        if cleared:
            print(f"{period.name}：{cleared} 条已{period.action_name}")
    print("清理完了")
