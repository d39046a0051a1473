"""Notices to rows and back."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.domain.notice import Fate, Notice, Way


class NoticeRows:
    """Implements `ports.Notices`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, notice: Notice) -> bool:
        """Put a notice on its way; False where one with its key is known."""
        insert = insert_for(self._db)(t.notices).values(**_row(notice)).on_conflict_do_nothing()
        return bool(self._db.execute(insert).rowcount == 1)

    def due(self, now: datetime, limit: int) -> list[Notice]:
        """Those to be sent now, the longest waiting first; locked, and without those that another node has locked."""
        n = t.notices.c
        query = select(t.notices).where(n.state == Fate.WAITING.value, n.due_at <= now).order_by(n.due_at, n.created_at)
        return self._read(query.limit(limit).with_for_update(skip_locked=True))

    def get(self, notice_id: str) -> Notice | None:
        """The notice, or None."""
        return next(iter(self._read(select(t.notices).where(t.notices.c.id == notice_id))), None)

    def of_state(self, state: Fate, limit: int) -> list[Notice]:
        """The newest in a state."""
        n = t.notices.c
        return self._read(select(t.notices).where(n.state == state.value).order_by(n.created_at.desc()).limit(limit))

    def to(self, receiver: str, limit: int) -> list[Notice]:
        """The newest to one receiver."""
        n = t.notices.c
        return self._read(select(t.notices).where(n.to == receiver).order_by(n.created_at.desc()).limit(limit))

    def about(self, key: str) -> list[Notice]:
        """What was posted under a key, by each way."""
        n = t.notices.c
        return self._read(select(t.notices).where(n.key.in_([f"{key}:{way}" for way in Way])).order_by(n.key))

    def save(self, notice: Notice) -> None:
        """Store what became of it."""
        self._db.execute(t.notices.update().where(t.notices.c.id == notice.id).values(**_row(notice)))

    def settle(self, notice: Notice, claimed_until: datetime) -> None:
        """What became of one that was claimed until then; where it has been another's since, that one's word stands.

        Another's claim ends later; one that ends earlier is the same, of before the clock was set back.
        """
        n = t.notices.c
        own = and_(n.id == notice.id, n.state == Fate.WAITING.value, n.due_at <= claimed_until)
        self._db.execute(t.notices.update().where(own).values(**_row(notice)))

    def _read(self, query: Any) -> list[Notice]:
        return [
            Notice(**{**row, "way": Way(row["way"]), "state": Fate(row["state"])})
            for row in self._db.execute(query).mappings()
        ]


def _row(notice: Notice) -> dict[str, Any]:
    return {**vars(notice), "way": notice.way.value, "state": notice.state.value, "body": dict(notice.body)}
