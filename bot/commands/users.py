"""`anfu users add`: people of the company and their tokens."""

import argparse
from typing import Any

from bot.settings import Settings

ROLES = ("agent", "supervisor", "admin")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommand."""
    users = commands.add_parser("users", help="管理员工").add_subparsers(required=True, metavar="动作")
    add = users.add_parser("add", parents=[common], help="添加员工并打印访问令牌")
    add.add_argument("name", help="姓名或工号")
    add.add_argument("--role", choices=ROLES, required=True, help="角色")
    add.set_defaults(run=run_add)


def run_add(options: argparse.Namespace, settings: Settings) -> None:
    """Store the person and print a token that is good for 30 days."""
    from bot.bootstrap import build
    from bot.gateway.auth import staff_token

    anfu = build(settings)
    now = anfu.clock()
    with anfu.uow() as uow:
        uow.users.add(options.name, options.role, now)
        uow.commit()
    print(staff_token(settings.secret(), options.name, options.role, now))
