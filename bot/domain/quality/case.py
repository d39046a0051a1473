"""A conversation that has ended, taken apart into what each person did in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.conversation import Conversation, Owner, OwnerChange
from bot.domain.message import Message
from bot.domain.quality.dialogue import Dialogue, Filed, Span
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket

REOPENED = "reopened"
"""The reason with which a conversation begins again."""
_UPSET = frozenset({"extreme_emotion", "negative_emotion", "complaint", "third_visit_24h_dissatisfied"})
_DANGER = frozenset({"safety", "safety_emergency"})
_SAFETY = "safety"
_FINISHED = frozenset({Status.RESOLVED, Status.CLOSED})


@dataclass(frozen=True)
class Case:
    """What is known of a conversation that has ended.

    Attributes:
        begun_at: when it was opened in which a person took it last.
        changes: who held it from when, since then, in order.
        messages: said since then, private notes included.
        tickets: all of the conversation.
        known: facts in the customer's file, such as `phone`.
        excuses: of each person, why a 忌语 was said all the same (phrase → reason).
    """

    conversation: Conversation
    closed_at: datetime
    begun_at: datetime
    changes: tuple[OwnerChange, ...]
    messages: tuple[Message, ...]
    tickets: tuple[Ticket, ...] = ()
    known: frozenset[str] = frozenset()
    excuses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def people(self) -> list[str]:
        """Who spoke to the customer, and who held the conversation last, in that order."""
        spoke = [name for message in self.messages if not message.note and (name := message.person)]
        last = self.conversation.agent
        return list(dict.fromkeys([*spoke, *([last] if last else [])]))

    @property
    def filed_now(self) -> list[Ticket]:
        """The tickets that were filed since then."""
        return [ticket for ticket in self.tickets if ticket.opened_at >= self.begun_at]


def begin_of(conversation: Conversation, changes: Sequence[OwnerChange]) -> datetime:
    """When the conversation was opened in which a person took it last."""
    taken_at = conversation.taken_at or conversation.opened_at
    reopened = (change.at for change in changes if change.reason == REOPENED and change.at <= taken_at)
    return max(reopened, default=conversation.opened_at)


def dialogues(case: Case) -> list[Dialogue]:
    """The part of each person in it."""
    return [_part(case, agent) for agent in case.people]


def _part(case: Case, agent: str) -> Dialogue:
    spans = _spans(case, agent)
    begun = spans[0].begin if spans else case.closed_at
    last = case.changes[-1] if case.changes else None
    return Dialogue(
        agent=agent,
        messages=tuple(message for message in case.messages if not message.note),
        held=spans,
        feeling=max([case.conversation.emotion, *(ticket.emotion for ticket in case.filed_now)]),
        complained_at=_complained_at(case),
        is_danger=_SAFETY in case.conversation.signals or any(c.reason in _DANGER for c in case.changes),
        filed=tuple(_filed(case, agent)),
        excuses=case.excuses.get(agent, {}),
        known=case.known | _told_before(case.tickets, begun),
        ended_it=last is not None and last.by == agent and last.owner is Owner.BOT,
        summary=case.conversation.summary or "",
    )


def _spans(case: Case, agent: str) -> tuple[Span, ...]:
    ends = [change.at for change in case.changes[1:]] + [case.closed_at]
    return tuple(
        Span(change.at, end)
        for change, end in zip(case.changes, ends, strict=True)
        if change.owner is Owner.HUMAN and change.agent == agent
    )


def _complained_at(case: Case) -> datetime | None:
    """When the first complaint was filed, or the conversation handed over because of one."""
    filed = [ticket.opened_at for ticket in case.filed_now if ticket.kind is Kind.COMPLAINT]
    handed = [change.at for change in case.changes if change.reason in _UPSET]
    return min((at for at in (*filed, *handed) if at <= case.closed_at), default=None)


def _filed(case: Case, agent: str) -> Iterable[Filed]:
    for ticket in case.tickets:
        for entry in ticket.history:
            if entry.actor == agent and case.begun_at <= entry.at <= case.closed_at and _settles(entry):
                yield Filed(ticket.number, entry.at)


def _settles(entry: HistoryEntry) -> bool:
    return entry.event == "opened" or (entry.from_status != entry.to_status and entry.to_status in _FINISHED)


def _told_before(tickets: Iterable[Ticket], moment: datetime) -> frozenset[str]:
    """Facts on tickets that were filed before that moment."""
    earlier = [ticket for ticket in tickets if ticket.opened_at <= moment]
    told = {name for ticket in earlier for name, words in ticket.fields.items() if words}
    return frozenset(told | {"phone" for ticket in earlier if ticket.phone})
