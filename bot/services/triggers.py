"""The named rules that bring a customer to a person, and how often each fired (F2-F4)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from bot.domain.dates import SHANGHAI, local_day
from bot.domain.routing import Firing, Trigger, TriggerBook
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

EXAMPLES = 5
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Fired:
    """A rule with how often it fired today and within seven days, and when it did last."""

    trigger: Trigger
    today: int
    week: int
    examples: tuple[Firing, ...]


class Triggers:
    """Notes firings and tells of them."""

    def __init__(self, uow: UnitOfWorkFactory, book: TriggerBook, clock: Clock) -> None:
        self.book = book
        self._uow = uow
        self._clock = clock

    def note(self, uow: UnitOfWork, trigger: str, conversation_id: str, detail: str = "") -> None:
        """A rule fired; in the caller's commit."""
        uow.routing.fire(Firing(self.book.get(trigger).id, conversation_id, self._clock(), detail))

    def overview(self) -> list[Fired]:
        """All rules, with counts (today is the day in Shanghai) and the last examples."""
        now = self._clock()
        midnight = datetime.combine(local_day(now), time(), SHANGHAI).astimezone(UTC)
        with self._uow() as uow:
            today, week = uow.routing.firings(midnight), uow.routing.firings(now - WEEK)
            return [
                Fired(
                    rule, today.get(rule.id, 0), week.get(rule.id, 0),
                    tuple(uow.routing.last_firings(rule.id, EXAMPLES)),
                )
                for rule in self.book
            ]  # fmt: skip
