"""A message, who said it, and what it rests on (A11)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
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

    def in_script(self, script: str, convert: Callable[[str, str], str]) -> "Reply":
        """The same in the customer's characters (B7); what a button says when clicked stays."""
        buttons = tuple(replace(button, title=convert(button.title, script)) for button in self.buttons)
        return replace(self, text=convert(self.text, script), buttons=buttons)


@dataclass(frozen=True)
class Message:
    """A stored message.

    `seq` counts from 1 within its conversation; a note is never sent to a channel (invariant 9).

    Attributes:
        delivery: what became of it on somebody else's platform: `waiting`, `sent`, `unknown` or `failed`; None where
            the channel is our own, or it is not on its way yet.
        delivery_note: why, in words for the people at the desk.
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
    delivery: str | None = None
    delivery_note: str | None = None

    @property
    def person(self) -> str | None:
        """The name of the person of the company who said it; None where no person did."""
        source = self.source or {}
        return source.get("agent", source.get("id")) if self.sender is Sender.AGENT else None
