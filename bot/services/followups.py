"""Asking after a service whether all is well, and reopening what is not (C7, G13-G16)."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.actor import CUSTOMER, SYSTEM, Actor
from bot.domain.errors import NotFound
from bot.domain.followup import FollowUp, Kept, Planned
from bot.domain.message import Button
from bot.domain.ticket import Status, Ticket
from bot.services.batches import each
from bot.services.casework import Casework
from bot.services.links import Links
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.telling import Telling

LINK_DAYS = 30
SATISFIED, UNSATISFIED = "满意", "不满意"
BATCH = 100


class FollowUps:
    """Plans, says and hears follow-ups."""

    def __init__(
        self, uow: UnitOfWorkFactory, casework: Casework, plan: Sequence[Planned], telling: Telling, links: Links,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._uow = uow
        self._casework = casework
        self._plan = plan
        self._telling = telling
        self._links = links
        self._clock = clock
        casework.when_entering("plan_followups", self._plan_for)

    def get(self, followup_id: str) -> FollowUp:
        """A follow-up.

        Raises:
            NotFound: there is none.
        """
        with self._uow() as uow:
            return _known(uow.followups.get(followup_id))

    def of_ticket(self, number: str) -> list[FollowUp]:
        """All of a ticket, the earliest first."""
        with self._uow() as uow:
            return uow.followups.find(ticket=number.upper())

    def say_due(self) -> int:
        """Say what is due; a crash before the commit says nothing twice.

        Returns:
            How many were said.
        """
        with self._uow() as uow:
            due = [followup.id for followup in uow.followups.due(Kept.PLANNED, self._clock(), BATCH)]
        return each(due, self._say_one)

    def _say_one(self, followup_id: str) -> None:
        with self._uow() as uow:
            ticket = self._casework.locked(uow, _known(uow.followups.get(followup_id)).ticket)
            followup = _known(uow.followups.get(followup_id))
            if followup.state is Kept.PLANNED:  # else another node was first
                self._say(uow, ticket, followup)
                uow.commit()

    def answer(self, followup_id: str, satisfied: bool, comment: str) -> Ticket:
        """The customer says whether all is well; if not, the matter is open again, with priority (C7).

        Raises:
            NotFound: no such follow-up. Conflict: answered before.
        """
        with self._uow() as uow:
            followup = _known(uow.followups.get(followup_id))
            ticket = self._casework.locked(uow, followup.ticket)
            ticket = self._hear(uow, ticket, _known(uow.followups.get(followup_id)), satisfied, comment)
            uow.commit()
        return ticket

    def hear(self, uow: UnitOfWork, ticket: Ticket, satisfied: bool) -> bool:
        """The same in the conversation, for the ticket's open question; False where nothing was asked."""
        asked = [f for f in uow.followups.find(ticket=ticket.number) if f.state is Kept.SENT and self._asks(f)]
        if not asked:
            return False
        self._hear(uow, ticket, asked[-1], satisfied, "")
        return True

    def _hear(self, uow: UnitOfWork, ticket: Ticket, followup: FollowUp, satisfied: bool, comment: str) -> Ticket:
        now = self._clock()
        heard = uow.followups.save(followup.answered(satisfied, comment, now), CUSTOMER.name, comment, now)
        reason = f"回访：{SATISFIED if satisfied else UNSATISFIED}{f'，{heard.comment}' if heard.comment else ''}"
        if not satisfied:
            ticket = replace(ticket, priority=max(ticket.priority, 1))
        ticket = self._casework.happened(uow, ticket, heard.state.value, CUSTOMER, reason)
        self._telling.tell(uow, ticket, f"followup.{heard.state.value}")
        return ticket

    def _plan_for(self, uow: UnitOfWork, ticket: Ticket, actor: Actor) -> Ticket:
        """Plan what follows a step; a reopened ticket gets a new round, and what was not said before is dropped."""
        now = self._clock()
        earlier = uow.followups.find(ticket=ticket.number)
        for old in earlier:
            if old.state is Kept.PLANNED:
                uow.followups.save(replace(old, state=Kept.CANCELLED), SYSTEM.name, "重新办理", now)
        number = max((old.round for old in earlier), default=-1) + 1
        for line in self._plan:
            if line.kind == ticket.kind and line.after_step == ticket.step:
                followup = FollowUp(str(uuid.uuid4()), ticket.number, line.what, number, line.script, now + line.later)
                uow.followups.add(followup, SYSTEM.name, f"{line.clause} 回访计划", now)
        return ticket

    def _say(self, uow: UnitOfWork, ticket: Ticket, followup: FollowUp) -> None:
        now = self._clock()
        if ticket.status not in (Status.RESOLVED, Status.CLOSED):
            uow.followups.save(replace(followup, state=Kept.CANCELLED), SYSTEM.name, "工单又在办理中", now)
            return
        if self._asks(followup):
            link = self._links.make("followup", followup.id, now, LINK_DAYS)
            chips = [Button(word, f"{word} {ticket.number}") for word in (SATISFIED, UNSATISFIED)]
            told = self._telling.tell(uow, ticket, followup.script, buttons=chips, link=link)
        else:
            told = self._telling.tell(uow, ticket, followup.script)
        uow.followups.save(followup.sent(now), SYSTEM.name, "已在聊天里说" if told else "没有聊天窗口，请电话联系", now)

    def _asks(self, followup: FollowUp) -> bool:
        return any(line.asks for line in self._plan if (line.what, line.script) == (followup.what, followup.script))


def _known(followup: FollowUp | None) -> FollowUp:
    if followup is None:
        raise NotFound("没有找到这次回访，请使用聊天里的链接")
    return followup
