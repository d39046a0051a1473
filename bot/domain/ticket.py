"""Tickets: kinds, the flow of their status, and a history that only grows (C1, D6, invariant 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.actor import Role
from bot.domain.errors import IllegalTransition


class Kind(StrEnum):
    """What a ticket is about."""

    REPAIR = "repair"
    RETURN_EXCHANGE = "return_exchange"
    COMPLAINT = "complaint"
    CALLBACK = "callback"
    SUGGESTION = "suggestion"
    OUT_OF_STOCK = "out_of_stock"


class Status(StrEnum):
    """Where a ticket stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_PARTS = "waiting_parts"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"


STATUS_FLOW: Mapping[Status, frozenset[Status]] = {
    Status.OPEN: frozenset({Status.ACCEPTED, Status.IN_PROGRESS, Status.CANCELLED}),
    Status.ACCEPTED: frozenset({Status.IN_PROGRESS, Status.WAITING_CUSTOMER, Status.RESOLVED, Status.CANCELLED}),
    Status.IN_PROGRESS: frozenset({Status.WAITING_CUSTOMER, Status.WAITING_PARTS, Status.RESOLVED, Status.CANCELLED}),
    Status.WAITING_CUSTOMER: frozenset({Status.IN_PROGRESS, Status.RESOLVED, Status.CANCELLED}),
    Status.WAITING_PARTS: frozenset({Status.IN_PROGRESS, Status.CANCELLED}),
    # C7: a customer who is not satisfied reopens.
    Status.RESOLVED: frozenset({Status.CLOSED, Status.IN_PROGRESS}),
    Status.CLOSED: frozenset({Status.IN_PROGRESS}),
    Status.CANCELLED: frozenset(),
}

OVER = frozenset({Status.RESOLVED, Status.CLOSED, Status.CANCELLED})
"""Nothing more is owed on a ticket."""

NUMBER_PREFIX: Mapping[Kind, str] = {
    Kind.REPAIR: "BX",
    Kind.RETURN_EXCHANGE: "TH",
    Kind.COMPLAINT: "TS",
    Kind.CALLBACK: "HD",
    Kind.SUGGESTION: "JY",
    Kind.OUT_OF_STOCK: "QH",
}
"""First letters of the Chinese name (报修, 退换, 投诉, 回电, 建议, 缺货): easy to read out on the phone."""


MERGED_INTO = "merged_into"
"""Under this name of its record a ticket says which one goes on in its place."""


@dataclass(frozen=True)
class HistoryEntry:
    """One thing that happened to a ticket: who, when, from which status to which, and why."""

    at: datetime
    actor: str
    event: str
    from_status: Status | None
    to_status: Status
    reason: str


@dataclass(frozen=True)
class Ticket:
    """A matter that the company owes the customer an answer on.

    Attributes:
        fields: what the customer told (field name → words).
        promised_at: by when a person answers (D8).
        step: where in the procedure of its kind it stands; see `bot.domain.flow`.
        record: what the company noted on the way (name → words).
        entitlement: what the customer was told of their rights when it was filed (E11), as `warranty` writes it.
        priority: 0 normal, 1 high, 2 urgent (A13).
        level: who deals with it now (A6).
        due_at: the next promise that falls due; None where none runs. Derived from history.
        watch_at: when the clock next has to look at it. Derived from history.
        version: how often it was stored; of two who change the same version one wins.
        assignee: who deals with it; None where nobody in particular does.
    """

    number: str
    kind: Kind
    status: Status
    conversation_id: str | None
    fields: Mapping[str, str]
    phone: str | None
    emotion: int
    opened_at: datetime
    promised_at: datetime
    history: tuple[HistoryEntry, ...] = ()
    step: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)
    entitlement: Mapping[str, Any] | None = None
    priority: int = 0
    team: str = "service"
    level: Role = Role.AGENT
    due_at: datetime | None = None
    watch_at: datetime | None = None
    version: int = 0
    assignee: str | None = None

    def move(self, to: Status, actor: str, reason: str, at: datetime) -> "Ticket":
        """Change the status through `STATUS_FLOW`.

        Raises:
            IllegalTransition: the flow does not allow it.
        """
        if to not in STATUS_FLOW[self.status]:
            allowed = "、".join(sorted(STATUS_FLOW[self.status])) or "（终态）"
            raise IllegalTransition(f"工单 {self.number} 不能从 {self.status} 变为 {to}；可以变为：{allowed}")
        entry = HistoryEntry(at, actor, "status", self.status, to, reason)
        return replace(self, status=to, history=(*self.history, entry))

    def note(self, event: str, actor: str, reason: str, at: datetime) -> "Ticket":
        """Add to the history without a change of status: `urged` (B6 催办), `note`."""
        entry = HistoryEntry(at, actor, event, self.status, self.status, reason)
        return replace(self, history=(*self.history, entry))

    @property
    def changed_at(self) -> datetime:
        """When something happened on it last."""
        return self.history[-1].at if self.history else self.opened_at

    @property
    def merged_into(self) -> str | None:
        """The number of the ticket that goes on in its place, where it was merged."""
        into: str | None = self.record.get(MERGED_INTO)
        return into

    @property
    def times_urged(self) -> int:
        """How often the customer has asked to hurry."""
        return sum(entry.event == "urged" for entry in self.history)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is owed on it."""
        return self.status in OVER


def ticket_number(kind: Kind, local_day: str, count: int) -> str:
    """`BX20261123-0007`: kind, the day in Shanghai as yyyymmdd, and the running number of that day and kind."""
    return f"{NUMBER_PREFIX[kind]}{local_day}-{count:04d}"
