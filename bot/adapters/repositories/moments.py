"""Moments that a clock has stored which was ahead, pulled back to where they belong."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.domain.notice import Fate
from bot.services.ports import LEASE
from bot.services.ports.moments import CLAIMS_LAST, SOON

Shift = Callable[[datetime], datetime]

_c, _o, _n, _p, _told = t.conversations.c, t.outbox.c, t.notices.c, t.pulls.c, t.queue_tellings.c
_DUE: tuple[tuple[Any, ...], ...] = (
    (_o.due_at,), (_n.due_at, _n.state == Fate.WAITING.value), (t.fetches.c.due_at,), (_p.due_at,),
)  # fmt: skip
"""By when work is done, and which rows are work. Notices and fetches that are in hand are due when that ends."""
_CLAIMS: tuple[Any, ...] = (_o.claimed_until, _p.held_until, t.platform_tokens.c.refresh_until)
# Uses index ix_conversations_touched.
_LATEST = select(func.max(_c.touched_at))


class MomentRows:
    """Implements `ports.Moments`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def latest(self) -> datetime | None:
        """When a conversation changed last."""
        found: datetime | None = self._db.execute(_LATEST).scalar_one()
        return found

    def pull_back(self, now: datetime, by: timedelta) -> int:
        """Make everything as though the clock had not been ahead; how much work waited for a moment from the future."""
        freed = self._free_leases(now)
        self._pull_back_what_was(now, by)
        soon = now + SOON
        due = sum(self._change(column, soon, lambda at: max(now, at - by), *where) for column, *where in _DUE)
        longest = now + CLAIMS_LAST
        for column in _CLAIMS:
            # None ends before its time: who is at it may be alive, and nothing goes twice.
            self._change(column, longest, lambda at: min(max(now, at - by), longest))
        return freed + due

    def _free_leases(self, now: datetime) -> int:
        """Anybody may take them; a holder that is alive still ends its turn, unless somebody has."""
        # Uses index ix_conversations_unanswered and ix_conversations_touched.
        ahead = and_(or_(_c.unanswered, _c.touched_at > now), _c.lease_until > now + LEASE)
        return int(self._db.execute(t.conversations.update().where(ahead).values(lease_until=None)).rowcount)

    def _pull_back_what_was(self, now: datetime, by: timedelta) -> None:
        """What has happened, has happened by now."""

        def earlier(at: datetime) -> datetime:
            return min(now, at - by)

        touched = _c.touched_at > now  # nobody waits since a later moment than that
        for column in (_c.queued_at, _c.waiting_since):
            self._change(column, now, earlier, touched)
        for column in (_told.entered_at, _told.told_at, t.presence.c.seen_at):
            self._change(column, now, earlier)
        self._db.execute(t.conversations.update().where(touched).values(touched_at=now))

    def _change(self, column: Any, after: datetime, shift: Shift, *where: Any) -> int:
        """Shift what lies after a moment; rows are changed one by one, for each database has its own words for it."""
        table = column.table
        keys = list(table.primary_key.columns)
        rows = self._db.execute(select(*keys, column).where(column > after, *where).with_for_update()).all()
        if rows:
            own = and_(*(key == bindparam(f"its_{key.name}") for key in keys))
            values = [
                {**{f"its_{key.name}": row[key] for key in keys}, "moment": shift(row[column])}
                for row in (one._mapping for one in rows)
            ]
            self._db.execute(table.update().where(own).values({column.name: bindparam("moment")}), values)
        return len(rows)
