"""A conversation and who holds it: the bot, the queue, or a person (F1-F8)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.actor import Role
from bot.domain.errors import Conflict

FIRST_TEAM = "service"
"""Who takes what nobody has sorted yet."""


class Owner(StrEnum):
    """Who answers the customer now."""

    BOT = "bot"
    QUEUED = "queued"
    HUMAN = "human"


@dataclass(frozen=True)
class Need:
    """Who is wanted for a conversation, and how urgently.

    Attributes:
        priority: from 0, the higher the sooner; see `routing`.
        team: which team's queue it stands in.
        level: from which level up a person may take it (A6).
        skills: what the person should know, such as `repair` or `hant`.
        wanted: the person asked for by name, who is preferred while there.
    """

    priority: int = 0
    team: str = FIRST_TEAM
    level: Role = Role.AGENT
    skills: tuple[str, ...] = ()
    wanted: str | None = None


@dataclass(frozen=True)
class Conversation:
    """One customer's thread in one channel.

    Each change of owner raises `epoch`; a reply of an older epoch never speaks (invariant 2).

    Attributes:
        queued_at: since when it has waited for a person; keeps its place when it is handed on.
        agent: who holds it, or held it last.
        waiting_since: when the oldest customer's message came that no person has answered; None while the bot answers.
        served_until: when a person's service ended last, which may be rated then (H1).
        return_asked: the customer was asked to consent to the bot again (F7).
        touched_at: when anything about it changed last.
    """

    id: str
    channel: str
    external_id: str
    opened_at: datetime
    owner: Owner = Owner.BOT
    epoch: int = 0
    queued_at: datetime | None = None
    handover_reason: str | None = None
    script: str = "hans"
    need: Need = field(default=Need())
    agent: str | None = None
    taken_at: datetime | None = None
    waiting_since: datetime | None = None
    emotion: int = 0
    signals: tuple[str, ...] = ()
    customer_id: str | None = None
    served_until: datetime | None = None
    return_asked: bool = False
    closed_at: datetime | None = None
    closed_reason: str | None = None
    summary: str | None = None
    touched_at: datetime | None = None

    def queue_for_human(self, reason: str, now: datetime, need: Need | None = None) -> "Conversation":
        """Hand the conversation to the queue of people (F2, F3); keeps its place when it waits already."""
        if self.owner is not Owner.BOT:
            return self
        return replace(
            self, owner=Owner.QUEUED, epoch=self.epoch + 1, queued_at=now, handover_reason=reason,
            need=need or self.need, waiting_since=self.waiting_since or now, closed_at=None, closed_reason=None,
        )  # fmt: skip

    def take(self, agent: str, now: datetime) -> "Conversation":
        """A person takes it over, from the queue, from the bot, or from another person.

        Raises:
            Conflict: it is closed.
        """
        self._require_open()
        if self.is_held_by(agent):
            return self
        return replace(
            self, owner=Owner.HUMAN, epoch=self.epoch + 1, agent=agent, taken_at=now, queued_at=self.queued_at or now,
            waiting_since=self.waiting_since if self.owner is not Owner.BOT else now, return_asked=False,
        )  # fmt: skip

    def hand_on(self, need: Need, now: datetime) -> "Conversation":
        """Back into the queue for somebody else; it keeps its place, for the customer has waited enough (F6)."""
        self._require_open()
        return replace(
            self, owner=Owner.QUEUED, epoch=self.epoch + 1, queued_at=self.queued_at or now, need=need,
            waiting_since=self.waiting_since or now, return_asked=False,
        )  # fmt: skip

    def return_to_bot(self, now: datetime) -> "Conversation":
        """Give the conversation back to the bot; only with the customer's consent (F7)."""
        served_until = now if self.owner is Owner.HUMAN else self.served_until
        return replace(
            self, served_until=served_until, owner=Owner.BOT, epoch=self.epoch + 1, queued_at=None,
            handover_reason=None, waiting_since=None, return_asked=False, need=Need(),
        )  # fmt: skip

    def close(self, reason: str, summary: str, now: datetime) -> "Conversation":
        """End it (F8); when the customer writes again the bot answers, in the same thread."""
        self._require_open()
        served_until = now if self.owner is Owner.HUMAN else self.served_until
        return replace(
            self, served_until=served_until, owner=Owner.BOT, epoch=self.epoch + 1, queued_at=None,
            handover_reason=None, waiting_since=None, return_asked=False, need=Need(team=self.need.team),
            closed_at=now, closed_reason=reason, summary=summary,
        )  # fmt: skip

    def reopen(self) -> "Conversation":
        """The customer has written again."""
        return replace(self, epoch=self.epoch + 1, closed_at=None, closed_reason=None)

    def is_held_by(self, name: str) -> bool:
        """Whether this person answers now."""
        return self.owner is Owner.HUMAN and self.agent == name

    def _require_open(self) -> None:
        if self.closed_at:
            raise Conflict("这个会话已经结束，客户再写来时会重新打开")


@dataclass(frozen=True)
class OwnerChange:
    """A line of the conversation's history: who holds it from when, who decided that, and why."""

    conversation_id: str
    epoch: int
    owner: Owner
    reason: str
    at: datetime
    agent: str | None = None
    by: str = "bot"
