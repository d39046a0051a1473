"""All that an agent's next word depends on, read in one go (F6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from bot.domain.conversation import Conversation
from bot.domain.dates import local_day, moment_in_words
from bot.domain.dialogue import Told, told_in
from bot.domain.emotion import Level
from bot.domain.order import Order
from bot.domain.person import Person
from bot.domain.suggestion import Talk
from bot.domain.ticket import Ticket
from bot.services.desk import Desk
from bot.services.ports import Clock, UnitOfWork
from bot.services.statutes import order_of

_PRIVATE = frozenset({"phone", "address"})


@dataclass(frozen=True)
class Scene:
    """A conversation as one who is about to speak in it sees it.

    Attributes:
        told: what the customer told, the facts of the newest open ticket above those of the dialogue.
        tickets: the conversation's that are not over, the newest first.
        order: the order that it is about, where that is known.
        customer: how the customer is called, where that is known.
    """

    conversation: Conversation
    talk: Talk
    told: Told
    tickets: Sequence[Ticket]
    order: Order | None
    customer: str | None
    person: Person
    now: datetime

    @property
    def mood(self) -> Level:
        """How the customer feels."""
        return Level(self.conversation.emotion)

    @property
    def today(self) -> date:
        """The day in Shanghai."""
        return local_day(self.now)

    @property
    def has_spoken(self) -> bool:
        """Whether the one who is about to speak has spoken before."""
        return self.talk.has_spoken(self.person.name)

    @property
    def ticket(self) -> Ticket | None:
        """The newest ticket that is not over."""
        return next(iter(self.tickets), None)

    def summary(self, names: Mapping[str, str]) -> str:
        """The facts that make the matter, without those that identify a person (E10)."""
        facts = {value: name for name, value in reversed(self.told.facts.items()) if name in names.keys() - _PRIVATE}
        return "\n".join(f"· {names[name]}：{value}" for value, name in reversed(facts.items()))

    def values(self) -> dict[str, str]:
        """What is known of the places in 常用语; a promise only while it can still be kept (A11)."""
        due = self.ticket.due_at if self.ticket else None
        known = {
            "agent": self.person.name,
            "customer": self.customer,
            "ticket": self.ticket.number if self.ticket else None,
            "promise": moment_in_words(due, self.now) if due and due > self.now else None,
            "product": self.order.product.name if self.order else self.told.facts.get("product"),
            "order": self.order.number if self.order else self.told.facts.get("order_number"),
        }
        return {name: value for name, value in known.items() if value}

    def ticket_values(self, ticket: Ticket, labels: Mapping[str, Any]) -> dict[str, str]:
        """What scripts on a ticket need."""
        promise = {"promise": moment_in_words(ticket.due_at, self.now)} if ticket.due_at else {}
        kind, status = labels["kinds"][ticket.kind], labels["statuses"][ticket.status]
        return {"number": ticket.number, "kind": kind, "status": status, **promise}


def scene_of(uow: UnitOfWork, desk: Desk, conversation_id: str, person: Person, clock: Clock) -> Scene:
    """Read it.

    Raises:
        NotFound, NotAllowed: no such conversation, or not theirs to see.
    """
    conversation = desk.seen(uow, conversation_id, person)
    told = told_in(uow.conversations.state(conversation_id))
    tickets = [ticket for ticket in reversed(uow.tickets.of_conversation(conversation_id)) if not ticket.is_over]
    facts = {**told.facts, **(tickets[0].fields if tickets else {})}
    known = uow.customers.get(conversation.customer_id) if conversation.customer_id else None
    return Scene(
        conversation, Talk(uow.messages.after(conversation_id, 0)), replace(told, facts=facts), tickets,
        order_of(uow, facts), known.name if known and known.name else None, person, clock(),
    )  # fmt: skip
