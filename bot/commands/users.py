"""`anfu users …`: the people of the company, their tokens and passwords, for who administers the machine."""

import argparse
import getpass
import sys
from typing import TYPE_CHECKING, Any

from bot.domain.actor import LEVEL_NAMES, Actor, Role
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.bootstrap import Anfu

ROLES = ("agent", "supervisor", "manager", "admin")
ROLE_NAMES = {**LEVEL_NAMES, Role.ADMIN: "管理员"}
OPERATOR = Actor("anfu users", Role.ADMIN)
"""Who sits at the machine itself may do what an administrator may."""


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    users = commands.add_parser("users", help="管理员工").add_subparsers(required=True, metavar="动作")
    add = users.add_parser("add", parents=[common], help="添加员工（或改角色），打印访问令牌")
    add.add_argument("name", help="姓名或工号")
    add.add_argument("--role", choices=ROLES, required=True, help="角色")
    _add_work(add)
    add.add_argument(
        "--password", nargs="?", const="", choices=("", "-"), metavar="-",
        help="同时设登录密码：不带值就在屏幕上问，- 从标准输入读一行",
    )  # fmt: skip
    add.set_defaults(run=run_add)
    listing = users.add_parser("list", parents=[common], help="列出员工")
    listing.set_defaults(run=run_list)
    password = users.add_parser("password", parents=[common], help="设登录密码，并让此人所有登录失效")
    password.add_argument("name", help="姓名或工号")
    password.add_argument("source", nargs="?", choices=("-",), metavar="-", help="- 从标准输入读一行，不写就在屏幕上问")
    password.set_defaults(run=run_password)
    change = users.add_parser("set", parents=[common], help="修改角色、小组、技能、同时接待数，或重新启用")
    change.add_argument("name", help="姓名或工号")
    change.add_argument("--role", choices=ROLES, help="角色")
    _add_work(change)
    change.add_argument("--enable", action="store_true", help="重新启用已停用的员工")
    change.set_defaults(run=run_set)
    for name, run, words in (
        ("disable", run_disable, "停用员工，登录和令牌立即失效"),
        ("totp-reset", run_totp_reset, "关闭员工的动态码（手机丢失时用）"),
    ):
        parser = users.add_parser(name, parents=[common], help=words)
        parser.add_argument("name", help="姓名或工号")
        parser.set_defaults(run=run)


def _add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--team", help="小组，例如 service、repair")
    parser.add_argument("--skills", help="技能，逗号分隔，例如 repair,hant；写空字符串表示什么都会")
    parser.add_argument("--capacity", type=int, help="同时接待几个会话")


def run_add(options: argparse.Namespace, settings: Settings) -> None:
    """Store the person and print a token that is good for 30 days; a known person gets the new role."""
    from bot.bootstrap import build
    from bot.domain.person import Person
    from bot.gateway.auth import staff_token

    anfu, name = build(settings), options.name
    password = None if options.password is None else _read_password(options.password == "-")
    changes = _changes(options)
    if any(person.name == name for person in anfu.people.everybody()):
        anfu.people.change(name, OPERATOR, **changes)
    else:
        anfu.people.add(Person(name, **changes), OPERATOR)
    if password is not None:
        anfu.people.set_password(name, password, OPERATOR)
    print(staff_token(settings.secret(), name, options.role, anfu.clock()))


def run_list(options: argparse.Namespace, settings: Settings) -> None:
    """Print a line for each person."""
    people = _open(settings).people.everybody()
    for person in people:
        notes = [
            words
            for words, applies in (
                ("已停用", person.is_disabled),
                ("没有密码", not person.has_password),
                ("待改密码", person.must_change_password),
                ("动态码", person.has_second_factor),
            )
            if applies
        ]
        skills = "、".join(person.skills) or "全部"
        work = f"小组 {person.team}  技能 {skills}  同时接待 {person.capacity}"
        print(f"{person.name}  {ROLE_NAMES[person.role]}  {work}  {'、'.join(notes)}".rstrip())
    if not people:
        print("还没有员工，用 anfu users add 姓名 --role admin --password 添加第一位")


def run_password(options: argparse.Namespace, settings: Settings) -> None:
    """Set a password; the person's sessions end."""
    people = _open(settings).people
    people.set_password(options.name, _read_password(options.source == "-"), OPERATOR)
    print(f"已设好 {options.name} 的密码，之前的登录全部失效")


def run_set(options: argparse.Namespace, settings: Settings) -> None:
    """Change what is given; the rest stays."""
    changes = _changes(options) | ({"is_disabled": False} if options.enable else {})
    person = _open(settings).people.change(options.name, OPERATOR, **changes)
    print(f"{person.name} 现在是{ROLE_NAMES[person.role]}，小组 {person.team}")


def run_disable(options: argparse.Namespace, settings: Settings) -> None:
    """Disable a person: sessions end at once, tokens are refused."""
    _open(settings).people.change(options.name, OPERATOR, is_disabled=True)
    print(f"已停用 {options.name}；重新启用：anfu users set {options.name} --enable")


def run_totp_reset(options: argparse.Namespace, settings: Settings) -> None:
    """Turn a person's second factor off."""
    _open(settings).people.change(options.name, OPERATOR, has_second_factor=False)
    print(f"已关闭 {options.name} 的动态码，之前的登录全部失效")


def _open(settings: Settings) -> "Anfu":
    from bot.bootstrap import build

    return build(settings)


def _changes(options: argparse.Namespace) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if options.role is not None:
        changes["role"] = Role(options.role)
    if options.team is not None:
        changes["team"] = options.team
    if options.capacity is not None:
        changes["capacity"] = options.capacity
    if options.skills is not None:
        words = options.skills.replace("，", ",").split(",")
        changes["skills"] = tuple(word.strip() for word in words if word.strip())
    return changes


def _read_password(from_input: bool) -> str:
    """A password, never as an argument: those can be seen by everybody on the machine."""
    if from_input or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return getpass.getpass("密码（至少 10 个字符，不显示）：")
