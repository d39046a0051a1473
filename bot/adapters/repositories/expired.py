"""What is kept no longer: counted, and cleared away a batch at a time (E10)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, Text, and_, cast, func, literal, select, tuple_, update
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.domain.notice import Fate
from bot.domain.questions import State
from bot.domain.ticket import OVER

_c, _m, _t, _n = t.conversations.c, t.messages.c, t.tickets.c, t.notices.c
_OVER = [status.value for status in OVER]


@dataclass(frozen=True)
class _Step:
    """Rows of one table.

    Attributes:
        old: which of them, by the moment before which they are old.
        values: what they hold then; without it they are deleted.
    """

    table: Table
    old: Callable[[datetime], Any]
    values: Mapping[str, Any] | None = None


def _closed(before: datetime) -> Any:
    """Conversations that ended so long ago and have no ticket that is still worked on."""
    works = select(_t.number).where(_t.conversation_id == _c.id, _t.status.not_in(_OVER)).exists()
    return and_(_c.closed_at < before, ~works)


def _of_closed(column: Any) -> Callable[[datetime], Any]:
    return lambda before: column.in_(select(_c.id).where(_closed(before)))


def _of_old_ticket(column: Any) -> Callable[[datetime], Any]:
    return lambda before: column.in_(select(_t.number).where(_old_ticket(before)))


def _old_ticket(before: datetime) -> Any:
    return and_(_t.status.in_(_OVER), _t.changed_at < before)


def _old_order(before: datetime) -> Any:
    return and_(t.orders.c.bought_on < before.date(), _said(t.orders.c.phone))


def _idle(before: datetime) -> Any:
    """Customers' files with which nothing has happened for so long."""
    k = t.customers.c
    came = select(_c.id).where(_c.customer_id == k.id, _c.touched_at >= before).exists()
    return and_(k.created_at < before, ~came)


def _said(column: Any) -> Any:
    """Something stands there."""
    return func.length(column) > 0


_r, _f, _a = t.conversation_reads.c, t.review_findings.c, t.attachments.c
_STEPS: Mapping[str, Sequence[_Step]] = {
    "states": [_Step(t.conversations, lambda b: and_(_closed(b), _c.state.is_not(None)), {"state": None})],
    "drafts": [
        _Step(t.conversation_reads, lambda b: and_(_of_closed(_r.conversation_id)(b), _said(_r.draft)), {"draft": ""})
    ],
    "sign_in_failures": [_Step(t.sign_in_failures, lambda b: t.sign_in_failures.c.until < b)],
    "sessions": [_Step(t.sessions, lambda b: t.sessions.c.expires_at < b)],
    "questions": [
        _Step(
            t.open_questions,
            lambda b: and_(t.open_questions.c.state != State.OPEN.value, t.open_questions.c.asked_at < b),
        )
    ],
    "firings": [_Step(t.trigger_firings, lambda b: t.trigger_firings.c.at < b)],
    "notices": [_Step(t.notices, lambda b: and_(_n.created_at < b, _n.state != Fate.WAITING.value))],
    "evidence": [
        _Step(
            t.review_findings, lambda b: and_(_f.day < b.date(), _said(_f.reason)),
            {"reason": "", "evidence": []},
        )
    ],
    # Their files have no row any more then, and are cleared away as orphans.
    "attachments": [
        _Step(t.attachments, lambda b: and_(_a.added_at < b, _of_old_ticket(_a.ticket)(b))),
        _Step(t.attachments, lambda b: and_(_a.added_at < b, _a.ticket.is_(None), _of_closed(_a.conversation_id)(b))),
    ],
    "messages": [
        _Step(t.outbox, _of_closed(t.outbox.c.conversation_id)),
        _Step(t.fetches, _of_closed(t.fetches.c.conversation_id)),
        _Step(t.messages, _of_closed(_m.conversation_id)),
    ],
    "conversations": [
        _Step(
            t.conversations, lambda b: and_(_closed(b), _c.external_id.not_like("expired:%")),
            {"external_id": literal("expired:") + _c.id, "summary": None, "customer_id": None, "state": None},
        ),
        _Step(t.reaches, _of_closed(t.reaches.c.conversation_id)),
        _Step(t.bindings, _of_closed(t.bindings.c.conversation_id)),
    ],
    "tickets": [
        _Step(t.ticket_terms, _of_old_ticket(t.ticket_terms.c.number)),
        _Step(
            t.ticket_history,
            lambda b: and_(_of_old_ticket(t.ticket_history.c.number)(b), _said(t.ticket_history.c.reason)),
            {"reason": ""},
        ),
        _Step(
            t.tickets, lambda b: and_(_old_ticket(b), cast(_t.fields, Text) != "{}"),
            {"phone": None, "fields": {}, "record": {}, "conversation_id": None},
        ),
    ],
    "orders": [_Step(t.orders, _old_order, {"phone": ""})],
    "customers": [_Step(t.customers, _idle)],
}  # fmt: skip


class ExpiredRows:
    """Implements `ports.Expired`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def count(self, kind: str, before: datetime) -> int:
        """How many rows of a kind are older."""
        steps = _STEPS.get(kind, ())
        return sum(
            int(self._db.execute(select(func.count()).select_from(step.table).where(step.old(before))).scalar_one())
            for step in steps
        )

    def clear(self, kind: str, before: datetime, limit: int) -> int:
        """Clear away up to `limit` rows of each table; how many that were. Other nodes take others."""
        return sum(self._clear(step, before, limit) for step in _STEPS.get(kind, ()))

    def _clear(self, step: _Step, before: datetime, limit: int) -> int:
        key = list(step.table.primary_key.columns)
        old = select(*key).where(step.old(before)).limit(limit).with_for_update(skip_locked=True, of=step.table)
        keys = [tuple(row) for row in self._db.execute(old)]
        if not keys:
            return 0
        own = key[0].in_([one[0] for one in keys]) if len(key) == 1 else tuple_(*key).in_(keys)
        change = step.table.delete() if step.values is None else update(step.table).values(**step.values)
        self._db.execute(change.where(own))
        return len(keys)
