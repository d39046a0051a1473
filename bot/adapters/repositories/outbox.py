"""The outbox to rows and back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.changes import Changes
from bot.adapters.repositories.messages import read_message
from bot.adapters.repositories.prepared import Prepared
from bot.domain.channel import WEBSITE
from bot.domain.message import Message
from bot.services.ports.channels import Waiting

_o = t.outbox.c
_INSERT = Prepared(t.outbox.insert(), ("message_id", "conversation_id", "seq", "channel", "attempts", "due_at", "part"))
_SENT = Prepared(t.outbox.delete().where(_o.message_id == bindparam("message")))


class OutboxRows:
    """Implements `ports.Outbox`."""

    def __init__(self, connection: Connection, changes: Changes) -> None:
        """`changes` is told that there is something to send."""
        self._db = connection
        self._changes = changes

    def add(self, messages: Sequence[Message], channel: str, now: datetime) -> None:
        """Put stored messages on their way; the website's customers read what is stored, and nothing is sent there."""
        if channel == WEBSITE or not messages:
            return
        rows = [
            {
                "message_id": message.id, "conversation_id": message.conversation_id, "seq": message.seq,
                "channel": channel, "attempts": 0, "due_at": now, "part": 0,
            }
            for message in messages
        ]  # fmt: skip
        self._db.execute(_INSERT, rows)
        self._changes.sends()

    def sent(self, *message_ids: str) -> None:
        """They have arrived."""
        if message_ids:
            self._db.execute(_SENT, [{"message": message_id} for message_id in message_ids])

    def due_conversations(self, channel: str, now: datetime, limit: int) -> Sequence[str]:
        """Conversations with something due that nobody has in hand; an attempt that outlived its time has none."""
        idle = or_(_o.claimed_until.is_(None), _o.claimed_until < now)
        due = select(_o.conversation_id, func.min(_o.due_at)).where(_o.channel == channel, _o.due_at <= now, idle)
        oldest = due.group_by(_o.conversation_id).order_by(func.min(_o.due_at)).limit(limit)
        return [row[0] for row in self._db.execute(oldest)]

    def waiting(self, conversation_id: str) -> list[Waiting]:
        """Everything of a conversation that is on its way, in order."""
        columns = [_o.attempts, _o.due_at, _o.claim, _o.claimed_until, _o.part]
        rows = self._db.execute(
            select(t.messages, *columns)
            .join(t.outbox, _o.message_id == t.messages.c.id)
            .where(_o.conversation_id == conversation_id)
            .order_by(_o.seq)
        ).mappings()
        return [
            Waiting(read_message(row), row["attempts"], row["due_at"], row["claim"], row["claimed_until"], row["part"])
            for row in rows
        ]

    def claim(self, message_ids: Sequence[str], claim: str, until: datetime, again: bool = False) -> None:
        """An attempt has them in hand; `again`: another one that nobody heard the end of is to be counted."""
        self._update(message_ids, claim=claim, claimed_until=until, attempts=_o.attempts + int(again))

    def claimed(self, conversation_id: str, claim: str) -> list[str]:
        """The messages that an attempt still has in hand."""
        own = and_(_o.conversation_id == conversation_id, _o.claim == claim)
        return list(self._db.execute(select(_o.message_id).where(own).order_by(_o.seq)).scalars())

    def put_back(self, message_ids: Sequence[str], at: datetime) -> None:
        """They did not go; they are due again then."""
        self._update(message_ids, claim=None, claimed_until=None, attempts=_o.attempts + 1, due_at=at)

    def advance(self, message_id: str, part: int) -> None:
        """So many parts of a long message have gone."""
        self._update([message_id], claim=None, claimed_until=None, part=part)

    def hold(self, conversation_id: str, until: datetime) -> None:
        """Nothing of it can go before then, unless it is released."""
        own = and_(_o.conversation_id == conversation_id, _o.claim.is_(None))
        self._db.execute(t.outbox.update().where(own).values(due_at=until))

    def release(self, conversation_id: str, at: datetime) -> None:
        """What was held may go, by then at the latest; an answer that comes before takes it along."""
        held = and_(_o.conversation_id == conversation_id, _o.claim.is_(None), _o.due_at > at)
        self._db.execute(t.outbox.update().where(held).values(due_at=at))
        self._changes.sends()

    def _update(self, message_ids: Sequence[str], **values: Any) -> None:
        self._db.execute(t.outbox.update().where(_o.message_id.in_(message_ids)).values(**values))
