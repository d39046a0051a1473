"""The number that tells every node that there are new revisions."""

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for

_NUMBER = select(t.content_version.c.number).where(t.content_version.c.id == 1)


class EditionRow:
    """Implements `ports.Edition`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def number(self) -> int:
        """The edition in force; 0 before the first."""
        return self._db.execute(_NUMBER).scalar_one_or_none() or 0

    def next(self) -> int:
        """Begin a new edition; who else wants to waits until this unit of work ends."""
        insert = insert_for(self._db)(t.content_version).values(id=1, number=0).on_conflict_do_nothing()
        self._db.execute(insert)
        self._db.execute(t.content_version.update().values(number=t.content_version.c.number + 1))
        return self.number()
