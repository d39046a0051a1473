"""`anfu tickets list` and `anfu tickets show`."""

import argparse
from typing import Any

from bot.domain.dates import SHANGHAI
from bot.domain.ticket import Kind, Status, Ticket
from bot.settings import Settings

_TELLING = ("symptom", "reason", "grievance", "idea", "topic", "product")
"""Facts that tell in a line what a ticket is about, the most telling first."""


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    tickets = commands.add_parser("tickets", help="查看工单").add_subparsers(required=True, metavar="动作")
    listing = tickets.add_parser("list", parents=[common], help="列出工单，新的在前")
    listing.add_argument("--kind", choices=[kind.value for kind in Kind], help="只看一类")
    listing.add_argument("--status", choices=[status.value for status in Status], help="只看一种状态")
    listing.add_argument("--limit", type=int, default=50, help="最多几条，默认 50")
    listing.set_defaults(run=run_list)
    show = tickets.add_parser("show", parents=[common], help="看一张工单的全部内容和经过")
    show.add_argument("number", help="工单号，如 BX20260103-0007")
    show.set_defaults(run=run_show)


def run_list(options: argparse.Namespace, settings: Settings) -> None:
    """A line each."""
    from bot.bootstrap import build

    anfu = build(settings)
    kind = Kind(options.kind) if options.kind else None
    found = anfu.ticketing.search(kind, options.status, options.limit)
    for ticket in found:
        kind, status = anfu.labels["kinds"][ticket.kind], anfu.labels["statuses"][ticket.status]
        words = next((ticket.fields[fact] for fact in _TELLING if fact in ticket.fields), "")
        print(f"{ticket.number}  {kind}  {status}  {_local(ticket.promised_at)} 前答复  {words[:40]}")
    if not found:
        print("还没有工单")


def run_show(options: argparse.Namespace, settings: Settings) -> None:
    """Everything about one ticket."""
    from bot.bootstrap import build

    anfu = build(settings)
    ticket: Ticket = anfu.ticketing.get(options.number)
    print(f"{ticket.number}  {anfu.labels['kinds'][ticket.kind]}  {anfu.labels['statuses'][ticket.status]}")
    print(f"登记 {_local(ticket.opened_at)}，承诺 {_local(ticket.promised_at)} 前答复，情绪 {ticket.emotion}")
    for fact, value in ticket.fields.items():
        print(f"  {anfu.labels['facts'].get(fact, fact)}：{value}")
    print("经过：")
    for entry in ticket.history:
        print(f"  {_local(entry.at)}  {entry.actor}  {entry.event}  {entry.reason}")


def _local(moment: Any) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
