"""The audit trail to rows and back."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.adapters.repositories.prepared import Prepared, insert, update
from bot.domain.audit import FIRST, Change, Entry, link

_head = select(t.audit_head.c.seq, t.audit_head.c.hash).where(t.audit_head.c.id == 1)
_HEAD, _LOCK_HEAD = Prepared(_head), Prepared(_head.with_for_update())


class TrailRows:
    """Implements `ports.Trail`.

    Changes are kept until the unit of work commits: the chain's head is locked last and briefly, so that two units of
    work never wait for each other in a circle.
    """

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._waiting: list[Change] = []

    def add(self, change: Change) -> None:
        """Note a change; it is written with the commit."""
        self._waiting.append(change)

    @property
    def waiting(self) -> Sequence[Change]:
        """What this unit of work has noted so far."""
        return self._waiting

    def flush(self) -> None:
        """Write what was noted, each entry linked to the one before."""
        if not self._waiting:
            return
        head = self._db.execute(_LOCK_HEAD).first()
        if head is None:
            first = insert_for(self._db)(t.audit_head).values(id=1, seq=0, hash=FIRST).on_conflict_do_nothing()
            self._db.execute(first)
            head = self._db.execute(_LOCK_HEAD).one()
        seq, previous = head
        for change in self._waiting:
            seq += 1
            entry = link(seq, previous, change)
            previous = entry.hash
            insert(self._db, t.audit, _row(entry))
        update(self._db, t.audit_head, {"id": 1}, {"seq": seq, "hash": previous})
        self._waiting.clear()

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry."""
        row = self._db.execute(_HEAD).first()
        return (row[0], row[1]) if row else (0, FIRST)

    def entries(self, subject: str | None = None, after: int = 0) -> Iterator[Entry]:
        """All entries in order, those about one thing, or those after a number."""
        query = select(t.audit).where(t.audit.c.seq > after).order_by(t.audit.c.seq)
        if subject is not None:
            query = query.where(t.audit.c.subject == subject)
        for row in self._db.execute(query.execution_options(yield_per=1000)).mappings():
            yield _entry(row)


def _row(entry: Entry) -> dict[str, Any]:
    c = entry.change
    return {
        "seq": entry.seq, "at": c.at, "actor": c.actor, "subject": c.subject, "action": c.action, "reason": c.reason,
        "before": dict(c.before), "after": dict(c.after), "previous": entry.previous, "hash": entry.hash,
    }  # fmt: skip


def _entry(row: Any) -> Entry:
    change = Change(
        row["at"], row["actor"], row["subject"], row["action"], row["reason"], row["before"], row["after"]
    )  # fmt: skip
    return Entry(row["seq"], change, row["previous"], row["hash"])
