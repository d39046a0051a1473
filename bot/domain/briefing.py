"""The summary for whoever takes a conversation over: each statement with where it stands (F6)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.domain.customer import Customer, hidden_phone
from bot.domain.dialogue import is_command
from bot.domain.message import Message, Sender
from bot.domain.text import mask
from bot.domain.ticket import Ticket

MOST_CHARS = 80
MOST_ASKED = 8
EMOTIONS = ("平静", "不满", "生气", "非常激动")
SIGNALS = {
    "threat": "提到投诉、媒体或起诉",
    "safety": "涉及人身安全",
    "special_care": "需要特别照顾",
    "sarcasm": "说的是反话",
}
_PROBLEMS = ("symptom", "grievance", "reason", "topic", "idea", "wish")


@dataclass(frozen=True)
class Source:
    """Where a statement stands: a `message` by seq, a `ticket` by number, a `clause`, or the customer's `file`."""

    kind: str
    ref: str


@dataclass(frozen=True)
class Statement:
    """Something that is known, and where it stands."""

    text: str
    source: Source
    name: str = ""


@dataclass(frozen=True)
class Promise:
    """What a ticket still owes, in words."""

    ticket: str
    text: str


@dataclass(frozen=True)
class Entitlement:
    """What the customer could ask for on an order, and on which clauses."""

    product: str
    lines: tuple[str, ...]
    clauses: str


@dataclass(frozen=True)
class Known:
    """What a briefing is made of.

    Attributes:
        messages: in order, notes included.
        slots: what the dialogue keeps: facts asked for so far.
        labels: Chinese names of facts, kinds and statuses.
        reason: why a person was asked for, in Chinese.
        steps: the step of each ticket (number → Chinese name).
    """

    messages: Sequence[Message]
    slots: Mapping[str, Any] = field(default_factory=dict)
    tickets: Sequence[Ticket] = ()
    labels: Mapping[str, Any] = field(default_factory=dict)
    customer: Customer | None = None
    emotion: int = 0
    signals: Sequence[str] = ()
    reason: str | None = None
    steps: Mapping[str, str] = field(default_factory=dict)
    promises: Sequence[Promise] = ()
    entitlements: Sequence[Entitlement] = ()


@dataclass(frozen=True)
class Briefing:
    """The summary, by subject in the order in which it is read."""

    identity: tuple[Statement, ...] = ()
    problem: tuple[Statement, ...] = ()
    asked: tuple[Statement, ...] = ()
    facts: tuple[Statement, ...] = ()
    tickets: tuple[Statement, ...] = ()
    entitlement: tuple[Statement, ...] = ()
    mood: tuple[Statement, ...] = ()
    handover: tuple[Statement, ...] = ()
    promised: tuple[Statement, ...] = ()

    @property
    def summary(self) -> str:
        """A few lines with which a closing summary begins."""
        problem = [f"问题：{statement.text}" for statement in self.problem]
        tickets = [f"工单：{statement.text}" for statement in self.tickets]
        promised = [f"承诺：{statement.text}" for statement in self.promised]
        return "\n".join([*problem, *tickets, *promised])


def brief(known: Known) -> Briefing:
    """What somebody has to know who takes over, so that the customer need not say anything twice."""
    customers = [m for m in known.messages if m.sender is Sender.CUSTOMER and not m.note]
    return Briefing(
        identity=tuple(_identity(known, customers)),
        problem=tuple(_problem(known, customers)),
        asked=tuple(_asked(known.messages))[-MOST_ASKED:],
        facts=tuple(_facts(known, customers)),
        tickets=tuple(_tickets(known)),
        entitlement=tuple(_entitlement(known)),
        mood=tuple(_mood(known, customers)),
        handover=tuple(_handover(known)),
        promised=tuple(Statement(promise.text, Source("ticket", promise.ticket)) for promise in known.promises),
    )


def _identity(known: Known, customers: Sequence[Message]) -> Iterator[Statement]:
    if customer := known.customer:
        source = Source("file", customer.id)
        yield Statement(customer.name, source, "姓名")
        if customer.phone:
            yield Statement(hidden_phone(customer.phone) or "", source, "电话")
        if customer.special_care:
            yield Statement("档案里注明需要特别照顾", source, "照顾")
        return
    phone = next(((ticket.phone, ticket.number) for ticket in reversed(known.tickets) if ticket.phone), None)
    if phone:
        yield Statement(hidden_phone(phone[0]) or "", Source("ticket", phone[1]), "电话")
    elif said := known.slots.get("phone"):
        yield Statement(hidden_phone(str(said)) or "", _said_in(str(said), customers), "电话")


def _problem(known: Known, customers: Sequence[Message]) -> Iterator[Statement]:
    for ticket in reversed(known.tickets):
        told = next((ticket.fields[name] for name in _PROBLEMS if ticket.fields.get(name)), None)
        if told and not ticket.is_over:
            product = ticket.fields.get("product")
            yield Statement(_short(f"{product}：{told}" if product else told), Source("ticket", ticket.number))
            return
    for name in _PROBLEMS:
        if told := known.slots.get(name):
            yield Statement(_short(str(told)), _said_in(str(told), customers))
            return
    telling = [m for m in customers if not is_command(m.text) and len(m.text) > 3]
    if telling:
        first = telling[0]
        yield Statement(_short(first.text), Source("message", str(first.seq)))


def _asked(messages: Sequence[Message]) -> Iterator[Statement]:
    """What the bot asked, with what the customer said to it; what evaded the question is no answer to it."""
    asked: Message | None = None
    for message in messages:
        if message.note:
            continue
        if message.sender is Sender.BOT:
            asked = message if "？" in message.text or "?" in message.text else None
        elif message.sender is Sender.CUSTOMER and asked:
            if not _evades(message, asked, messages):
                yield Statement(_short(message.text), Source("message", str(message.seq)), _question(asked.text))
            asked = None


def _evades(said: Message, asked: Message, messages: Sequence[Message]) -> bool:
    """Whether a person was asked for, or the bot had to ask for the same once more."""
    about = (asked.source or {}).get("asks") or (asked.source or {}).get("id")
    again = next((m for m in messages if m.seq > said.seq and m.sender is Sender.CUSTOMER), None)
    until = again.seq if again else said.seq + len(messages)
    following = [m.source or {} for m in messages if said.seq < m.seq < until and m.sender is Sender.BOT]
    return is_command(said.text) or any(about in (s.get("asks"), s.get("id")) for s in following if about)


def _question(text: str) -> str:
    """The last question of a text."""
    until = max(text.rfind("？"), text.rfind("?")) + 1
    before = text[: until - 1]
    begin = max(before.rfind(mark) for mark in "。！？?!\n") + 1
    return _short(text[begin:until].strip())


def _facts(known: Known, customers: Sequence[Message]) -> Iterator[Statement]:
    names = known.labels.get("facts", {})
    for name, value in known.slots.items():
        if name in names and value and isinstance(value, str | int | float):
            shown = hidden_phone(str(value)) if name == "phone" else _short(str(value))
            yield Statement(shown or "", _said_in(str(value), customers), names[name])


def _tickets(known: Known) -> Iterator[Statement]:
    kinds = known.labels.get("kinds", {})
    for ticket in known.tickets:
        step = known.steps.get(ticket.number) or known.labels.get("statuses", {}).get(ticket.status, "")
        urged = f"，催办 {ticket.times_urged} 次" if ticket.times_urged else ""
        kind = kinds.get(ticket.kind, ticket.kind)
        yield Statement(f"{kind} {ticket.number}：{step}{urged}", Source("ticket", ticket.number))


def _entitlement(known: Known) -> Iterator[Statement]:
    filed = [ticket for ticket in known.tickets if ticket.entitlement and ticket.entitlement.get("told")]
    for ticket in filed:
        for line in (ticket.entitlement or {})["told"]:
            yield Statement(line, Source("ticket", ticket.number), "已告知")
    if filed:
        return
    decided = [m for m in known.messages if m.sender is Sender.BOT and not m.note and (m.source or {}).get("rules")]
    for message in decided[-1:]:
        for line in message.text.splitlines():
            yield Statement(line.removeprefix("· "), Source("message", str(message.seq)), "已告知")
    for entitlement in known.entitlements:
        for line in entitlement.lines:
            yield Statement(line, Source("clause", entitlement.clauses), entitlement.product)


def _mood(known: Known, customers: Sequence[Message]) -> Iterator[Statement]:
    source = Source("message", str(customers[-1].seq)) if customers else Source("message", "1")
    yield Statement(EMOTIONS[min(known.emotion, len(EMOTIONS) - 1)], source, "情绪")
    for signal in known.signals:
        yield Statement(SIGNALS.get(signal, signal), source, "留意")


def _handover(known: Known) -> Iterator[Statement]:
    if known.reason:
        last = known.messages[-1].seq if known.messages else 0
        asked = [m.seq for m in known.messages if (m.source or {}).get("id", "").startswith("handover.")]
        yield Statement(known.reason, Source("message", str(asked[0] if asked else last)))


def _said_in(words: str, customers: Sequence[Message]) -> Source:
    """The newest message that holds these words; else the newest at all."""
    held = [m.seq for m in customers if words in m.text] or [m.seq for m in customers[-1:]]
    return Source("message", str(held[-1] if held else 0))


def _short(text: str) -> str:
    text = mask(" ".join(text.split()))
    return text if len(text) <= MOST_CHARS else text[: MOST_CHARS - 1] + "…"
