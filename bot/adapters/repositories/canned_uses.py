"""How often people use their canned replies."""

from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for


class CannedUseRows:
    """Implements `ports.CannedUses`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def count(self, person: str, reply: str, at: datetime) -> None:
        """One use more."""
        insert = insert_for(self._db)(t.canned_uses).values(person=person, reply=reply, uses=1, used_at=at)
        more = {"uses": t.canned_uses.c.uses + 1, "used_at": at}
        self._db.execute(insert.on_conflict_do_update(index_elements=["person", "reply"], set_=more))

    def by_reply(self, person: str) -> dict[str, tuple[int, int]]:
        """For each reply that was ever used: how often by this person, and by all."""
        c = t.canned_uses.c
        own = func.sum(case((c.person == person, c.uses), else_=0))
        rows = self._db.execute(select(c.reply, own, func.sum(c.uses)).group_by(c.reply))
        return {reply: (int(mine), int(all_)) for reply, mine, all_ in rows}
