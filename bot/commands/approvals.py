"""`anfu approvals`: what waits for a decision, and deciding (A5, C4, C8, F9)."""

import argparse
from typing import Any

from bot.commands.staffing import actor_of, add_actor
from bot.domain.dates import moment_in_words
from bot.domain.order import yuan
from bot.settings import Settings


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    approvals = commands.add_parser("approvals", help="看待审批的、审批").add_subparsers(required=True, metavar="动作")
    listing = approvals.add_parser("list", parents=[common], help="等着审批的，连同事实")
    listing.set_defaults(run=run_list)
    for name, approve, told in (("approve", True, "通过"), ("reject", False, "驳回")):
        decide = approvals.add_parser(name, parents=[common], help=told)
        decide.add_argument("id", help="审批编号")
        decide.add_argument("--reason", required=True, help="理由，一句话")
        decide.set_defaults(run=run_decide, approve=approve)
        add_actor(decide)
    conduct = approvals.add_parser("conduct", parents=[common], help="员工被投诉：看待核实的，或做决定（C8）")
    conduct.add_argument("id", nargs="?", help="编号；不写就列出待核实的")
    conduct.add_argument("--unfounded", action="store_true", help="核实不属实")
    conduct.add_argument("--reason", default="", help="核实的依据")
    conduct.set_defaults(run=run_conduct)
    add_actor(conduct)


def run_list(options: argparse.Namespace, settings: Settings) -> None:
    """Each with what the one who decides must know."""
    from bot.bootstrap import build

    anfu = build(settings)
    waiting = anfu.resolutions.pending()
    for approval in waiting:
        needed = anfu.labels["levels"][approval.needed]
        until = moment_in_words(approval.expires_at, anfu.clock())
        print(f"{approval.id}  {approval.ticket}  {yuan(approval.amount_fen)}  需要{needed}，{until} 前有效")
        for name, text in approval.facts.items():
            print(f"    {name}：{text}")
    if not waiting:
        print("没有等着审批的")


def run_decide(options: argparse.Namespace, settings: Settings) -> None:
    """Approve or reject."""
    from bot.bootstrap import build

    anfu = build(settings)
    ticket = anfu.resolutions.decide(options.id, options.approve, actor_of(options, anfu), options.reason)
    print(f"{'已通过' if options.approve else '已驳回'}，{ticket.number} 现在是“{anfu.casework.step_name(ticket)}”")


def run_conduct(options: argparse.Namespace, settings: Settings) -> None:
    """List cases with what the ladder proposes, or decide one."""
    from bot.bootstrap import build

    anfu = build(settings)
    outcomes = anfu.labels["outcomes"]
    if options.id:
        case = anfu.conduct.decide(options.id, not options.unfounded, actor_of(options, anfu), options.reason)
        print(f"已记录：{outcomes[case.outcome] if case.outcome else '不属实'}")
        return
    waiting = anfu.conduct.open()
    for case in waiting:
        print(f"{case.id}  {case.staff}  工单 {case.ticket}  若属实，建议：{outcomes[anfu.conduct.proposal(case.id)]}")
    if not waiting:
        print("没有待核实的员工投诉")
