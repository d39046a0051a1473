"""What an operator watches, counted out of indexes."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.domain.conversation import Owner
from bot.domain.notice import Fate
from bot.domain.pulse import Pulse, Tables, Waiting
from bot.domain.ticket import OVER, Status

_c, _o, _n, _t, _k = t.conversations.c, t.outbox.c, t.notices.c, t.tickets.c, t.platform_tokens.c
_OPEN = [status.value for status in Status if status not in OVER]


class PulseRow:
    """Implements `ports.Pulses`. Every count reads a part of an index: what waits, not what there is."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def at(self, now: datetime) -> Pulse:
        """Count everything."""
        due = self._db.execute(
            select(_o.channel, func.count(), func.min(_o.due_at)).where(_o.due_at <= now).group_by(_o.channel)
        )
        tokens = self._db.execute(select(_k.account, _k.expires_at).where(_k.expires_at.is_not(None)))
        return Pulse(
            queue=self._waiting(now, _c.queued_at, _c.owner == Owner.QUEUED.value),
            unanswered=self._waiting(now, _c.touched_at, _c.unanswered),
            outbox={channel: _since(now, number, first) for channel, number, first in due},
            held=self._count(t.outbox),
            notices=self._waiting(now, _n.due_at, _n.state == Fate.WAITING.value, _n.due_at <= now),
            notices_dead=self._count(t.notices, _n.state == Fate.DEAD.value),
            tickets_open=self._count(t.tickets, _t.status.in_(_OPEN)),
            tickets_breached=self._count(t.tickets, _t.due_at < now),
            token_seconds={account: (until - now).total_seconds() for account, until in tokens},
        )

    def tables(self) -> Tables:
        """Whether the tables have the form that this version of the program knows."""
        found = str(self._db.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
        known = _known()
        if found == known[0]:
            return Tables.NEWEST
        return Tables.OLDER if found in known else Tables.NEWER

    def _waiting(self, now: datetime, since: Any, *where: Any) -> Waiting:
        number, first = self._db.execute(select(func.count(), func.min(since)).where(*where)).one()
        return _since(now, number, first)

    def _count(self, table: Any, *where: Any) -> int:
        return int(self._db.execute(select(func.count()).select_from(table).where(*where)).scalar_one())


@cache
def _known() -> list[str]:
    """The numbers of all migrations that come with this version, the newest first."""
    script = ScriptDirectory(str(Path(__file__).parents[1] / "migrations"))
    return [step.revision for step in script.walk_revisions()]


def _since(now: datetime, number: int, first: datetime | None) -> Waiting:
    return Waiting(number, max(0.0, (now - first).total_seconds()) if first else 0.0)
