"""One ticket as a report sees it: as it stood when the month ended, with what hangs on it (D6)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.agreement import Agreement, Answer
from bot.domain.followup import FollowUp
from bot.domain.report.month import Month
from bot.domain.sla import Deadline, State, Target
from bot.domain.task import Task
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket

OVER = frozenset({Status.RESOLVED, Status.CLOSED, Status.CANCELLED})
UNKNOWN = ""
"""Stands for a cause that nobody has found yet, a product that the catalogue does not know, a fault without a name."""
_REFUND = "refund"


@dataclass(frozen=True)
class Matter:
    """One ticket as it stood when the month ended, with what hangs on it.

    Attributes:
        product: its name in the catalogue, or `UNKNOWN`; never the customer's words (E10).
        faults: the names of the faults that were reported.
        followups: only those that ask the customer something.
    """

    ticket: Ticket
    promises: tuple[Deadline, ...] = ()
    product: str = UNKNOWN
    faults: tuple[str, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    followups: tuple[FollowUp, ...] = ()
    tasks: tuple[Task, ...] = ()

    def is_active(self, month: Month) -> bool:
        """Whether it was opened in the month, or something happened to it."""
        return self.ticket.opened_at in month or any(entry.at in month for entry in self.ticket.history)

    def entries(self, month: Month) -> Iterator[HistoryEntry]:
        """What happened to it in the month."""
        return (entry for entry in self.ticket.history if entry.at in month)

    @property
    def ended_at(self) -> datetime | None:
        """When it came to the end that lasts; one that was reopened is none."""
        ended: datetime | None = None
        for entry in self.ticket.history:
            ended = (ended or entry.at) if entry.to_status in OVER else None
        return ended

    @property
    def first_reply(self) -> Deadline | None:
        """The promise of a first answer by a person."""
        return next((promise for promise in self.promises if promise.target is Target.FIRST_REPLY), None)

    @property
    def is_kept(self) -> bool | None:
        """Whether every promise was kept that was due; None where none was."""
        decided = [promise for promise in self.promises if decided_at(promise)]
        return not any(promise.is_broken for promise in decided) if decided else None

    @property
    def step(self) -> str:
        """The name of the step at which it stood; "" before the first one."""
        steps = [entry for entry in self.ticket.history if entry.event == "step"]
        return steps[-1].reason.partition("：")[0].rpartition(" → ")[2] if steps else ""

    @property
    def cause(self) -> str:
        """The cause of a complaint, as the analysis found it; `UNKNOWN` before."""
        return str(self.ticket.record.get("cause", UNKNOWN)) if self.ticket.kind is Kind.COMPLAINT else UNKNOWN

    @property
    def refund_fen(self) -> int | None:
        """What is paid back for a return, once it is settled."""
        proposal = self.ticket.record.get("proposal", {})
        return int(proposal["amount_fen"]) if proposal.get("cause") == _REFUND and self.tasks else None

    def granted_fen(self, before: datetime) -> int | None:
        """The money that the customer got by then: a compensation once it was signed, a refund once it was paid."""
        if self.refund_fen is not None:
            return self.refund_fen if any(task.done_at and task.done_at < before for task in self.tasks) else None
        amount = self.ticket.record.get("proposal", {}).get("amount_fen")
        signed = any(
            agreement.state is Answer.CONFIRMED and agreement.answered_at and agreement.answered_at < before
            for agreement in self.agreements
        )
        return int(amount) if amount and signed else None


def as_it_stood(ticket: Ticket, end: datetime) -> Ticket:
    """The ticket with the history before `end` only, and the status that this tells."""
    history = tuple(entry for entry in ticket.history if entry.at < end)
    return replace(ticket, history=history, status=history[-1].to_status if history else Status.OPEN)


def decided_at(promise: Deadline) -> datetime | None:
    """When it was settled whether a promise is kept: when it was, or when it fell due; None where it is open still."""
    if promise.is_broken:
        return promise.due_at
    return promise.met_at if promise.state is State.MET else None
