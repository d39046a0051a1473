"""`anfu learn`: the questions that the bot could not answer, and teaching it in one command (A11)."""

import argparse
from typing import Any

from bot.adapters.content_files import read_yaml
from bot.domain.errors import InvalidInput
from bot.domain.questions import Cluster
from bot.settings import ROOT, Settings

SHOWN = 3
"""Wordings of a cluster that are listed: one that stands for it, and two more."""

_HOW = """
教它，任选一条：
  anfu learn attach 编号 文章id [--cluster]    已有文章答得了：把问法加给它（--cluster 连同类问题一起）
  anfu learn add 编号 --title 标题 --answer 回答   写一篇新文章
  anfu learn dismiss 编号…                     不用答"""


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    learn = commands.add_parser("learn", help="看机器人没答上来的问题，教它回答")
    actions = learn.add_subparsers(required=True, metavar="动作")
    listing = actions.add_parser("list", parents=[common], help="没答上来的问题，意思相同的归成一类，多的在前")
    listing.add_argument("--limit", type=int, default=20, help="最多几类，默认 20")
    listing.set_defaults(run=run_list)
    attach = actions.add_parser("attach", parents=[common], help="已有文章答得了：把客户的问法加给它")
    attach.add_argument("question", type=int, help="问题编号")
    attach.add_argument("article", help="文章 id")
    attach.add_argument("--cluster", action="store_true", help="同类的问题都加给它")
    attach.set_defaults(run=run_attach)
    add = actions.add_parser("add", parents=[common], help="写一篇新文章来回答")
    add.add_argument("question", type=int, help="问题编号")
    add.add_argument("--title", required=True, help="标题，客户在选项里会看到")
    add.add_argument("--answer", required=True, help="回答，客户会一字不差地读到")
    add.add_argument("--source", help="依据，默认写今天的客服答复")
    add.add_argument("--intent", help="意图，默认用机器人当时的理解")
    add.set_defaults(run=run_add)
    dismiss = actions.add_parser("dismiss", parents=[common], help="不用答的问题，从清单里去掉")
    dismiss.add_argument("questions", type=int, nargs="+", metavar="question", help="问题编号")
    dismiss.set_defaults(run=run_dismiss)


def run_list(options: argparse.Namespace, settings: Settings) -> None:
    """A paragraph for each group of questions."""
    from bot.bootstrap import build

    anfu = build(settings)
    clusters = anfu.learning.clusters()
    if not clusters:
        print("没有等着回答的问题")
        return
    print(f"{sum(len(group.questions) for group in clusters)} 个问题没答上来，共 {len(clusters)} 类")
    for group in clusters[: options.limit]:
        _print_cluster(group, anfu)
    print(_HOW)


def _print_cluster(group: Cluster, anfu: Any) -> None:
    typical, *others = group.wordings[:SHOWN]
    print(f"\n[{len(group.questions)} 次] {typical}")
    for wording in others:
        print(f"      也这么问：{wording}")
    for hit in anfu.knowledge.search(typical, most=1):
        print(f"      最近的文章：{hit.article.id} {hit.article.title}（相似度 {hit.similarity:.2f}）")
    print(f"      编号：{' '.join(str(question.id) for question in group.questions)}")


def run_attach(options: argparse.Namespace, settings: Settings) -> None:
    """Add the wording to the article."""
    from bot.bootstrap import build

    closed = build(settings).learning.attach(options.question, options.article, options.cluster)
    print(f"已把 {len(closed)} 个问题的问法加给文章 {options.article}，下次启动生效")


def run_add(options: argparse.Namespace, settings: Settings) -> None:
    """Write the article."""
    from bot.bootstrap import build

    if options.intent and options.intent not in read_yaml(ROOT / "domain.yml")["intents"]:
        raise InvalidInput(f"没有意图 {options.intent}：可用的见 docs/dialogue.md")
    anfu = build(settings)
    article = anfu.learning.add(
        options.question, options.title, options.answer, source=options.source, intent=options.intent
    )
    print(f"已写成文章 {article.id}“{article.title}”，下次启动生效")


def run_dismiss(options: argparse.Namespace, settings: Settings) -> None:
    """Take the questions off the list."""
    from bot.bootstrap import build

    build(settings).learning.dismiss(options.questions)
    print(f"已去掉 {len(options.questions)} 个问题")
