"""`anfu audit`: proving that the trail of changes was not touched, and reading it (D6)."""

import argparse
import json
from typing import Any

from bot.domain.audit import first_broken
from bot.domain.customer import hidden_phones
from bot.domain.dates import SHANGHAI
from bot.settings import Settings


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    audit = commands.add_parser("audit", help="核对、查看改动记录").add_subparsers(required=True, metavar="动作")
    verify = audit.add_parser("verify", parents=[common], help="核对改动记录有没有被动过")
    verify.set_defaults(run=run_verify)
    show = audit.add_parser("show", parents=[common], help="看一样东西的全部改动")
    show.add_argument("subject", help="如 ticket:TS20261125-0001、approval:编号、task:编号")
    show.set_defaults(run=run_show)


def run_verify(options: argparse.Namespace, settings: Settings) -> int:
    """0 where the chain holds from the first entry to the last."""
    from bot.bootstrap import build

    anfu = build(settings)
    with anfu.uow() as uow:
        head = uow.trail.head()
        broken = first_broken(uow.trail.entries(), head=head)
    if broken is None:
        print(f"改动记录完整：{head[0]} 条，逐条相扣")
        return 0
    print(f"改动记录被动过：从第 {broken} 条起对不上，请立即停用并查备份")
    return 1


def run_show(options: argparse.Namespace, settings: Settings) -> None:
    """A paragraph for each change."""
    from bot.bootstrap import build

    anfu = build(settings)
    found = 0
    with anfu.uow() as uow:
        for entry in uow.trail.entries(options.subject):
            found += 1
            change = entry.change
            at = f"{change.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
            print(f"#{entry.seq}  {at}  {change.actor}  {change.action}  {hidden_phones(change.reason)}")
            for name in sorted({*change.before, *change.after}):
                print(f"    {name}：{_text(change.before.get(name))} → {_text(change.after.get(name))}")
    if not found:
        print(f"没有关于 {options.subject} 的改动")


def _text(value: Any) -> str:
    return "（无）" if value is None else json.dumps(hidden_phones(value), ensure_ascii=False)
