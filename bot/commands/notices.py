"""`anfu notices`: what departments were told, what did not arrive, and sending it again (C6)."""

import argparse
from typing import Any

from bot.domain.dates import moment_in_words
from bot.domain.errors import NotFound
from bot.domain.notice import Fate, Way
from bot.settings import Settings

_STATES = {Fate.WAITING: "待送", Fate.SENT: "已送达", Fate.DEAD: "送不到"}
_WAYS = {Way.WEBHOOK: "webhook", Way.EMAIL: "邮件"}


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    notices = commands.add_parser("notices", help="看给部门的通知、重发").add_subparsers(required=True, metavar="动作")
    listing = notices.add_parser("list", parents=[common], help="列出通知，最新的在前")
    listing.add_argument("--state", choices=[state.value for state in Fate], help="只看一种状态；dead 是送不到的")
    listing.add_argument("--limit", type=int, default=50, help="每种状态最多几条，默认 50")
    listing.set_defaults(run=run_list)
    retry = notices.add_parser("retry", parents=[common], help="修好之后重发")
    retry.add_argument("ids", nargs="+", metavar="编号", help="通知编号，可以写几个")
    retry.set_defaults(run=run_retry)
    key = notices.add_parser("key", parents=[common], help="打印一个部门核对 webhook 签名用的密钥")
    key.add_argument("department", metavar="部门", help="departments.yml 里的名字，如 warehouse")
    key.set_defaults(run=run_key)


def run_list(options: argparse.Namespace, settings: Settings) -> None:
    """A line each, with the last error."""
    from bot.bootstrap import build
    from bot.services.notices import Dispatch

    anfu = build(settings)
    dispatch = Dispatch(anfu.uow, {}, anfu.clock)
    states = [Fate(options.state)] if options.state else [Fate.DEAD, Fate.WAITING, Fate.SENT]
    found = [notice for state in states for notice in dispatch.of_state(state, options.limit)]
    for notice in found:
        posted = moment_in_words(notice.created_at, anfu.clock())
        line = f"{notice.id}  {_STATES[notice.state]}  {_WAYS[notice.way]}→{notice.to}  {posted}  {notice.subject}"
        print(f"{line}  试了 {notice.attempts} 次：{notice.error}" if notice.error else line)
    if not found:
        print("没有通知")


def run_retry(options: argparse.Namespace, settings: Settings) -> None:
    """Put them on their way again; the running service delivers them."""
    from bot.bootstrap import build
    from bot.services.notices import Dispatch

    anfu = build(settings)
    dispatch = Dispatch(anfu.uow, {}, anfu.clock)
    for notice_id in options.ids:
        notice = dispatch.retry(notice_id)
        print(f"{notice.id} 重新待送：{notice.subject}")


def run_key(options: argparse.Namespace, settings: Settings) -> None:
    """Print what the receiver needs; it opens nothing but this department's signatures."""
    from bot.adapters.couriers.webhook import signing_key
    from bot.adapters.department_files import load_departments

    departments = load_departments()
    if options.department not in departments:
        raise NotFound(f"没有部门 {options.department}，可以写 {'、'.join(departments)}")
    print(signing_key(settings.secret(), options.department))
