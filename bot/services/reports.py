"""The monthly report that goes to the leader (D6, D8, G20, H6, S1)."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain.agreement import Agreement
from bot.domain.errors import InvalidInput
from bot.domain.followup import FollowUp
from bot.domain.report import UNKNOWN, Books, Headline, Matter, Month, Report, as_it_stood, headline, report
from bot.domain.task import Task
from bot.domain.ticket import Ticket
from bot.services.ports import Clock, OrderDirectory, UnitOfWorkFactory
from bot.services.promises import Promises

INSTALLATION = "上门安装"
_ASKED_FOR_INSTALLATION = "需要上门安装"
"""What a repair ticket says that is about no fault."""
_SPAN = timedelta(days=7)
_QUIET_SPANS = 53
"""A year without a ticket: before it there is none."""

R = TypeVar("R", Agreement, FollowUp, Task)


class Reports:
    """Counts months.

    Args:
        asking: which follow-ups ask the customer something.
        budgets: cause → fen that compensations for it may cost in a month.
        faults: how customers say that something is broken → the name of the fault.
    """

    def __init__(
        self, uow: UnitOfWorkFactory, promises: Promises, orders: OrderDirectory, asking: Collection[str],
        budgets: Mapping[str, int], faults: Mapping[str, str], clock: Clock,
    ) -> None:  # fmt: skip
        self._uow = uow
        self._promises = promises
        self._orders = orders
        self._asking = asking
        self._budgets = budgets
        self._faults = sorted(faults.items(), key=lambda fault: -len(fault[0]))
        self._clock = clock

    def last_whole_month(self) -> Month:
        """The month that ended last, in Shanghai."""
        return Month.of(self._clock()).before

    def of(self, month: Month) -> Report:
        """The report of a month; of one that is not over, up to now.

        Raises:
            InvalidInput: the month has not begun.
        """
        now = self._clock()
        if now < month.begin:
            raise InvalidInput(f"{month} 还没有开始，请选已经开始的月份")
        tickets = list(self._tickets(month.end))
        linked = self._linked()
        matters = [self._matter(ticket, month, now, linked) for ticket in tickets]
        return report(month, now, matters, self._books(month), self._headline(month.before, now, tickets, linked))

    def _headline(self, month: Month, now: datetime, tickets: list[Ticket], linked: "_Linked") -> Headline:
        earlier = [ticket for ticket in tickets if ticket.opened_at < month.end]
        return headline(month, [self._matter(ticket, month, now, linked) for ticket in earlier])

    def _tickets(self, end: datetime) -> Iterator[Ticket]:
        """All that were opened before, a week at a time: a running service waits for none of these readings."""
        quiet = 0
        while quiet < _QUIET_SPANS:
            begin = end - _SPAN
            with self._uow() as uow:
                found = uow.tickets.opened_between(begin, end)
            yield from found
            quiet, end = (0 if found else quiet + 1), begin

    def _linked(self) -> "_Linked":
        with self._uow() as uow:
            agreements = uow.agreements.find()
        with self._uow() as uow:
            followups = [followup for followup in uow.followups.find() if followup.what in self._asking]
        with self._uow() as uow:
            tasks = uow.tasks.find()
        return _Linked(_by_ticket(agreements), _by_ticket(followups), _by_ticket(tasks))

    def _matter(self, ticket: Ticket, month: Month, now: datetime, linked: "_Linked") -> Matter:
        then = as_it_stood(ticket, month.end)
        recent = _is_of_late(then, month)
        return Matter(
            ticket=then,
            promises=self._promises.of(then, min(now, month.end)) if recent else (),
            product=self._product(then) if recent else UNKNOWN,
            faults=self._faults_in(then.fields.get("symptom", "")) if then.opened_at in month else (),
            agreements=linked.agreements.get(then.number, ()),
            followups=linked.followups.get(then.number, ()),
            tasks=linked.tasks.get(then.number, ()),
        )

    def _product(self, ticket: Ticket) -> str:
        """The product's name in the catalogue, by what the customer called it or by the order, never in their words."""
        words, number = ticket.fields.get("product"), ticket.fields.get("order_number")
        if words and (product := self._orders.product_called(words)):
            return product.name
        ordered = {order.product.name for order in self._orders.by_number(number)} if number else set()
        return ordered.pop() if len(ordered) == 1 else UNKNOWN

    def _faults_in(self, symptom: str) -> tuple[str, ...]:
        """The names of the faults in what the customer told, the longest wording first."""
        if symptom == _ASKED_FOR_INSTALLATION:
            return (INSTALLATION,)
        left, names = symptom.lower(), list[str]()
        for words, name in self._faults:
            if words in left:
                left = left.replace(words, " ")
                names.append(name)
        return tuple(dict.fromkeys(names))

    def _books(self, month: Month) -> Books:
        with self._uow() as uow:
            return Books(
                spent={cause: uow.budgets.spent(str(month), cause) for cause in self._budgets},
                budgets=self._budgets,
                approvals=uow.approvals.find(),
                misconduct=uow.misconduct.find(),
            )


@dataclass(frozen=True)
class _Linked:
    """What hangs on tickets, by their numbers."""

    agreements: Mapping[str, tuple[Agreement, ...]]
    followups: Mapping[str, tuple[FollowUp, ...]]
    tasks: Mapping[str, tuple[Task, ...]]


def _is_of_late(ticket: Ticket, month: Month) -> bool:
    """Whether a promise on it can have been settled in the month: every reply is due well within a month."""
    late = month.before.begin
    return not ticket.is_over or ticket.opened_at >= late or any(entry.at >= late for entry in ticket.history)


def _by_ticket(records: Sequence[R]) -> dict[str, tuple[R, ...]]:
    found: defaultdict[str, list[R]] = defaultdict(list)
    for record in records:
        found[record.ticket].append(record)
    return {number: tuple(of_one) for number, of_one in found.items()}
