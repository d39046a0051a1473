"""Two tickets about one matter become one: the other is called off, and refers to the one that goes on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.domain.agreement import Answer
from bot.domain.approval import Decision
from bot.domain.custom_field import RECORD, custom_of
from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.followup import Kept
from bot.domain.person import Person
from bot.domain.ticket import MERGED_INTO, HistoryEntry, Status, Ticket
from bot.domain.visit import Appointment
from bot.services.casework import Casework, require_staff
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.telling import Telling
from bot.services.ticket_desk import require_may_see

MERGED = "merged"
"""Under this name of its record a ticket lists those that were merged into it."""


class TicketMerging:
    """Merges tickets of one customer."""

    def __init__(self, uow: UnitOfWorkFactory, casework: Casework, telling: Telling, clock: Clock) -> None:
        self._uow = uow
        self._casework = casework
        self._telling = telling
        self._clock = clock

    def merge(self, number: str, into: str, reason: str, person: Person) -> Ticket:
        """Call a ticket off in favour of another one of the same customer, who is told once.

        What the other does not know yet is copied to it; files and open tasks go over to it. Both histories tell it.

        Returns:
            The ticket that goes on.

        Raises:
            NotFound, NotAllowed: no such ticket, or not this person's business.
            InvalidInput: it is the same ticket, or another customer's.
            Conflict: one is over, or something was already put before the customer or an approver.
        """
        require_staff(person.actor)
        number, into = number.upper(), into.upper()
        if number == into:
            raise InvalidInput("不能把工单合并到它自己，请选另一张")
        with self._uow() as uow:
            merged, kept = self._both(uow, number, into)
            for ticket in (merged, kept):
                require_may_see(person, ticket)
            self._require_mergeable(uow, merged, kept)
            self._move_belongings(uow, merged, kept, person)
            self._call_off(uow, merged, kept, reason, person)
            kept = self._take_over(uow, merged, kept, reason, person)
            self._telling.tell(uow, merged, "ticket.merged", into=kept.number)
            uow.commit()
        return kept

    def _both(self, uow: UnitOfWork, number: str, into: str) -> tuple[Ticket, Ticket]:
        """Both for change: conversations before tickets, each kind in one order, so that none waits in a circle."""
        known = [uow.tickets.get(one) for one in (number, into)]
        for conversation_id in sorted({t.conversation_id for t in known if t and t.conversation_id}):
            uow.conversations.lock(conversation_id)
        locked = {one: uow.tickets.lock(one) for one in sorted((number, into))}
        merged, kept = locked[number], locked[into]
        if merged is None or kept is None:
            raise NotFound(f"没有工单 {into if merged else number}，请核对编号")
        return merged, kept

    def _require_mergeable(self, uow: UnitOfWork, merged: Ticket, kept: Ticket) -> None:
        same_phone = merged.phone is not None and merged.phone == kept.phone
        same_talk = merged.conversation_id is not None and merged.conversation_id == kept.conversation_id
        if not same_phone and not same_talk:
            raise InvalidInput("这两张工单不是同一位客户的（电话和会话都不同），不能合并")
        for ticket in (merged, kept):
            if ticket.is_over:
                raise Conflict(f"工单 {ticket.number} 已经办完或取消，不能再合并")
        agreements = uow.agreements.find(ticket=merged.number)
        if any(agreement.state is Answer.CONFIRMED for agreement in agreements):
            raise Conflict(f"工单 {merged.number} 客户已经签了协议，不能并掉；可以反过来把另一张并进来")
        pending = uow.approvals.find(ticket=merged.number, state=Decision.PENDING)
        offered = any(agreement.state is Answer.OFFERED for agreement in agreements)
        if pending or offered or "counted_in" in merged.record.get("proposal", {}):
            raise Conflict(f"工单 {merged.number} 的方案已经送审或发给客户，请等有了结果再合并")
        if uow.visits.find(ticket=merged.number, state=Appointment.BOOKED):
            raise Conflict(f"工单 {merged.number} 约了师傅上门，请先取消预约或反过来合并")

    def _move_belongings(self, uow: UnitOfWork, merged: Ticket, kept: Ticket, person: Person) -> None:
        now, why = self._clock(), f"{merged.number} 合并到 {kept.number}"
        files = uow.attachments.find(ticket=merged.number)
        for file in files:
            uow.attachments.save(replace(file, ticket=kept.number), person.name, why, now)
        if files:
            uow.attachment_marks.mark(kept.number, None)
        for task in uow.tasks.find(ticket=merged.number):
            if not task.is_over:
                uow.tasks.save(replace(task, ticket=kept.number), person.name, why, now)
        for followup in uow.followups.find(ticket=merged.number, state=Kept.PLANNED):
            uow.followups.save(replace(followup, state=Kept.CANCELLED), person.name, why, now)

    def _call_off(self, uow: UnitOfWork, merged: Ticket, kept: Ticket, reason: str, person: Person) -> None:
        told = f"合并到 {kept.number}：{reason}"
        entry = HistoryEntry(self._clock(), person.name, "merged", merged.status, Status.CANCELLED, told)
        record = {**merged.record, MERGED_INTO: kept.number}
        over = replace(merged, status=Status.CANCELLED, record=record, history=(*merged.history, entry))
        self._casework.keep(uow, over)

    def _take_over(self, uow: UnitOfWork, merged: Ticket, kept: Ticket, reason: str, person: Person) -> Ticket:
        record: dict[str, Any] = {**_facts_of(merged, self._casework.facts), **kept.record}
        record[MERGED] = [*kept.record.get(MERGED, []), merged.number]
        if custom := {**custom_of(merged), **custom_of(kept)}:
            record[RECORD] = custom
        whole = replace(
            kept, record=record, fields={**merged.fields, **kept.fields}, phone=kept.phone or merged.phone,
            priority=max(merged.priority, kept.priority), emotion=max(merged.emotion, kept.emotion),
            conversation_id=kept.conversation_id or merged.conversation_id,
        )  # fmt: skip
        told = f"{merged.number} 并入本单：{reason}"
        return self._casework.keep(uow, whole.note("merged_in", person.name, told, self._clock()))


def _facts_of(ticket: Ticket, known: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in ticket.record.items() if name in known}
