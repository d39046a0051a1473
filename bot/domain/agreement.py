"""The resolution agreement: what was agreed, signed by both sides, once (C5)."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from bot.domain.errors import Conflict, InvalidInput

LONGEST_REASON = 500


class Answer(StrEnum):
    """What the customer says to it."""

    OFFERED = "offered"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Agreement:
    """An offer to the customer in its final words.

    Attributes:
        terms: what the company will do, a line each; every line comes from an approved proposal (A11).
        signed_by: who signs for the company.
        digest: SHA-256 of ticket, terms, signature and time: what was agreed cannot be changed unseen.
    """

    id: str
    ticket: str
    terms: tuple[str, ...]
    signed_by: str
    offered_at: datetime
    expires_at: datetime
    digest: str
    state: Answer = Answer.OFFERED
    answered_at: datetime | None = None
    reason: str | None = None
    version: int = 0

    @staticmethod
    def offer(
        id: str, ticket: str, terms: tuple[str, ...], signed_by: str, offered_at: datetime, expires_at: datetime
    ) -> "Agreement":
        """A new offer, sealed with its digest.

        Raises:
            InvalidInput: there are no terms, or an empty one.
        """
        if not terms or not all(term.strip() for term in terms):
            raise InvalidInput("协议里还没有写办法，请先填写处理方案")
        return Agreement(
            id, ticket, terms, signed_by, offered_at, expires_at, _digest(ticket, terms, signed_by, offered_at)
        )

    @property
    def is_intact(self) -> bool:
        """Whether the words are those that were sealed."""
        return self.digest == _digest(self.ticket, self.terms, self.signed_by, self.offered_at)

    def confirm(self, now: datetime) -> "Agreement":
        """The customer signs.

        Raises:
            Conflict: it was answered before, was withdrawn, has expired, or its words are no longer those offered.
        """
        self._require_open(now)
        if not self.is_intact:
            raise Conflict("这份方案的内容和定稿时不一致，请先不要确认，联系客服给您重新发一份")
        return replace(self, state=Answer.CONFIRMED, answered_at=now)

    def refuse(self, reason: str, now: datetime) -> "Agreement":
        """The customer says no, and why.

        Raises:
            Conflict: it was answered before, was withdrawn, or has expired.
            InvalidInput: no reason, or one that is too long.
        """
        self._require_open(now)
        reason = reason.strip()
        if not reason or len(reason) > LONGEST_REASON:
            raise InvalidInput(f"请用 1 到 {LONGEST_REASON} 个字告诉我们哪里不合适，我们好重新商量")
        return replace(self, state=Answer.REFUSED, answered_at=now, reason=reason)

    def withdraw(self, now: datetime) -> "Agreement":
        """The company takes an unanswered offer back, because a new one takes its place."""
        return replace(self, state=Answer.WITHDRAWN, answered_at=now) if self.state is Answer.OFFERED else self

    def _require_open(self, now: datetime) -> None:
        if self.state is Answer.CONFIRMED:
            raise Conflict("您已经确认过这份协议，不用再确认一次，我们会照此办理")
        if self.state is not Answer.OFFERED:
            raise Conflict("这份方案已经有了结果，同事会给您新的方案，请以最新的一份为准")
        if now >= self.expires_at:
            raise Conflict("这份方案已过有效期，请联系客服，我们给您重新发一份")


def _digest(ticket: str, terms: tuple[str, ...], signed_by: str, offered_at: datetime) -> str:
    words = json.dumps([ticket, terms, signed_by, offered_at.astimezone(UTC).isoformat()], ensure_ascii=False)
    return hashlib.sha256(words.encode()).hexdigest()
