"""Who is there, and ready for more (F5)."""

from dataclasses import replace

from bot.domain.person import Person, Presence
from bot.services.ports import Clock, UnitOfWorkFactory


class Attendance:
    """Keeps what people say of themselves, and the signs of life of their desks."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    def say(self, person: str, state: Presence) -> None:
        """A person says to be ready, busy, away or off; that is a sign of life too."""
        with self._uow() as uow:
            uow.users.say(person, state, self._clock())
            uow.commit()

    def alive(self, person: str) -> None:
        """A desk of the person gives a sign of life; without one for `GONE_AFTER` the person is gone."""
        with self._uow() as uow:
            uow.users.alive(person, self._clock())
            uow.commit()

    def people_now(self) -> list[Person]:
        """Everybody who works here, with presence and load; who gave no sign of life of late is `OFF`."""
        now = self._clock()
        with self._uow() as uow:
            return [p if p.is_there(now) else replace(p, presence=Presence.OFF) for p in uow.users.all()]
