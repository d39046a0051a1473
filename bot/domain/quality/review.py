"""A review of one person's part of a conversation: by rule, by hand, on appeal (four eyes, each once)."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.domain.actor import Actor, Role
from bot.domain.errors import AnfuError, Conflict, InvalidInput, NotAllowed


class ReviewState(StrEnum):
    """Where a review stands."""

    AUTO = "auto"
    TO_CHECK = "to_check"
    CHECKED = "checked"
    APPEALED = "appealed"
    SETTLED = "settled"


class Settlement(StrEnum):
    """What came of an appeal."""

    UPHELD = "upheld"
    CHANGED = "changed"


@dataclass(frozen=True)
class Review:
    """A review.

    Attributes:
        agent: whose part of the conversation it is about.
        begun_at, closed_at: which stretch of the conversation.
        day: when it was closed, in Shanghai.
        rules_version: of the rules that it was made with.
        score: by rule, 0-100; None where no rule applied.
        picked_for: why people should check it; see `sampling`.
        human_score: the last that a person gave.
    """

    id: str
    conversation_id: str
    agent: str
    team: str
    begun_at: datetime
    closed_at: datetime
    day: date
    inspected_at: datetime
    rules_version: int
    score: int | None
    state: ReviewState = ReviewState.AUTO
    picked_for: tuple[str, ...] = ()
    human_score: int | None = None
    comment: str | None = None
    checked_by: str | None = None
    checked_at: datetime | None = None
    appeal: str | None = None
    appealed_at: datetime | None = None
    settlement: Settlement | None = None
    settled_by: str | None = None
    settled_at: datetime | None = None
    settled_because: str | None = None
    version: int = 0

    @property
    def final(self) -> int | None:
        """The score that counts: a person's before the rules'."""
        return self.score if self.human_score is None else self.human_score

    def pick(self, *reasons: str) -> "Review":
        """People should check it, too, for these reasons; one that somebody has looked at stays as it is."""
        if self.state not in (ReviewState.AUTO, ReviewState.TO_CHECK):
            return self
        return replace(self, state=ReviewState.TO_CHECK, picked_for=tuple(dict.fromkeys((*self.picked_for, *reasons))))

    def check(self, score: int, comment: str, by: Actor, now: datetime) -> "Review":
        """A leader's own score.

        Raises:
            NotAllowed: too low a level, or one's own conversation. Conflict: it was checked before.
            InvalidInput: no score from 0 to 100, or nothing to say about it.
        """
        _refuse(self.why_not_check(by))
        _require_score(score)
        if not comment.strip():
            raise InvalidInput("请写一句点评，让客服知道好在哪里、差在哪里")
        return replace(
            self, state=ReviewState.CHECKED, human_score=score, comment=comment.strip(), checked_by=by.name,
            checked_at=now,
        )  # fmt: skip

    def appeal_by(self, by: Actor, text: str, now: datetime, days: int) -> "Review":
        """The person whose work it is disagrees, once.

        Raises:
            NotAllowed: somebody else's. Conflict: too late, appealed before, or it still waits for a leader.
            InvalidInput: no reason.
        """
        _refuse(self.why_not_appeal(by, now, days))
        if not text.strip():
            raise InvalidInput("请写明申诉的理由")
        return replace(self, state=ReviewState.APPEALED, appeal=text.strip(), appealed_at=now)

    def settle(self, settlement: Settlement, score: int | None, reason: str, by: Actor, now: datetime) -> "Review":
        """Another leader's decision on an appeal.

        Raises:
            NotAllowed: too low a level, one's own conversation, or one's own check. Conflict: there is no appeal open.
            InvalidInput: no reason, or a changed score that is none.
        """
        _refuse(self.why_not_settle(by))
        if not reason.strip():
            raise InvalidInput("请写明裁定的理由")
        changes = settlement is Settlement.CHANGED
        if changes and score is None:
            raise InvalidInput("改判要给出新的分数")
        _require_score(score if changes else 0)
        return replace(
            self, state=ReviewState.SETTLED, settlement=settlement, settled_by=by.name, settled_at=now,
            settled_because=reason.strip(), human_score=score if changes else self.human_score,
        )  # fmt: skip

    def why_not_check(self, by: Actor) -> AnfuError | None:
        """Why this person may not check it; None where nothing speaks against it."""
        if self.state not in (ReviewState.AUTO, ReviewState.TO_CHECK):
            return Conflict("这条质检已经有人处理过，请刷新后查看")
        return self._why_no_judge(by)

    def why_not_appeal(self, by: Actor, now: datetime, days: int) -> AnfuError | None:
        """Why this person may not appeal; None where nothing speaks against it."""
        if by.name != self.agent:
            return NotAllowed("只能对自己的质检结果申诉")
        if self.appealed_at:
            return Conflict("每条质检只能申诉一次，这条已经申诉过")
        if self.state is ReviewState.TO_CHECK:
            return Conflict("这条质检正等主管复核，复核后如仍有不同意见再申诉")
        if now > self.appeal_until(days):
            return Conflict(f"申诉要在结果出来后 {days} 天内提出，这条已经过期")
        return None

    def why_not_settle(self, by: Actor) -> AnfuError | None:
        """Why this person may not settle the appeal; None where nothing speaks against it."""
        if self.state is not ReviewState.APPEALED:
            return Conflict("这条质检没有等待裁定的申诉，请刷新后查看")
        if by.name == self.checked_by:
            return NotAllowed("复核的人不能裁定对自己复核的申诉，请另一位主管或经理来裁定")
        return self._why_no_judge(by)

    def appeal_until(self, days: int) -> datetime:
        """Until when an appeal is in time."""
        return (self.checked_at or self.inspected_at) + timedelta(days=days)

    def _why_no_judge(self, by: Actor) -> AnfuError | None:
        if not by.reaches(Role.SUPERVISOR):
            return NotAllowed("质检由主管或经理复核和裁定")
        if by.name == self.agent:
            return NotAllowed("不能复核或裁定自己的会话，请另一位主管或经理来处理")
        return None


def _refuse(why: AnfuError | None) -> None:
    if why:
        raise why


def _require_score(score: int | None) -> None:
    if score is None or not 0 <= score <= 100:
        raise InvalidInput("分数应是 0 到 100 的整数")
