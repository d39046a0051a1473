"""Departments and levels: who is told what the service needs of them, and where (C6, D8)."""

import re
from dataclasses import dataclass

from bot.domain.notice import Way

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_MAILBOX = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{_LABEL}")
_LONGEST_MAILBOX = 254


@dataclass(frozen=True)
class Department:
    """A department that carries out what was agreed, or a level that hears of broken promises.

    Attributes:
        id: as code and stored notices name it, `warehouse`.
        name: as people call it, 「仓库」.
        webhook: the address of its system; empty where it has none.
        email: its mailbox; empty where it has none.
        acknowledges_within_hours: how soon it takes on a task.
    """

    id: str
    name: str
    webhook: str
    email: str
    acknowledges_within_hours: float

    @property
    def ways(self) -> tuple[Way, ...]:
        """How notices reach it; none without an address, its tasks are then in the list only."""
        addresses = {Way.WEBHOOK: self.webhook, Way.EMAIL: self.email}
        return tuple(way for way, address in addresses.items() if address)


def is_mailbox(text: str) -> bool:
    """Whether this is one e-mail address, `warehouse@example.com`, and nothing besides."""
    return len(text) <= _LONGEST_MAILBOX and bool(_MAILBOX.fullmatch(text))
