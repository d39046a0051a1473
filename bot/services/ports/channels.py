"""What a channel is: how things come in, how messages go out, and what it tells of itself.

docs/channels.md leads through writing one; tests/channels/conformance.py is what each must pass.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import TracebackType
from typing import Protocol

from bot.domain.incoming import Incoming, Media
from bot.domain.message import Button, Message
from bot.domain.reach import Limits, Reach


@dataclass(frozen=True)
class OutgoingFile:
    """A file on its way to a customer, and where it lies."""

    name: str
    type: str
    path: str


@dataclass(frozen=True)
class Envelope:
    """One message as it goes to a customer.

    Attributes:
        id: the same one tried again has the same id; at most 32 letters, digits and `-`.
        external_id: the customer, as the platform calls them.
        choice_seq: names the buttons when one is clicked, as `Incoming.choice` has it.
        file: sent in place of the text, where there is one.
    """

    id: str
    conversation_id: str
    external_id: str
    text: str
    buttons: tuple[Button, ...] = ()
    choice_seq: int = 0
    file: OutgoingFile | None = None


class Outcome(StrEnum):
    """What became of an envelope."""

    SENT = "sent"
    """The platform has taken it."""
    LATER = "later"
    """The platform has not taken it, and will: try again."""
    CLOSED = "closed"
    """Nothing may go until the customer writes again (45015, 45047)."""
    GONE = "gone"
    """The customer no longer follows; nothing reaches them."""
    REFUSED = "refused"
    """This one will never be taken."""
    UNKNOWN = "unknown"
    """Nobody answered after it was sent: sent again it might arrive twice."""


@dataclass(frozen=True)
class Receipt:
    """What became of an envelope, in words for people.

    Attributes:
        reason: what the people at the desk read, such as “微信返回 45047：…”; empty for what was sent.
        after: how long to wait before the next try, where the platform tells; else the usual back-off.
        everyone: the reason holds for all customers of the channel, such as a used-up quota of calls.
    """

    outcome: Outcome
    reason: str = ""
    after: timedelta | None = None
    everyone: bool = False


SENT = Receipt(Outcome.SENT)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at about a channel's connection, and what to do where it is wrong."""

    what: str
    is_good: bool
    detail: str = ""


class Channel(Protocol):
    """A way to customers. It is opened with the service and closed with it (`async with`)."""

    name: str
    """As stored with conversations, such as `wechat`."""
    limits: Limits

    async def __aenter__(self) -> "Channel": ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def send(self, envelope: Envelope) -> Receipt:
        """Bring it to the customer; never raises for what the platform does."""
        ...

    async def show_typing(self, external_id: str) -> None:
        """Let the customer see that somebody writes, where the platform can; failing matters to nobody."""
        ...

    def fetch(self, media: Media) -> AsyncIterator[bytes]:
        """A customer's file, in pieces.

        Raises:
            MediaGone: the platform no longer has it, or it is no file. ChannelFailure: try again later.
        """
        ...

    async def check(self) -> list[Check]:
        """Look at the connection from end to end, for who sets it up."""
        ...


@dataclass(frozen=True)
class Knock:
    """What a platform brought to our door.

    Attributes:
        incoming: what customers sent or did.
        pull: the platform has more to fetch: of which of its accounts, and with which token.
        reply: writes a passive reply; None where the platform takes none.
    """

    incoming: tuple[Incoming, ...] = ()
    pull: tuple[str, str] | None = None
    reply: Callable[[str], bytes] | None = None


class Door(Protocol):
    """Where a platform calls us."""

    channel: str
    limits: Limits

    def verify(self, query: Mapping[str, str]) -> str:
        """The answer to the question whether the address is ours.

        Raises:
            Forged: the signature is not the platform's.
        """
        ...

    def read(self, query: Mapping[str, str], body: bytes) -> Knock:
        """What was brought.

        Raises:
            Forged: not signed by the platform, for another account, or older than five minutes.
            Unreadable: it is not what the platform sends.
        """
        ...


WITH_PEOPLE, ENDED = "people", "ended"
"""States of a session on a platform: people of the company have it there; it is over until the customer writes."""


@dataclass(frozen=True)
class Failure:
    """A message that the platform took, and then could not bring to the customer.

    Attributes:
        envelope_id: which one.
        reason: why, in words for people.
    """

    external_id: str
    envelope_id: str
    reason: str


@dataclass(frozen=True)
class Page:
    """What a platform gave at one pull, and where the next one begins."""

    incoming: tuple[Incoming, ...]
    cursor: str
    has_more: bool
    states: Mapping[str, str]
    """What became of customers' sessions: external id → `WITH_PEOPLE`, `ENDED`, or nothing special."""
    failures: tuple[Failure, ...] = ()


class Puller(Protocol):
    """A platform whose messages are fetched."""

    channel: str
    limits: Limits

    async def pull(self, account: str, token: str, cursor: str) -> Page:
        """What came after the cursor.

        Raises:
            ChannelFailure: try again later.
        """
        ...


@dataclass(frozen=True)
class Waiting:
    """A message on its way, with how that stands.

    Attributes:
        claim: the attempt that has it in hand, until `claimed_until`.
        part: how many parts of it have gone.
    """

    message: Message
    attempts: int
    due_at: datetime
    claim: str | None = None
    claimed_until: datetime | None = None
    part: int = 0


class Reaches(Protocol):
    """How many messages may still go to each customer; changed only while the conversation is locked."""

    def get(self, conversation_id: str) -> Reach: ...
    def of(self, conversation_ids: Sequence[str]) -> dict[str, Reach]: ...
    def save(self, reach: Reach) -> None: ...


class SeenEvents(Protocol):
    """What customers did that left no message, to know it again (invariant 1)."""

    def note(self, conversation_id: str, key: str, at: datetime) -> bool:
        """Whether it is new."""
        ...

    def forget_before(self, moment: datetime) -> int: ...


@dataclass(frozen=True)
class Fetch:
    """A customer's file that is to be fetched from the platform."""

    message_id: str
    conversation_id: str
    channel: str
    media: Media
    attempts: int


class Fetches(Protocol):
    """Files that lie with the platforms."""

    def add(self, message: Message, channel: str, media: Media, now: datetime) -> None: ...
    def take(self, channel: str, now: datetime, until: datetime, limit: int) -> list[Fetch]:
        """What is due, which nobody else gets before `until`."""
        ...

    def retry_later(self, message_id: str, at: datetime) -> None: ...
    def done(self, message_id: str) -> bool:
        """It has come, or never will; whether it was still wanted."""
        ...


@dataclass(frozen=True)
class Pull:
    """A platform's account that has more for us.

    Attributes:
        token: what the platform gave us for it; without one it may be asked seldom.
        holder: who has it in hand; whoever hung for so long that another took it has it no longer.
    """

    channel: str
    account: str
    cursor: str
    token: str
    version: int
    holder: str


class Pulls(Protocol):
    """Where we are with each account that is fetched from."""

    def want(self, channel: str, account: str, token: str, now: datetime) -> None: ...
    def want_all(self, channel: str, now: datetime) -> None:
        """Look at every account that was ever pulled from: what the platform told may not have been heard."""
        ...

    def take(self, channel: str, holder: str, now: datetime, until: datetime) -> list[Pull]:
        """Accounts that have more, which nobody else gets before `until`."""
        ...

    def advance(self, pull: Pull, cursor: str, has_more: bool, now: datetime) -> bool:
        """The next begins there; what was wanted meanwhile stays wanted. False where its holder is another now."""
        ...

    def retry_later(self, pull: Pull, at: datetime) -> None: ...


@dataclass(frozen=True)
class StoredToken:
    """What a platform lets us in with, until when."""

    value: str
    expires_at: datetime


class PlatformTokens(Protocol):
    """Access tokens, shared by all nodes; values are sealed before they come here."""

    def get(self, account: str) -> StoredToken | None: ...
    def take_refresh(self, account: str, holder: str, now: datetime, until: datetime) -> bool:
        """Whether this holder may now ask for a new one; at most one may."""
        ...

    def save(self, account: str, holder: str, token: StoredToken) -> None: ...
    def drop_refresh(self, account: str, holder: str) -> None: ...
