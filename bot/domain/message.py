"""A message, who said it, and what it rests on (A11)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Sender(StrEnum):
    """Who said it. `SYSTEM` speaks about the conversation itself, such as the place in the queue."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True)
class Button:
    """A quick reply: clicking it says `payload` as if the customer had typed it."""

    title: str
    payload: str


@dataclass(frozen=True)
class Reply:
    """A sentence about to be said, with the reviewed source that it rests on (A11)."""

    text: str
    source: dict[str, Any]
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Message:
    """A stored message.

    `seq` counts from 1 within its conversation; a note is never sent to a channel (invariant 9).
    """

    id: str
    conversation_id: str
    seq: int
    sender: Sender
    text: str
    sent_at: datetime
    buttons: tuple[Button, ...] = ()
    source: dict[str, Any] | None = None
    client_id: str | None = None
    note: bool = field(default=False)
