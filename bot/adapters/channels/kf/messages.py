"""What `kf/sync_msg` gives, read as what customers sent and did (W1, W3).

Field names are those of “读取消息” (developer.work.weixin.qq.com, document 94670); what is from memory is marked.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.adapters.channels.kf.account import external_id
from bot.domain.attachment import FETCHED_WORDS
from bot.domain.incoming import EMPTY, Did, Incoming, Media
from bot.services.ports.channels import ENDED, WITH_PEOPLE, Failure, Page

log = logging.getLogger(__name__)

FROM_CUSTOMER, FROM_PLATFORM = 3, 4
"""`origin`; 5 is what a person of the company wrote in 企业微信 itself: that is no business of ours."""
WHY_FAILED = {
    0: "原因不明", 1: "客服账号已删除", 2: "应用已关闭", 4: "会话超过 48 小时", 5: "会话已关闭", 6: "超过 5 条",
    7: "没有绑定视频号", 8: "企业没有验证", 9: "没有绑定视频号，企业也没有验证", 10: "客户拒收",
    11: "企业没有成员登录企业微信", 12: "平台不让发这种消息",  # from memory
}  # fmt: skip
AFTER_CHANGE = {1: WITH_PEOPLE, 2: WITH_PEOPLE, 3: ENDED, 4: WITH_PEOPLE}
"""What `change_type` makes of a session: taken from the queue, handed on, ended, taken up again."""
UNSUPPORTED = {
    "business_card": "名片", "miniprogram": "小程序", "merged_msg": "聊天记录", "channels": "视频号",
    "channels_shop_product": "商品", "channels_shop_order": "订单", "note": "笔记", "meeting": "会议",
    "schedule": "日程",
}  # fmt: skip
"""From memory, but for the first two."""
NO_HELP = "暂不支持的消息"
_ID, _MEDIA_ID = re.compile(r"[!-~]{1,90}"), re.compile(r"[!-~]{1,300}")
_LONGEST_EXTERNAL_ID = 100


class _Unreadable(Exception):
    """A message without what every one has."""


@dataclass(frozen=True)
class _Content:
    """The words for a message, what is stored of it, the file that it is, and the button that was clicked."""

    text: str
    source: Mapping[str, Any]
    media: Media | None = None
    choice: str = ""


def read_page(messages: Sequence[Any], cursor: str, has_more: bool) -> Page:
    """A page of what came, in its order; what cannot be read is left out, and logged without a customer's words.

    Args:
        cursor: where the next page begins.
    """
    incoming: list[Incoming] = []
    failures: list[Failure] = []
    states: dict[str, str] = {}
    for message in messages:
        try:
            _read(message, incoming, states, failures)
        except _Unreadable as reason:
            log.error("a message of 微信客服 is left out: %s", reason)
    return Page(tuple(incoming), cursor, has_more, states, tuple(failures))


def _read(message: Any, incoming: list[Incoming], states: dict[str, str], failures: list[Failure]) -> None:
    if not isinstance(message, dict):
        raise _Unreadable("it is no object")
    origin = message.get("origin")
    if origin == FROM_CUSTOMER:
        said = _said(message)
        incoming.append(said)
        if states.get(said.external_id) == ENDED:
            states[said.external_id] = ""
    elif origin == FROM_PLATFORM:
        _read_event(message, incoming, states, failures)


def _said(message: Mapping[str, Any]) -> Incoming:
    """What a customer sent."""
    kind = _text(message, "msgtype")
    content = _content(kind, _part(message, kind))
    return Incoming(
        _who(message), _key(message), content.text, _at(message), source=content.source, media=content.media,
        choice=content.choice,
    )  # fmt: skip


def _content(kind: str, part: Mapping[str, Any]) -> _Content:
    if kind == "text":
        return _Content(_text(part, "content") or EMPTY, {}, choice=_text(part, "menu_id"))
    if kind in FETCHED_WORDS and _MEDIA_ID.fullmatch(media_id := _text(part, "media_id")):
        return _Content(f"[{FETCHED_WORDS[kind]}]", {"kind": "media", "media": kind}, Media(media_id, kind))
    if kind == "location":
        place = " ".join(filter(None, (_text(part, "name"), _text(part, "address"))))
        point = {"x": _degrees(part, "latitude"), "y": _degrees(part, "longitude")}
        return _Content(place or "[位置]", {"kind": "location", "label": place, **point})
    if kind == "link":
        title, url = _text(part, "title"), _text(part, "url")
        return _Content("\n".join(filter(None, (title, url))) or "[链接]", {"kind": "link", "title": title, "url": url})
    words = f"[{UNSUPPORTED.get(kind, NO_HELP)}] {_text(part, 'title')}".rstrip()
    return _Content(words, {"kind": "unsupported", "type": kind[:20]})


def _read_event(
    message: Mapping[str, Any], incoming: list[Incoming], states: dict[str, str], failures: list[Failure]
) -> None:
    event = _part(message, "event")
    match _text(event, "event_type"):
        case "enter_session":
            at = _at(message)
            incoming.append(Incoming(_who(event), _key(message), "", at, did=Did.CLICKED, greets=True))
        case "msg_send_fail":
            kind = _number(event, "fail_type")
            why = WHY_FAILED.get(kind, f"原因代码 {kind}")
            reason = f"企业微信说没有送到：{why}"
            log.warning("微信客服 could not bring message %s: %s", _text(event, "fail_msgid"), why)
            failures.append(Failure(_who(event), _text(event, "fail_msgid"), reason))
        case "session_status_change":
            if state := AFTER_CHANGE.get(_number(event, "change_type")):
                states[_who(event)] = state
        case "user_recall_msg":
            log.info("a customer has taken back message %s", _text(event, "recall_msgid"))
        case other:
            log.debug("an event of 微信客服 changes nothing here: %s", other)


def _who(told: Mapping[str, Any]) -> str:
    open_kfid, external_userid = _text(told, "open_kfid"), _text(told, "external_userid")
    whose = external_id(open_kfid, external_userid)
    if not (_ID.fullmatch(open_kfid) and _ID.fullmatch(external_userid)) or len(whose) > _LONGEST_EXTERNAL_ID:
        raise _Unreadable("it does not say whose it is")
    return whose


def _key(message: Mapping[str, Any]) -> str:
    if not _ID.fullmatch(msgid := _text(message, "msgid")):
        raise _Unreadable("it has no msgid")
    return f"k:{msgid}"


def _at(message: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromtimestamp(message["send_time"], UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise _Unreadable(f"{_text(message, 'msgid')} does not say when it was sent") from None


def _part(message: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = message.get(name)
    return part if isinstance(part, dict) else {}


def _number(of: Mapping[str, Any], name: str) -> int:
    value = of.get(name)
    return value if isinstance(value, int) else 0


def _degrees(of: Mapping[str, Any], name: str) -> float | None:
    """Where it is; None for what is no place on Earth."""
    value = of.get(name)
    return float(value) if isinstance(value, int | float) and -180 <= value <= 180 else None


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name)
    return value if isinstance(value, str) else ""
