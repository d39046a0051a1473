"""Reads `content/channels.yml`: what service staff say of channels (A1, W2, W3)."""

from collections.abc import Collection
from pathlib import Path

from bot.adapters.content_files import CONTENT, load_forbidden
from bot.adapters.yaml_places import YamlFile
from bot.domain.channel import WEBSITE, ChannelContent, Way
from bot.domain.wording import Forbidden, forbidden_in

LONGEST_WAIT_SECONDS = 30
"""Who waits longer for an answer thinks that nobody is there."""
LONGEST_WORDS = 200
_TOP = {"version", "channels", "menu", "ways"}
_BESIDE = {"ask": {"text"}, "callback": set[str](), "task": {"department"}}
"""What each way needs besides its id and name."""


def load_channels(departments: Collection[str], folder: Path = CONTENT) -> ChannelContent:
    """The names, waits and menu of the channels, and the ways where nothing can be sent.

    Args:
        departments: who may be given a task.

    Raises:
        ContentError: a field is missing or wrong, a way is unknown or stands twice, or a sentence holds a 忌语.
    """
    file, forbidden = YamlFile(folder / "channels.yml"), load_forbidden(folder)
    file.mapping((), _TOP)
    channels = file.mapping(("channels",))
    if WEBSITE not in channels:
        raise file.wrong(("channels",), f"少了 {WEBSITE}，请补上")
    for channel in channels:
        file.mapping(("channels", channel), {"name", "quiet_seconds"})
    ways: dict[str, Way] = {}
    for number in range(len(file.listed(("ways",)))):
        way = _way(file, number, departments, forbidden)
        if way.id in ways:
            raise file.wrong(("ways", number), f"{way.id} 已经写过，请删去一处")
        ways[way.id] = way
    return ChannelContent(
        names={channel: file.text(("channels", channel, "name")) for channel in channels},
        quiet_seconds={
            channel: _wait(file, channel) for channel, given in channels.items() if "quiet_seconds" in given
        },
        menu={key: _short(file, ("menu", key)) for key in file.mapping(("menu",))},
        ways=tuple(ways.values()),
    )


def _wait(file: YamlFile, channel: str) -> float:
    place = ("channels", channel, "quiet_seconds")
    seconds = file.at(place)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_WAIT_SECONDS:
        raise file.wrong(place, f"请写大于 0、不超过 {LONGEST_WAIT_SECONDS} 的秒数")
    return float(seconds)


def _way(file: YamlFile, number: int, departments: Collection[str], forbidden: tuple[Forbidden, ...]) -> Way:
    place = ("ways", number)
    way_id = file.text((*place, "id"))
    if way_id not in _BESIDE:
        raise file.wrong((*place, "id"), f"不认识 {way_id}，可以写 {'、'.join(sorted(_BESIDE))}")
    file.mapping(place, {"id", "name"} | _BESIDE[way_id])
    beside = {name: _short(file, (*place, name)) for name in _BESIDE[way_id]}
    if "department" in beside and beside["department"] not in departments:
        raise file.wrong(
            (*place, "department"), f"没有部门 {beside['department']}，可以写 {'、'.join(sorted(departments))}"
        )
    for found in forbidden_in(beside.get("text", ""), forbidden):
        raise file.wrong((*place, "text"), f"“{found.phrase}”是忌语，可以改说：{found.better}")
    return Way(way_id, file.text((*place, "name")), **beside)


def _short(file: YamlFile, place: tuple[str | int, ...]) -> str:
    text = file.text(place)
    if len(text) > LONGEST_WORDS:
        raise file.wrong(place, f"最多 {LONGEST_WORDS} 个字，请写短一些")
    return text
