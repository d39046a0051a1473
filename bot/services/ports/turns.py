"""A turn, and who answers it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.domain.message import Reply


@dataclass(frozen=True)
class Turn:
    """What the bot has to answer: all bubbles since its last answer, as one text (A1).

    `id` stays the same when the turn is run again after a crash, so that tickets are opened once.
    """

    id: str
    conversation_id: str
    text: str
    epoch: int
    state: bytes | None
    last_seq: int


@dataclass(frozen=True)
class Answer:
    """What the engine says to a turn, and the dialogue's new state, to be stored in one commit.

    Attributes:
        handover: why a person is asked for, or None.
        script: `hans` or `hant`, where the customer's characters tell; else None.
        emotion: 0-3, as heard; see `domain.emotion`.
        signals: danger, threat, somebody who needs care, as heard (A13).
        matter: the main intent, or that of the form that runs; None where there is none.
        phone: the number that the customer has named, where one was.
        fired: rules that asked the customer whether a person is wanted (F3, F4).
    """

    replies: tuple[Reply, ...]
    state: bytes
    handover: str | None = None
    script: str | None = None
    emotion: int = 0
    signals: tuple[str, ...] = ()
    matter: str | None = None
    phone: str | None = None
    fired: tuple[str, ...] = ()


class BotEngine(Protocol):
    """Understands a text and answers it: a function of state and text, without memory of its own."""

    async def answer(self, turn: Turn) -> Answer:
        """The answer to a turn.

        Raises:
            EngineFailure: an action failed, nothing was said, or the deadline passed.
        """
        ...

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        ...


class TurnStarter(Protocol):
    """Sees to it that what a customer said is answered soon."""

    def notice(self, conversation_id: str, quiet_seconds: float | None = None) -> None:
        """A message has come: answer after the quiet time, the channel's own where it has one (A1)."""
        ...

    def typing(self, conversation_id: str) -> None:
        """The customer is typing on: wait a little longer."""
        ...

    def has_room(self, conversation_id: str = "", coming: int = 0) -> bool:
        """Whether a message in that conversation, or a new one, can be answered in good time, behind those coming."""
        ...

    def room_in(self) -> int:
        """Seconds after which it may be."""
        ...


LEASE = timedelta(seconds=30)
"""How long a turn may hold its conversation; longer than any turn's deadline."""
