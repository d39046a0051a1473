"""`anfu person`: what we hold of a person, a copy of it, and forgetting them (E10)."""

import argparse
import os
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.commands.staffing import actor_of, add_actor
from bot.domain.actor import Role
from bot.domain.errors import Conflict, NotAllowed
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.domain.actor import Actor
    from bot.domain.privacy import Scope

_WHO = "电话，或客户、会话的编号，或工单号"


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    person = commands.add_parser("person", help="一位客户的个人信息：查找、给副本、删除")
    actions = person.add_subparsers(required=True, metavar="动作")
    find = actions.add_parser("find", parents=[common], help="有哪些资料")
    find.add_argument("who", metavar="谁", help=_WHO)
    find.set_defaults(run=run_find)
    export = actions.add_parser("export", parents=[common], help="给本人一份副本（zip：JSON、可读的文本、文件）")
    export.add_argument("who", metavar="谁", help=_WHO)
    export.add_argument("--to", type=Path, required=True, metavar="文件", help="写到哪里，如 copy.zip")
    export.add_argument("--reason", required=True, help="为什么，会留在改动记录里")
    add_actor(export)
    export.set_defaults(run=run_export)
    delete = actions.add_parser("delete", parents=[common], help="删除；法律要求留存的去掉能认出人的部分")
    delete.add_argument("who", metavar="谁", help=_WHO)
    delete.add_argument("--reason", required=True, help="为什么，会留在改动记录里，不要写姓名和电话")
    delete.add_argument("--even-running", action="store_true", help="还有办理中的工单也删")
    delete.add_argument("--yes", action="store_true", help="不再询问")
    add_actor(delete)
    delete.set_defaults(run=run_delete)
    again = actions.add_parser("reapply", parents=[common], help="从备份恢复后，把以前删除过的人再删一次")
    again.set_defaults(run=run_reapply)


def run_find(options: argparse.Namespace, settings: Settings) -> None:
    """The ids of what there is."""
    from bot.bootstrap import build

    _print(build(settings).erasing.scope_of(options.who))


def run_export(options: argparse.Namespace, settings: Settings) -> None:
    """Write the copy, readable to the owner only."""
    from bot.bootstrap import build

    anfu = build(settings)
    actor = _manager(options, anfu)
    if options.to.exists():
        raise Conflict(f"{options.to} 已经有了，请换个名字")
    copy = anfu.person_exports.copy(options.who, actor.name, options.reason)
    place = os.open(options.to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(place, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("person.json", copy.as_json())
        packed.writestr("个人信息.txt", copy.as_text())
        for name, path in copy.files:
            packed.write(path, name)
    rows = sum(map(len, copy.data["tables"].values()))
    print(f"已写到 {options.to}：{rows} 条，{len(copy.files)} 个文件。交给本人后请删去这一份")


def run_delete(options: argparse.Namespace, settings: Settings) -> None:
    """Show what there is, ask, and forget it."""
    from bot.bootstrap import build

    anfu = build(settings)
    actor = _manager(options, anfu)
    _print(anfu.erasing.scope_of(options.who))
    if not options.yes and not _agreed():
        raise NotAllowed("没有删除，什么都没有改动")
    done = anfu.erasing.erase(options.who, actor.name, options.reason, options.even_running)
    print(f"已删除（{done.erasure.id}）：{done.files} 个文件，{done.entries} 条改动记录去掉了内容")
    print(f"记在 {settings.data_dir / 'erasures.jsonl'}：请和备份放在一起，恢复备份后会据此再删一次")


def run_reapply(options: argparse.Namespace, settings: Settings) -> None:
    """Forget again whom a restored database remembers."""
    from bot.bootstrap import build

    print(f"又删除了 {build(settings).erasing.reapply()} 位")


def _manager(options: argparse.Namespace, anfu: Any) -> "Actor":
    actor = actor_of(options, anfu)
    if not actor.reaches(Role.MANAGER):
        raise NotAllowed("给副本、删除个人信息要经理或管理员来办")
    return actor


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise NotAllowed("要删除请加 --yes，或在终端里运行；什么都没有改动")
    return input("删了就找不回来。确定是客户本人要求的吗？输入“删除”继续：").strip() == "删除"


def _print(scope: "Scope") -> None:
    names = {"customers": "客户档案", "conversations": "会话", "tickets": "工单", "orders": "订单"}
    for kind, ids in scope.as_json().items():
        print(f"{names[kind]}：{'、'.join(ids) or '没有'}")
