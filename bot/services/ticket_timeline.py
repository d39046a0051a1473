"""All that happened around a ticket in one order: its history, work, decisions, visits and talk (D6, F6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain.agreement import Answer
from bot.domain.approval import Decision
from bot.domain.desk import may_look
from bot.domain.message import Sender
from bot.domain.order import yuan
from bot.domain.person import Person
from bot.domain.ticket import Ticket
from bot.services.ports import UnitOfWork, UnitOfWorkFactory

MOST_MESSAGES = 200
"""The newest of the conversation."""
_TALKERS = {Sender.CUSTOMER: "customer", Sender.BOT: "bot", Sender.SYSTEM: "system", Sender.AGENT: "agent"}


@dataclass(frozen=True)
class Happening:
    """One thing that happened.

    Attributes:
        kind: `history`, `task`, `approval`, `agreement`, `visit`, `followup`, `notice`, `message`.
        what: which of its kind, such as `step` or `acknowledged`; `labels.yml` names it.
        about: the id of what it is about; None for history.
    """

    at: datetime
    kind: str
    what: str
    who: str
    text: str
    about: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


class Timelines:
    """Tells what happened around a ticket."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    def of(self, ticket: Ticket, person: Person) -> list[Happening]:
        """Everything, the oldest first; of the conversation the newest `MOST_MESSAGES`.

        Its notes are for who may look at the conversation itself (invariant 9).
        """
        with self._uow() as uow:
            told = [*_history(ticket), *_work(uow, ticket), *_decisions(uow, ticket)]
            told += [*_care(uow, ticket), *_talk(uow, ticket, person)]
            return sorted(told, key=lambda happening: happening.at)


def _history(ticket: Ticket) -> Iterator[Happening]:
    for entry in ticket.history:
        yield Happening(entry.at, "history", entry.event, entry.actor, entry.reason, None, {"status": entry.to_status})


def _work(uow: UnitOfWork, ticket: Ticket) -> Iterator[Happening]:
    for task in uow.tasks.find(ticket=ticket.number):
        more = {"department": task.department, "state": task.state}
        yield Happening(task.opened_at, "task", "open", task.opened_by, task.what, task.id, more)
        if task.acknowledged_at:
            who = task.acknowledged_by or ""
            yield Happening(task.acknowledged_at, "task", "acknowledged", who, task.what, task.id, more)
        if task.done_at:
            who = task.acknowledged_by or ""
            yield Happening(task.done_at, "task", "done", who, f"{task.what}：{task.result}", task.id, more)
        yield from _notices(uow, f"task:{task.id}")


def _decisions(uow: UnitOfWork, ticket: Ticket) -> Iterator[Happening]:
    for approval in uow.approvals.find(ticket=ticket.number):
        told, more = f"申请 {yuan(approval.amount_fen)}", {"state": approval.state, "needed": approval.needed}
        yield Happening(
            approval.requested_at, "approval", Decision.PENDING, approval.requested_by, told, approval.id, more
        )
        if approval.decided_at:
            who, why = approval.decided_by or "system", approval.reason or ""
            yield Happening(approval.decided_at, "approval", approval.state, who, why, approval.id, more)
        yield from _notices(uow, f"approval:{approval.id}")
    for agreement in uow.agreements.find(ticket=ticket.number):
        terms = "；".join(agreement.terms)
        yield Happening(agreement.offered_at, "agreement", Answer.OFFERED, agreement.signed_by, terms, agreement.id)
        if agreement.answered_at:
            who = "system" if agreement.state is Answer.WITHDRAWN else "customer"
            told = agreement.reason or terms
            yield Happening(agreement.answered_at, "agreement", agreement.state, who, told, agreement.id)


def _care(uow: UnitOfWork, ticket: Ticket) -> Iterator[Happening]:
    for visit in uow.visits.find(ticket=ticket.number):
        more = {"ends_at": visit.ends_at.isoformat(timespec="seconds")}
        yield Happening(visit.starts_at, "visit", visit.state, "system", visit.result or "", visit.id, more)
    for followup in uow.followups.find(ticket=ticket.number):
        at = followup.answered_at or followup.sent_at or followup.due_at
        yield Happening(at, "followup", followup.state, "system", followup.comment or "", followup.id)


def _notices(uow: UnitOfWork, key: str) -> Iterator[Happening]:
    for notice in uow.notices.about(key):
        more = {"to": notice.to, "way": notice.way}
        yield Happening(notice.created_at, "notice", notice.state, "system", notice.subject, notice.id, more)


def _talk(uow: UnitOfWork, ticket: Ticket, person: Person) -> Iterator[Happening]:
    if ticket.conversation_id is None:
        return
    conversation = uow.conversations.get(ticket.conversation_id)
    reads_notes = conversation is not None and may_look(person, conversation)
    for message in uow.desk.last_messages(ticket.conversation_id, MOST_MESSAGES):
        if message.note and not reads_notes:
            continue
        who = message.person or _TALKERS[message.sender]
        what = "note" if message.note else str(message.sender)
        yield Happening(message.sent_at, "message", what, who, message.text, message.id, {"source": message.source})
