"""The files that `anfu evaluate` measures on: a JSON object a line, labelled messages or pairs of questions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.domain.errors import InvalidInput
from bot.domain.heard import MAIN_INTENTS
from bot.evaluation.measures import Case

_MESSAGE = '{"text": "…", "label": "…"}'
_PAIR = '{"question": "…", "paraphrase": "…", "group": …}'


@dataclass(frozen=True)
class Line:
    """A line's object and where it stands, for messages about it."""

    place: str
    row: Mapping[str, Any]

    def text(self, key: str, wanted: str) -> str:
        """A text that must be there.

        Raises:
            InvalidInput: it is missing, empty or no text.
        """
        value = self.row.get(key)
        if not isinstance(value, str) or not value.strip():
            raise InvalidInput(f"{self.place}缺少 {key}（要有内容的文字），每行应为 {wanted}")
        return value


@dataclass(frozen=True)
class Pair:
    """A question as it was asked, the stored question that means the same, and the group of all that do."""

    asked: str
    stored: str
    group: str


def read_lines(path: Path) -> list[Line]:
    """The objects of a file; empty lines are skipped.

    Raises:
        InvalidInput: the file cannot be read, is empty, or a line is no JSON object.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"读不了文件 {path}：{error.strerror}，请检查路径") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} 不是 UTF-8 编码，请另存为 UTF-8 后再试") from error
    # Not splitlines(): a message may hold a line separator that JSON leaves as it is.
    numbered = enumerate(content.split("\n"), start=1)
    lines = [_line(f"{path.name} 第 {number} 行", text) for number, text in numbered if text.strip()]
    if not lines:
        raise InvalidInput(f"{path.name} 是空的，每行应为 {_MESSAGE}")
    return lines


def _line(place: str, text: str) -> Line:
    try:
        row = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{place}不是 JSON，应为 {_MESSAGE}，现在是：{text.strip()[:60]}") from error
    if not isinstance(row, dict):
        raise InvalidInput(f"{place}应为 {_MESSAGE}，现在是：{text.strip()[:60]}")
    return Line(place, row)


def are_pairs(lines: Sequence[Line]) -> bool:
    """Whether the file holds pairs of questions rather than labelled messages."""
    return "paraphrase" in lines[0].row


def messages(lines: Sequence[Line]) -> list[Case]:
    """Labelled messages.

    Raises:
        InvalidInput: a line lacks its text or label, or names a label that does not exist.
    """
    return [Case(line.text("text", _MESSAGE), _label(line, "label"), _alt(line)) for line in lines]


def _label(line: Line, key: str) -> str:
    label = line.text(key, _MESSAGE)
    if label not in MAIN_INTENTS:
        raise InvalidInput(f"{line.place}的 {key} 是“{label}”，只能是 {'、'.join(MAIN_INTENTS)} 之一")
    return label


def _alt(line: Line) -> str | None:
    return None if line.row.get("alt") is None else _label(line, "alt")


def pairs(lines: Sequence[Line]) -> list[Pair]:
    """Pairs of questions.

    Raises:
        InvalidInput: a line lacks its question, paraphrase or group.
    """
    return [Pair(line.text("paraphrase", _PAIR), line.text("question", _PAIR), _group(line)) for line in lines]


def _group(line: Line) -> str:
    if not isinstance(group := line.row.get("group"), str | int):
        raise InvalidInput(f"{line.place}缺少 group（数字或文字），每行应为 {_PAIR}")
    return str(group)
