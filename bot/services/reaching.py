"""What may still go to a customer on somebody else's platform, told to the people at the desk (F, W2, W3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.channel import WEBSITE, ChannelContent, Way
from bot.domain.conversation import Conversation
from bot.domain.dates import moment_in_words
from bot.domain.errors import OutOfReach
from bot.domain.incoming import Did
from bot.domain.reach import UNLIMITED, Limits, Reach
from bot.services.ports import Clock, UnitOfWork
from bot.services.ports.channels import ENDED, WITH_PEOPLE

NO_CONTENT = ChannelContent({}, {}, {}, ())
_NOT_OURS = {
    WITH_PEOPLE: "企业微信里的同事正在接待这位客户，这边发不出去，请联系那位同事",
    ENDED: "平台上的这次会话已经结束，等客户再来消息才能发",
}
"""In which states of a session nothing of ours goes (W3)."""


@dataclass(frozen=True)
class ReachView:
    """How a person can reach the customer.

    Attributes:
        name: the channel's, in words.
        counts: whether the platform counts messages.
        left: how many a person may send now; `most` of how many.
        until: how long that holds; None where nothing may go, or nothing is counted.
        has_left: the customer no longer follows.
        passive: what is said waits until the customer writes.
        state: what the platform says of the session (W3).
        reason: why nothing may go; empty where something may.
        ways: what can be done in its place; none where something may go.
    """

    channel: str
    name: str
    counts: bool
    left: int
    most: int
    until: datetime | None
    has_left: bool
    passive: bool
    state: str
    reason: str
    ways: tuple[Way, ...]

    @property
    def may_send(self) -> bool:
        """Whether a person's word may go, or wait for the customer, now."""
        return not self.reason


class Reaching:
    """Knows the limits of the channels."""

    def __init__(self, channels: Mapping[str, Limits], content: ChannelContent, clock: Clock) -> None:
        """Of the channels that are connected, by name; the website needs not be among them."""
        self._channels = channels
        self._content = content
        self._clock = clock

    def name_of(self, channel: str) -> str:
        """A channel's name, for people."""
        return self._content.name_of(channel)

    def view(self, conversation: Conversation, reach: Reach | None) -> ReachView:
        """How the customer can be reached now; `reach` is what the ledger knows of them."""
        channel, now, known = conversation.channel, self._clock(), reach or Reach(conversation.id)
        limits = UNLIMITED if channel == WEBSITE else self._channels.get(channel)
        name = self.name_of(channel)
        reason = _why_not(known, limits, name, now)
        limits = limits or UNLIMITED
        granted = (limits.grants[o.did].most for o in known.openings if o.did in limits.grants and now < o.until)
        return ReachView(
            channel=channel, name=name, counts=limits.counts, left=0 if reason else known.left(now),
            most=max(granted, default=0), until=None if reason else known.until(now), has_left=known.has_left,
            passive=limits.passive, state=known.state, reason=reason, ways=self._content.ways if reason else (),
        )  # fmt: skip

    def require(self, uow: UnitOfWork, conversation: Conversation) -> None:
        """See that a person's word can go to the customer, or wait for them.

        Raises:
            OutOfReach: it cannot; the message says why, and what else can be done.
        """
        if conversation.channel == WEBSITE:
            return
        seen = self.view(conversation, uow.reaches.get(conversation.id))
        if not seen.may_send:
            raise OutOfReach(f"{seen.reason}。可以{'、'.join(way.name for way in seen.ways) or '写备注交代同事'}")


def _why_not(reach: Reach, limits: Limits | None, name: str, now: datetime) -> str:
    """Why a person's word can neither go nor wait; empty where it can."""
    if limits is None:
        return f"{name}没有接通，消息发不出去，请管理员检查渠道设置"
    if reach.has_left:
        return f"客户已取消关注，{name}的消息送不到了"
    if reach.state in _NOT_OURS:
        return _NOT_OURS[reach.state]
    if limits.passive or reach.may_send(now, limits, is_reserved=True):
        return ""
    wrote = next((opening for opening in reach.openings if opening.did is Did.WROTE), None)
    if wrote and now < wrote.until:
        most = limits.grants[Did.WROTE].most
        return f"{name}允许的 {most} 条已经用完，客户再发一条消息才能接着发"
    if wrote:
        at, lasts = moment_in_words(wrote.at, now), limits.grants[Did.WROTE].lasts
        return f"客户最近一次发消息是{at}，超过 {lasts // timedelta(hours=1)} 小时，{name}不让再发"
    return f"客户还没有发过消息，{name}不让主动发"
