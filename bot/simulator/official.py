"""The 公众号: who follows, what may be sent to them, and what they see (W2)."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.domain.errors import Conflict
from bot.simulator.chat import WITH_MEDIA, Reply, Speaker, read_message
from bot.simulator.grants import OFFICIAL, Cause, Grants
from bot.simulator.media import MediaStore
from bot.simulator.refusals import (
    ALREADY_TYPING,
    BAD_OPENID,
    BAD_TYPING_COMMAND,
    BEYOND_QUOTA,
    NOT_FOLLOWING,
    TYPING_TOO_LATE,
    WRONG_SECRET,
    Refused,
)
from bot.simulator.tokens import Tokens

KINDS = frozenset({
    "text", "image", "voice", "video", "music", "news", "mpnews", "mpnewsarticle", "msgmenu", "wxcard",
    "miniprogrampage",
})  # fmt: skip
TYPING_SHOWS = timedelta(seconds=15)
TYPING_AFTER = timedelta(seconds=30)


@dataclass
class Follower:
    """A customer of the 公众号. Who writes without having followed before our eyes has followed long ago."""

    openid: str
    grants: Grants = field(default_factory=lambda: Grants(OFFICIAL))
    chat: list[Reply] = field(default_factory=list)
    follows: bool = True
    typing_until: datetime | None = None
    active_at: datetime | None = None


class Official:
    """The state of the 公众号.

    Attributes:
        sent_beyond_quota: how often a message was sent that no grant allowed; a good service never does.
    """

    def __init__(self, now: Callable[[], datetime], media: MediaStore, changed: Callable[[], None]) -> None:
        self.tokens = Tokens("official", now, WRONG_SECRET)
        self.followers: dict[str, Follower] = {}
        self.sent_beyond_quota = 0
        self._now = now
        self._media = media
        self._changed = changed
        self._message_ids = itertools.count(23_000_000_000_000_001)

    def follower(self, openid: str) -> Follower:
        """The customer; known from now on."""
        return self.followers.setdefault(openid, Follower(openid))

    def replies(self, openid: str) -> list[Reply]:
        """What the service has said to a customer."""
        chat = self.followers[openid].chat if openid in self.followers else []
        return [line for line in chat if line.speaker is Speaker.SERVICE]

    def written(self, openid: str, line: Reply, cause: Cause = Cause.WROTE) -> int:
        """The customer has sent this; the message's id.

        Args:
            cause: a touched menu entry arrives as a message and opens only what a menu opens.

        Raises:
            Conflict: they do not follow, so they cannot write.
        """
        customer = self._following(openid)
        customer.chat.append(line)
        self._did(customer, cause)
        return next(self._message_ids)

    def followed(self, openid: str) -> None:
        """The customer follows."""
        customer = self.follower(openid)
        customer.follows = True
        self._did(customer, Cause.FOLLOWED)

    def left(self, openid: str) -> None:
        """The customer follows no longer."""
        customer = self.follower(openid)
        customer.follows = False
        customer.grants.close()
        self._changed()

    def clicked(self, openid: str) -> None:
        """The customer has touched a key of the menu.

        Raises:
            Conflict: they do not follow.
        """
        self._did(self._following(openid), Cause.MENU)

    def scanned(self, openid: str) -> None:
        """The customer, who follows already, has scanned a code.

        Raises:
            Conflict: they do not follow.
        """
        self._did(self._following(openid), Cause.SCANNED)

    def send(self, body: dict[str, Any]) -> dict[str, Any]:
        """`message/custom/send`.

        Raises:
            Refused: what the customer did allows no message now, they are unknown or gone, or it is no good message.
        """
        customer = self._reachable(body)
        reply = read_message(body, self._now(), KINDS)
        if reply.kind in WITH_MEDIA:
            self._media.get(reply.media_id)
        try:
            customer.grants.check(self._now())
        except Refused as refusal:
            self.sent_beyond_quota += refusal.code in BEYOND_QUOTA
            raise
        customer.grants.count()
        self._show(customer, reply)
        return {}

    def answer(self, openid: str, reply: Reply) -> None:
        """The passive reply to a callback; it is not counted."""
        self._show(self.follower(openid), reply)

    def say_on_phone(self, openid: str, text: str) -> None:
        """WeChat's own line."""
        self.follower(openid).chat.append(Reply("text", text, self._now(), Speaker.PHONE))
        self._changed()

    def show_typing(self, body: dict[str, Any]) -> dict[str, Any]:
        """`message/custom/typing`.

        Raises:
            Refused: no such command or customer, nothing was said for 30 seconds, or it is shown already.
        """
        customer = self._reachable(body)
        if body.get("command") not in ("Typing", "CancelTyping"):
            raise Refused(BAD_TYPING_COMMAND)
        now = self._now()
        if body["command"] == "CancelTyping":
            customer.typing_until = None
        elif customer.active_at is None or now - customer.active_at > TYPING_AFTER:
            raise Refused(TYPING_TOO_LATE)
        elif customer.typing_until and now < customer.typing_until:
            raise Refused(ALREADY_TYPING)
        else:
            customer.typing_until = now + TYPING_SHOWS
        self._changed()
        return {}

    def _reachable(self, body: dict[str, Any]) -> Follower:
        customer = self.followers.get(str(body.get("touser")))
        if customer is None:
            raise Refused(BAD_OPENID)
        if not customer.follows:  # live, 45015 is seen here too: its words are “… or subscription is canceled”
            raise Refused(NOT_FOLLOWING)
        return customer

    def _following(self, openid: str) -> Follower:
        customer = self.follower(openid)
        if not customer.follows:
            raise Conflict(f"{openid} 已经取消关注，要先重新关注才能发消息")
        return customer

    def _did(self, customer: Follower, cause: Cause) -> None:
        customer.grants.open(cause, self._now())
        customer.active_at = self._now()
        self._changed()

    def _show(self, customer: Follower, reply: Reply) -> None:
        customer.chat.append(reply)
        customer.typing_until = None
        customer.active_at = self._now()
        self._changed()
