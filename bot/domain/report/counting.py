"""Counting a month from its tickets and what hangs on them (D6, D8, G20, H6)."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import mean, median

from bot.domain.agreement import Answer
from bot.domain.approval import Approval, Decision
from bot.domain.dates import SHANGHAI, local_day
from bot.domain.followup import Kept
from bot.domain.report.figures import (
    Approvals,
    Asked,
    Books,
    Broken,
    ComplaintCause,
    Conduct,
    Day,
    Department,
    Failure,
    Headline,
    Leaving,
    OverdueTask,
    Promised,
    Repairs,
    Report,
    Returns,
    Share,
    Spending,
    Volume,
)
from bot.domain.report.matter import OVER, UNKNOWN, Matter, decided_at
from bot.domain.report.month import Month
from bot.domain.sla import Deadline, Target
from bot.domain.task import Progress, Task
from bot.domain.text import mask
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket

OTHER_WISH = "其他"
_WISHES = ("退货退款", "换货", "退款", "取消订单")
_LONGEST_PART = 20


def headline(month: Month, matters: Collection[Matter]) -> Headline:
    """The figures that a leader reads first."""
    decided = _decided(month, matters)
    replies = [
        (reply.met_at - reply.started_at).total_seconds()
        for matter in matters
        if (reply := matter.first_reply) and reply.met_at and reply.met_at in month
    ]
    return Headline(
        opened=sum(matter.ticket.opened_at in month for matter in matters),
        finished=sum(_is_finished(month, matter) for matter in matters),
        still_open=sum(not matter.ticket.is_over for matter in matters),
        kept=Share(sum(not promise.is_broken for _, promise in decided), len(decided)),
        first_reply=timedelta(seconds=median(replies)) if replies else None,
        satisfied=_asked(month, matters).satisfied,
    )


def report(month: Month, now: datetime, matters: Sequence[Matter], books: Books, before: Headline) -> Report:
    """Count the month.

    Args:
        now: aware; a month that is not over is counted up to it.
        matters: tickets opened before the month's end, as they stood then.
        before: the headline of the month before.
    """
    as_of = min(now, month.end)
    active = [matter for matter in matters if matter.is_active(month)]
    tasks = [task for matter in matters for task in matter.tasks]
    departments = [_department(name, month, as_of, tasks) for name in sorted({task.department for task in tasks})]
    return Report(
        month=month,
        as_of=as_of,
        headline=headline(month, matters),
        before=before,
        days=tuple(_days(month, matters)),
        volumes=tuple(_volume(kind, month, matters) for kind in Kind),
        promised=tuple(_promised(target, month, matters) for target in Target),
        broken=_broken(month, as_of, matters),
        owed=sum(promise.is_broken and promise.is_open for matter in matters for promise in matter.promises),
        complaints=_complaints(month, active),
        spending=tuple(Spending(cause, books.spent.get(cause, 0), most) for cause, most in books.budgets.items()),
        repairs=_repairs(month, as_of, matters),
        returns=_returns(month, matters),
        asked=_asked(month, matters),
        departments=tuple(found for found in departments if found.opened or found.done or found.still_open),
        overdue=_overdue(month, as_of, tasks),
        approvals=_approvals(month, books.approvals),
        conduct=tuple(Conduct(m.staff, m.ticket, m.outcome) for m in books.misconduct if m.decided_at in month),
        conduct_waiting=sum(_waits(m.reported_at, m.decided_at, month) for m in books.misconduct),
        leaving=_leaving(month, matters),
        active=tuple(sorted(active, key=lambda matter: (matter.ticket.opened_at, matter.ticket.number))),
    )


def _is_cancelled(matter: Matter) -> bool:
    return matter.ticket.status is Status.CANCELLED


def _is_finished(month: Month, matter: Matter) -> bool:
    return matter.ended_at in month and not _is_cancelled(matter)


def _days(month: Month, matters: Iterable[Matter]) -> Iterator[Day]:
    opened = Counter((local_day(matter.ticket.opened_at), matter.ticket.kind) for matter in matters)
    finished = Counter(local_day(end) for matter in matters if (end := matter.ended_at) and not _is_cancelled(matter))
    for day in month.days:
        yield Day(day, {kind: opened[day, kind] for kind in Kind}, finished[day])


def _volume(kind: Kind, month: Month, matters: Iterable[Matter]) -> Volume:
    same = [matter for matter in matters if matter.ticket.kind is kind]
    ended = [matter for matter in same if matter.ended_at in month]
    cancelled = sum(map(_is_cancelled, ended))
    return Volume(
        kind,
        opened=sum(matter.ticket.opened_at in month for matter in same),
        finished=len(ended) - cancelled,
        cancelled=cancelled,
        still_open=sum(not matter.ticket.is_over for matter in same),
    )


def _decided(month: Month, matters: Iterable[Matter], *targets: Target) -> list[tuple[Ticket, Deadline]]:
    """The promises that were settled in the month, each with its ticket."""
    return [
        (matter.ticket, promise)
        for matter in matters
        for promise in matter.promises
        if decided_at(promise) in month and (not targets or promise.target in targets)
    ]


def _promised(target: Target, month: Month, matters: Iterable[Matter]) -> Promised:
    decided = _decided(month, matters, target)
    return Promised(target, Share(sum(not promise.is_broken for _, promise in decided), len(decided)))


def _broken(month: Month, as_of: datetime, matters: Iterable[Matter]) -> tuple[Broken, ...]:
    """The latest first."""
    found = [
        Broken(
            ticket.number, ticket.kind, promise.target, promise.due_at,
            (promise.run.ended_at or as_of) - promise.due_at, promise.is_open,
        )
        for ticket, promise in _decided(month, matters)
        if promise.is_broken
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda broken: (-broken.late, broken.number)))


def _complaints(month: Month, active: Iterable[Matter]) -> tuple[ComplaintCause, ...]:
    """The most frequent cause first; what is not analysed yet stands last."""
    complaints = [matter for matter in active if matter.ticket.kind is Kind.COMPLAINT]
    by_cause = {cause: [m for m in complaints if m.cause == cause] for cause in {m.cause for m in complaints}}
    causes = sorted(by_cause, key=lambda cause: (cause == UNKNOWN, -len(by_cause[cause]), cause))
    return tuple(_complaint(cause, by_cause[cause], month) for cause in causes)


def _complaint(cause: str, complaints: Sequence[Matter], month: Month) -> ComplaintCause:
    severities = Counter(str(matter.ticket.record.get("severity", "")) for matter in complaints)
    shares = [int(matter.ticket.record["our_share"]) for matter in complaints if "our_share" in matter.ticket.record]
    answered = Counter(
        agreement.state for matter in complaints for agreement in matter.agreements if agreement.answered_at in month
    )
    said = Counter(f.state for matter in complaints for f in matter.followups if f.answered_at in month)
    return ComplaintCause(
        cause, len(complaints), (severities["1"], severities["2"], severities["3"]), mean(shares) if shares else None,
        answered[Answer.CONFIRMED], answered[Answer.REFUSED], said[Kept.SATISFIED], said[Kept.UNSATISFIED],
    )  # fmt: skip


def _repairs(month: Month, as_of: datetime, matters: Iterable[Matter]) -> Repairs:
    repairs = [matter for matter in matters if matter.ticket.kind is Kind.REPAIR]
    ended = [matter for matter in repairs if _last_repair_in(month, matter)]
    waits = {matter.ticket.number: wait for matter in repairs if (wait := _waited_for_parts(month, as_of, matter))}
    return Repairs(
        visits=sum(_is_visit(entry) for matter in repairs for entry in matter.entries(month)),
        mended=Share(sum(matter.ticket.record["repairs"][-1]["fixed"] for matter in ended), len(ended)),
        at_first_visit=Share(sum(map(_mended_at_once, ended)), len(ended)),
        parts_waits=tuple(sorted(waits.values(), reverse=True)),
        parts_pending=sum(matter.ticket.status is Status.WAITING_PARTS for matter in repairs),
        parts=_counted(_part(matter) for matter in repairs if matter.ticket.number in waits),
        fault_causes=_counted(str(m.ticket.record["fault_cause"]) for m in ended if "fault_cause" in m.ticket.record),
        failures=_failures(month, repairs),
    )


def _last_repair_in(month: Month, matter: Matter) -> bool:
    done = matter.ticket.record.get("repairs", ())
    return bool(done) and Month.of(_noon(date.fromisoformat(done[-1]["to"]))) == month


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI)


def _mended_at_once(matter: Matter) -> bool:
    first, *again = matter.ticket.record["repairs"]
    return bool(first["fixed"] and not first["waiting_parts"] and not again)


def _is_visit(entry: HistoryEntry) -> bool:
    """Whether a technician begins to work: the one step of a repair that is in progress."""
    return entry.event == "step" and entry.to_status is Status.IN_PROGRESS


def _waited_for_parts(month: Month, as_of: datetime, matter: Matter) -> timedelta | None:
    """How long it has waited for parts in all; None where it did not wait in this month."""
    ends = [entry.at for entry in matter.ticket.history[1:]] + [as_of]
    waits = [
        (entry.at, end)
        for entry, end in zip(matter.ticket.history, ends, strict=True)
        if entry.to_status is Status.WAITING_PARTS
    ]
    if not any(end > month.begin for _, end in waits):
        return None
    return sum((end - begin for begin, end in waits), timedelta())


def _part(matter: Matter) -> str:
    return mask(str(matter.ticket.record.get("parts_needed", UNKNOWN)))[:_LONGEST_PART]


def _failures(month: Month, repairs: Iterable[Matter]) -> tuple[Failure, ...]:
    """Of the repairs that were opened in the month, the most frequent first; two faults of a ticket count twice."""
    opened = [matter for matter in repairs if matter.ticket.opened_at in month]
    reported = Counter((matter.product, fault) for matter in opened for fault in matter.faults or (UNKNOWN,))
    not_mended = Counter(
        (matter.product, fault)
        for matter in opened
        if any(not repair["fixed"] for repair in matter.ticket.record.get("repairs", ()))
        for fault in matter.faults or (UNKNOWN,)
    )
    ordered = sorted(reported, key=lambda pair: (-reported[pair], pair))
    return tuple(Failure(*pair, reported[pair], not_mended[pair]) for pair in ordered)


def _returns(month: Month, matters: Iterable[Matter]) -> Returns:
    returns = [matter for matter in matters if matter.ticket.kind is Kind.RETURN_EXCHANGE]
    settled = [m for m in returns if m.refund_fen is not None and any(task.opened_at < month.end for task in m.tasks)]
    paid = [matter for matter in settled if any(task.done_at in month for task in matter.tasks)]
    unpaid = [matter for matter in settled if not any(_done_by(task, month.end) for task in matter.tasks)]
    ended = [matter for matter in returns if matter.ended_at in month and matter.refund_fen is None]
    exchanged = [matter for matter in ended if "sent_tracking" in matter.ticket.record]
    return Returns(
        wishes=_counted(_wish(matter.ticket) for matter in returns if matter.ticket.opened_at in month),
        refunded=len(paid),
        refunded_fen=_sum_fen(paid),
        unpaid=len(unpaid),
        unpaid_fen=_sum_fen(unpaid),
        exchanged=len(exchanged),
        declined=sum("answer_notes" in matter.ticket.record for matter in ended if matter not in exchanged),
    )


def _wish(ticket: Ticket) -> str:
    wish = ticket.fields.get("wish", "")
    return wish if wish in _WISHES else OTHER_WISH


def _done_by(task: Task, end: datetime) -> bool:
    return task.done_at is not None and task.done_at < end


def _sum_fen(matters: Iterable[Matter]) -> int:
    return sum(matter.refund_fen or 0 for matter in matters)


def _asked(month: Month, matters: Iterable[Matter]) -> Asked:
    followups = [followup for matter in matters for followup in matter.followups]
    said = Counter(followup.state for followup in followups if followup.answered_at in month)
    satisfied = said[Kept.SATISFIED]
    return Asked(
        asked=sum(followup.sent_at in month for followup in followups),
        satisfied=Share(satisfied, satisfied + said[Kept.UNSATISFIED]),
    )


def _department(name: str, month: Month, as_of: datetime, tasks: Iterable[Task]) -> Department:
    own = [task for task in tasks if task.department == name]
    return Department(
        name,
        opened=sum(task.opened_at in month for task in own),
        done=sum(task.done_at in month for task in own),
        still_open=sum(_is_open(task, month) for task in own),
        overdue=sum(_is_overdue(task, month, as_of) for task in own),
    )


def _is_open(task: Task, month: Month) -> bool:
    """Whether it was not done when the month ended; one that was called off is owed by nobody."""
    return task.state is not Progress.CANCELLED and _waits(task.opened_at, task.done_at, month)


def _is_overdue(task: Task, month: Month, as_of: datetime) -> bool:
    return _is_open(task, month) and _waits(task.opened_at, task.acknowledged_at, month) and task.due_at < as_of


def _overdue(month: Month, as_of: datetime, tasks: Iterable[Task]) -> tuple[OverdueTask, ...]:
    """The longest overdue first."""
    late = sorted((task for task in tasks if _is_overdue(task, month, as_of)), key=lambda task: task.due_at)
    return tuple(OverdueTask(task.ticket, task.department, task.due_at, as_of - task.due_at) for task in late)


def _waits(since: datetime, until: datetime | None, month: Month) -> bool:
    """Whether something that began had not come to its end when the month ended."""
    return since < month.end and (until is None or until >= month.end)


def _approvals(month: Month, approvals: Sequence[Approval]) -> Approvals:
    decided = Counter(approval.state for approval in approvals if approval.decided_at in month)
    return Approvals(
        requested=sum(approval.requested_at in month for approval in approvals),
        approved=decided[Decision.APPROVED],
        rejected=decided[Decision.REJECTED],
        expired=decided[Decision.EXPIRED],
        pending=sum(_waits(approval.requested_at, approval.decided_at, month) for approval in approvals),
    )


def _leaving(month: Month, matters: Sequence[Matter]) -> Leaving:
    active = [matter for matter in matters if matter.is_active(month)]
    repairs = [m for m in matters if m.ticket.kind is Kind.REPAIR and _last_repair_in(month, m)]
    reopened = [_was_reopened(month, matter) for matter in active]
    ended = [again or _is_finished(month, matter) for again, matter in zip(reopened, active, strict=True)]
    return Leaving(
        unanswered=_late(_decided(month, matters, Target.FIRST_REPLY)),
        inconvenient=Share(sum(not _mended_at_once(matter) for matter in repairs), len(repairs)),
        unreliable=_late(_decided(month, matters, Target.RESOLUTION, Target.REFUND)),
        neglected=Share(sum(_was(month, matter, _is_urging) for matter in active), len(active)),
        unprofessional=Share(sum(reopened), sum(ended)),
    )


def _late(decided: Sequence[tuple[Ticket, Deadline]]) -> Share:
    return Share(sum(promise.is_broken for _, promise in decided), len(decided))


def _was(month: Month, matter: Matter, what: Callable[[HistoryEntry], bool]) -> bool:
    return any(what(entry) for entry in matter.entries(month))


def _is_urging(entry: HistoryEntry) -> bool:
    return entry.event == "urged"


def _was_reopened(month: Month, matter: Matter) -> bool:
    return any(
        later.at in month and earlier.to_status in OVER and later.to_status not in OVER
        for earlier, later in pairwise(matter.ticket.history)
    )


def _counted(names: Iterable[str]) -> dict[str, int]:
    """How often each, the most frequent first."""
    return dict(Counter(names).most_common())
