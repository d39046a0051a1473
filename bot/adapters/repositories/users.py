"""People of the company to rows and back."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for


class UserRows:
    """Implements `ports.Users`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, name: str, role: str, at: datetime) -> None:
        """Store a person; a known name gets the new role."""
        insert = insert_for(self._db)(t.users).values(name=name, role=role, created_at=at)
        self._db.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"role": role}))

    def role_of(self, name: str) -> str | None:
        """The person's role, or None for a stranger."""
        return self._db.execute(select(t.users.c.role).where(t.users.c.name == name)).scalar_one_or_none()
