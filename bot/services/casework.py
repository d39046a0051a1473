"""Working on tickets: along their procedure, step by step, with what was noted on the way (C1-C8, A4)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.domain.actor import Actor
from bot.domain.errors import InvalidInput, NotAllowed, NotFound
from bot.domain.flow import STAFF, Fact, Flow, note_facts
from bot.domain.ticket import Kind, Ticket
from bot.domain.wording import Forbidden, forbidden_in
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.promises import Promises
from bot.services.telling import Telling

Effect = Callable[[UnitOfWork, Ticket, Actor], Ticket]
"""What happens when a ticket comes to a step, in the same commit; gives the ticket as it stands after it."""

MOST_CHARS = 2000


class Casework:
    """Moves tickets along their procedures."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        flows: Mapping[Kind, Flow],
        facts: Mapping[str, Fact],
        promises: Promises,
        telling: Telling,
        forbidden: Sequence[Forbidden],
        clock: Clock,
    ) -> None:
        self._uow = uow
        self.flows = flows
        self.facts = facts
        self._promises = promises
        self._telling = telling
        self._forbidden = forbidden
        self._clock = clock
        self._effects: dict[str, Effect] = {}
        self._checks: list[Callable[[Ticket], None]] = []

    def when_entering(self, effect: str, do: Effect) -> None:
        """Say what an `enter:` of the procedures means."""
        self._effects[effect] = do

    def before_leaving(self, check: Callable[[Ticket], None]) -> None:
        """Have something checked before a person moves a ticket on; what is not in order raises."""
        self._checks.append(check)

    def note(self, number: str, given: Mapping[str, str], actor: Actor) -> Ticket:
        """Note facts on a ticket.

        Raises:
            NotFound, NotAllowed, InvalidInput: no such ticket, not staff, or a value that cannot be.
        """
        require_staff(actor)
        with self._uow() as uow:
            ticket = self._noted(self.locked(uow, number), given, actor)
            ticket = self.keep(uow, ticket)
            uow.commit()
        return ticket

    def move(self, number: str, to: str, actor: Actor, reason: str, given: Mapping[str, str] | None = None) -> Ticket:
        """A person moves a ticket to its next step, noting facts first where any are given.

        Raises:
            NotFound, NotAllowed: no such ticket, not staff.
            InvalidInput: a fact is missing or cannot be. IllegalTransition: the step is not the next one.
        """
        require_staff(actor)
        if not reason.strip():
            raise InvalidInput("请写一句为什么，日后好查")
        with self._uow() as uow:
            ticket = self._noted(self.locked(uow, number), given or {}, actor)
            ticket = self.go(uow, ticket, to, STAFF, actor, reason.strip())
            uow.commit()
        return ticket

    def reply(self, number: str, text: str, actor: Actor, in_spite_of: str = "") -> Ticket:
        """Answer the customer in a person's own words; it meets the promise of a reply (invariant 6).

        Args:
            in_spite_of: why a 忌语 is said all the same; without it the reply is refused with better words (A4).

        Raises:
            NotFound, NotAllowed: no such ticket, not staff. InvalidInput: empty, too long, or a 忌语.
            Conflict: somebody else is talking with the customer.
        """
        require_staff(actor)
        text = text.strip()
        if not text or len(text) > MOST_CHARS:
            raise InvalidInput(f"答复要有 1 到 {MOST_CHARS} 个字")
        if not in_spite_of.strip():
            self.require_good_wording(text)
        why = f"（仍要这样说：{in_spite_of.strip()}）" if forbidden_in(text, self._forbidden) else ""
        with self._uow() as uow:
            ticket = self.locked(uow, number).note("reply", actor.name, text + why, self._clock())
            self._telling.say_as(uow, ticket, text, actor.name)
            ticket = self.keep(uow, ticket)
            uow.commit()
        return ticket

    def require_good_wording(self, text: str) -> None:
        """What a customer will read holds no 忌语 (A4).

        Raises:
            InvalidInput: it does; the message has better words.
        """
        if found := forbidden_in(text, self._forbidden):
            raise InvalidInput(f"“{found[0].phrase}”是忌语（{found[0].why}），可以改说：{found[0].better}")

    def step_name(self, ticket: Ticket) -> str:
        """Where a ticket stands, in Chinese."""
        return self.flows[ticket.kind].step_of(ticket).name

    def locked(self, uow: UnitOfWork, number: str) -> Ticket:
        """The ticket, for change in this unit of work.

        Its conversation is locked first, as by a turn that comes to a ticket: nobody waits for another in a circle.

        Raises:
            NotFound: there is none.
        """
        known = uow.tickets.get(number.upper())
        if known and known.conversation_id:
            uow.conversations.lock(known.conversation_id)
        ticket = uow.tickets.lock(number.upper())
        if ticket is None:
            raise NotFound(f"没有工单 {number}，请核对编号")
        return ticket

    def happened(self, uow: UnitOfWork, ticket: Ticket, cause: str, actor: Actor, reason: str) -> Ticket:
        """Something happened that may move the ticket on; where it does not, it is noted only."""
        to = self.flows[ticket.kind].target(ticket, cause)
        if to is None:
            return self.keep(uow, ticket.note(cause, actor.name, reason, self._clock()))
        return self.go(uow, ticket, to, cause, actor, reason)

    def go(self, uow: UnitOfWork, ticket: Ticket, to: str, cause: str, actor: Actor, reason: str) -> Ticket:
        """To the step, and what happens on entering it."""
        flow, now = self.flows[ticket.kind], self._clock()
        here = flow.step_of(ticket)
        if cause == STAFF:
            for check in self._checks:
                check(ticket)
        if here.answers and actor.is_staff:
            ticket = ticket.note("reply", actor.name, f"{here.name}时已当面或电话答复客户", now)
        ticket = self.keep(uow, flow.move(ticket, to, cause, actor, reason, now))
        for effect in flow.steps[to].enter:
            ticket = self._effects[effect](uow, ticket, actor)
        return ticket

    def keep(self, uow: UnitOfWork, ticket: Ticket) -> Ticket:
        """Store a ticket with its deadlines as they follow from its history (invariant 5)."""
        return uow.tickets.save(self._promises.settle(ticket, self._clock()))

    def _noted(self, ticket: Ticket, given: Mapping[str, str], actor: Actor) -> Ticket:
        if not given:
            return ticket
        noted = note_facts(ticket, given, self.facts)
        told = "；".join(f"{self.facts[name].name}：{noted.record[name]}" for name in given)
        return noted.note("note", actor.name, told, self._clock())


def require_staff(actor: Actor) -> None:
    """Only people of the company work on tickets.

    Raises:
        NotAllowed: somebody else.
    """
    if not actor.is_staff:
        raise NotAllowed("只有员工可以办理工单，请用员工身份登录")


def with_record(ticket: Ticket, **values: object) -> Ticket:
    """The ticket with something put on its record."""
    return replace(ticket, record={**ticket.record, **values})
