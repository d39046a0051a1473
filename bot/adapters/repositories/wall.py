"""What the wall counts; each look reads what is live, and today by index."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.conversations import read_conversation
from bot.domain.approval import Decision
from bot.domain.conversation import Owner
from bot.domain.desk import Row
from bot.domain.message import Sender
from bot.domain.wall import Today

TRANSFERRED = "transferred"
"""The reason in a conversation's history with which a person hands it on."""
_PEOPLES = (Owner.QUEUED.value, Owner.HUMAN.value)
"""Asked for like this, SQLite reads what was touched today and not all that the bot ever held."""
_c, _h, _m, _g = t.conversations.c, t.conversation_history.c, t.messages.c, t.ratings.c
_LIVE = (
    select(*[column for column in _c if column.name != "state"], t.customers.c.name.label("name"))
    .outerjoin(t.customers, t.customers.c.id == _c.customer_id)
    .where(_c.owner.in_([Owner.QUEUED.value, Owner.HUMAN.value]))
)


class WallRows:
    """Implements `ports.WallCounts`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def live(self) -> list[Row]:
        """Every conversation that waits for a person or is held by one."""
        rows = self._db.execute(_LIVE).mappings()
        return [Row(conversation=read_conversation(row), name=row["name"]) for row in rows]

    def tickets_late(self, now: datetime) -> int:
        """How many tickets have a promise that is broken."""
        return self._count(select(func.count()).where(t.tickets.c.due_at < now))

    def approvals(self) -> int:
        """How many approvals wait for a decision."""
        return self._count(select(func.count()).where(t.approvals.c.state == Decision.PENDING.value))

    def today(self, midnight: datetime) -> Today:
        """What happened since."""
        here = _c.touched_at >= midnight
        people = and_(_h.conversation_id == _c.id, _h.at >= midnight, _h.owner != Owner.BOT.value)
        alone = ~select(_h.epoch).where(people).exists()
        rating, ratings = self._db.execute(
            select(func.avg(_g.score), func.count()).where(_g.at >= midnight, _g.agent.is_not(None))
        ).one()
        reasons = self._reasons(midnight)
        transferred = reasons.pop(TRANSFERRED, 0)
        return Today(
            conversations=self._count(select(func.count()).select_from(t.conversations).where(here)),
            by_bot=self._count(
                select(func.count()).select_from(t.conversations).where(here, _c.owner.not_in(_PEOPLES), alone)
            ),
            closed=self._count(select(func.count()).where(_c.closed_at >= midnight)),
            handovers=reasons,
            transferred=transferred + self._taken_on(midnight),
            first_reply=self._first_reply(midnight),
            rating=None if rating is None else float(rating),
            ratings=ratings,
        )

    def _reasons(self, midnight: datetime) -> dict[str, int]:
        """How often conversations came into the queue, by why; the most frequent first."""
        query = (
            select(_h.reason, func.count())
            .where(_h.at >= midnight, _h.owner == Owner.QUEUED.value)
            .group_by(_h.reason)
            .order_by(func.count().desc(), _h.reason)
        )
        return {reason: count for reason, count in self._db.execute(query)}

    def _taken_on(self, midnight: datetime) -> int:
        """How often a person gave a conversation straight to another."""
        where = (_h.at >= midnight, _h.owner == Owner.HUMAN.value, _h.reason == TRANSFERRED)
        return self._count(select(func.count()).where(*where))

    def _first_reply(self, midnight: datetime) -> timedelta | None:
        """From asking for a person to a person's first word, on the average of those who got one."""
        word = (
            select(func.min(_m.sent_at))
            .where(
                _m.conversation_id == _h.conversation_id, _m.sender == Sender.AGENT.value, _m.note.is_(False),
                _m.sent_at >= _h.at,
            )
            .scalar_subquery()
        )  # fmt: skip
        asked = (_h.at >= midnight, _h.owner == Owner.QUEUED.value, _h.reason != TRANSFERRED)
        waits = [said_at - at for at, said_at in self._db.execute(select(_h.at, word).where(*asked)) if said_at]
        return sum(waits, timedelta()) / len(waits) if waits else None

    def _count(self, query: Any) -> int:
        return int(self._db.execute(query).scalar_one())
