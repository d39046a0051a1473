"""The outbox to rows and back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.messages import read_message
from bot.domain.message import Message
from bot.services.ports import Delivery

_INSERT = t.outbox.insert()


class OutboxRows:
    """Implements `ports.Outbox`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, messages: Sequence[Message], channel: str, now: datetime) -> None:
        """Put stored messages on their way."""
        rows = [
            {
                "message_id": message.id, "conversation_id": message.conversation_id, "seq": message.seq,
                "channel": channel, "attempts": 0, "due_at": now,
            }
            for message in messages
        ]  # fmt: skip
        if rows:
            self._db.execute(_INSERT, rows)

    def due(self, now: datetime, limit: int) -> Sequence[Delivery]:
        """What is due now, in `seq` order within a conversation; an undelivered one holds the later ones."""
        earlier = t.outbox.alias()
        held = (
            select(earlier.c.message_id)
            .where(
                earlier.c.conversation_id == t.outbox.c.conversation_id,
                earlier.c.seq < t.outbox.c.seq,
                earlier.c.due_at > now,
            )
            .exists()
        )
        rows = self._db.execute(
            select(t.messages, t.outbox.c.channel, t.outbox.c.attempts)
            .join(t.outbox, t.outbox.c.message_id == t.messages.c.id)
            .where(t.outbox.c.due_at <= now, ~held)
            .order_by(t.outbox.c.conversation_id, t.outbox.c.seq)
            .limit(limit)
        ).mappings()
        return [Delivery(read_message(row), row["channel"], row["attempts"]) for row in rows]

    def sent(self, message_id: str) -> None:
        """It has arrived."""
        self._db.execute(t.outbox.delete().where(t.outbox.c.message_id == message_id))

    def retry_later(self, message_id: str, at: datetime) -> None:
        """It has not; try again then."""
        values = {"attempts": t.outbox.c.attempts + 1, "due_at": at}
        self._db.execute(t.outbox.update().where(t.outbox.c.message_id == message_id).values(**values))
