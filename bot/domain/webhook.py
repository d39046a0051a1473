"""Other systems that want to know what happens here, and what they can be told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from bot.domain.audit import Change
from bot.domain.conversation import Conversation, Owner, OwnerChange
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.message import Message, Sender


class Topic(StrEnum):
    """What can be told."""

    CONVERSATION_QUEUED = "conversation.queued"
    CONVERSATION_TAKEN = "conversation.taken"
    CONVERSATION_TRANSFERRED = "conversation.transferred"
    CONVERSATION_CLOSED = "conversation.closed"
    MESSAGE_AGENT = "message.agent"
    MESSAGE_CUSTOMER = "message.customer"
    TICKET_OPENED = "ticket.opened"
    TICKET_MOVED = "ticket.moved"
    TICKET_CLOSED = "ticket.closed"
    RATING_GIVEN = "rating.given"
    REVIEW_SETTLED = "review.settled"
    TEST = "test"


class Standing(StrEnum):
    """Whether a subscription is served."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVED = "removed"


@dataclass(frozen=True)
class Webhook:
    """A subscription: where to, and what of."""

    id: str
    url: str
    events: tuple[str, ...]
    created_by: str
    opened_at: datetime
    state: Standing = Standing.ACTIVE
    version: int = 0

    def stand(self, state: Standing) -> "Webhook":
        """Pause it, serve it again, or remove it for good.

        Raises:
            Conflict: it is removed.
        """
        if self.state is Standing.REMOVED:
            raise Conflict("这个订阅已经删除，请新建一个")
        return replace(self, state=state)


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    topic: Topic
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


def event_of_owner(before: Conversation, conversation: Conversation, change: OwnerChange) -> Event | None:
    """What a change of who holds a conversation means to others."""
    topic = _topic_of_owner(before, conversation)
    data = {
        "conversation_id": change.conversation_id, "channel": conversation.channel, "owner": change.owner.value,
        "reason": change.reason, "agent": change.agent or conversation.agent, "by": change.by,
        "team": conversation.need.team, "level": conversation.need.level.value, "priority": conversation.need.priority,
    }  # fmt: skip
    return Event(topic, change.at, data) if topic else None


def _topic_of_owner(before: Conversation, after: Conversation) -> Topic | None:
    if after.closed_at:
        return None if before.closed_at else Topic.CONVERSATION_CLOSED
    match before.owner, after.owner:
        case _, Owner.BOT:
            return None
        case Owner.HUMAN, Owner.HUMAN:
            return None if before.agent == after.agent else Topic.CONVERSATION_TRANSFERRED
        case Owner.HUMAN, _:
            return Topic.CONVERSATION_TRANSFERRED
        case Owner.QUEUED, Owner.QUEUED:
            return None if _wanted(before) == _wanted(after) else Topic.CONVERSATION_TRANSFERRED
        case _, Owner.QUEUED:
            return Topic.CONVERSATION_QUEUED
    return Topic.CONVERSATION_TAKEN


def _wanted(conversation: Conversation) -> tuple[str, str, str | None]:
    return conversation.need.team, conversation.need.level.value, conversation.need.wanted


def events_of_messages(messages: Iterable[Message]) -> list[Event]:
    """What people have said to each other; notes and the bot's own words are not told."""
    topics = {Sender.AGENT: Topic.MESSAGE_AGENT, Sender.CUSTOMER: Topic.MESSAGE_CUSTOMER}
    return [
        Event(
            topics[message.sender], message.sent_at,
            {
                "conversation_id": message.conversation_id, "message_id": message.id, "seq": message.seq,
                "text": message.text,
            },
        )
        for message in messages
        if message.sender in topics and not message.note
    ]  # fmt: skip


def event_of_change(change: Change) -> Event | None:
    """What a line of the audit trail means to others; long numbers in it are masked already (E10)."""
    kind, _, name = change.subject.partition(":")
    topic = _topic_of_change(kind, change)
    about = {"number": name} if kind == "ticket" else {"id": name}
    told = {"action": change.action, "by": change.actor, "reason": change.reason, "changes": dict(change.after)}
    return Event(topic, change.at, {**about, **told}) if topic else None


def _topic_of_change(kind: str, change: Change) -> Topic | None:
    if kind == "ticket":
        if not change.before:
            return Topic.TICKET_OPENED
        if change.after.get("status") == "closed":
            return Topic.TICKET_CLOSED
        return Topic.TICKET_MOVED if {"status", "step", "team", "level"} & set(change.after) else None
    if kind == "rating" and (change.action == "add" or "score" in change.after):
        return Topic.RATING_GIVEN
    return Topic.REVIEW_SETTLED if kind == "review" and change.after.get("state") == "settled" else None


def checked_address(url: str, trusted: Iterable[str]) -> str:
    """An address that may be told what happens: https to the open internet, and whatever hosts the operator trusts.

    Raises:
        InvalidInput: it is no address, or leads to a machine that only we should reach.
    """
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host = ""
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= 500
    if not host or parts.scheme not in ("https", "http") or not is_plain:
        raise InvalidInput("请写完整的地址，如 https://crm.example.com/anfu")
    if "@" in parts.netloc:
        raise InvalidInput("地址里不要写用户名和密码，对方凭签名确认是我们发的")
    if host in trusted:
        return url
    if parts.scheme != "https":
        raise InvalidInput("外网地址要用 https；本机和内网的地址请管理员写进 ANFU_WEBHOOK_HOSTS")
    if is_inside(host):
        raise InvalidInput(f"{host} 是本机或内网的地址：要用它，请管理员写进 ANFU_WEBHOOK_HOSTS")
    return url


_OPEN_IPV6 = ip_network("2000::/3")


def is_inside(host: str) -> bool:
    """Whether a name or IP address can only mean a machine of our own network."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))
    address = getattr(address, "ipv4_mapped", None) or address
    # Beyond 2000::/3 lie ways to write an IPv4 address, such as 64:ff9b::/96, and nothing that anybody is given.
    is_given = address.version == 4 or address in _OPEN_IPV6
    return not (address.is_global and is_given) or address.is_multicast
