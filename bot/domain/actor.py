"""Who acts: the customer, the bot, the clockwork, or a person of the company with a role (A6, F9)."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do. The company's levels rise from agent to manager (A6)."""

    CUSTOMER = "customer"
    BOT = "bot"
    SYSTEM = "system"
    DEPARTMENT = "department"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    ADMIN = "admin"


LEVELS = (Role.AGENT, Role.SUPERVISOR, Role.MANAGER)
"""From whom a matter goes to whom when it is grave, repeated or late (A6)."""
LEVEL_NAMES = {Role.AGENT: "客服", Role.SUPERVISOR: "主管", Role.MANAGER: "经理"}
"""The levels as people call them."""


@dataclass(frozen=True)
class Actor:
    """Somebody with a name and a role."""

    name: str
    role: Role

    @property
    def is_staff(self) -> bool:
        """Whether a person of the company acts."""
        return self.role in (*LEVELS, Role.ADMIN)

    def reaches(self, level: Role) -> bool:
        """Whether this person may do what a level may; an administrator runs the system, and decides nothing."""
        return self.role in LEVELS and LEVELS.index(self.role) >= LEVELS.index(level)


CUSTOMER = Actor("customer", Role.CUSTOMER)
BOT = Actor("bot", Role.BOT)
SYSTEM = Actor("system", Role.SYSTEM)


def next_level(level: Role) -> Role:
    """The level above; the manager has none."""
    return LEVELS[min(LEVELS.index(level) + 1, len(LEVELS) - 1)]
