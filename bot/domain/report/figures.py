"""What a monthly report says: its figures, each with what it counts (D6, D8, G20, H6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.approval import Approval
from bot.domain.misconduct import Misconduct, Outcome
from bot.domain.report.matter import Matter
from bot.domain.report.month import Month
from bot.domain.sla import Target
from bot.domain.ticket import Kind


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def ratio(self) -> float | None:
        """From 0 to 1; None where there is nothing to share."""
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True)
class Books:
    """What is not a ticket's own: money, approvals, and staff who were complained about.

    Attributes:
        spent: cause → fen that compensations have cost in the month.
        budgets: cause → fen that they may cost.
    """

    spent: Mapping[str, int]
    budgets: Mapping[str, int]
    approvals: Sequence[Approval] = ()
    misconduct: Sequence[Misconduct] = ()


@dataclass(frozen=True)
class Day:
    """One day: tickets opened by kind, and how many came to their end."""

    day: date
    opened: Mapping[Kind, int]
    finished: int


@dataclass(frozen=True)
class Volume:
    """Tickets of one kind: opened, finished and called off in the month; not over when it ended."""

    kind: Kind
    opened: int
    finished: int
    cancelled: int
    still_open: int


@dataclass(frozen=True)
class Promised:
    """How the promises of one target fared that were kept, or fell due, in the month."""

    target: Target
    kept: Share


@dataclass(frozen=True)
class Broken:
    """A promise that fell due in the month and was not kept (D8).

    Attributes:
        late: by how much, day and night.
        is_open: whether it was still owed when the month ended.
    """

    number: str
    kind: Kind
    target: Target
    due_at: datetime
    late: timedelta
    is_open: bool


@dataclass(frozen=True)
class ComplaintCause:
    """Complaints of one cause that were opened or worked on in the month (C3, C5, C7).

    Attributes:
        severities: how many were light, middle, grave.
        our_share: the mean of our share of fault in per cent; None where nobody has judged it.
        confirmed, refused: agreements that customers answered in the month.
        satisfied, unsatisfied: what they said afterwards.
    """

    cause: str
    count: int
    severities: tuple[int, int, int]
    our_share: float | None
    confirmed: int
    refused: int
    satisfied: int
    unsatisfied: int


@dataclass(frozen=True)
class Spending:
    """What compensations for a cause have cost beside what they may cost, in fen (A5)."""

    cause: str
    spent_fen: int
    budget_fen: int

    @property
    def is_over(self) -> bool:
        """Whether it is more than planned."""
        return self.spent_fen > self.budget_fen


@dataclass(frozen=True)
class Failure:
    """How often a fault of a product was reported, and how often a visit did not mend it (G20)."""

    product: str
    fault: str
    count: int
    not_mended: int


@dataclass(frozen=True)
class Repairs:
    """Repairs (G20).

    Attributes:
        visits: how often a technician began to work.
        mended: of the tickets whose repair ended in the month, how many are mended.
        at_first_visit: of the same, how many with one visit, without waiting for parts and without coming back.
        parts_waits: for each ticket that waited for parts in the month, how long, the longest first.
        parts_pending: how many still waited when the month ended.
        parts: what was waited for, and how often.
        fault_causes: product, misuse or unknown, as technicians found it.
    """

    visits: int
    mended: Share
    at_first_visit: Share
    parts_waits: tuple[timedelta, ...]
    parts_pending: int
    parts: Mapping[str, int]
    fault_causes: Mapping[str, int]
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class Returns:
    """Returns and exchanges: what customers wanted, and what came of it.

    Attributes:
        wishes: of the tickets opened in the month.
        refunded, refunded_fen: refunds paid in the month.
        unpaid, unpaid_fen: refunds settled and not yet paid when it ended.
    """

    wishes: Mapping[str, int]
    refunded: int
    refunded_fen: int
    unpaid: int
    unpaid_fen: int
    exchanged: int
    declined: int


@dataclass(frozen=True)
class Asked:
    """Questions after a service: how many were asked, and what was answered in the month (C7, G14-G16)."""

    asked: int
    satisfied: Share


@dataclass(frozen=True)
class Department:
    """A department's tasks (C6): opened and done in the month; when it ended, not done, and not taken on in time."""

    id: str
    opened: int
    done: int
    still_open: int
    overdue: int


@dataclass(frozen=True)
class OverdueTask:
    """A task that its department had not taken on in time."""

    ticket: str
    department: str
    due_at: datetime
    late: timedelta


@dataclass(frozen=True)
class Approvals:
    """Decisions that were asked for and taken in the month (A5, F9), and how many waited when it ended."""

    requested: int
    approved: int
    rejected: int
    expired: int
    pending: int


@dataclass(frozen=True)
class Conduct:
    """What was decided about a member of staff; without an outcome it was unfounded (C8)."""

    staff: str
    ticket: str
    outcome: Outcome | None


@dataclass(frozen=True)
class Leaving:
    """Why customers leave, as far as it can be counted (H6).

    Attributes:
        unanswered: first answers that were late.
        inconvenient: repairs that one visit did not settle.
        unreliable: solutions and refunds that were late.
        neglected: tickets on which the customer had to urge.
        unprofessional: finished tickets that customers had reopened.
    """

    unanswered: Share
    inconvenient: Share
    unreliable: Share
    neglected: Share
    unprofessional: Share


@dataclass(frozen=True)
class Headline:
    """The figures that a leader reads first; the same of two months can be compared."""

    opened: int
    finished: int
    still_open: int
    kept: Share
    first_reply: timedelta | None
    satisfied: Share


@dataclass(frozen=True)
class Report:
    """The month.

    Attributes:
        as_of: the moment for which it holds: the month's end, or now.
        before: the headline of the month before.
        owed: promises that were broken, in this month or earlier, and still owed when it ended.
        active: the tickets that were opened or touched, the oldest first.
    """

    month: Month
    as_of: datetime
    headline: Headline
    before: Headline
    days: tuple[Day, ...]
    volumes: tuple[Volume, ...]
    promised: tuple[Promised, ...]
    broken: tuple[Broken, ...]
    owed: int
    complaints: tuple[ComplaintCause, ...]
    spending: tuple[Spending, ...]
    repairs: Repairs
    returns: Returns
    asked: Asked
    departments: tuple[Department, ...]
    overdue: tuple[OverdueTask, ...]
    approvals: Approvals
    conduct: tuple[Conduct, ...]
    conduct_waiting: int
    leaving: Leaving
    active: tuple[Matter, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened, and nothing waits."""
        return not (self.active or self.broken or self.overdue or self.headline.still_open)
