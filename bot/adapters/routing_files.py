"""The rules that bring a customer to a person, and those of the queue, as staff write them (F2-F5)."""

import re
from datetime import timedelta
from pathlib import Path

from bot.adapters.content_files import CONTENT
from bot.adapters.yaml_places import Key, YamlFile
from bot.domain.actor import LEVELS, Role
from bot.domain.emotion import SIGNALS, Level
from bot.domain.routing import Does, Estimating, Mode, Policy, Rank, Trigger, TriggerBook
from bot.domain.scripts import ScriptBook

_TRIGGER = {"id", "clause", "name", "fires", "does", "priority", "level", "skills", "words", "unless", "says"}
_ROUTING = {
    "priorities", "lift_at", "signals", "emotions", "late_promise", "skills", "script_skills", "modes", "visits",
    "callback_after", "bot_silent_after", "gone_after", "tell_every", "tell_in", "estimate",
}  # fmt: skip
_ESTIMATE = {"look_back", "min_takes", "typical", "shortest", "longest"}
LONGEST_WITHOUT_ANSWER = 180
"""Seconds without an answer after which the standard asks for a person (F2)."""


def load_triggers(scripts: ScriptBook, folder: Path = CONTENT) -> TriggerBook:
    """The rules of `triggers.yml`.

    Raises:
        ContentError: the file is wrong; the message names the line and the cure.
    """
    file = YamlFile(folder / "triggers.yml")
    file.mapping((), {"triggers", "default"})
    triggers: dict[str, Trigger] = {}
    for number in range(len(file.listed(("triggers",)))):
        trigger = _trigger(file, ("triggers", number), scripts)
        if trigger.id in triggers:
            raise file.wrong(("triggers", number, "id"), f"{trigger.id} 已经写过，请合并或改名")
        triggers[trigger.id] = trigger
    if file.at(("default",)) not in triggers:
        raise file.wrong(("default",), "default 要写上面某一条规则的 id")
    return TriggerBook(tuple(triggers.values()), file.text(("default",)))


def _trigger(file: YamlFile, place: tuple[Key, ...], scripts: ScriptBook) -> Trigger:
    written = file.mapping(place, _TRIGGER)
    if (does := file.at((*place, "does"))) not in tuple(Does):
        raise file.wrong((*place, "does"), f"可以写 {'、'.join(Does)}")
    says = file.text((*place, "says")) if "says" in written else None
    if says and says not in scripts:
        raise file.wrong((*place, "says"), f"没有话术 {says}：请在 scripts/ 中补写")
    return Trigger(
        id=file.text((*place, "id")),
        clause=file.text((*place, "clause")),
        name=file.text((*place, "name")),
        fires=file.text((*place, "fires")),
        does=Does(does),
        priority=_whole(file, (*place, "priority")) if "priority" in written else 0,
        level=_level(file, (*place, "level")) if "level" in written else Role.AGENT,
        skills=tuple(file.listed((*place, "skills"))) if "skills" in written else (),
        words=_patterns(file, (*place, "words")) if "words" in written else (),
        unless=_patterns(file, (*place, "unless")) if "unless" in written else (),
        says=says,
    )


def _patterns(file: YamlFile, place: tuple[Key, ...]) -> tuple[re.Pattern[str], ...]:
    patterns = []
    for number, written in enumerate(file.listed(place)):
        try:
            patterns.append(re.compile(str(written)))
        except re.error as error:
            raise file.wrong((*place, number), f"这条正则写错了：{error}") from error
    return tuple(patterns)


def _level(file: YamlFile, place: tuple[Key, ...]) -> Role:
    if file.at(place) not in LEVELS:
        raise file.wrong(place, f"可以写 {'、'.join(LEVELS)}")
    return Role(file.at(place))


def load_routing(folder: Path = CONTENT) -> Policy:
    """The rules of the queue in `routing.yml`.

    Raises:
        ContentError: the file is wrong; the message names the line and the cure.
    """
    file = YamlFile(folder / "routing.yml")
    written = file.mapping((), _ROUTING)
    if missing := sorted(_ROUTING - set(written)):
        raise file.wrong((), f"缺少 {'、'.join(missing)}")
    for name in ("callback_after", "bot_silent_after"):
        if _number(file, (name,)) > LONGEST_WITHOUT_ANSWER:
            raise file.wrong((name,), f"最多 {LONGEST_WITHOUT_ANSWER} 秒（F2：三分钟没有答复就要有人管）")
    if not 0 < _number(file, ("lift_at",)) <= 1:
        raise file.wrong(("lift_at",), "应是 0 到 1 之间的数，如 0.8")
    file.mapping(("visits",), {"count", "within", "priority"})
    return Policy(
        ranks=_ranks(file),
        signals={name: _rank(file, ("signals", name)) for name in file.mapping(("signals",), set(SIGNALS))},
        emotions={
            int(Level[name.upper()]): _rank(file, ("emotions", name))
            for name in file.mapping(("emotions",), {level.label for level in Level})
        },
        skills={name: file.text(("skills", name)) for name in file.mapping(("skills",))},
        script_skills={name: file.text(("script_skills", name)) for name in file.mapping(("script_skills",))},
        modes=_modes(file),
        lift_at=_number(file, ("lift_at",)),
        late_promise=_rank(file, ("late_promise",)),
        visits=_whole(file, ("visits", "count")),
        visits_within=_seconds(file, ("visits", "within")),
        visits_priority=_rank(file, ("visits", "priority")),
        callback_after=_seconds(file, ("callback_after",)),
        bot_silent_after=_seconds(file, ("bot_silent_after",)),
        gone_after=_seconds(file, ("gone_after",)),
        tell_every=_seconds(file, ("tell_every",)),
        tell_in=frozenset(file.listed(("tell_in",))),
        estimating=_estimating(file),
    )


def _ranks(file: YamlFile) -> dict[int, Rank]:
    numbers = file.at(("priorities",))
    if not isinstance(numbers, dict) or sorted(map(str, numbers)) != [str(n) for n in range(len(numbers))]:
        raise file.wrong(("priorities",), "从 0 起每一级写一条，中间不跳")
    return {
        number: Rank(file.text(("priorities", number, "name")), _seconds(file, ("priorities", number, "promise")))
        for number in numbers
    }


def _rank(file: YamlFile, place: tuple[Key, ...]) -> int:
    number = _whole(file, place)
    if number not in file.at(("priorities",)):
        raise file.wrong(place, f"priorities 里没有 {number} 这一级")
    return number


def _modes(file: YamlFile) -> dict[str, Mode]:
    modes = file.mapping(("modes",))
    if "default" not in modes:
        raise file.wrong(("modes",), "缺少 default：没有写明的小组怎样分配")
    for team, mode in modes.items():
        if mode not in tuple(Mode):
            raise file.wrong(("modes", team), f"可以写 {'、'.join(Mode)}")
    return {team: Mode(mode) for team, mode in modes.items()}


def _estimating(file: YamlFile) -> Estimating:
    written = file.mapping(("estimate",), _ESTIMATE)
    if missing := sorted(_ESTIMATE - set(written)):
        raise file.wrong(("estimate",), f"缺少 {'、'.join(missing)}")
    times = {name: _seconds(file, ("estimate", name)) for name in _ESTIMATE - {"min_takes"}}
    if times["shortest"] > times["longest"]:
        raise file.wrong(("estimate", "shortest"), "shortest 不能比 longest 长")
    return Estimating(min_takes=_whole(file, ("estimate", "min_takes")), **times)


def _seconds(file: YamlFile, place: tuple[Key, ...]) -> timedelta:
    return timedelta(seconds=_number(file, place))


def _number(file: YamlFile, place: tuple[Key, ...]) -> float:
    value = file.at(place)
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise file.wrong(place, "应是大于 0 的数")
    return value


def _whole(file: YamlFile, place: tuple[Key, ...]) -> int:
    value = file.at(place)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise file.wrong(place, "应是 0 或更大的整数")
    return value
