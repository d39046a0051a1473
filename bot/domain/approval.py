"""Approvals: what goes beyond somebody's limit is decided by somebody above, with the facts in view (A5, C4, F9)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.actor import LEVEL_NAMES, Actor, Role
from bot.domain.errors import Conflict, InvalidInput, NotAllowed


class Decision(StrEnum):
    """Where an approval stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


_DECISION_NAMES = {Decision.APPROVED: "已通过", Decision.REJECTED: "已驳回", Decision.EXPIRED: "已过期"}


@dataclass(frozen=True)
class Approval:
    """A request for a decision.

    Attributes:
        ticket: the number of the ticket that it is about.
        facts: what the one who decides must know: name → Chinese text.
        amount_fen: what it would cost.
        cause: whose budget it is counted against.
        needed: the level that may decide.
        expires_at: a decision later than this is none; the case has moved on.
    """

    id: str
    ticket: str
    facts: Mapping[str, str]
    amount_fen: int
    cause: str
    needed: Role
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    state: Decision = Decision.PENDING
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    version: int = 0

    def decide(self, approve: bool, by: Actor, reason: str, now: datetime) -> "Approval":
        """Decide; four eyes, and only in time.

        Raises:
            Conflict: somebody has decided, or it has expired.
            NotAllowed: the requester decides, or somebody whose level does not reach.
            InvalidInput: no reason is given.
        """
        if self.state is not Decision.PENDING:
            by_whom, result = self.decided_by or "系统", _DECISION_NAMES[self.state]
            raise Conflict(f"审批 {self.id} 已由 {by_whom} 处理（{result}），请刷新后查看结果")
        if now >= self.expires_at:
            raise Conflict(f"审批 {self.id} 已过期，请申请人按现在的情况重新提交")
        if by.name == self.requested_by:
            raise NotAllowed("申请人不能审批自己的申请，请另一位同事来审批")
        if not by.reaches(self.needed):
            raise NotAllowed(f"这笔需要{LEVEL_NAMES[self.needed]}或以上级别审批，请转给上一级")
        if not reason.strip():
            raise InvalidInput("请写明审批的理由")
        state = Decision.APPROVED if approve else Decision.REJECTED
        return replace(self, state=state, decided_by=by.name, decided_at=now, reason=reason.strip())

    def expire(self, now: datetime) -> "Approval":
        """Undecided for too long: it lapses, and promises nothing; a decided one, or one in time, stays as it is."""
        if self.state is not Decision.PENDING or now < self.expires_at:
            return self
        return replace(self, state=Decision.EXPIRED, decided_at=now, reason="超过期限无人审批")
