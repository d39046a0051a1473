"""Messages to rows and back."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, and_, bindparam, case, func, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from bot.adapters import tables as t
from bot.adapters.repositories.changes import Changes
from bot.adapters.repositories.prepared import Prepared
from bot.adapters.tables.base import UTCTime
from bot.domain.conversation import Owner
from bot.domain.errors import Conflict, NotFound
from bot.domain.message import Button, Message, Reply, Sender
from bot.domain.webhook import events_of_messages
from bot.services.ports import News

_m, _c = t.messages.c, t.conversations.c
_ITS = _c.id == bindparam("conversation")
_ADVANCE = Prepared(
    t.conversations.update()
    .where(_ITS)
    .values(
        last_seq=_c.last_seq + bindparam("number"),
        unanswered=or_(_c.unanswered, bindparam("from_customer", type_=Boolean)),
        # A customer waits for a person from the oldest message on that no person has answered (F2).
        waiting_since=case(
            (bindparam("from_agent", type_=Boolean), None),
            (
                and_(bindparam("from_customer", type_=Boolean), _c.owner != Owner.BOT.value),
                func.coalesce(_c.waiting_since, bindparam("at", type_=UTCTime)),
            ),
            else_=_c.waiting_since,
        ),
        touched_at=bindparam("at", type_=UTCTime),
    ),
    returning=[_c.last_seq],
)
_INSERT = Prepared(
    t.messages.insert(),
    (
        "id",
        "conversation_id",
        "seq",
        "sender",
        "text",
        "buttons",
        "source",
        "sent_at",
        "dedupe_key",
        "note",
        "answered",
    ),
)
_OF_CONVERSATION = select(t.messages).where(_m.conversation_id == bindparam("conversation")).order_by(_m.seq)
_BY_DEDUPE_KEY = Prepared(_OF_CONVERSATION.where(_m.dedupe_key == bindparam("key")))
_AT = Prepared(_OF_CONVERSATION.where(_m.seq == bindparam("seq")))
_after = _OF_CONVERSATION.where(_m.seq > bindparam("after"))
_AFTER, _AFTER_WITHOUT_NOTES = Prepared(_after), Prepared(_after.where(_m.note.is_(False)))
# Who holds it and what there is after a message, of one moment; private notes stay out (invariant 9).
_NEWS = Prepared(
    select(_c.owner, _c.agent, _c.touched_at, t.messages)
    .select_from(
        t.conversations.outerjoin(
            t.messages, and_(_m.conversation_id == _c.id, _m.seq > bindparam("after"), _m.note.is_(False))
        )
    )
    .where(_ITS)
    .order_by(_m.seq)
)
_UNANSWERED = Prepared(_OF_CONVERSATION.where(_m.answered.is_(False)))
_WAITS = and_(_m.conversation_id == bindparam("conversation"), _m.answered.is_(False))
_MARK_ANSWERED = Prepared(t.messages.update().where(and_(_WAITS, _m.seq <= bindparam("up_to"))).values(answered=True))
_MORE_WAITS = select(_m.id).where(_WAITS).exists()
_NOTE_WHETHER_MORE_WAITS = Prepared(t.conversations.update().where(_ITS).values(unanswered=_MORE_WAITS))
_IS_OWN_LEASE = _c.lease_holder == bindparam("holder")
_END_TURN = Prepared(
    t.conversations.update()
    .where(_ITS)
    .values(
        unanswered=_MORE_WAITS,
        state=bindparam("to"),
        lease_holder=case((_IS_OWN_LEASE, None), else_=_c.lease_holder),
        lease_until=case((_IS_OWN_LEASE, None), else_=_c.lease_until),
    )
)


class MessageRows:
    """Implements `ports.Messages`."""

    def __init__(self, connection: Connection, changes: Changes, tell: Callable[..., None]) -> None:
        """Take what is needed.

        Args:
            changes: is told what was said.
            tell: is told what it means to other systems.
        """
        self._db = connection
        self._changes = changes
        self._tell = tell

    def add(
        self,
        conversation_id: str,
        sender: Sender,
        replies: Sequence[Reply],
        at: datetime,
        dedupe_key: str | None = None,
        note: bool = False,
    ) -> list[Message]:
        """Store sentences as the conversation's next messages.

        Args:
            dedupe_key: of a single message.

        Raises:
            Conflict: the key is known; the unit of work can go no further.
            NotFound: there is no such conversation.
        """
        if not replies:
            return []
        from_customer, from_agent = sender is Sender.CUSTOMER, sender is Sender.AGENT and not note
        advanced = {
            "conversation": conversation_id, "number": len(replies), "from_customer": from_customer,
            "from_agent": from_agent, "at": at,
        }  # fmt: skip
        # Nobody else adds one until this unit of work ends.
        last = self._db.execute(_ADVANCE, advanced).scalar_one_or_none()
        if last is None:
            raise NotFound("没有这个会话，请刷新页面重新开始")
        messages = [
            Message(
                str(uuid.uuid4()), conversation_id, seq, sender, reply.text, at, reply.buttons, reply.source or None,
                dedupe_key, note,
            )
            for seq, reply in enumerate(replies, start=last - len(replies) + 1)
        ]  # fmt: skip
        rows = [_row(message, answered=not from_customer) for message in messages]
        try:
            self._db.execute(_INSERT, rows)
        except IntegrityError as error:
            raise Conflict("这条消息已经收到过") from error
        self._changes.said(messages, at)
        self._tell(*events_of_messages(messages))
        return messages

    def by_dedupe_key(self, conversation_id: str, dedupe_key: str) -> Message | None:
        """The message that came with this key before, or None."""
        return next(iter(self._read(_BY_DEDUPE_KEY, conversation_id, key=dedupe_key)), None)

    def get(self, message_id: str) -> Message | None:
        """The message of that id, or None."""
        row = self._db.execute(select(t.messages).where(_m.id == message_id)).mappings().first()
        return read_message(row) if row else None

    def at(self, conversation_id: str, seq: int) -> Message | None:
        """The message with that number, or None."""
        return next(iter(self._read(_AT, conversation_id, seq=seq)), None)

    def after(self, conversation_id: str, seq: int, notes: bool = False) -> list[Message]:
        """Messages after `seq` in order; private notes only where asked for (invariant 9)."""
        return self._read(_AFTER if notes else _AFTER_WITHOUT_NOTES, conversation_id, after=seq)

    def news(self, conversation_id: str, seq: int) -> News | None:
        """What a reader sees who knows everything up to `seq`; None where there is no such conversation."""
        rows = self._db.execute(_NEWS, {"conversation": conversation_id, "after": seq}).mappings().all()
        if not rows:
            return None
        messages = tuple(read_message(row) for row in rows if row["id"] is not None)
        return News(Owner(rows[0]["owner"]), rows[0]["agent"], rows[0]["touched_at"], messages)

    def unanswered(self, conversation_id: str) -> list[Message]:
        """The customer's messages that no turn has answered."""
        return self._read(_UNANSWERED, conversation_id)

    def mark_answered(self, conversation_id: str, up_to_seq: int) -> None:
        """A turn has dealt with everything up to `up_to_seq`; later bubbles still wait."""
        own = {"conversation": conversation_id}
        self._db.execute(_MARK_ANSWERED, {**own, "up_to": up_to_seq})
        self._db.execute(_NOTE_WHETHER_MORE_WAITS, own)

    def end_turn(self, conversation_id: str, up_to_seq: int, state: bytes | None, holder: str) -> None:
        """The same, with the dialogue's new state; the holder gives the conversation's lease back."""
        own = {"conversation": conversation_id}
        self._db.execute(_MARK_ANSWERED, {**own, "up_to": up_to_seq})
        self._db.execute(_END_TURN, {**own, "to": state, "holder": holder})

    def mark_delivery(self, message_ids: Sequence[str], state: str, note: str = "") -> None:
        """What became of messages on somebody else's platform, for the people at the desk."""
        own = _m.id.in_(message_ids)
        self._db.execute(t.messages.update().where(own).values(delivery=state, delivery_note=note or None))

    def restate(self, message_id: str, text: str, source: Mapping[str, Any]) -> None:
        """A customer's file has come: the message now tells of it."""
        self._db.execute(t.messages.update().where(_m.id == message_id).values(text=text, source=dict(source)))

    def _read(self, query: Any, conversation_id: str, **values: Any) -> list[Message]:
        rows = self._db.execute(query, {"conversation": conversation_id, **values}).mappings()
        return [read_message(row) for row in rows]


def read_message(row: Mapping[str, Any]) -> Message:
    """A row of `messages` as the message that it was."""
    return Message(
        id=row["id"], conversation_id=row["conversation_id"], seq=row["seq"], sender=Sender(row["sender"]),
        text=row["text"], sent_at=row["sent_at"],
        buttons=tuple(Button(b["title"], b["payload"]) for b in row["buttons"]),
        source=row["source"], client_id=row["dedupe_key"], note=row["note"], delivery=row["delivery"],
        delivery_note=row["delivery_note"],
    )  # fmt: skip


def _row(message: Message, answered: bool) -> dict[str, Any]:
    return {
        "id": message.id, "conversation_id": message.conversation_id, "seq": message.seq,
        "sender": message.sender.value, "text": message.text,
        "buttons": [{"title": button.title, "payload": button.payload} for button in message.buttons],
        "source": message.source, "sent_at": message.sent_at, "dedupe_key": message.client_id, "note": message.note,
        "answered": answered,
    }  # fmt: skip
