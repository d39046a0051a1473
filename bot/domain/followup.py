"""What the company does unasked after a service: thanks, checks, a visit, a question (C7, G13-G16)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import Conflict, ContentError
from bot.domain.ticket import Kind


class Kept(StrEnum):
    """Where a follow-up stands."""

    PLANNED = "planned"
    SENT = "sent"
    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class FollowUp:
    """One planned contact.

    Attributes:
        what: which of the plan's contacts; there is one of each a ticket and round.
        round: 0 at first; each reopening begins a new one.
        script: what is said to the customer.
    """

    id: str
    ticket: str
    what: str
    round: int
    script: str
    due_at: datetime
    state: Kept = Kept.PLANNED
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    comment: str | None = None
    version: int = 0

    def sent(self, now: datetime) -> "FollowUp":
        """The customer was asked."""
        return replace(self, state=Kept.SENT, sent_at=now)

    def answered(self, satisfied: bool, comment: str, now: datetime) -> "FollowUp":
        """The customer answered.

        Raises:
            Conflict: the answer is known already, or the follow-up was called off.
        """
        if self.state is Kept.CANCELLED:
            raise Conflict("这次回访已经取消，您的事正在重新办理；有要说的，直接在聊天里告诉我们")
        if self.state not in (Kept.PLANNED, Kept.SENT):
            raise Conflict("您已经回复过这次回访了，谢谢您；还有要说的，直接在聊天里告诉我们")
        state = Kept.SATISFIED if satisfied else Kept.UNSATISFIED
        return replace(self, state=state, answered_at=now, comment=comment.strip()[:500] or None)


@dataclass(frozen=True)
class Planned:
    """A line of the plan: after a step of a procedure, so much later, say this."""

    what: str
    kind: Kind
    after_step: str
    later: timedelta
    script: str
    clause: str
    asks: bool


def read_plan(raw: Sequence[Mapping[str, object]]) -> tuple[Planned, ...]:
    """The plan from its YAML form.

    Raises:
        ContentError: a line is incomplete, has a field that is none, or plans the same a second time.
    """
    plan: list[Planned] = []
    for number, line in enumerate(raw, start=1):
        try:
            planned = _planned(line)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ContentError(
                f"followups.yml 第 {number} 条：{error} 缺失或写错，"
                "要写 what、kind、after_step、later_hours、script、clause，可以写 asks"
            ) from error
        if any((planned.what, planned.kind, planned.after_step) == (p.what, p.kind, p.after_step) for p in plan):
            raise ContentError(
                f"followups.yml 第 {number} 条：{planned.kind} 在 {planned.after_step} 之后"
                f"已经有 {planned.what}，请删去一条"
            )
        plan.append(planned)
    return tuple(plan)


def _planned(line: Mapping[str, object]) -> Planned:
    words = {name: str(line[name]) for name in ("what", "after_step", "script", "clause")}
    later = timedelta(hours=float(str(line["later_hours"])))
    asks = line.get("asks", False)
    if unknown := set(line) - {*words, "kind", "later_hours", "asks"}:
        raise ValueError("、".join(sorted(map(str, unknown))))
    if later < timedelta(0) or not isinstance(asks, bool):
        raise ValueError("later_hours 或 asks")
    return Planned(kind=Kind(str(line["kind"])), later=later, asks=asks, **words)
