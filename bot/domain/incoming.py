"""What comes in from a channel: a message, a file, or something that the customer did there (W1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

EMPTY = "[空消息]"
"""What a message reads as in which there is nothing."""


class Did(StrEnum):
    """What opens the way to the customer, as the channel's limits tell (W2)."""

    WROTE = "wrote"
    """A message of the customer's own."""
    CLICKED = "clicked"
    """A menu, a follow, a scan: only a few answers, and only at once."""
    LEFT = "left"
    """The customer no longer follows: nothing reaches them."""
    NOTHING = "nothing"
    """It changes nothing, such as a receipt."""


@dataclass(frozen=True)
class Media:
    """A file that lies with the platform until it is fetched.

    Attributes:
        id: what the platform calls it.
        kind: `image`, `voice`, `video` or `file`.
        name: as the customer's file is called; empty where the platform does not tell.
    """

    id: str
    kind: str
    name: str = ""


@dataclass(frozen=True)
class Incoming:
    """One thing that a customer sent or did in a channel.

    Attributes:
        external_id: who, as the platform calls them; one conversation each.
        key: the same again has the same key (invariant 1).
        text: what they said, as words; what stands for a file says so, such as “[图片]”. Empty: they said nothing.
        at: when, as the platform tells.
        did: what it opens.
        source: what kind of thing it was, stored with the message: `kind` and what belongs to it.
        media: the file, where it is one.
        choice: which button of which of our messages was clicked, as `seq-number`; its payload is what they said.
        greets: they have come in: the bot introduces itself (A15).
    """

    external_id: str
    key: str
    text: str
    at: datetime
    did: Did = Did.WROTE
    source: Mapping[str, Any] = field(default_factory=dict)
    media: Media | None = None
    choice: str = ""
    greets: bool = False
