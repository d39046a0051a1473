"""What a customer sees in the phone."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.simulator.refusals import BAD_ARGUMENT, BAD_JSON, BAD_MESSAGE_TYPE, TOO_LONG, Refused

TEXT_BYTES = 2048
HEAD_BYTES = 1024
TITLE_BYTES = 128
MOST_ENTRIES = 10
BRIEF = 40
_KINDS = {"image": "[图片]", "voice": "[语音]", "video": "[视频]", "file": "[文件]", "location": "[位置]"}
WITH_MEDIA = frozenset({"image", "voice", "video", "file"})

_numbers = itertools.count(1)


class Speaker(StrEnum):
    """Who a line in the chat is from."""

    CUSTOMER = "customer"
    SERVICE = "service"
    PERSON = "person"
    """Somebody of the company, who writes in 企业微信 itself."""
    PHONE = "phone"
    """WeChat's own grey line."""


@dataclass(frozen=True)
class Entry:
    """One line of a menu message, which the customer can touch; a link where it has a `url`."""

    id: str
    title: str
    url: str = ""


@dataclass(frozen=True)
class Reply:
    """One thing in the chat; what the service says, and in the phone's log the customer's own too.

    Attributes:
        text: the words; of a link its title, of a menu its head.
        tail: what stands below a menu; of a link its description.
        is_passive: it came as the answer to a callback, not through a call.
    """

    kind: str
    text: str
    at: datetime
    speaker: Speaker = Speaker.SERVICE
    buttons: tuple[Entry, ...] = ()
    tail: str = ""
    url: str = ""
    media_id: str = ""
    is_passive: bool = False
    number: int = field(default_factory=lambda: next(_numbers))


def read_message(body: dict[str, Any], at: datetime, kinds: frozenset[str]) -> Reply:
    """What a call to send a message brings.

    Args:
        kinds: the values of `msgtype` that this platform takes.

    Raises:
        Refused: another kind, a field is missing, or it is too long.
    """
    kind = body.get("msgtype", "")
    if kind not in kinds:
        raise Refused(BAD_MESSAGE_TYPE, str(kind))
    content = body.get(kind)
    if not isinstance(content, dict):
        raise Refused(BAD_JSON, kind)
    if kind in WITH_MEDIA:
        return Reply(kind, "", at, media_id=_field(content, "media_id"))
    if kind == "text":
        return Reply(kind, _short(_field(content, "content"), TEXT_BYTES), at)
    if kind == "msgmenu":
        return _menu(content, at)
    if kind == "news":
        articles = content.get("articles") or [{}]
        content = articles[0]
        kind = "link"
    if kind == "link":
        description = content.get("description", content.get("desc", ""))
        return Reply(kind, _field(content, "title"), at, tail=description, url=_field(content, "url"))
    return Reply(kind, content.get("title", content.get("name", kind)), at)


def in_brief(line: Reply) -> str:
    """What a customer's message is, in a few words."""
    return f"{_KINDS.get(line.kind, '')} {line.text[:BRIEF]}".strip()


def _menu(content: dict[str, Any], at: datetime) -> Reply:
    entries = content.get("list", [])
    if not isinstance(entries, list) or not 0 < len(entries) <= MOST_ENTRIES:
        raise Refused(BAD_ARGUMENT, "msgmenu.list")
    head, tail = content.get("head_content", ""), content.get("tail_content", "")
    return Reply("msgmenu", _short(head, HEAD_BYTES), at, buttons=tuple(map(_entry, entries)), tail=tail)


def _entry(entry: dict[str, Any]) -> Entry:
    """公众号 writes `{id, content}`, 微信客服 `{type, click: {id, content}}`."""
    kind = entry.get("type")
    if kind == "view":
        return Entry("", _field(entry["view"], "content"), entry["view"].get("url", ""))
    if kind == "text":
        return Entry("", _field(entry["text"], "content"))
    inner = entry.get("click", entry)
    return Entry(_short(_field(inner, "id"), 64), _short(_field(inner, "content"), TITLE_BYTES))


def _field(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(BAD_JSON, name)
    return value


def _short(text: str, most: int) -> str:
    if len(text.encode()) > most:
        raise Refused(TOO_LONG, f"{len(text.encode())} bytes")
    return text
