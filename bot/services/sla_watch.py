"""Looking at promises as time passes: warn, escalate one level, and tell the customer before they ask (A6, D8)."""

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.actor import LEVELS, SYSTEM, Role
from bot.domain.dates import moment_in_words
from bot.domain.sla import Deadline, explain, level_after
from bot.domain.ticket import Ticket
from bot.services.batches import each
from bot.services.casework import Casework
from bot.services.notices import Noticeboard
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.promises import Promises
from bot.services.telling import Telling

BATCH = 200


class SlaWatch:
    """Does what a promise's clock asks for; run again after a crash, it does nothing twice."""

    def __init__(
        self, uow: UnitOfWorkFactory, casework: Casework, promises: Promises, board: Noticeboard, telling: Telling,
        labels: Mapping[str, Mapping[str, str]], clock: Clock,
    ) -> None:  # fmt: skip
        self._uow = uow
        self._casework = casework
        self._promises = promises
        self._board = board
        self._telling = telling
        self._labels = labels
        self._clock = clock

    def look(self) -> int:
        """Deal with every ticket whose clock has something to say.

        Returns:
            How many were looked at, up to a batch.
        """
        with self._uow() as uow:
            numbers = [ticket.number for ticket in uow.tickets.to_watch(self._clock(), BATCH)]
        return each(numbers, self._look_once)

    def _look_once(self, number: str) -> None:
        with self._uow() as uow:
            self._look_at(uow, self._casework.locked(uow, number))
            uow.commit()

    def _look_at(self, uow: UnitOfWork, ticket: Ticket) -> None:
        now = self._clock()
        found = self._promises.of(ticket, now)
        for deadline in found:
            if deadline.is_open and deadline.warned and not deadline.is_broken:
                self._warn(uow, ticket, deadline)
        for deadline in found:
            if deadline.is_broken:
                ticket = self._break(uow, ticket, deadline)
        level = level_after(found)
        if LEVELS.index(level) > LEVELS.index(ticket.level):
            told = self._labels["levels"][level]
            ticket = replace(ticket, level=level).note("escalated", SYSTEM.name, f"承诺没有按时兑现，升级到{told}", now)
        self._casework.keep(uow, replace(ticket, watch_at=None))

    def _warn(self, uow: UnitOfWork, ticket: Ticket, deadline: Deadline) -> None:
        self._post(uow, ticket, deadline, f"warn{deadline.warned}", ticket.level, "快到期")

    def _break(self, uow: UnitOfWork, ticket: Ticket, deadline: Deadline) -> Ticket:
        """Note the breach once, tell the level above, and the customer where they still wait."""
        name = f"{deadline.target}@{deadline.started_at.isoformat(timespec='seconds')}"
        if any(entry.event == "breached" and entry.reason == name for entry in ticket.history):
            return ticket
        now = self._clock()
        ticket = ticket.note("breached", SYSTEM.name, name, now)
        self._post(uow, ticket, deadline, "breach", level_after(self._promises.of(ticket, now)), "已超时")
        kind, due = self._labels["kinds"][ticket.kind], moment_in_words(deadline.due_at, now)
        tells = deadline.is_open and deadline.rule.limit.tells_customer
        if tells and self._telling.tell(uow, ticket, "sla.broken", promise=due, kind=kind):
            ticket = ticket.note("told", SYSTEM.name, f"已向客户说明没有按时兑现：{name}", now)
        return ticket

    def _post(self, uow: UnitOfWork, ticket: Ticket, deadline: Deadline, event: str, level: Role, state: str) -> None:
        now = self._clock()
        due = moment_in_words(deadline.due_at, now)
        body = {
            "ticket": ticket.number, "promise": explain(deadline)[0], "due": due, "clause": deadline.clause,
            "target": str(deadline.target), "step": ticket.step, "level": level.value,
        }  # fmt: skip
        key = f"{ticket.number}:{deadline.target}:{deadline.started_at:%Y%m%d%H%M%S}:{event}"
        self._board.post(uow, key, level.value, f"{state}：工单 {ticket.number}（应在 {due} 前）", body, now)
