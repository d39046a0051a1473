"""微信客服 of one company, as its owner has set it up, and what may be sent there (W3, W5)."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.attachment import FETCHED
from bot.domain.incoming import Did
from bot.domain.reach import Grant, Limits

NAME = "kf"
TEXT_BYTES = 2048
CHOICES = 10
"""95008: more entries than this no menu may have."""
GRANTS = {Did.WROTE: Grant(5, timedelta(hours=48))}


@dataclass(frozen=True)
class KfAccount:
    """微信客服 of one company; its 客服账号 (`open_kfid`) are many, and need not be named here.

    Attributes:
        corp_id: the company's; also whose the sealed messages are.
        secret: of the application that may call the interface of 微信客服.
        token: what the platform signs its calls with.
        aes_key: what it seals them with; it always does.
        api: where the platform is reached.
        quiet_seconds: how long to wait for a further bubble (A1); None for the service's own time.
    """

    corp_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    api: str = "https://qyapi.weixin.qq.com"
    quiet_seconds: float | None = None

    @property
    def limits(self) -> Limits:
        """What may be sent (W3); a `msgid` used before is refused, so that nothing arrives twice."""
        return Limits(
            GRANTS, reserve=1, text_bytes=TEXT_BYTES, merges=True, choices=CHOICES, sends_files=frozenset(FETCHED),
            repeats=True, quiet_seconds=self.quiet_seconds,
        )  # fmt: skip


def external_id(open_kfid: str, external_userid: str) -> str:
    """A customer of one 客服账号: with another one they have another conversation."""
    return f"{open_kfid}:{external_userid}"


def account_and_customer(external: str) -> tuple[str, str]:
    """The `open_kfid` and the `external_userid` of an external id."""
    open_kfid, _, external_userid = external.partition(":")
    return open_kfid, external_userid
