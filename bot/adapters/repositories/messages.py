"""Messages to rows and back."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
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
        replies: Sequence[Reply],
        at: datetime,
        dedupe_key: str | None = None,
        note: bool = False,
    ) -> list[Message]:
        """Store sentences as the conversation's next messages; a `dedupe_key` belongs to a single one."""
        if not replies:
            return []
        from_customer = sender is Sender.CUSTOMER
        conversation = t.conversations.c
        values: dict[str, Any] = {"last_seq": conversation.last_seq + len(replies)}
        if from_customer:
            values["unanswered"] = True
        self._db.execute(t.conversations.update().where(conversation.id == conversation_id).values(**values))
        last = self._db.execute(select(conversation.last_seq).where(conversation.id == conversation_id)).scalar_one()
        messages = [
            Message(
                str(uuid.uuid4()), conversation_id, seq, sender, reply.text, at, reply.buttons, reply.source or None,
                dedupe_key, note,
            )
            for seq, reply in enumerate(replies, start=last - len(replies) + 1)
        ]  # fmt: skip
        self._db.execute(t.messages.insert(), [_row(message, answered=not from_customer) for message in messages])
        return messages

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
        rest = select(m.id).where(waiting).exists()
        self._db.execute(t.conversations.update().where(c.id == conversation_id).values(unanswered=rest))

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


def _row(message: Message, answered: bool) -> dict[str, Any]:
    return {
        "id": message.id, "conversation_id": message.conversation_id, "seq": message.seq,
        "sender": message.sender.value, "text": message.text,
        "buttons": [{"title": button.title, "payload": button.payload} for button in message.buttons],
        "source": message.source, "sent_at": message.sent_at, "dedupe_key": message.client_id, "note": message.note,
        "answered": answered,
    }  # fmt: skip
