"""A 公众号, as its owner has set it up (W2, W5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.incoming import Did
from bot.domain.reach import Grant, Limits

NAME = "wechat"
PUSH, PASSIVE = "push", "passive"
TEXT_BYTES = 2048
CHOICES = 10
PASSIVE_QUIET_SECONDS = 1.0
"""Who has five seconds to answer cannot wait longer for a further bubble."""
IMAGES = frozenset({"image/jpeg", "image/png", "image/gif"})
GRANTS = {Did.WROTE: Grant(5, timedelta(hours=48)), Did.CLICKED: Grant(3, timedelta(minutes=1))}


@dataclass(frozen=True)
class WeChatAccount:
    """A 公众号.

    Attributes:
        token: what the platform signs its calls with.
        aes_key: what it seals them with; empty where it does not.
        mode: `push` where answers are sent as 客服消息; `passive` for accounts that may not, which answer calls only.
        api: where the platform is reached.
        menu: what a click on an entry of the account's menu says, by the entry's key.
        quiet_seconds: how long to wait for a further bubble (A1); None for the service's own time.
    """

    app_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(default="", repr=False)
    mode: str = PUSH
    api: str = "https://api.weixin.qq.com"
    menu: Mapping[str, str] = field(default_factory=dict)
    quiet_seconds: float | None = None

    @property
    def limits(self) -> Limits:
        """What the account may send (W2)."""
        if self.mode == PASSIVE:
            quiet = None if self.quiet_seconds is None else min(self.quiet_seconds, PASSIVE_QUIET_SECONDS)
            return Limits({}, text_bytes=TEXT_BYTES, merges=True, quiet_seconds=quiet, passive=True)
        return Limits(
            GRANTS, reserve=1, text_bytes=TEXT_BYTES, merges=True, choices=CHOICES, sends_files=IMAGES,
            quiet_seconds=self.quiet_seconds,
        )  # fmt: skip
