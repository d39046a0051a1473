"""Complaints about staff that proved true: warning, penalty, proposal of dismissal; a human decides (C8)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.actor import Actor, Role
from bot.domain.errors import Conflict, InvalidInput, NotAllowed


class Verdict(StrEnum):
    """Whether the complaint proved true."""

    REPORTED = "reported"
    VERIFIED = "verified"
    UNFOUNDED = "unfounded"


class Outcome(StrEnum):
    """The ladder."""

    WARNING = "warning"
    PENALTY = "penalty"
    DISMISSAL_PROPOSED = "dismissal_proposed"


@dataclass(frozen=True)
class Misconduct:
    """One complaint about one member of staff."""

    id: str
    staff: str
    ticket: str
    reported_at: datetime
    state: Verdict = Verdict.REPORTED
    decided_by: str | None = None
    decided_at: datetime | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    version: int = 0

    def decide(self, verified: bool, outcome: Outcome | None, by: Actor, reason: str, now: datetime) -> "Misconduct":
        """A supervisor's decision; the ladder only proposes.

        Raises:
            Conflict: decided before. NotAllowed: too low a level, one's own case, or no reason.
        """
        if self.state is not Verdict.REPORTED:
            raise Conflict("这件事已经有了处理结果，请刷新后查看")
        if not by.reaches(Role.SUPERVISOR) or by.name == self.staff:
            raise NotAllowed("员工被投诉的事由主管或以上决定，本人不能处理自己的")
        if not reason.strip():
            raise InvalidInput("请写明核实的依据")
        state = Verdict.VERIFIED if verified else Verdict.UNFOUNDED
        return replace(
            self, state=state, outcome=outcome if verified else None, decided_by=by.name, decided_at=now,
            reason=reason.strip(),
        )  # fmt: skip


def proposed(verified_before: int) -> Outcome:
    """What the ladder proposes after so many verified complaints about the same person."""
    ladder = (Outcome.WARNING, Outcome.PENALTY, Outcome.DISMISSAL_PROPOSED)
    return ladder[min(verified_before, len(ladder) - 1)]
