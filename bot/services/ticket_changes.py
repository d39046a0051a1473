"""Changing tickets at the desk: who deals with them, what stands on them; one by one, or many at once."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.domain.actor import LEVELS
from bot.domain.custom_field import RECORD, CustomField, custom_of, missing_at_step, noted_custom
from bot.domain.customer import PHONE, TELLING, hidden_facts
from bot.domain.dates import moment_in_words
from bot.domain.errors import AnfuError, Conflict, InvalidInput
from bot.domain.flow import LAST, STAFF, note_facts
from bot.domain.person import Person
from bot.domain.text import clean
from bot.domain.ticket import Ticket
from bot.services.casework import Casework, require_staff, with_record
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.ticket_desk import require_may_see

log = logging.getLogger(__name__)

MOST_AT_ONCE = 200
LONGEST_FIELD = 300
PRIORITIES = ("普通", "优先", "紧急")
_NAMES = {"customer": "客户", "bot": "小安", "system": "系统"}


class Action(StrEnum):
    """What can be done to many tickets at once."""

    ASSIGN = "assign"
    STEP = "step"
    PRIORITY = "priority"
    NOTE = "note"
    CLOSE = "close"


@dataclass(frozen=True)
class Order:
    """What is to be done.

    Attributes:
        value: a person's name (or None), a step, a priority, or what is noted.
        reason: why; stands in the history.
    """

    action: Action
    value: Any = None
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one ticket; `reason` says why not."""

    number: str
    ok: bool
    reason: str = ""


@dataclass(frozen=True)
class Edit:
    """What somebody changes on a ticket.

    Attributes:
        fields: what the customer told; facts: what procedures ask for; custom: the company's own fields.
        version: of the ticket as it was looked at; None changes it whatever happened since.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    priority: int | None = None
    version: int | None = None


class TicketChanges:
    """Changes tickets."""

    def __init__(
        self, uow: UnitOfWorkFactory, casework: Casework, custom: Sequence[CustomField], labels: Mapping[str, str],
        clock: Clock,
    ) -> None:  # fmt: skip
        """Change tickets.

        Args:
            labels: Chinese names of what customers tell, by its name.
        """
        self._uow = uow
        self._casework = casework
        self._custom = custom
        self._labels = labels
        self._clock = clock
        casework.before_leaving(self._require_custom)

    def assign(self, number: str, name: str | None, person: Person, version: int | None = None) -> Ticket:
        """Say who deals with a ticket; None says nobody in particular.

        Raises:
            NotFound, NotAllowed: no such ticket, or not this person's business.
            InvalidInput: nobody of that name could deal with it. Conflict: it was changed meanwhile.
        """
        return self._change(number, person, version, lambda uow, t: self._assigned(uow, t, name, person))

    def edit(self, number: str, edit: Edit, person: Person) -> Ticket:
        """Change what stands on a ticket.

        Raises:
            NotFound, NotAllowed: no such ticket, or not this person's business.
            InvalidInput: a field that is none, or a value that cannot be. Conflict: it was changed meanwhile.
        """
        return self._change(number, person, edit.version, lambda uow, t: self._edited(uow, t, edit, person))

    def bulk(self, numbers: Sequence[str], order: Order, person: Person, dry_run: bool) -> list[Outcome]:
        """Do the same to many tickets, each in a transaction of its own.

        Args:
            dry_run: only say what would become of each.

        Raises:
            InvalidInput: none, or more than `MOST_AT_ONCE`.
        """
        numbers = list(dict.fromkeys(number.upper() for number in numbers))
        if not 0 < len(numbers) <= MOST_AT_ONCE:
            raise InvalidInput(f"一次请选 1 到 {MOST_AT_ONCE} 张工单")
        return [self._try(number, order, person, dry_run) for number in numbers]

    def _try(self, number: str, order: Order, person: Person, dry_run: bool) -> Outcome:
        try:
            self._change(number, person, None, lambda uow, t: self._done(uow, t, order, person), keep=not dry_run)
        except AnfuError as error:
            return Outcome(number, False, str(error))
        except Exception:
            log.exception("%s could not be changed with others", number)
            return Outcome(number, False, "程序出错，这一张没有改动，请稍后再试")
        return Outcome(number, True)

    def _change(
        self, number: str, person: Person, version: int | None, change: Callable[[UnitOfWork, Ticket], Ticket],
        keep: bool = True,
    ) -> Ticket:  # fmt: skip
        require_staff(person.actor)
        with self._uow() as uow:
            ticket = self._casework.locked(uow, number)
            require_may_see(person, ticket)
            require_unchanged(ticket, version, self._clock())
            changed = change(uow, ticket)
            if keep:
                uow.commit()
        return changed

    def _done(self, uow: UnitOfWork, ticket: Ticket, order: Order, person: Person) -> Ticket:
        if order.action is Action.ASSIGN:
            return self._assigned(uow, ticket, order.value, person)
        if order.action is Action.PRIORITY:
            return self._edited(uow, ticket, Edit(priority=order.value), person)
        if order.action is Action.NOTE:
            noted = ticket.note("note", person.name, _said(order.value), self._clock())
            return self._casework.keep(uow, noted)
        to = LAST if order.action is Action.CLOSE else str(order.value)
        return self._casework.go(uow, ticket, to, STAFF, person.actor, _said(order.reason))

    def _assigned(self, uow: UnitOfWork, ticket: Ticket, name: str | None, person: Person) -> Ticket:
        if name is not None:
            other = uow.users.get(name)
            if other is None or other.is_disabled or other.role not in LEVELS:
                raise InvalidInput(f"没有可以办工单的同事叫“{name}”，请从名单里选")
            if not other.may_see(ticket.team):
                raise InvalidInput(f"{name} 不在这张工单的团队，请先换团队或换人")
        if name == ticket.assignee:
            return ticket
        told = f"由 {name} 办理" if name else f"不再由 {ticket.assignee} 办理"
        assigned = replace(ticket, assignee=name).note("assigned", person.name, told, self._clock())
        return self._casework.keep(uow, assigned)

    def _edited(self, uow: UnitOfWork, ticket: Ticket, edit: Edit, person: Person) -> Ticket:
        changed = self._with_fields(ticket, edit.fields)
        changed = note_facts(changed, edit.facts, self._casework.facts)
        if edit.custom:
            changed = with_record(changed, **{RECORD: noted_custom(ticket, edit.custom, self._custom)})
        if edit.priority is not None:
            if edit.priority not in range(len(PRIORITIES)):
                raise InvalidInput("优先级应是 0 普通、1 优先或 2 紧急")
            changed = replace(changed, priority=edit.priority)
        told = self._differences(ticket, changed)
        if not told:
            return ticket
        return self._casework.keep(uow, changed.note("edited", person.name, "；".join(told), self._clock()))

    def _with_fields(self, ticket: Ticket, given: Mapping[str, str]) -> Ticket:
        if unknown := [name for name in given if name not in self._labels]:
            raise InvalidInput(f"没有这样的登记项：{'、'.join(unknown[:5])}")
        hidden = hidden_facts(ticket.fields)
        # What comes back as it was shown, masked, was not changed.
        read = {name: clean(value) for name, value in given.items() if name not in TELLING or value != hidden.get(name)}
        for name, value in read.items():
            if len(value) > LONGEST_FIELD:
                raise InvalidInput(f"{self._labels[name]}最多 {LONGEST_FIELD} 个字")
        phone = read.get("phone")
        if phone and not PHONE.fullmatch(phone):
            raise InvalidInput("联系电话应是 11 位手机号，或带区号的座机号")
        fields = {name: value for name, value in {**ticket.fields, **read}.items() if value}
        return replace(ticket, fields=fields, phone=fields.get("phone") if "phone" in read else ticket.phone)

    def _differences(self, before: Ticket, after: Ticket) -> list[str]:
        facts, custom = self._casework.facts, {f.id: f.name for f in self._custom}
        named = [
            (self._labels, before.fields, after.fields),
            ({name: fact.name for name, fact in facts.items()}, before.record, after.record),
            (custom, custom_of(before), custom_of(after)),
        ]
        told = [
            f"{names[name]}：{was.get(name, '（空）')} → {became.get(name, '（空）')}"
            for names, was, became in named
            for name in {**was, **became}
            if name in names and was.get(name) != became.get(name)
        ]
        if before.priority != after.priority:
            told.append(f"优先级：{PRIORITIES[before.priority]} → {PRIORITIES[after.priority]}")
        return told

    def _require_custom(self, ticket: Ticket) -> None:
        if missing := missing_at_step(ticket, self._custom):
            raise InvalidInput(f"这一步还缺自定义项：{'、'.join(missing)}，请先补上")


def require_unchanged(ticket: Ticket, version: int | None, now: datetime) -> None:
    """See that a ticket is as somebody saw it.

    Raises:
        Conflict: it is not; the message tells who changed what, and when.
    """
    if version is not None and version != ticket.version:
        last = ticket.history[-1]
        who, when = _NAMES.get(last.actor, last.actor), moment_in_words(last.at, now)
        raise Conflict(f"{who} 在{when} 改过这张工单（{last.reason[:60]}），您的改动还没有保存，请看过最新内容再存")


def _said(words: Any) -> str:
    text = clean(str(words or ""))
    if not text or len(text) > 500:
        raise InvalidInput("请写一句为什么，500 字以内，日后好查")
    return text
