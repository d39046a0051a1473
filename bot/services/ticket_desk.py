"""Tickets as the desk lists them, and who may see which."""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot.domain.actor import Role
from bot.domain.audit import Change
from bot.domain.customer import TELLING
from bot.domain.errors import InvalidInput, NotAllowed, NotFound
from bot.domain.person import Person
from bot.domain.text import mask
from bot.domain.ticket import Ticket
from bot.domain.ticket_view import BUILT_IN, Filter, Place, Sort, TicketView, read_filter
from bot.services.ports import Clock, ListedTicket, TicketPage, UnitOfWorkFactory

log = logging.getLogger(__name__)

MOST_COUNTED = 1000
"""A list is counted up to here; beyond it is “999+”."""
PER_ROUND = 500
"""Tickets that an export reads at once."""
LONGEST_SEARCH = 100


class TicketDesk:
    """Lists tickets for people of the company; an agent sees the own team's, a leader all."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    def page(
        self, person: Person, wanted: Filter, sort: Sort, limit: int, after: Place | None = None, words: str = ""
    ) -> TicketPage:
        """A page of tickets that the person may see.

        Args:
            words: what is looked for; empty lists in the order of `sort`.

        Raises:
            NotAllowed: another team's are asked for. InvalidInput: too much is looked for.
        """
        if len(words) > LONGEST_SEARCH:
            raise InvalidInput(f"搜索最多 {LONGEST_SEARCH} 个字，请写短一些")
        with self._uow() as uow:
            return uow.ticket_lists.page(self._seen_by(person, wanted), sort, self._clock(), limit, after, words)

    def counts(self, person: Person, kept: list[TicketView]) -> dict[str, int]:
        """How many tickets stand in each list, counted up to `MOST_COUNTED`; by the list's id."""
        lists = {view.id: view.filters for view in BUILT_IN} | {view.id: read_filter(view.filters) for view in kept}
        now = self._clock()
        with self._uow() as uow:
            return {
                name: uow.ticket_lists.count(self._seen_by(person, wanted), now, MOST_COUNTED)
                for name, wanted in lists.items()
                if self._may_list(person, wanted)
            }

    def export(
        self, person: Person, wanted: Filter, sort: Sort, words: str, full: bool, reason: str
    ) -> Iterator[list[ListedTicket]]:
        """All tickets of a list, some at a time; who took them away stands on the audit trail (E10).

        Args:
            full: whether phones are told in full; for supervisors, who say why.

        Raises:
            NotAllowed: phones in full, for an agent. InvalidInput: phones in full without a reason.
        """
        if full and not person.actor.reaches(Role.SUPERVISOR):
            raise NotAllowed("导出完整电话要主管或以上级别，请去掉 full，或请主管导出")
        if full and not reason:
            raise InvalidInput("导出完整电话要写明原因（reason），日后好查")
        seen = self._seen_by(person, wanted)
        told = {name: mask(str(value)) for name, value in {**seen.as_json(), "q": words}.items()} | {"full": full}
        with self._uow() as uow:
            uow.trail.add(Change(self._clock(), person.name, "tickets:csv", "export", reason, {}, told))
            uow.commit()
        return self._all(seen, sort, words)

    def visible(self, person: Person, number: str) -> Ticket:
        """A ticket that the person may see.

        Raises:
            NotFound: there is none. NotAllowed: it is another team's; that is logged.
        """
        with self._uow() as uow:
            ticket = uow.tickets.get(number.upper())
        if ticket is None:
            raise NotFound(f"没有工单 {number}，请核对编号")
        require_may_see(person, ticket)
        return ticket

    def reveal(self, person: Person, number: str, reason: str = "查看完整电话、地址") -> Mapping[str, Any]:
        """What the customer told of who they are, in full; that it was looked at is audited (E10).

        Raises:
            NotFound, NotAllowed: as `visible`.
        """
        ticket = self.visible(person, number)
        with self._uow() as uow:
            uow.trail.add(Change(self._clock(), person.name, f"ticket:{ticket.number}", "revealed", reason))
            uow.commit()
        return {**{name: ticket.fields[name] for name in TELLING if name in ticket.fields}, "phone": ticket.phone}

    def seen_among(self, person: Person, numbers: Collection[str]) -> set[str]:
        """Those of the tickets that the person may see."""
        if person.only_team is None:
            return set(numbers)
        with self._uow() as uow:
            tickets = [uow.tickets.get(number) for number in set(numbers)]
        return {ticket.number for ticket in tickets if ticket and _may_see(person, ticket)}

    def _all(self, wanted: Filter, sort: Sort, words: str) -> Iterator[list[ListedTicket]]:
        after: Place | None = None
        while True:
            with self._uow() as uow:
                page = uow.ticket_lists.page(wanted, sort, self._clock(), PER_ROUND, after, words)
            yield page.tickets
            if page.next is None:
                return
            after = page.next

    def _seen_by(self, person: Person, wanted: Filter) -> Filter:
        wanted = wanted.seen_by(person.name)
        if not self._may_list(person, wanted):
            log.warning("refused: %s asked for the tickets of team %s", person.name, wanted.team)
            raise NotAllowed("这是别的团队的工单，请找主管查看")
        return wanted if person.only_team is None else replace(wanted, team=person.only_team)

    @staticmethod
    def _may_list(person: Person, wanted: Filter) -> bool:
        return wanted.team is None or person.may_see(wanted.team)


def require_may_see(person: Person, ticket: Ticket) -> None:
    """A ticket is seen by its team, by whoever deals with it, and by leaders.

    Raises:
        NotAllowed: it is somebody else's; that is logged.
    """
    if not _may_see(person, ticket):
        log.warning("refused: %s asked for ticket %s of team %s", person.name, ticket.number, ticket.team)
        raise NotAllowed("这是别的团队的工单，请找主管查看")


def _may_see(person: Person, ticket: Ticket) -> bool:
    return person.may_see(ticket.team) or ticket.assignee == person.name
