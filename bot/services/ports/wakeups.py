"""Calling who waits for news."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from bot.domain.message import Message


class Wakeups(Protocol):
    """Tells every node that a conversation has something new to read."""

    @property
    def reaches_others(self) -> bool:
        """Whether the other nodes hear us; where they do not, they notice within their own polling time."""
        ...

    async def publish(self, conversation_id: str, said: Message | None = None) -> None:
        """Call who reads the conversation; `said`: all the news is this message of the customer's."""
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
    said: Message | None
    typing: str | None
    has_moved: bool

    async def wait(self, timeout: float | None = None) -> bool: ...


class WideEar(Protocol):
    """One node's ear for everything."""

    async def collect(self) -> tuple[set[str], list[Mapping[str, Any]]]: ...
