"""Reading `quality.yml`: rules, words, limits and what people check, as service staff set them."""

import re
from pathlib import Path
from typing import Any

from bot.adapters.content_files import CONTENT, load_forbidden, read_yaml
from bot.adapters.yaml_places import Key, YamlFile
from bot.domain.quality.book import Ask, Limits, QualityBook, Rule, Sampling, Words
from bot.domain.quality.rules import RULES

_RULE_KEYS = {"name", "requirement", "weight", "applies_when", "cap"}
_WORD_LISTS = (
    "greeting", "apology", "question", "restatement", "promise", "no_promise", "vow", "no_vow", "confirming", "goodbye",
    "safety",
)  # fmt: skip
_LIMITS = (
    "first_reply_seconds", "median_reply_seconds", "slow_reply_seconds", "safety_reply_seconds", "summary_chars",
)  # fmt: skip
_SAMPLING = {"share", "weekly", "score_below", "rating_up_to", "excused"}
_UPSET = ("unhappy", "angry", "extreme", "coarse")


def load_quality(folder: Path = CONTENT) -> QualityBook:
    """The rules of quality; who is upset is heard by the words of `emotion.yml`.

    Raises:
        ContentError: the file is wrong; the message says where, and what to do.
    """
    file = YamlFile(folder / "quality.yml")
    file.mapping((), {"version", "rules", "words", "asks", "limits", "sampling", "appeal_days"})
    return QualityBook(
        version=_whole(file, ("version",), 1, 10**6),
        rules=_rules(file),
        words=_words(file, folder),
        asks={name: _ask(file, ("asks", name)) for name in file.mapping(("asks",))},
        limits=_limits(file),
        sampling=_sampling(file),
        appeal_days=_whole(file, ("appeal_days",), 1, 365),
        forbidden=load_forbidden(folder),
    )


def _rules(file: YamlFile) -> dict[str, Rule]:
    listed = file.mapping(("rules",), set(RULES))
    if missing := set(RULES) - set(listed):
        raise file.wrong(("rules",), f"缺少规则 {'、'.join(sorted(missing))}，请补上；不想计分的把 weight 写成 1")
    return {rule: _rule(file, rule) for rule in listed}


def _rule(file: YamlFile, rule: str) -> Rule:
    place: tuple[Key, ...] = ("rules", rule)
    file.mapping(place, _RULE_KEYS)
    return Rule(
        id=rule,
        name=file.text((*place, "name")),
        requirement=file.text((*place, "requirement")),
        weight=_whole(file, (*place, "weight"), 1, 100),
        applies_when=file.text((*place, "applies_when")),
        cap=None if file.at((*place, "cap")) is None else _whole(file, (*place, "cap"), 0, 100),
    )


def _words(file: YamlFile, folder: Path) -> Words:
    file.mapping(("words",), {*_WORD_LISTS, "times"})
    upset = read_yaml(folder / "emotion.yml")
    times = [_pattern(file, ("words", "times", number)) for number in range(len(file.listed(("words", "times"))))]
    if not times:
        raise file.wrong(("words", "times"), "至少写一条认出时间的正则")
    return Words(
        **{name: _texts(file, ("words", name)) for name in _WORD_LISTS},
        upset=tuple(word for name in _UPSET for word in upset[name]),
        times=re.compile("|".join(f"(?:{pattern.pattern})" for pattern in times)),
    )


def _ask(file: YamlFile, place: tuple[Key, ...]) -> Ask:
    file.mapping(place, {"name", "words", "said"})
    said = None if file.at((*place, "said")) is None else _pattern(file, (*place, "said"))
    return Ask(file.text((*place, "name")), _texts(file, (*place, "words")), said)


def _limits(file: YamlFile) -> Limits:
    file.mapping(("limits",), set(_LIMITS))
    return Limits(**{name: _whole(file, ("limits", name), 1, 7 * 24 * 3600) for name in _LIMITS})


def _sampling(file: YamlFile) -> Sampling:
    file.mapping(("sampling",), _SAMPLING)
    share, excused = file.at(("sampling", "share")), file.at(("sampling", "excused"))
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise file.wrong(("sampling", "share"), "share 应是 0 到 1 的数，例如 0.1 表示抽一成")
    if not isinstance(excused, bool):
        raise file.wrong(("sampling", "excused"), "请写 true 或 false")
    return Sampling(
        share=float(share),
        weekly=_whole(file, ("sampling", "weekly"), 0, 1000),
        score_below=_whole(file, ("sampling", "score_below"), 0, 101),
        rating_up_to=_whole(file, ("sampling", "rating_up_to"), 0, 5),
        excused=excused,
    )


def _texts(file: YamlFile, place: tuple[Key, ...]) -> tuple[str, ...]:
    return tuple(file.text((*place, number)) for number in range(len(file.listed(place))))


def _pattern(file: YamlFile, place: tuple[Key, ...]) -> re.Pattern[str]:
    try:
        return re.compile(file.text(place))
    except re.error as error:
        raise file.wrong(place, f"正则写错了（{error}），请改正") from error


def _whole(file: YamlFile, place: tuple[Key, ...], least: int, most: int) -> int:
    value: Any = file.at(place)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise file.wrong(place, f"{place[-1]} 应是 {least} 到 {most} 的整数")
    return value
