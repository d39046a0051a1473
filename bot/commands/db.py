"""`anfu db`: which form the tables have, and bringing them forward or back."""

import argparse
import sys
from typing import Any

from bot.domain.errors import InvalidInput, NotAllowed
from bot.settings import Settings

BACKUPS = "backups"
"""Where the backup lies that is made before tables go back, in the data directory."""


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    db = commands.add_parser("db", help="数据库的结构：查看、升级、退回").add_subparsers(required=True, metavar="动作")
    status = db.add_parser("status", parents=[common], help="数据库在哪个迁移，离最新还差什么")
    status.set_defaults(run=run_status)
    upgrade = db.add_parser("upgrade", parents=[common], help="升级到最新（服务启动时也会自动升级）")
    upgrade.set_defaults(run=run_upgrade)
    downgrade = db.add_parser("downgrade", parents=[common], help="退回到旧的迁移；先停掉服务，会先备份")
    downgrade.add_argument("number", help="退回到哪个迁移，如 0012")
    downgrade.add_argument("--yes", action="store_true", help="不再询问")
    downgrade.set_defaults(run=run_downgrade)


def run_status(options: argparse.Namespace, settings: Settings) -> int:
    """0 where the tables have the newest form."""
    from bot.adapters import schema

    now, newest = _present(settings), schema.newest()
    print(f"数据库 {_shown(settings)} 在迁移 {now}，程序最新的是 {newest}")
    missing = schema.between(now, newest)
    for step in missing:
        print(f"  还差 {step.number}  {step.subject}")
    if missing:
        print("运行 anfu db upgrade，或启动服务时自动升级")
    return 1 if missing else 0


def run_upgrade(options: argparse.Namespace, settings: Settings) -> None:
    """Bring the tables to the newest form."""
    from bot.adapters import schema
    from bot.adapters.sealing import Keyring

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    before = _present(settings)
    schema.bring_to(settings.database_url, schema.newest(), Keyring(settings.data_keys()))
    print(f"迁移 {before} → {schema.newest()}")


def run_downgrade(options: argparse.Namespace, settings: Settings) -> None:
    """Back up, ask, and bring the tables back to an older form.

    Raises:
        InvalidInput: that form is not older than the present one.
        NotAllowed: the operator does not want it.
    """
    from bot.adapters import schema
    from bot.adapters.sealing import Keyring
    from bot.commands.backup import make, place_of

    now = _present(settings)
    going = schema.between(options.number, now)
    if not going:
        raise InvalidInput(f"数据库在迁移 {now}，{options.number} 并不比它旧；要升级用 anfu db upgrade")
    print(f"从 {now} 退回到 {options.number}，下列迁移加进来的表和栏连同其中的数据都会删去：")
    for step in reversed(going):
        print(f"  {step.number}  {step.subject}")
    folder = settings.data_dir / BACKUPS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    backup = place_of(folder)
    make(settings, backup)
    print(f"已备份到 {backup}")
    if not options.yes and not _agreed():
        raise NotAllowed("没有退回，什么都没有改动")
    schema.bring_to(settings.database_url, options.number, Keyring(settings.data_keys()))
    print(f"迁移 {now} → {options.number}。现在请换用那个版本的程序，新版本一启动又会升级")


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise NotAllowed("要退回请加 --yes，或在终端里运行；什么都没有改动")
    return input("确定吗？服务都停了吗？输入“退回”继续：").strip() == "退回"


def _present(settings: Settings) -> str:
    from bot.adapters import schema

    if not settings.database and not (settings.data_dir / "anfu.db").exists():
        return schema.EMPTY  # looking must not make a file
    return schema.form_of(settings.database_url)


def _shown(settings: Settings) -> str:
    """The database's address without its password."""
    address = settings.database_url
    head, _, tail = address.rpartition("@")
    if not head:
        return address
    scheme, _, login = head.partition("://")
    return f"{scheme}://{login.split(':')[0]}@{tail}"
