"""Signed-in browsers, and names that were tried in vain, to rows and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.domain.sign_in import IDLE_FOR, LOCKED_FOR, Session

_s, _f = t.sessions.c, t.sign_in_failures.c


class SessionRows:
    """Implements `ports.Sessions`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, session: Session) -> None:
        """Store a new session; those that are over are swept away."""
        s = session
        over = (_s.expires_at <= s.created_at) | (_s.seen_at <= s.created_at - IDLE_FOR)
        self._sweep(t.sessions, _s.id, over)
        self._db.execute(
            t.sessions.insert().values(
                id=s.id, person=s.person, created_at=s.created_at, seen_at=s.seen_at, expires_at=s.expires_at,
                address=s.address, browser=s.browser,
            )
        )  # fmt: skip

    def get(self, session_id: str) -> Session | None:
        """The session, over or not, or None."""
        row = self._db.execute(select(t.sessions).where(_s.id == session_id)).mappings().first()
        return _session(row) if row else None

    def of(self, person: str) -> list[Session]:
        """A person's sessions, the latest used first."""
        query = select(t.sessions).where(_s.person == person).order_by(_s.seen_at.desc(), _s.id)
        return [_session(row) for row in self._db.execute(query).mappings()]

    def touch(self, session_id: str, at: datetime) -> None:
        """Store a sign of life."""
        self._db.execute(t.sessions.update().where(_s.id == session_id).values(seen_at=at))

    def end(self, session_id: str) -> None:
        """End one session."""
        self._db.execute(t.sessions.delete().where(_s.id == session_id))

    def end_all_of(self, person: str, but: str = "") -> int:
        """End a person's sessions, all or all but one; gives how many."""
        return self._db.execute(t.sessions.delete().where(and_(_s.person == person, _s.id != but))).rowcount

    def failures(self, name: str, now: datetime) -> tuple[int, datetime]:
        """How often a name was tried in vain of late, and when that is forgotten; others who try it wait."""
        first = insert_for(self._db)(t.sign_in_failures).values(name=name, count=0, until=now)
        # An update that changes nothing locks the row, whoever made it.
        self._db.execute(first.on_conflict_do_update(index_elements=["name"], set_={"name": name}))
        count, until = self._db.execute(select(_f.count, _f.until).where(_f.name == name)).one()
        return (count, until) if until > now else (0, now)

    def note_failure(self, name: str, count: int, now: datetime) -> None:
        """Remember how often a name was tried in vain, after `failures`; what is old is forgotten."""
        values = {"count": count, "until": now + LOCKED_FOR}
        self._db.execute(t.sign_in_failures.update().where(_f.name == name).values(**values))
        self._sweep(t.sign_in_failures, _f.name, _f.until <= now)

    def forget_failures(self, name: str) -> None:
        """The person is known again."""
        self._db.execute(t.sign_in_failures.delete().where(_f.name == name))

    def _sweep(self, table: Table, key: Any, over: Any) -> None:
        """Delete what is over, but for what somebody is at: two who sweep never wait for each other."""
        rows = select(key).where(over).with_for_update(skip_locked=True)
        self._db.execute(table.delete().where(key.in_(rows)))


def _session(row: Mapping[str, Any]) -> Session:
    return Session(**row)
