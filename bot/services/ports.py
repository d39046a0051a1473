"""What the use cases need from the outside, as protocols that adapters fulfil."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import Protocol

from bot.domain.conversation import Conversation, OwnerChange
from bot.domain.knowledge import Article, Hit
from bot.domain.message import Message, Reply, Sender
from bot.domain.order import Order, Product
from bot.domain.questions import Question, State
from bot.domain.ticket import Kind, Ticket

Clock = Callable[[], datetime]
"""Gives the aware UTC now."""


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
    """

    replies: tuple[Reply, ...]
    state: bytes
    handover: str | None = None
    script: str | None = None


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


class Conversations(Protocol):
    """Stored conversations."""

    def add(self, conversation: Conversation) -> None: ...
    def get(self, conversation_id: str) -> Conversation | None: ...
    def lock(self, conversation_id: str) -> Conversation | None:
        """Read for change: nobody else changes it until this unit of work ends."""
        ...

    def save_owner(self, conversation: Conversation, change: OwnerChange) -> None: ...
    def save_script(self, conversation_id: str, script: str) -> None: ...
    def state(self, conversation_id: str) -> bytes | None: ...
    def save_state(self, conversation_id: str, state: bytes | None) -> None: ...
    def take_lease(self, conversation_id: str, holder: str, now: datetime, until: datetime) -> bool:
        """Whether this holder may now run the conversation's turn; at most one may (invariant 2)."""
        ...

    def drop_lease(self, conversation_id: str, holder: str) -> None: ...
    def queued_before(self, moment: datetime) -> int: ...
    def unanswered(self) -> Sequence[str]:
        """Conversations with a customer's message that no turn has answered yet (invariant 11)."""
        ...


class Messages(Protocol):
    """Stored messages."""

    def add(
        self, conversation_id: str, sender: Sender, replies: Sequence[Reply], at: datetime,
        dedupe_key: str | None = None, note: bool = False,
    ) -> list[Message]: ...  # fmt: skip
    def by_dedupe_key(self, conversation_id: str, dedupe_key: str) -> Message | None: ...
    def after(self, conversation_id: str, seq: int, notes: bool = False) -> list[Message]: ...
    def unanswered(self, conversation_id: str) -> list[Message]: ...
    def mark_answered(self, conversation_id: str, up_to_seq: int) -> None: ...


class Tickets(Protocol):
    """Stored tickets with their history."""

    def next_number(self, kind: Kind, at: datetime) -> str: ...
    def add(self, ticket: Ticket, idempotency_key: str) -> None: ...
    def save(self, ticket: Ticket) -> None: ...
    def get(self, number: str) -> Ticket | None: ...
    def lock(self, number: str) -> Ticket | None:
        """Read for change: nobody else changes it until this unit of work ends."""
        ...

    def by_key(self, idempotency_key: str) -> Ticket | None: ...
    def of_conversation(self, conversation_id: str) -> list[Ticket]: ...
    def search(self, kind: Kind | None, status: str | None, limit: int, offset: int) -> list[Ticket]: ...


class Outbox(Protocol):
    """Messages on their way to a channel; written in the commit that stores them (invariant 3)."""

    def add(self, messages: Sequence[Message], channel: str, now: datetime) -> None: ...
    def due(self, now: datetime, limit: int) -> Sequence["Delivery"]: ...
    def sent(self, message_id: str) -> None: ...
    def retry_later(self, message_id: str, at: datetime) -> None: ...


@dataclass(frozen=True)
class Delivery:
    """One message to bring to its channel, with how often that was tried before."""

    message: Message
    channel: str
    attempts: int


class Orders(Protocol):
    """Imported products and orders."""

    def clear(self) -> None: ...
    def replace_products(self, products: Sequence[Product]) -> int: ...
    def replace_orders(self, orders: Sequence[Order]) -> int: ...
    def by_number(self, number: str) -> list[Order]: ...
    def by_phone(self, phone: str) -> list[Order]: ...
    def products(self) -> list[Product]: ...


class Users(Protocol):
    """People of the company."""

    def add(self, name: str, role: str, at: datetime) -> None: ...
    def role_of(self, name: str) -> str | None: ...


class UnitOfWork(Protocol):
    """One transaction; leaving it without `commit` changes nothing."""

    @property
    def conversations(self) -> Conversations: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def tickets(self) -> Tickets: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def orders(self) -> Orders: ...
    @property
    def users(self) -> Users: ...

    def __enter__(self) -> "UnitOfWork": ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def commit(self) -> None: ...


UnitOfWorkFactory = Callable[[], UnitOfWork]


class OrderDirectory(Protocol):
    """Where orders are looked up: the shop's own system, or the imported copy."""

    def by_number(self, number: str) -> list[Order]: ...
    def by_phone(self, phone: str) -> list[Order]: ...
    def product_called(self, words: str) -> Product | None: ...


class KnowledgeIndex(Protocol):
    """Articles by meaning."""

    def search(self, question: str, most: int = 5, today: date | None = None) -> list[Hit]: ...
    def titled(self, title: str) -> Hit | None: ...


class Questions(Protocol):
    """Stored questions that no article answered; each call is a transaction of its own."""

    def add(self, conversation_id: str, text: str, intent: str, offered: Sequence[str], at: datetime) -> None: ...
    def get(self, question_id: int) -> Question | None: ...
    def open(self, conversation_id: str | None = None) -> list[Question]: ...
    def close(self, ids: Collection[int], state: State, answered_by: str | None = None) -> None: ...


class Articles(Protocol):
    """The articles in force, and adding to them; a running bot knows what was added from its next start on."""

    def all(self) -> list[Article]: ...
    def add(self, article: Article) -> None: ...
    def add_wordings(self, article_id: str, wordings: Sequence[str]) -> None: ...


Likeness = Callable[[Sequence[str]], Sequence[Sequence[float]]]
"""The cosine of every two of some texts in normal form."""


class Wakeups(Protocol):
    """Tells every node that a conversation has something new to read."""

    async def publish(self, conversation_id: str) -> None: ...
    def waiting(self, conversation_id: str) -> AbstractContextManager["WakeupSignal"]: ...


class WakeupSignal(Protocol):
    """One reader's ear for a conversation."""

    async def wait(self, timeout: float) -> bool: ...


class Channel(Protocol):
    """Brings a stored message to the customer."""

    async def deliver(self, message: Message) -> None: ...


class TurnStarter(Protocol):
    """Sees to it that what a customer said is answered soon."""

    def notice(self, conversation_id: str) -> None:
        """A message has come: answer after the quiet time (A1)."""
        ...

    def typing(self, conversation_id: str) -> None:
        """The customer is typing on: wait a little longer."""
        ...


class ScriptConverter(Protocol):
    """Writes a sentence in the customer's characters (B7)."""

    def __call__(self, text: str, script: str) -> str: ...


LEASE = timedelta(seconds=30)
"""How long a turn may hold its conversation; longer than any turn's deadline."""
