"""Department tasks: opened with what was agreed, acknowledged through a signed link, and done (C6)."""

import uuid
from collections.abc import Mapping
from datetime import timedelta

from bot.domain.actor import SYSTEM, Actor, Role
from bot.domain.dates import moment_in_words
from bot.domain.department import Department
from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.person import Person
from bot.domain.task import Progress, Task
from bot.domain.text import mask
from bot.domain.ticket import Ticket
from bot.services.casework import MOST_CHARS, Casework, require_staff
from bot.services.links import Links
from bot.services.notices import Noticeboard
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.ticket_desk import require_may_see

LINK_DAYS = 30


class Tasks:
    """What the departments have to do."""

    def __init__(
        self, uow: UnitOfWorkFactory, casework: Casework, departments: Mapping[str, Department], board: Noticeboard,
        links: Links, clock: Clock,
    ) -> None:  # fmt: skip
        self._uow = uow
        self._casework = casework
        self._departments = departments
        self._board = board
        self._links = links
        self._clock = clock
        casework.when_entering("open_tasks", self._open)

    def get(self, task_id: str) -> Task:
        """A task.

        Raises:
            NotFound: there is none.
        """
        with self._uow() as uow:
            return _known(uow.tasks.get(task_id))

    def find(self, ticket: str | None = None, state: Progress | None = None) -> list[Task]:
        """Tasks, of one ticket or in one state where given."""
        wanted = {name: value for name, value in {"ticket": ticket, "state": state}.items() if value is not None}
        with self._uow() as uow:
            return uow.tasks.find(limit=500, **wanted)

    def acknowledge(self, task_id: str, by: str) -> Task:
        """The department takes it on; a second time changes nothing.

        Raises:
            NotFound, Conflict: no such task, cancelled. InvalidInput: nobody says who they are.
        """
        by = _name(by)
        now = self._clock()
        with self._uow() as uow:
            ticket = self._casework.locked(uow, _known(uow.tasks.get(task_id)).ticket)
            known = _known(uow.tasks.get(task_id))
            task = known.acknowledge(by, now)
            if task is known:
                return task
            task = uow.tasks.save(task, by, f"{self.name_of(task)}已接收", now)
            self._casework.keep(uow, ticket.note("task", by, f"{self.name_of(task)}接收任务：{task.what}", now))
            uow.commit()
        return task

    def finish(self, task_id: str, by: str, result: str) -> Task:
        """It is done; with the last one the ticket goes on.

        Raises:
            NotFound, Conflict: no such task, over already. InvalidInput: nobody says who they are.
        """
        by = _name(by)
        now = self._clock()
        with self._uow() as uow:
            ticket = self._casework.locked(uow, _known(uow.tasks.get(task_id)).ticket)
            done = _known(uow.tasks.get(task_id)).finish(by, result, now)
            task = uow.tasks.save(done, by, done.result or "", now)
            event = "refunded" if (ticket.step, task.department) == ("paying", "finance") else "task"
            ticket = ticket.note(event, by, f"{self.name_of(task)}办结：{task.what}（{task.result}）", now)
            ticket = self._casework.keep(uow, ticket)
            if all(other.is_over for other in uow.tasks.find(ticket=ticket.number)):
                self._casework.happened(uow, ticket, "tasks_done", Actor(by, Role.DEPARTMENT), "各部门都已办结")
            uow.commit()
        return task

    def give(self, number: str, department: str, what: str, person: Person) -> Task:
        """A person asks a department for something, such as to call a customer whom no message reaches.

        Raises:
            NotFound, NotAllowed: no such ticket, or not this person's business.
            InvalidInput: no such department, or nothing said.
            Conflict: the ticket is closed.
        """
        require_staff(person.actor)
        what = what.strip()
        if department not in self._departments:
            raise InvalidInput(f"没有部门 {department}，可以选 {'、'.join(self._departments)}")
        if not what or len(what) > MOST_CHARS:
            raise InvalidInput(f"请写下要办的事，1 到 {MOST_CHARS} 个字")
        with self._uow() as uow:
            ticket = self._casework.locked(uow, number)
            require_may_see(person, ticket)
            if ticket.is_over:
                raise Conflict(f"工单 {ticket.number} 已经结束，请另登记一张再派任务")
            task = self._give(uow, ticket, department, what, person.name)
            told = f"派任务给{self.name_of(task)}：{mask(what)}"
            self._casework.keep(uow, ticket.note("task", person.name, told, self._clock()))
            uow.commit()
        return task

    def link(self, task: Task) -> str:
        """A link with which the department acknowledges and finishes it."""
        return self._links.make("task", task.id, self._clock(), LINK_DAYS)

    def name_of(self, task: Task) -> str:
        """The department's Chinese name."""
        known = self._departments.get(task.department)
        return known.name if known else task.department

    def _open(self, uow: UnitOfWork, ticket: Ticket, actor: Actor) -> Ticket:
        """One task for each thing that the proposal asks of a department; without any, the ticket goes on at once."""
        proposal = ticket.record.get("proposal", {})
        for department, what in proposal.get("tasks", []):
            self._give(uow, ticket, department, what, proposal["by"])
        if proposal.get("tasks"):
            return ticket
        return self._casework.happened(uow, ticket, "tasks_done", SYSTEM, "没有需要其他部门办的事")

    def _give(self, uow: UnitOfWork, ticket: Ticket, department: str, what: str, by: str) -> Task:
        now = self._clock()
        within = timedelta(hours=self._departments[department].acknowledges_within_hours)
        task = Task(str(uuid.uuid4()), ticket.number, department, what, by, now, now + within)
        uow.tasks.add(task, by, what, now)
        due = moment_in_words(task.due_at, now)
        link = self.link(task)
        body = {"task": task.id, "ticket": ticket.number, "what": what, "acknowledge_before": due, "link": link}
        self._board.post(uow, f"task:{task.id}", department, f"新任务：{what[:60]}（工单 {ticket.number}）", body, now)
        return task


def _known(task: Task | None) -> Task:
    if task is None:
        raise NotFound("没有找到这个任务，请使用通知里的链接")
    return task


def _name(by: str) -> str:
    by = by.strip()
    if not by or len(by) > 60:
        raise InvalidInput("请写下接收人的姓名，60 字以内")
    return by
