"""What one person did in one conversation, as the rules of quality read it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.emotion import Level
from bot.domain.message import Message, Sender


@dataclass(frozen=True)
class Span:
    """From when until when somebody held the conversation."""

    begin: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.begin <= moment <= self.end


@dataclass(frozen=True)
class Filed:
    """A ticket that the person opened or finished in the conversation (A9)."""

    number: str
    at: datetime


@dataclass(frozen=True)
class Dialogue:
    """One person's part of a conversation, from its opening to its end.

    Attributes:
        agent: whose part it is.
        messages: all that were said to each other, in order; no private notes.
        held: when the person held it.
        feeling: the strongest that was heard, 0-3.
        complained_at: when the customer complained, or was handed over for it (A2).
        is_danger: somebody's safety was at stake (F2).
        filed: tickets that the person opened or finished.
        excuses: why a 忌语 was said all the same (phrase → reason; A4).
        known: facts that the person had before them from the start, such as `phone` (F6).
        ended_it: the person closed the conversation, not the clock, and did not hand it on.
        summary: what was written at the end.
    """

    agent: str
    messages: tuple[Message, ...]
    held: tuple[Span, ...] = ()
    feeling: int = Level.CALM
    complained_at: datetime | None = None
    is_danger: bool = False
    filed: tuple[Filed, ...] = ()
    excuses: Mapping[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    ended_it: bool = False
    summary: str = ""

    def is_own(self, message: Message) -> bool:
        """Whether the person said it."""
        return message.person == self.agent

    @property
    def own(self) -> tuple[Message, ...]:
        """What the person said."""
        return tuple(message for message in self.messages if self.is_own(message))

    @property
    def first_bubbles(self) -> tuple[Message, ...]:
        """What the person said before the customer spoke again."""
        return next(self.bubbles(), ())

    @property
    def last_bubbles(self) -> tuple[Message, ...]:
        """What the person said after the customer had spoken last, or the last words before that."""
        return [(), *self.bubbles()][-1]

    def bubbles(self) -> Iterator[tuple[Message, ...]]:
        """The person's messages, those together between which the customer said nothing."""
        run: list[Message] = []
        for message in self.messages:
            if self.is_own(message):
                run.append(message)
            elif message.sender is Sender.CUSTOMER and run:
                yield tuple(run)
                run = []
        if run:
            yield tuple(run)

    def waits(self) -> list[tuple[float, Message]]:
        """How many seconds the customer waited for each answer of the person, with the answer.

        A wait begins with the first message that nobody had answered, or when the person took the conversation.
        """
        found: list[tuple[float, Message]] = []
        since: datetime | None = None
        for message in self.messages:
            if message.sender is Sender.CUSTOMER:
                since = since or message.sent_at
            elif message.sender is Sender.AGENT:
                if since and self.is_own(message) and (span := self._span_of(message.sent_at)):
                    found.append(((message.sent_at - max(since, span.begin)).total_seconds(), message))
                since = None
        return found

    def first_wait(self) -> tuple[float, Message | None] | None:
        """How many seconds passed from taking to the first word, with that word; until the end where there was none.

        None where the person never held it, or took it and had nothing to answer.
        """
        if not self.held:
            return None
        span = self.held[0]
        first = next((message for message in self.own if message.sent_at in span), None)
        if first:
            return (first.sent_at - span.begin).total_seconds(), first
        spoke = any(m.sender is Sender.CUSTOMER and m.sent_at <= span.end for m in self.messages)
        return ((span.end - span.begin).total_seconds(), None) if spoke else None

    def _span_of(self, moment: datetime) -> Span | None:
        return next((span for span in self.held if moment in span), None)


def nearest_rank(values: Sequence[float], share: float) -> float:
    """The value that this share of all do not exceed, by nearest rank."""
    return sorted(values)[math.ceil(round(len(values) * share, 6)) - 1]
