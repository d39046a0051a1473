"""What compensations have cost this month, by cause (A5)."""

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for


class BudgetRows:
    """Implements `ports.Budgets`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def spent(self, month: str, cause: str) -> int:
        """Fen spent in a month (`2026-11`, Shanghai) for a cause."""
        b = t.budgets.c
        return int(
            self._db.execute(select(b.spent_fen).where(b.month == month, b.cause == cause)).scalar_one_or_none() or 0
        )

    def spend(self, month: str, cause: str, fen: int) -> None:
        """Count what has become final."""
        insert = insert_for(self._db)(t.budgets).values(month=month, cause=cause, spent_fen=fen)
        more = {"spent_fen": t.budgets.c.spent_fen + fen}
        self._db.execute(insert.on_conflict_do_update(index_elements=["month", "cause"], set_=more))
