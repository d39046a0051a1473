"""What a customer sends to a 公众号 or does there, as what comes in here (W1, W2)."""

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.adapters.channels.wechat.faces import name_faces
from bot.domain.errors import Unreadable
from bot.domain.incoming import EMPTY, Did, Incoming, Media
from bot.domain.text import mask

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]

_OPENID = re.compile(r"[\w-]{1,64}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,10}")
_CHOICE = re.compile(r"[0-9]{1,9}-[0-9]{1,2}")
_COORDINATE = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?")
_MEDIA_ID = re.compile(r"[!-~]{1,300}")
_LONGEST_KEY = 100
_LONGEST_SCENE = 64
_SCENE_OF_FOLLOW = "qrscene_"


@dataclass(frozen=True)
class _Thing:
    """What a kind of message or event says; the rest is alike for all."""

    text: str = ""
    did: Did = Did.WROTE
    source: Mapping[str, Any] | None = None
    media: Media | None = None
    choice: str = ""
    greets: bool = False


def read_incoming(fields: Fields, menu: Mapping[str, str]) -> Incoming:
    """One thing that a customer sent or did.

    Args:
        fields: of the message, as its XML has them.
        menu: what a click on an entry of the account's menu says, by the entry's key.

    Raises:
        Unreadable: it does not say from whom, when, or what.
    """
    openid, seconds, kind = _word(fields, "FromUserName"), _word(fields, "CreateTime"), _word(fields, "MsgType")
    if not (_OPENID.fullmatch(openid) and _SECONDS.fullmatch(seconds) and kind):
        raise Unreadable("消息没有写明是谁、什么时候、哪一种（FromUserName、CreateTime、MsgType）")
    thing = _event(fields, menu) if kind == "event" else _MESSAGES.get(kind, _unsupported)(fields)
    return Incoming(
        openid, _key(fields, kind), thing.text, datetime.fromtimestamp(int(seconds), UTC), thing.did,
        thing.source or {}, thing.media, thing.choice, thing.greets,
    )  # fmt: skip


def _word(fields: Fields, name: str) -> str:
    """A field that is a word; what is nested is none."""
    value = fields.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _key(fields: Fields, kind: str) -> str:
    """The same thing brought again has the same key (W1); the customer's conversation is the rest of it."""
    at = _word(fields, "CreateTime")
    if kind == "event":
        key = f"e:{_word(fields, 'Event')}:{at}:{_word(fields, 'EventKey')}"
    else:
        key = f"m:{_word(fields, 'MsgId')}:{at}"
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[:30]}:{hashlib.sha256(key.encode()).hexdigest()}"


def _text(fields: Fields) -> _Thing:
    """Words; those of a clicked choice are the button's, and open as little as a menu does (W2)."""
    said, choice = name_faces(_word(fields, "Content")) or EMPTY, _word(fields, "bizmsgmenuid")
    if not choice:
        return _Thing(said)
    return _Thing(said, Did.CLICKED, choice=choice if _CHOICE.fullmatch(choice) else "")


def _file(kind: str, words: str) -> Callable[[Fields], _Thing]:
    def read(fields: Fields) -> _Thing:
        media_id = _word(fields, "MediaId")
        if not _MEDIA_ID.fullmatch(media_id):
            return _unsupported(fields)
        return _Thing(words, source={"kind": "media", "media": kind}, media=Media(media_id, kind))

    return read


def _voice(fields: Fields) -> _Thing:
    """A voice message; what the platform has understood of it is what they said."""
    voice = _file("voice", "[语音]")(fields)
    said = _word(fields, "Recognition")
    if not said:
        return voice
    return _Thing(said, source={"kind": "voice"}, media=voice.media)


def _location(fields: Fields) -> _Thing:
    label, x, y = _word(fields, "Label"), _word(fields, "Location_X"), _word(fields, "Location_Y")
    source: dict[str, Any] = {"kind": "location", "label": label}
    if _COORDINATE.fullmatch(x) and _COORDINATE.fullmatch(y):
        source |= {"x": float(x), "y": float(y)}
    return _Thing(label or "[位置]", source=source)


def _link(fields: Fields) -> _Thing:
    title, url = _word(fields, "Title"), _word(fields, "Url")
    return _Thing(
        "\n".join(filter(None, (title, url))) or "[链接]", source={"kind": "link", "title": title, "url": url}
    )


def _unsupported(fields: Fields) -> _Thing:
    return _Thing("[暂不支持的消息]", source={"kind": "unsupported", "type": _word(fields, "MsgType")[:20]})


def _event(fields: Fields, menu: Mapping[str, str]) -> _Thing:
    event, key = _word(fields, "Event"), _word(fields, "EventKey")
    match event.lower():
        case "subscribe":
            return _come_in(event, key.removeprefix(_SCENE_OF_FOLLOW))
        case "scan":
            return _come_in(event, key)
        case "unsubscribe":
            return _Thing(did=Did.LEFT, source={"kind": "event", "event": event})
        case "click":
            source = {"kind": "menu", "key": key[:_LONGEST_SCENE]}
            return _Thing(menu.get(key, ""), Did.CLICKED, source, greets=key not in menu)
        case "scancode_push" | "scancode_waitmsg":
            return _Thing(did=Did.CLICKED, source={"kind": "event", "event": event})
        case "templatesendjobfinish":
            log.info("template message %s: %s", _word(fields, "MsgID")[:20], mask(_word(fields, "Status"))[:60])
    return _Thing(did=Did.NOTHING, source={"kind": "event", "event": event[:20]})


def _come_in(event: str, scene: str) -> _Thing:
    """They follow, or have scanned a code: the bot introduces itself (A15)."""
    source = {"kind": "event", "event": event, "scene": scene[:_LONGEST_SCENE]}
    return _Thing(did=Did.CLICKED, source=source, greets=True)


_MESSAGES: dict[str, Callable[[Fields], _Thing]] = {
    "text": _text,
    "image": _file("image", "[图片]"),
    "voice": _voice,
    "video": _file("video", "[视频]"),
    "shortvideo": _file("video", "[视频]"),
    "location": _location,
    "link": _link,
}
