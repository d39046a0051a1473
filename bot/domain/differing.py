"""What differs between two forms of a text, in runs of characters: Chinese has no spaces between its words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from bot.domain.emotion import Level

SHORTEST = 2
"""Characters that two texts must share in a row, so that the reader is not given confetti."""
MOOD_NAMES = {Level.CALM: "平静", Level.UNHAPPY: "不满", Level.ANGRY: "生气", Level.EXTREME: "极怒"}
_FIELD_NAMES = {
    "title": "标题", "intents": "意图", "questions": "问法", "answer": "回答", "source": "依据", "products": "产品",
    "valid_from": "生效", "valid_until": "截止",
}  # fmt: skip


class Mark(StrEnum):
    """What became of some characters."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Run:
    """Characters in a row with the same fate."""

    mark: Mark
    text: str


Line = tuple[Run, ...]


def compare(old: Sequence[str], new: Sequence[str]) -> list[Line]:
    """Two texts line by line: a line that was rewritten shows which characters went, and which came."""
    lines: list[Line] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [(Run(Mark.SAME, line),) for line in old[a:b]]
            continue
        both = min(b - a, d - c)
        lines += [compare_line(was, becomes) for was, becomes in zip(old[a : a + both], new[c : c + both], strict=True)]
        lines += [(Run(Mark.REMOVED, line),) for line in old[a + both : b]]
        lines += [(Run(Mark.ADDED, line),) for line in new[c + both : d]]
    return lines


def compare_line(old: str, new: str) -> Line:
    """One line against what it has become."""
    runs: list[Run] = []
    went = came = ""
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal" and (b - a >= SHORTEST or not (went or came)):
            runs += _changed(went, came)
            went = came = ""
            runs.append(Run(Mark.SAME, old[a:b]))
        else:
            went, came = went + old[a:b], came + new[c:d]
    return tuple([*runs, *_changed(went, came)])


def _changed(went: str, came: str) -> Iterator[Run]:
    if went:
        yield Run(Mark.REMOVED, went)
    if came:
        yield Run(Mark.ADDED, came)


def lines_of(body: Mapping[str, Any]) -> list[str]:
    """A script or an article as people read it, for comparing."""
    return list(_script_lines(body) if "cases" in body else _article_lines(body))


def _script_lines(body: Mapping[str, Any]) -> Iterator[str]:
    for case in body["cases"]:
        yield f"【{occasion(case.get('when', {}))}】"
        yield from case["say"]
    for button in body.get("buttons", ()):
        yield f"按钮：{button['title']}"


def occasion(when: Mapping[str, Any]) -> str:
    """When a case is said, in words."""
    mood = Level[str(when.get("emotion", "calm")).upper()]
    said = [f"客户{MOOD_NAMES[mood]}时"] if mood > Level.CALM else []
    said += [f"第 {when['repetition'] + 1} 次起"] if when.get("repetition") else []
    return "，".join(said) or "平常"


def _article_lines(body: Mapping[str, Any]) -> Iterator[str]:
    for name, title in _FIELD_NAMES.items():
        value = body.get(name)
        if isinstance(value, list):
            yield from (f"{title}：{line}" for line in value)
        elif value:
            yield f"{title}：{value}"
