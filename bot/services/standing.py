"""How the queue stands, worked out once for everybody who asks on this node (F5)."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.calendar import Calendars
from bot.domain.conversation import Conversation
from bot.domain.person import Person
from bot.domain.routing import Place, Policy, Waiting, in_order, lifts, place_at, places, urgency_since
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory


class Standing:
    """The places of all who wait. What is asked for often is read from memory, as of the last `refresh`."""

    def __init__(self, uow: UnitOfWorkFactory, policy: Policy, calendars: Calendars, clock: Clock) -> None:
        self.policy = policy
        self._uow = uow
        self._calendars = calendars
        self._clock = clock
        self._places: Mapping[str, Place] = {}

    def now(self, uow: UnitOfWork) -> tuple[list[Waiting], dict[str, Place], list[Person]]:
        """Who waits, in order, with their places, and the people of the company; read anew."""
        now = self._clock()
        people, waiting = uow.users.all(), in_order(uow.routing.waiting(), now, self.policy)
        takes = uow.routing.takes(now - self.policy.estimating.look_back) if waiting else {}
        return waiting, places(waiting, people, takes, self.opens_at, now, self.policy), people

    def opens_at(self, team: str, now: datetime) -> datetime | None:
        """When the team's people come; None while it is their time."""
        calendar = self._calendars.of_team(team)
        return None if calendar.is_working(now) else calendar.next_working(now)

    def read(self) -> tuple[list[Waiting], dict[str, Place], list[Person]]:
        """The same, in a reading of its own that keeps no writer waiting."""
        with self._uow() as uow:
            return self.now(uow)

    def place_of(self, uow: UnitOfWork, conversation: Conversation) -> Place:
        """The place of one who waits; counted, since in a long queue everybody who comes asks for it."""
        now, since = self._clock(), conversation.waiting_since or conversation.queued_at
        lifted = lifts(now, self.policy)
        urgency = urgency_since(conversation.need.priority, since or now, lifted)
        ahead = uow.routing.ahead_of(conversation, urgency, lifted)
        people, takes = uow.users.all(), uow.routing.takes(now - self.policy.estimating.look_back)
        return place_at(ahead + 1, conversation.need, people, takes, self.opens_at, now, self.policy)

    def refresh(self) -> set[str]:
        """Read the queue anew.

        Returns:
            The conversations whose place has changed.
        """
        _, places_now, _ = self.read()
        before, self._places = self._places, places_now
        return {id_ for id_, place in places_now.items() if before.get(id_) != place}

    def of(self, conversation_id: str) -> Place | None:
        """The place as of the last refresh; None for who does not wait, or has come since."""
        return self._places.get(conversation_id)
