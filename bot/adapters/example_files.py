"""The training sentences of `data/nlu/*.yml`, each with its place, for checks and pages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bot.domain.errors import ContentError
from bot.domain.examples import Example

_SHAPE = "应为 nlu: 下的 - intent: 意图名，和 examples: | 下每行一句“- 例句”"


def read_examples(folder: Path) -> list[Example]:
    """All sentences in the order of files and lines.

    Raises:
        ContentError: a file is no YAML or has another shape; the message names file, line and cure.
    """
    return [example for path in sorted(folder.glob("**/*.yml")) for example in _of_file(path)]


def _of_file(path: Path) -> Iterator[Example]:
    text = path.read_text(encoding="utf-8")
    try:
        root = yaml.compose(text)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"第 {mark.line + 1} 行" if mark else ""
        raise ContentError(f"{path.name} {line}不是正确的 YAML，请检查缩进、冒号和引号：{error}") from error
    if root is None or not isinstance(content, dict) or not isinstance(content.get("nlu"), list):
        raise ContentError(f"{path.name} 第 1 行：{_SHAPE}。")
    entries = next(value for key, value in root.value if key.value == "nlu")
    for entry, node in zip(content["nlu"], entries.value, strict=True):
        yield from _of_entry(path, entry, node)


def _of_entry(path: Path, entry: Any, node: yaml.Node) -> Iterator[Example]:
    where = f"{path.name} 第 {node.start_mark.line + 1} 行"
    if not isinstance(entry, dict) or not isinstance(entry.get("intent"), str):
        raise ContentError(f"{where}缺少 intent：{_SHAPE}。")
    if not isinstance(entry.get("examples"), str) or not entry["examples"].strip():
        raise ContentError(f"{where}的意图 {entry['intent']} 没有例句：{_SHAPE}。")
    block = next(value for key, value in node.value if key.value == "examples")
    for number, line in enumerate(entry["examples"].splitlines(), start=block.start_mark.line + 2):
        sentence = line.removeprefix("-").strip()
        if not line.startswith("-") or not sentence:
            raise ContentError(f"{path.name} 第 {number} 行应为“- 例句”，现在是：{line[:40]}")
        yield Example(sentence, entry["intent"], f"{path.name}:{number}")
