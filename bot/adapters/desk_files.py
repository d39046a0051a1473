"""Reads `content/desk.yml`: how the company keeps its conversations."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.adapters.content_files import CONTENT, read_yaml
from bot.domain.desk import DeskRules
from bot.domain.errors import ContentError

INACTIVE = "inactive"
"""The reason that the clock gives when it ends a conversation."""


def load_desk(first_answer: Callable[[int], timedelta], path: Path = CONTENT / "desk.yml") -> DeskRules:
    """The rules of the desk.

    Args:
        first_answer: what routing promises to who waits, by priority.

    Raises:
        ContentError: a field is missing or wrong.
    """
    raw = read_yaml(path)
    try:
        idle = raw["idle_minutes"]
        rules = DeskRules(
            first_answer=first_answer,
            next_answer=_positive(seconds=raw["next_answer_seconds"]),
            notice_after=_positive(minutes=idle["notice"]),
            close_after=_positive(minutes=idle["close"]),
            bot_closes_after=_positive(minutes=idle["bot"]),
            teams={str(team): str(name) for team, name in raw["teams"].items()},
            reasons={str(reason): str(name) for reason, name in raw["reasons"].items()},
            ratings={str(words): int(points) for words, points in raw["ratings"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContentError(f"{path.name}：{error} 缺失或写错，请对照文件开头的说明改正") from error
    if INACTIVE not in rules.reasons or not rules.ratings or not all(1 <= n <= 5 for n in rules.ratings.values()):
        raise ContentError(f"{path.name}：reasons 里要有 {INACTIVE}，ratings 至少一条，分数 1 到 5")
    return rules


def _positive(**time: Any) -> timedelta:
    span = timedelta(**time)
    if span <= timedelta():
        raise ValueError(f"时间 {time} 要大于 0，它")
    return span
