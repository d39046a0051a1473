"""Stored tickets and their lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.ticket import Kind, Ticket
from bot.domain.ticket_view import Filter, Place, Sort


class Tickets(Protocol):
    """Stored tickets with their history."""

    def next_number(self, kind: Kind, at: datetime) -> str: ...
    def add(self, ticket: Ticket, idempotency_key: str) -> None: ...
    def save(self, ticket: Ticket) -> Ticket:
        """Store a changed ticket; of two who change the same version the later gets `Conflict`."""
        ...

    def get(self, number: str) -> Ticket | None: ...
    def lock(self, number: str) -> Ticket | None:
        """Read for change: nobody else changes it until this unit of work ends."""
        ...

    def by_key(self, idempotency_key: str) -> Ticket | None: ...
    def of_conversation(self, conversation_id: str) -> list[Ticket]: ...
    def search(
        self, kind: Kind | None, status: str | None, limit: int, offset: int, phone: str | None = None,
        team: str | None = None,
    ) -> list[Ticket]: ...  # fmt: skip
    def next_due(self, limit: int, team: str | None = None) -> list[Ticket]: ...
    def to_watch(self, now: datetime, limit: int) -> list[Ticket]: ...
    def opened_between(self, start: datetime, end: datetime) -> list[Ticket]: ...


@dataclass(frozen=True)
class ListedTicket:
    """A ticket as it stands in a list: without its history, but with when that went on last."""

    ticket: Ticket
    changed_at: datetime
    has_attachments: bool


@dataclass(frozen=True)
class TicketPage:
    """A page of a list, and where the next one begins; None after the last one."""

    tickets: list[ListedTicket]
    next: Place | None


class TicketLists(Protocol):
    """Lists of tickets, by what they are and by what they are found by."""

    def page(
        self, wanted: Filter, sort: Sort, now: datetime, limit: int, after: Place | None = None, words: str = ""
    ) -> TicketPage: ...
    def count(self, wanted: Filter, now: datetime, most: int) -> int: ...


class Budgets(Protocol):
    """What compensations have cost, by month and cause."""

    def spent(self, month: str, cause: str) -> int: ...
    def spend(self, month: str, cause: str, fen: int) -> None: ...
