"""The people of the company: what they know, how much they can hold, and whether they are there (F5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.actor import LEVELS, Actor, Role
from bot.domain.conversation import FIRST_TEAM, Need

GONE_AFTER = timedelta(seconds=45)
"""Without a sign of life from any of a person's desks, the person is not there."""
FIRST_CAPACITY = 5
"""How many conversations at once a person holds unless something else is agreed."""
MOST_CAPACITY = 50
"""Nobody follows more conversations at once."""


class Presence(StrEnum):
    """What people say of themselves. `READY` gets new conversations; `BUSY` keeps the present ones only."""

    READY = "ready"
    BUSY = "busy"
    AWAY = "away"
    OFF = "off"


@dataclass(frozen=True)
class Person:
    """Somebody who works here.

    Attributes:
        skills: what the person knows, such as `repair`, `complaint`, `hant`; empty means everything.
        capacity: how many conversations at once.
        must_change_password: the password was given by somebody else; an own one comes before all work.
        presence, since: what was said last, and when.
        seen_at: the last sign of life of a desk.
        load: how many conversations the person holds now.
    """

    name: str
    role: Role
    team: str = FIRST_TEAM
    skills: tuple[str, ...] = ()
    capacity: int = FIRST_CAPACITY
    is_disabled: bool = False
    has_second_factor: bool = False
    has_password: bool = False
    must_change_password: bool = False
    presence: Presence = Presence.OFF
    since: datetime | None = None
    seen_at: datetime | None = None
    load: int = 0

    @property
    def actor(self) -> Actor:
        """The person as one who acts."""
        return Actor(self.name, self.role)

    def is_there(self, now: datetime) -> bool:
        """Whether a desk of the person gave a sign of life just now."""
        return self.seen_at is not None and now - self.seen_at < GONE_AFTER

    def takes_new(self, now: datetime) -> bool:
        """Whether the person may be given another conversation."""
        return (
            self.presence is Presence.READY
            and self.is_there(now)
            and self.load < self.capacity
            and not self.is_disabled
        )

    @property
    def only_team(self) -> str | None:
        """The team whose work alone is this person's business; None for leaders, whose business is everybody's."""
        return self.team if self.role is Role.AGENT else None

    def may_see(self, team: str) -> bool:
        """Whether a team's work is this person's business: an agent's own team's, a leader's all."""
        return self.team == team or self.role is not Role.AGENT

    def fits(self, need: Need) -> bool:
        """Whether the person may take what is needed: team and level; skills are a wish, not a wall."""
        return self.role in LEVELS and self.may_see(need.team) and self.actor.reaches(need.level)

    def knows(self, need: Need) -> int:
        """How many of the wanted skills the person has."""
        return len(need.skills) if not self.skills else len(set(need.skills) & set(self.skills))
