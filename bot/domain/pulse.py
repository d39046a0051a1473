"""What an operator watches: what waits, for how long, and what is late."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto


class Tables(Enum):
    """Which form the tables have, beside the newest one that this version of the program knows."""

    NEWEST = auto()
    OLDER = auto()
    NEWER = auto()
    """A node with a newer version has brought them forward; ours goes on for as long as an upgrade takes."""


@dataclass(frozen=True)
class Waiting:
    """So many wait, the first of them for so long."""

    number: float = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Pulse:
    """How the service as a whole is doing at a moment, over all nodes.

    Attributes:
        queue: conversations that wait for a person.
        unanswered: conversations whose customer waits for the bot; since their last change.
        outbox: messages that should have gone out by now, by channel.
        held: all messages in the outbox, those included that may only go when the customer writes.
        notices: notices that should have gone out by now. notices_dead: those that were given up.
        tickets_open, tickets_breached: tickets that are not over, and those of them whose promised time is past (D2).
        token_seconds: how long each platform's access token still lasts, by account; less than 0 where it is over.
    """

    queue: Waiting = Waiting()
    unanswered: Waiting = Waiting()
    outbox: Mapping[str, Waiting] = field(default_factory=dict)
    held: float = 0
    notices: Waiting = Waiting()
    notices_dead: float = 0
    tickets_open: float = 0
    tickets_breached: float = 0
    token_seconds: Mapping[str, float] = field(default_factory=dict)
