"""Calling who waits for news."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.domain.conversation import Owner
from bot.domain.message import Message


@dataclass(frozen=True)
class Change:
    """What a commit has changed in a conversation.

    Attributes:
        said: what was said, in order; never a private note (invariant 9).
        at: when it changed.
        owner: who holds it with this change; None where the commit did not look.
    """

    conversation_id: str
    said: tuple[Message, ...]
    at: datetime
    owner: Owner | None = None


@dataclass(frozen=True)
class Committed:
    """What a commit means to those who wait: readers of conversations, and who sends."""

    changes: tuple[Change, ...]
    sends: bool = False


class Wakeups(Protocol):
    """Tells every node that a conversation has something new to read."""

    @property
    def reaches_others(self) -> bool:
        """Whether the other nodes hear us; where they do not, they notice within their own polling time."""
        ...

    def announce(self, change: Change) -> None:
        """Let who reads the conversation hear what was committed."""
        ...

    async def publish(self, conversation_id: str) -> None:
        """Call who reads the conversation, for something that is no `Change`."""
        ...

    async def pass_on(self, frame: Mapping[str, Any]) -> None:
        """Let all nodes' wide ears hear what is stored nowhere and may be lost, such as that somebody types."""
        ...

    def waiting(self, conversation_id: str) -> AbstractContextManager["WakeupSignal"]: ...
    def everything(self) -> AbstractContextManager["WideEar"]: ...
    def touched(self, changes: Mapping[str, datetime]) -> None:
        """Call this node's readers that have not seen these changes."""
        ...

    def show_typing(self, conversation_id: str, name: str) -> None: ...
    def show_moves(self, conversation_ids: Iterable[str]) -> None: ...
    def call_all(self) -> None: ...


class WakeupSignal(Protocol):
    """One reader's ear for a conversation."""

    seen: datetime | None
    has_news: bool
    typing: str | None
    has_moved: bool

    def heard(self) -> list[Change]: ...
    async def wait(self, timeout: float | None = None) -> bool: ...


class WideEar(Protocol):
    """One node's ear for everything."""

    async def collect(self) -> tuple[set[str], list[Mapping[str, Any]]]: ...
