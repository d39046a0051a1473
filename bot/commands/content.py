"""`anfu scripts check` and `anfu scripts preview`: for the people who write the 话术."""

import argparse
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.adapters.article_files import LEARNED
from bot.adapters.content_files import load_articles, load_scripts, load_variables, read_yaml
from bot.domain.emotion import Level
from bot.domain.proofreading import faults_in
from bot.domain.scripts import Script, ScriptBook, Variable
from bot.domain.wording import forbidden_in
from bot.settings import ROOT, Settings

_EXPRESSION = re.compile(r"\{[a-z_.]+\}")
_USED_KEY = re.compile(r"[\"']((?:[a-z_]+|\{\})\.(?:[a-z_]|\{\})+)[\"']")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    scripts = commands.add_parser("scripts", help="检查、预览话术").add_subparsers(required=True, metavar="动作")
    check = scripts.add_parser("check", parents=[common], help="检查话术：键、变量、忌语、承诺、长度")
    check.set_defaults(run=run_check)
    preview = scripts.add_parser("preview", parents=[common], help="把话术连同示例变量打印出来")
    preview.add_argument("key", nargs="?", default="", help="只看以此开头的话术，如 repair")
    preview.set_defaults(run=run_preview)


def run_check(options: argparse.Namespace, settings: Settings) -> int:
    """Print every finding; 0 when there is none."""
    book = load_scripts()
    findings = [*check_scripts(book), *check_use(book, ROOT), *_check_articles(book, settings)]
    for finding in findings:
        print(finding)
    sentences = sum(len(case.variants) for script in book for case in script.cases)
    print(f"{sentences} 句话术，{len(findings)} 处需要修改" if findings else f"{sentences} 句话术，全部通过")
    return 1 if findings else 0


def check_scripts(book: ScriptBook) -> Iterator[str]:
    """Faults in the sentences themselves: 忌语 (A4), promises without a variable (A11), length, unknown variables."""
    known = load_variables()
    for script in book:
        for finding in faults_in(script, known, book.forbidden):
            yield f"{script.id}：{finding.text}"


def check_use(book: ScriptBook, root: Path) -> Iterator[str]:
    """Keys used in code without a script, and scripts that nothing uses."""
    used = used_keys(root)
    for script in book:
        if not any(pattern.fullmatch(script.id) for pattern in used):
            yield f"{script.id}：没有任何地方用到，请删去或接上"
    for pattern in used:
        if not any(pattern.fullmatch(script.id) for script in book):
            yield f"代码用到 {pattern.pattern}，但没有这条话术"


def used_keys(root: Path) -> set[re.Pattern[str]]:
    """Script keys in the code, the handover rules and the follow-ups; `f"ask.{fact}"` counts for every `ask.…`."""
    groups = {script_id.split(".")[0] for script_id in (s.id for s in load_scripts())}
    files = [*(root / "actions").glob("*.py"), *(root / "bot" / "services").glob("*.py")]
    codes = (_EXPRESSION.sub("{}", file.read_text(encoding="utf-8")) for file in files)
    found = {key for code in codes for key in _USED_KEY.findall(code)}
    named = {key for key in found if key.split(".")[0] in {*groups, "{}"}}
    plan = root / "bot" / "content" / "followups.yml"
    named |= {line["script"] for line in read_yaml(plan)["followups"]} if plan.exists() else set()
    rules = root / "bot" / "content" / "triggers.yml"
    named |= {rule["says"] for rule in read_yaml(rules)["triggers"] if "says" in rule} if rules.exists() else set()
    return {re.compile(re.escape(key).replace(r"\{\}", "[a-z_]+")) for key in named}


def _check_articles(book: ScriptBook, settings: Settings) -> Iterator[str]:
    for article in load_articles(learned=settings.data_dir / LEARNED):
        for entry in forbidden_in(article.answer, book.forbidden):
            yield f"文章 {article.id}：含忌语“{entry.phrase}”，可改为：{entry.better}"
    read_yaml(ROOT / "bot" / "content" / "labels.yml")


def run_preview(options: argparse.Namespace, settings: Settings) -> None:
    """Print the scripts as customers would read them."""
    examples = load_variables()
    for script in load_scripts():
        if script.id.startswith(options.key):
            _print_script(script, examples)


def _print_script(script: Script, examples: Mapping[str, Variable]) -> None:
    values = {name: variable.example for name, variable in examples.items()}
    print(f"\n{script.id}  v{script.version}  [{' '.join(script.principles)}]")
    for case in script.cases:
        when = [f"情绪≥{case.emotion.label}"] if case.emotion > Level.CALM else []
        when += [f"第 {case.repetition + 1} 次起"] if case.repetition else []
        for text in case.variants:
            print(f"  {'（' + '，'.join(when) + '）' if when else ''}{text.format_map(values)}")
    if script.buttons:
        print("  " + " ".join(f"[{button.title}]" for button in script.buttons))
