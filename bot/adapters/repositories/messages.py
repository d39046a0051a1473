"""Messages to rows and back."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.domain.message import Button, Message, Reply, Sender


class MessageRows:
    """Implements `ports.Messages`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(
        self,
        conversation_id: str,
        sender: Sender,
        reply: Reply,
        at: datetime,
        dedupe_key: str | None = None,
        note: bool = False,
    ) -> Message:
        """Store a sentence as the conversation's next message."""
        from_customer = sender is Sender.CUSTOMER
        conversation = t.conversations.c
        values: dict[str, Any] = {"last_seq": conversation.last_seq + 1}
        if from_customer:
            values["unanswered"] = True
        self._db.execute(t.conversations.update().where(conversation.id == conversation_id).values(**values))
        seq = self._db.execute(select(conversation.last_seq).where(conversation.id == conversation_id)).scalar_one()
        message = Message(
            str(uuid.uuid4()),
            conversation_id,
            seq,
            sender,
            reply.text,
            at,
            reply.buttons,
            reply.source or None,
            dedupe_key,
            note,
        )
        self._db.execute(
            t.messages.insert().values(
                id=message.id, conversation_id=conversation_id, seq=seq, sender=sender.value, text=reply.text,
                buttons=[{"title": b.title, "payload": b.payload} for b in reply.buttons], source=message.source,
                sent_at=at, dedupe_key=dedupe_key, note=note, answered=not from_customer,
            )
        )  # fmt: skip
        return message

    def by_dedupe_key(self, conversation_id: str, dedupe_key: str) -> Message | None:
        """The message that came with this key before, or None."""
        m = t.messages.c
        found = self._read(and_(m.conversation_id == conversation_id, m.dedupe_key == dedupe_key))
        return found[0] if found else None

    def after(self, conversation_id: str, seq: int, notes: bool = False) -> list[Message]:
        """Messages after `seq` in order; private notes only where asked for (invariant 9)."""
        m = t.messages.c
        where = and_(m.conversation_id == conversation_id, m.seq > seq)
        return self._read(where if notes else and_(where, m.note.is_(False)))

    def unanswered(self, conversation_id: str) -> list[Message]:
        """The customer's messages that no turn has answered."""
        m = t.messages.c
        return self._read(and_(m.conversation_id == conversation_id, m.answered.is_(False)))

    def mark_answered(self, conversation_id: str, up_to_seq: int) -> None:
        """A turn has dealt with everything up to `up_to_seq`; later bubbles still wait."""
        m, c = t.messages.c, t.conversations.c
        waiting = and_(m.conversation_id == conversation_id, m.answered.is_(False))
        self._db.execute(t.messages.update().where(and_(waiting, m.seq <= up_to_seq)).values(answered=True))
        rest = self._db.execute(select(func.count()).where(waiting)).scalar_one()
        self._db.execute(t.conversations.update().where(c.id == conversation_id).values(unanswered=rest > 0))

    def _read(self, where: Any) -> list[Message]:
        rows = self._db.execute(select(t.messages).where(where).order_by(t.messages.c.seq)).mappings()
        return [read_message(row) for row in rows]


def read_message(row: Mapping[str, Any]) -> Message:
    """A row of `messages` as the message that it was."""
    return Message(
        id=row["id"], conversation_id=row["conversation_id"], seq=row["seq"], sender=Sender(row["sender"]),
        text=row["text"], sent_at=row["sent_at"],
        buttons=tuple(Button(b["title"], b["payload"]) for b in row["buttons"]),
        source=row["source"], client_id=row["dedupe_key"], note=row["note"],
    )  # fmt: skip
