"""Appointments with technicians: free slots, booking, moving, calling off (B2, G11)."""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from bot.domain.actor import Actor
from bot.domain.dates import SHANGHAI, local_day
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.ticket import Kind, Ticket
from bot.domain.visit import Appointment, Slot, Timetable, Visit
from bot.services.casework import Casework
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

RestDay = Callable[[date], bool]


class Visits:
    """Books technicians."""

    def __init__(
        self, uow: UnitOfWorkFactory, casework: Casework, timetable: Timetable, is_holiday: RestDay, clock: Clock
    ) -> None:
        self._uow = uow
        self._casework = casework
        self._timetable = timetable
        self._is_holiday = is_holiday
        self._clock = clock
        casework.when_entering("note_visit", self._note_made)

    def free(self, most: int = 6) -> list[Slot]:
        """The next slots that still have a place."""
        with self._uow() as uow:
            return self._free(uow)[:most]

    def book(self, number: str, starts_at: datetime, actor: Actor) -> Visit:
        """Book a slot for a repair; an earlier appointment of the ticket is moved.

        Raises:
            NotFound: no such ticket. InvalidInput: no ticket that gets visits, or no slot begins then.
            Conflict: the slot is full.
        """
        with self._uow() as uow:
            ticket = self._casework.locked(uow, number)
            visit = self.book_in(uow, ticket, starts_at, actor)
            uow.commit()
        return visit

    def book_in(self, uow: UnitOfWork, ticket: Ticket, starts_at: datetime, actor: Actor) -> Visit:
        """The same in the caller's commit."""
        now = self._clock()
        if ticket.kind is not Kind.REPAIR:
            raise InvalidInput(f"工单 {ticket.number} 不是报修，不用约上门")
        slot = next((s for s in self._timetable.slots(now, self._holidays(now)) if s.starts_at == starts_at), None)
        if slot is None:
            raise InvalidInput("这个时间师傅不上门，请从可约的时段里选")
        self._end(uow, ticket, Appointment.MOVED, actor, "改约")
        visit = self._take_place(uow, ticket, slot, actor)
        self._casework.happened(uow, ticket, "booked", actor, f"约在 {in_words(slot, now)}")
        return visit

    def call_off(self, number: str, actor: Actor, reason: str) -> None:
        """The customer does not want the visit: its place is free again."""
        with self._uow() as uow:
            self._end(uow, self._casework.locked(uow, number), Appointment.CANCELLED, actor, reason)
            uow.commit()

    def of_ticket(self, number: str) -> list[Visit]:
        """All appointments of a ticket, the earliest first."""
        with self._uow() as uow:
            return uow.visits.find(ticket=number.upper())

    def _note_made(self, uow: UnitOfWork, ticket: Ticket, actor: Actor) -> Ticket:
        """The technician is there: the appointment was kept."""
        self._end(uow, ticket, Appointment.DONE, actor, "已上门")
        return ticket

    def _end(self, uow: UnitOfWork, ticket: Ticket, state: Appointment, actor: Actor, reason: str) -> None:
        for visit in uow.visits.find(ticket=ticket.number, state=Appointment.BOOKED):
            uow.visits.save(visit.end(state, reason), actor.name, reason, self._clock())

    def _take_place(self, uow: UnitOfWork, ticket: Ticket, slot: Slot, actor: Actor) -> Visit:
        """The first free place; where somebody else takes it at this moment, the next one."""
        for place in range(self._timetable.capacity):
            if place in _taken(uow.visits.find(starts_at=slot.starts_at, state=Appointment.BOOKED)):
                continue
            visit = Visit(str(uuid.uuid4()), ticket.number, slot.starts_at, slot.ends_at, place)
            try:
                uow.visits.add(visit, actor.name, "预约上门", self._clock())
            except Conflict:
                continue
            return visit
        raise Conflict("这个时段刚刚约满了，请换一个时段")

    def _free(self, uow: UnitOfWork) -> list[Slot]:
        now = self._clock()
        slots = list(self._timetable.slots(now, self._holidays(now)))
        booked = uow.visits.find(starts_at=[slot.starts_at for slot in slots], state=Appointment.BOOKED)
        taken = Counter(visit.starts_at for visit in booked)
        return [slot for slot in slots if taken[slot.starts_at] < self._timetable.capacity]

    def _holidays(self, now: datetime) -> set[date]:
        days = (local_day(now) + timedelta(days=n) for n in range(self._timetable.ahead + 1))
        return {day for day in days if self._is_holiday(day)}


def in_words(slot: Slot | Visit, now: datetime) -> str:
    """A slot as people say it: `明天（11 月 27 日）09:00-12:00`."""
    begin, end = slot.starts_at.astimezone(SHANGHAI), slot.ends_at.astimezone(SHANGHAI)
    near = {0: "今天", 1: "明天", 2: "后天"}.get((begin.date() - local_day(now)).days, "")
    day = f"{begin.month} 月 {begin.day} 日"
    return f"{f'{near}（{day}）' if near else day} {begin:%H:%M}-{end:%H:%M}"


def _taken(visits: Sequence[Visit]) -> set[int]:
    return {visit.place for visit in visits}
