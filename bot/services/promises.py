"""What is promised on a ticket, and by when, as it follows from its history (D1-D8, invariant 5)."""

from dataclasses import replace
from datetime import datetime

from bot.domain.sla import Deadline, Policy, deadlines, explain, next_due, next_event, promise
from bot.domain.ticket import Kind, Ticket


class Promises:
    """The service levels in force."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def first_reply(self, kind: Kind, priority: int, team: str, opened_at: datetime) -> datetime:
        """By when a person answers a ticket opened then (D8)."""
        return promise(kind, priority, team, opened_at, self._policy)

    def of(self, ticket: Ticket, now: datetime) -> tuple[Deadline, ...]:
        """All promises on a ticket."""
        return deadlines(ticket, self._policy, now)

    def settle(self, ticket: Ticket, now: datetime) -> Ticket:
        """The ticket with what falls due next, and when the clock has to look at it.

        A moment to look that has come stays until the clock has looked: whoever changes the ticket in between must not
        hide a broken promise.
        """
        found = self.of(ticket, now)
        due = next_due(found)
        overlooked = ticket.watch_at if ticket.watch_at and ticket.watch_at <= now else None
        return replace(ticket, due_at=due.due_at if due else None, watch_at=overlooked or next_event(found))

    def explain(self, ticket: Ticket, now: datetime) -> list[str]:
        """The arithmetic of every promise on a ticket, for people (D7)."""
        return [line for deadline in self.of(ticket, now) for line in explain(deadline)]

    def why_next(self, ticket: Ticket, now: datetime) -> list[str]:
        """The arithmetic of the promise that falls due next."""
        due = next_due(self.of(ticket, now))
        return explain(due) if due else []
