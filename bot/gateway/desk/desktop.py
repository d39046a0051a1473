"""One open desk: whose it is, what it shows, and what is on its way to it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.domain.person import Person

MOST_WAITING = 200
"""Frames that a slow desk may be behind; beyond that it is told to load anew."""

Frame = Mapping[str, Any]


@dataclass(eq=False)
class Desktop:
    """A desk of a person.

    Attributes:
        opened: the conversations that it shows (id → the last message that it has).
        editing: the tickets that are being edited at it.
        waiting: frames on their way; None says goodbye.
    """

    person: Person
    opened: dict[str, int] = field(default_factory=dict)
    editing: frozenset[str] = frozenset()
    waiting: asyncio.Queue[Frame | None] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def offer(self, frame: Frame | None) -> None:
        """Put a frame on its way; who is too far behind loads everything anew."""
        if self.waiting.full():
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.waiting.put_nowait({"type": "resync"})
        self.waiting.put_nowait(frame)
