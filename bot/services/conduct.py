"""Complaints about staff that prove true: the ladder proposes, a supervisor decides (C8)."""

import uuid

from bot.domain.actor import Actor, Role
from bot.domain.errors import Conflict, NotFound
from bot.domain.misconduct import Misconduct, Outcome, Verdict, proposed
from bot.domain.ticket import Ticket
from bot.services.casework import Casework
from bot.services.notices import Noticeboard
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory


class Conduct:
    """Keeps count of verified complaints about a person."""

    def __init__(self, uow: UnitOfWorkFactory, casework: Casework, board: Noticeboard, clock: Clock) -> None:
        self._uow = uow
        self._casework = casework
        self._board = board
        self._clock = clock
        casework.when_entering("report_misconduct", self._report)

    def open(self) -> list[Misconduct]:
        """What waits for a supervisor."""
        with self._uow() as uow:
            return uow.misconduct.find(state=Verdict.REPORTED)

    def proposal(self, misconduct_id: str) -> Outcome:
        """What the ladder proposes, should the complaint prove true: warning, penalty, dismissal.

        Raises:
            NotFound: no such case.
        """
        with self._uow() as uow:
            return self._proposal(uow, _known(uow.misconduct.get(misconduct_id)))

    def decide(
        self, misconduct_id: str, verified: bool, actor: Actor, reason: str, outcome: Outcome | None = None
    ) -> Misconduct:
        """Decide; without an outcome the proposed one.

        Raises:
            NotFound, Conflict, NotAllowed: see `Misconduct.decide`.
        """
        now = self._clock()
        with self._uow() as uow:
            case = _known(uow.misconduct.get(misconduct_id))
            chosen = outcome or self._proposal(uow, case)
            decided = uow.misconduct.save(case.decide(verified, chosen, actor, reason, now), actor.name, reason, now)
            ticket = self._casework.locked(uow, case.ticket)
            told = f"核实属实，{decided.outcome}" if decided.outcome else "核实不属实"
            self._casework.keep(uow, ticket.note("conduct", actor.name, f"{told}：{reason}", now))
            uow.commit()
        return decided

    def _proposal(self, uow: UnitOfWork, case: Misconduct) -> Outcome:
        return proposed(len(uow.misconduct.find(staff=case.staff, state=Verdict.VERIFIED)))

    def _report(self, uow: UnitOfWork, ticket: Ticket, actor: Actor) -> Ticket:
        """A complaint that names a member of staff becomes a supervisor's task, once."""
        staff = str(ticket.record.get("accused_staff", "")).strip()
        if not staff:
            return ticket
        now = self._clock()
        case = Misconduct(str(uuid.uuid4()), staff, ticket.number, now)
        try:
            uow.misconduct.add(case, actor.name, "投诉涉及员工", now)
        except Conflict:
            return ticket  # reported before
        body = {"case": case.id, "ticket": ticket.number, "staff": staff}
        self._board.post(
            uow, f"misconduct:{case.id}", Role.SUPERVISOR.value, f"员工被投诉待核实：工单 {ticket.number}", body, now
        )
        return ticket


def _known(case: Misconduct | None) -> Misconduct:
    if case is None:
        raise NotFound("没有这件员工投诉，请核对编号")
    return case
