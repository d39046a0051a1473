"""The supervisor's wall: one snapshot for everybody who looks in the same second."""

import threading
from datetime import datetime, time, timedelta

from bot.domain.dates import SHANGHAI
from bot.domain.desk import DeskRules
from bot.domain.routing import Estimating
from bot.domain.wall import Today, Wall, by_channel, held_by, lines, overdue, who_serves
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

FRESH_FOR = timedelta(seconds=1)
TODAY_FRESH_FOR = timedelta(seconds=10)
"""What has added up since midnight changes little within seconds, and costs more to count."""


class WallView:
    """Looks at everything that is live; however many look, the database is asked once a second."""

    def __init__(self, uow: UnitOfWorkFactory, rules: DeskRules, estimating: Estimating, clock: Clock) -> None:
        self._uow = uow
        self._rules = rules
        self._estimating = estimating
        self._clock = clock
        self._lock = threading.Lock()
        self._last: Wall | None = None
        self._today: tuple[datetime, Today] | None = None

    def look(self) -> Wall:
        """How things stand now, or stood less than a second ago."""
        with self._lock:
            now = self._clock()
            if self._last is None or not timedelta() <= now - self._last.at < FRESH_FOR:
                self._last = self._seen(now)
            return self._last

    def _seen(self, now: datetime) -> Wall:
        with self._uow() as uow:
            live, people = uow.wall.live(), uow.users.all()
            takes = uow.routing.takes(now - self._estimating.look_back)
            return Wall(
                at=now,
                lines=lines(self._rules.teams, live, people, takes, now, self._estimating),
                people=who_serves(people, now),
                held=held_by(live),
                overdue=overdue(live, now, self._rules),
                tickets_late=uow.wall.tickets_late(now),
                approvals=uow.wall.approvals(),
                today=self._counted(uow, now),
                channels=by_channel(live),
            )

    def _counted(self, uow: UnitOfWork, now: datetime) -> Today:
        midnight = datetime.combine(now.astimezone(SHANGHAI), time(), SHANGHAI)
        if self._today is None or self._today[0] < midnight or now - self._today[0] >= TODAY_FRESH_FOR:
            self._today = (now, uow.wall.today(midnight))
        return self._today[1]
