"""What people see of conversations at the desk: lists, who may look at what, by when an answer is owed (F5, F6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.actor import Role
from bot.domain.conversation import Conversation, Need, Owner
from bot.domain.message import Message
from bot.domain.person import Person
from bot.domain.reach import Reach


class View(StrEnum):
    """The lists of the desk."""

    MINE = "mine"
    QUEUE = "queue"
    TEAM = "team"
    BOT = "bot"
    CLOSED = "closed"
    ALL = "all"


@dataclass(frozen=True)
class DeskRules:
    """How the company keeps its conversations, as `content/desk.yml` says.

    Attributes:
        first_answer: within which time a person first answers who waits, by priority.
        next_answer: within which time each later answer comes.
        notice_after: silence of the customer after which is asked whether anything is left (F8).
        close_after: silence after that question, after which the conversation ends.
        bot_closes_after: silence after which a conversation with the bot ends without a word.
        teams: the teams that a conversation can be handed to (id → Chinese name).
        reasons: why a conversation ends (id → Chinese name).
        ratings: what a customer clicks to rate (words → points from 1 to 5), best first (H1).
    """

    first_answer: Callable[[int], timedelta]
    next_answer: timedelta = timedelta(seconds=60)
    notice_after: timedelta = timedelta(minutes=10)
    close_after: timedelta = timedelta(minutes=5)
    bot_closes_after: timedelta = timedelta(hours=24)
    teams: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    ratings: Mapping[str, int] = field(default_factory=dict)

    def due_at(self, conversation: Conversation) -> datetime | None:
        """By when a person answers the customer who waits; None where nobody waits for a person."""
        if conversation.waiting_since is None or conversation.closed_at:
            return None
        is_first = conversation.taken_at is None or conversation.waiting_since <= conversation.taken_at
        return conversation.waiting_since + (
            self.first_answer(conversation.need.priority) if is_first else self.next_answer
        )


@dataclass(frozen=True)
class Row:
    """A conversation as the lists show it.

    Attributes:
        name: the customer's, where known.
        last: what the customer, or a person to the customer, said last; what the system says tells nobody anything.
        said: how many messages the customer has sent.
        by: who decided who holds it now.
        tickets: the numbers of its tickets.
        returning: the customer has written again after the end.
        reach: what may still go to the customer, where the channel's platform counts (W2).
        position: its place in its team's queue, from 1; None where it does not wait.
    """

    conversation: Conversation
    name: str | None = None
    last: Message | None = None
    said: int = 0
    by: str = "bot"
    tickets: tuple[str, ...] = ()
    position: int | None = None
    special_care: bool = False
    returning: bool = False
    reach: Reach | None = None

    @property
    def title(self) -> str:
        """The customer's name, else a visitor that can be told from others."""
        return self.name or f"访客 {self.conversation.id[:4]}"


LONGEST_COMMENT = 500
BEST_SCORE = 5


@dataclass(frozen=True)
class Rating:
    """What a customer thinks of a conversation (H1).

    Attributes:
        agent: who held it last; None where no person did.
        score: 1 to 5.
        comment: the answer to the open question; None where it was not asked for, empty while it is awaited.
    """

    id: str
    conversation_id: str
    agent: str | None
    score: int
    at: datetime
    comment: str | None = None
    version: int = 0


def may_look(person: Person, conversation: Conversation) -> bool:
    """Whether a conversation is this person's business.

    Leaders see all; an agent what they hold, and what their team holds, waits for, or lets the bot do, up to their own
    level.
    """
    is_own = conversation.agent == person.name and (conversation.owner is Owner.HUMAN or conversation.closed_at)
    return bool(is_own) or is_for(person, conversation.need)


def is_for(person: Person, need: Need) -> bool:
    """Whether a conversation that needs this is the person's business: a leader's, or of the own team and level."""
    return person.only_team is None or (person.only_team == need.team and need.level is Role.AGENT)
