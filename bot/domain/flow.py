"""Procedures after a ticket is open: which step follows which, what each needs, and what moves it on (C1-C8).

The steps are data (`content/procedures/`); this reads and enforces them.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.domain.actor import Actor
from bot.domain.errors import ContentError, IllegalTransition, InvalidInput
from bot.domain.ticket import STATUS_FLOW, HistoryEntry, Kind, Status, Ticket

FIRST, LAST = "received", "closed"
STAFF = "staff"
"""The cause of a move that a person decides on."""
CAUSES = frozenset(
    {
        STAFF, "booked", "approval_needed", "within_limit", "approved", "rejected", "confirmed", "refused",
        "tasks_done", "satisfied", "unsatisfied", "answered", "chosen_repair",
    }
)  # fmt: skip
"""What can move a ticket on; all but `staff` are things that happened, which nobody can simply claim."""


@dataclass(frozen=True)
class Fact:
    """Something that a step needs to be noted: its Chinese name, how it is asked, and which values it may have."""

    id: str
    name: str
    ask: str
    values: tuple[str, ...] = ()
    span: tuple[int, int] | None = None

    def read(self, value: str) -> str:
        """A value as it is kept; `007` as `7` where it is a number.

        Raises:
            InvalidInput: it is empty, none of the values, or outside the span.
        """
        value = value.strip()
        if not value or len(value) > 2000:
            raise InvalidInput(f"请填写{self.name}（{self.ask}），最多 2000 字；实在没有就写“不详”")
        if self.values and value not in self.values:
            raise InvalidInput(f"{self.name}应是其中之一：{'、'.join(self.values)}")
        if self.span is None:
            return value
        if not (value.isascii() and value.isdigit() and self.span[0] <= int(value) <= self.span[1]):
            raise InvalidInput(f"{self.name}应是 {self.span[0]} 到 {self.span[1]} 的整数")
        return str(int(value))


@dataclass(frozen=True)
class Step:
    """One step of a procedure.

    Attributes:
        status: the ticket's status while it stands here.
        next: the steps that may follow, each with what moves the ticket there.
        needs: facts that must be noted before a person moves it on.
        enter: what happens when the ticket comes here; see `bot.services.casework`.
        answers: whether a person has spoken to the customer when it leaves here, by phone or in person (D2).
    """

    id: str
    name: str
    clause: str
    status: Status
    next: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    enter: tuple[str, ...] = ()
    answers: bool = False


@dataclass(frozen=True)
class Flow:
    """The procedure of one kind of ticket."""

    kind: Kind
    clause: str
    steps: Mapping[str, Step]

    def step_of(self, ticket: Ticket) -> Step:
        """Where a ticket stands."""
        return self.steps.get(ticket.step) or self.steps[FIRST]

    def target(self, ticket: Ticket, cause: str) -> str | None:
        """The step to which something that happened moves the ticket, if any."""
        return next((to for to, by in self.step_of(ticket).next.items() if by == cause), None)

    def move(self, ticket: Ticket, to: str, cause: str, actor: Actor, reason: str, at: datetime) -> Ticket:
        """The ticket at its next step, with a line of history.

        Raises:
            IllegalTransition: the step is not the next one, something else has to happen first, or the ticket's status
                may not change so: one that was called off goes nowhere (invariant 4).
            InvalidInput: a fact that the present step needs is not noted.
        """
        here = self.step_of(ticket)
        if here.next.get(to) != cause:
            raise IllegalTransition(self._what_is_next(ticket, here, to))
        if cause == STAFF and (missing := [need for need in here.needs if need not in ticket.record]):
            raise InvalidInput(f"“{here.name}”还缺：{'、'.join(missing)}，请先补上")
        there = self.steps[to]
        if not _status_may_change(ticket.status, there.status):
            raise IllegalTransition(f"工单 {ticket.number} 的状态是 {ticket.status}，不能到“{there.name}”")
        entry = HistoryEntry(
            at, actor.name, "step", ticket.status, there.status, f"{here.name} → {there.name}：{reason}"
        )
        return replace(ticket, step=to, status=there.status, history=(*ticket.history, entry))

    def _what_is_next(self, ticket: Ticket, here: Step, to: str) -> str:
        if here.id == LAST and not here.next:
            return f"工单 {ticket.number} 已经完结"
        named = self.steps[to].name if to in self.steps else to
        waits = {by for by in here.next.values() if by != STAFF}
        ways = [self.steps[step].name for step, by in here.next.items() if by == STAFF]
        parts = [f"可以到“{'”“'.join(ways)}”"] if ways else []
        parts += [f"在等：{'、'.join(WAITS[by] for by in sorted(waits))}"] if waits else []
        return f"工单 {ticket.number} 现在是“{here.name}”，不能到“{named}”；{'；'.join(parts)}"


WAITS = {
    "booked": "预约上门时间",
    "approval_needed": "提出方案",
    "within_limit": "提出方案",
    "approved": "审批通过",
    "rejected": "审批驳回",
    "confirmed": "客户确认",
    "refused": "客户拒绝",
    "tasks_done": "各部门办结任务",
    "satisfied": "客户说满意",
    "unsatisfied": "客户说不满意",
    "answered": "客户选择办法",
    "chosen_repair": "客户选择再修一次",
}
"""What a ticket waits for, in Chinese."""


def note_facts(ticket: Ticket, given: Mapping[str, str], known: Mapping[str, Fact]) -> Ticket:
    """The ticket with further facts noted (C2, C3).

    Raises:
        InvalidInput: a fact is unknown, or its value is not one of its kind.
    """
    if unknown := set(given) - set(known):
        raise InvalidInput(f"没有这样的登记项：{'、'.join(sorted(unknown))}；可用的见 content/procedures/facts.yml")
    read = {name: known[name].read(value) for name, value in given.items()}
    return replace(ticket, record={**ticket.record, **read})


def read_facts(raw: Mapping[str, Mapping[str, Any]], where: str) -> dict[str, Fact]:
    """Facts from their YAML form.

    Raises:
        ContentError: a field is missing, wrong or unknown.
    """
    facts = {}
    for name, entry in _fields(raw, where).items():
        try:
            facts[name] = _fact(name, entry)
        except (KeyError, TypeError, ValueError) as error:
            raise ContentError(f"{where}：登记项 {name} 要写 name、ask，可以写 values 或 span（{error}）") from error
    return facts


def _fact(name: str, entry: Mapping[str, Any]) -> Fact:
    _only(entry, _FACT_FIELDS)
    values, span = entry.get("values"), entry.get("span")
    if values is not None and span is not None:
        raise ValueError("values 和 span 只能写一种")
    if span is not None and not (isinstance(span, list) and len(span) == 2 and 0 <= int(span[0]) <= int(span[1])):
        raise ValueError("span 应是从小到大的两个整数")
    return Fact(
        name, _text(entry, "name"), _text(entry, "ask"), _texts(entry, "values"),
        (int(span[0]), int(span[1])) if span else None,
    )  # fmt: skip


def read_flow(raw: Mapping[str, Any], facts: Mapping[str, Fact], effects: frozenset[str], where: str) -> Flow:
    """A procedure from its YAML form, proved sound.

    Args:
        facts: what steps may need.
        effects: what may happen on entering a step.
        where: names the file.

    Raises:
        ContentError: a field is missing, wrong or unknown, a step stands twice, leads nowhere, cannot be reached, never
            ends, changes the status as `STATUS_FLOW` forbids, or does not say which way something leads.
    """
    raw = _fields(raw, where)
    steps: dict[str, Step] = {}
    for number, entry in enumerate(raw.get("steps") or (), start=1):
        try:
            step = _step(entry)
        except (KeyError, TypeError, ValueError) as error:
            raise ContentError(
                f"{where}：第 {number} 个步骤的字段 {error} 缺失或写错，"
                "要写 id、name、clause、status，可以写 next、needs、enter、answers"
            ) from error
        if step.id in steps:
            raise ContentError(f"{where}：步骤 {step.id} 写了两次，请删去一个或改名")
        steps[step.id] = step
    try:
        _only(raw, {"kind", "clause", "steps"})
        flow = Flow(Kind(raw["kind"]), _text(raw, "clause"), steps)
    except (KeyError, TypeError, ValueError) as error:
        raise ContentError(f"{where}：{error} 缺失或写错，要写 kind、clause、steps") from error
    for fault in _faults(flow, facts, effects):
        raise ContentError(f"{where}：{fault}")
    return flow


_FACT_FIELDS = frozenset({"name", "ask", "values", "span"})
_STEP_FIELDS = frozenset({"id", "name", "clause", "status", "next", "needs", "enter", "answers"})


def _step(entry: Mapping[str, Any]) -> Step:
    _only(entry, _STEP_FIELDS)
    return Step(
        _text(entry, "id"), _text(entry, "name"), _text(entry, "clause"), Status(entry["status"]),
        {str(to): str(cause) for to, cause in dict(entry.get("next", {})).items()}, _texts(entry, "needs"),
        _texts(entry, "enter"), _yes(entry, "answers"),
    )  # fmt: skip


def _fields(raw: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise ContentError(f"{where}：应写成“名称: 内容”的样子，现在不是")
    return raw


def _only(entry: Any, known: Collection[str]) -> None:
    """A mistyped field is not taken for one that was left out."""
    if not isinstance(entry, Mapping):
        raise TypeError(f"{entry!r} 不是“名称: 内容”")
    if unknown := [str(name) for name in entry if name not in known]:
        raise ValueError("、".join(unknown))


def _text(entry: Mapping[str, Any], name: str) -> str:
    text = entry[name]
    if not isinstance(text, str) or not text.strip():
        raise ValueError(name)
    return text


def _yes(entry: Mapping[str, Any], name: str) -> bool:
    value = entry.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"{name} 应是 true 或 false")
    return value


def _texts(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    texts = entry.get(name, [])
    if not isinstance(texts, list):
        raise TypeError(name)
    return tuple(map(str, texts))


def _faults(flow: Flow, facts: Mapping[str, Fact], effects: frozenset[str]) -> list[str]:
    faults = [f"缺少步骤 {name}" for name in (FIRST, LAST) if name not in flow.steps]
    for name, status in ((FIRST, Status.OPEN), (LAST, Status.CLOSED)):
        if name in flow.steps and flow.steps[name].status is not status:
            faults.append(f"步骤 {name} 的状态应是 {status}")
    for step in flow.steps.values():
        happens = Counter(cause for cause in step.next.values() if cause != STAFF)
        faults += [f"步骤 {step.id} 有两个下一步的起因都是 {by}，分不清去哪" for by, n in happens.items() if n > 1]
        faults += [f"步骤 {step.id} 需要的 {need} 不在 facts.yml 里" for need in step.needs if need not in facts]
        faults += [f"步骤 {step.id} 的 enter 里没有 {name} 这种动作" for name in step.enter if name not in effects]
        for to, cause in step.next.items():
            if to not in flow.steps:
                faults.append(f"步骤 {step.id} 的下一步 {to} 不存在")
            elif cause not in CAUSES:
                faults.append(f"步骤 {step.id} → {to} 的起因 {cause} 不认识，可用：{'、'.join(sorted(CAUSES))}")
            elif not _status_may_change(step.status, flow.steps[to].status):
                faults.append(f"步骤 {step.id} → {to}：状态不能从 {step.status} 变为 {flow.steps[to].status}")
    if faults:
        return faults
    reached = _reachable(flow, FIRST)
    faults += [f"步骤 {name} 走不到" for name in flow.steps if name not in reached]
    return faults + [f"步骤 {name} 走不到 {LAST}" for name in flow.steps if LAST not in _reachable(flow, name)]


def _status_may_change(before: Status, after: Status) -> bool:
    return before is after or after in STATUS_FLOW[before]


def _reachable(flow: Flow, start: str) -> set[str]:
    seen, ahead = set(), [start]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += flow.steps[name].next
    return seen
