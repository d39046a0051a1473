"""`anfu tasks`: what departments have to do (C6)."""

import argparse
from typing import Any

from bot.commands.staffing import actor_of, add_actor
from bot.domain.dates import moment_in_words
from bot.domain.task import Progress
from bot.settings import Settings


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    tasks = commands.add_parser("tasks", help="看部门任务、接收、办结").add_subparsers(required=True, metavar="动作")
    listing = tasks.add_parser("list", parents=[common], help="列出任务")
    listing.add_argument("--state", choices=[state.value for state in Progress], help="只看一种状态")
    listing.add_argument("--ticket", help="只看一张工单的")
    listing.set_defaults(run=run_list)
    for name, run, told in (("acknowledge", run_acknowledge, "接收"), ("finish", run_finish, "办结")):
        one = tasks.add_parser(name, parents=[common], help=told)
        one.add_argument("id", help="任务编号")
        one.set_defaults(run=run)
        add_actor(one)
        if name == "finish":
            one.add_argument("--result", default="", help="办得怎么样")


def run_list(options: argparse.Namespace, settings: Settings) -> None:
    """A line each."""
    from bot.bootstrap import build

    anfu = build(settings)
    found = anfu.tasks.find(options.ticket, Progress(options.state) if options.state else None)
    for task in found:
        due = moment_in_words(task.due_at, anfu.clock())
        state = anfu.labels["task_states"][task.state]
        print(f"{task.id}  {task.ticket}  {anfu.tasks.name_of(task)}  {state}  应在 {due} 前接收  {task.what}")
        if not task.is_over:
            print(f"    {anfu.tasks.link(task)}")
    if not found:
        print("没有任务")


def run_acknowledge(options: argparse.Namespace, settings: Settings) -> None:
    """Take it on."""
    from bot.bootstrap import build

    anfu = build(settings)
    task = anfu.tasks.acknowledge(options.id, actor_of(options, anfu).name)
    print(f"{anfu.tasks.name_of(task)}已接收：{task.what}")


def run_finish(options: argparse.Namespace, settings: Settings) -> None:
    """It is done."""
    from bot.bootstrap import build

    anfu = build(settings)
    task = anfu.tasks.finish(options.id, actor_of(options, anfu).name, options.result)
    print(f"{anfu.tasks.name_of(task)}已办结：{task.what}")
