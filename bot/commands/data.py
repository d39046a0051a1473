"""`anfu data check`: whether the training sentences are fit to learn from."""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from bot.adapters.example_files import read_examples
from bot.domain.errors import InvalidInput
from bot.domain.examples import describe, examine
from bot.settings import ROOT, Settings

NLU = ROOT / "data/nlu"


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    data = commands.add_parser("data", help="检查训练例句").add_subparsers(dest="data", required=True)
    check = data.add_parser("check", parents=[common], help="查重复、矛盾（一句两意图）和混入的评测语料")
    check.add_argument(
        "--against", nargs="+", type=Path, default=[], metavar="FILE.jsonl", help='评测文件，每行 {"text": "…"}'
    )
    check.set_defaults(run=run_check)


def run_check(options: argparse.Namespace, settings: Settings) -> None:
    """Print what is wrong with the sentences; exit code 1 where anything is."""
    examples = read_examples(NLU)
    measured = [text for path in options.against for text in _texts(path)]
    findings = examine(examples, measured)
    for line in describe(findings):
        print(line)
    counts = Counter(example.intent for example in examples)
    print(f"共 {len(examples)} 句，{len(counts)} 个意图，最少 {min(counts.values())} 句；{len(findings)} 处问题。")
    if findings:
        sys.exit(1)


def _texts(path: Path) -> list[str]:
    try:
        return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f'{path} 读不出来：每行应为 {{"text": "…"}}（{error}）') from error
