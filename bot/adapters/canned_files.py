"""Reading the canned replies that come with us (A4, A11)."""

from dataclasses import dataclass
from pathlib import Path

from bot.adapters.content_files import CONTENT, load_forbidden
from bot.adapters.yaml_places import YamlFile
from bot.domain.canned import Canned, Sharing, Topic, checked
from bot.domain.errors import InvalidInput

_TOPIC = {"id", "name", "words"}
_REPLY = {"id", "topic", "requirement", "shortcut", "title", "text"}


@dataclass(frozen=True)
class ShippedReplies:
    """What `content/canned.yml` holds."""

    topics: tuple[Topic, ...]
    replies: tuple[Canned, ...]


def load_canned(folder: Path = CONTENT) -> ShippedReplies:
    """The shipped replies and the topics of all.

    Raises:
        ContentError: a field is missing or wrong, an id or shortcut stands twice, or a reply holds a 忌语.
    """
    file, forbidden = YamlFile(folder / "canned.yml"), load_forbidden(folder)
    topics = tuple(_topic(file, n) for n in range(len(file.listed(("topics",)))))
    replies: dict[str, Canned] = {}
    for number in range(len(file.listed(("replies",)))):
        place = ("replies", number)
        reply = _reply(file, number)
        try:
            reply = checked(reply, forbidden, [topic.id for topic in topics])
        except InvalidInput as error:
            raise file.wrong(place, str(error)) from error
        if reply.id in replies or reply.shortcut in {other.shortcut for other in replies.values() if other.shortcut}:
            raise file.wrong(place, f"id 或快捷码已经用过：{reply.id} {reply.shortcut or ''}")
        replies[reply.id] = reply
    return ShippedReplies(topics, tuple(replies.values()))


def _topic(file: YamlFile, number: int) -> Topic:
    place = ("topics", number)
    words = file.mapping(place, _TOPIC).get("words", [])
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise file.wrong((*place, "words"), "words 应是词的列表，像数字的要加引号")
    return Topic(file.text((*place, "id")), file.text((*place, "name")), tuple(words))


def _reply(file: YamlFile, number: int) -> Canned:
    place = ("replies", number)
    file.mapping(place, _REPLY)
    text = {name: file.text((*place, name)) for name in sorted(_REPLY)}
    return Canned(
        f"shipped.{text['id']}", text["title"], text["text"], text["topic"], text["shortcut"], Sharing.SHIPPED, "", "",
        text["requirement"],
    )  # fmt: skip
