"""Conversations to rows and back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.domain.conversation import Conversation, Owner, OwnerChange

_CONVERSATION_FIELDS = (
    "id", "channel", "external_id", "opened_at", "owner", "epoch", "queued_at", "handover_reason", "script",
)  # fmt: skip

# Statements of every turn are built once: building one anew costs more than SQLite needs to run it.
_c = t.conversations.c
_GET = select(*[_c[field] for field in _CONVERSATION_FIELDS]).where(_c.id == bindparam("conversation"))
_LOCK = _GET.with_for_update()
_STATE = select(_c.state).where(_c.id == bindparam("conversation"))
_SAVE_STATE = t.conversations.update().where(_c.id == bindparam("conversation")).values(state=bindparam("to"))
_TAKE_LEASE = (
    t.conversations.update()
    .where(and_(_c.id == bindparam("conversation"), or_(_c.lease_until.is_(None), _c.lease_until < bindparam("now"))))
    .values(lease_holder=bindparam("holder"), lease_until=bindparam("until"))
)
_DROP_LEASE = (
    t.conversations.update()
    .where(and_(_c.id == bindparam("conversation"), _c.lease_holder == bindparam("holder")))
    .values(lease_holder=None, lease_until=None)
)


class ConversationRows:
    """Implements `ports.Conversations`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, conversation: Conversation) -> None:
        """Store a new conversation."""
        c = conversation
        self._db.execute(
            t.conversations.insert().values(
                id=c.id, channel=c.channel, external_id=c.external_id, opened_at=c.opened_at, owner=c.owner.value,
                epoch=c.epoch, script=c.script, last_seq=0, unanswered=False,
            )
        )  # fmt: skip

    def get(self, conversation_id: str) -> Conversation | None:
        """The conversation, or None."""
        return self._read(_GET, conversation_id)

    def lock(self, conversation_id: str) -> Conversation | None:
        """The conversation, locked until the transaction ends (SQLite locks the whole file at begin)."""
        return self._read(_LOCK, conversation_id)

    def _read(self, query: Any, conversation_id: str) -> Conversation | None:
        row = self._db.execute(query, {"conversation": conversation_id}).mappings().first()
        return Conversation(**{**row, "owner": Owner(row["owner"])}) if row else None

    def save_owner(self, conversation: Conversation, change: OwnerChange) -> None:
        """Store a change of owner together with its line of history."""
        self._update(
            conversation.id, owner=conversation.owner.value, epoch=conversation.epoch,
            queued_at=conversation.queued_at, handover_reason=conversation.handover_reason,
        )  # fmt: skip
        self._db.execute(
            t.conversation_history.insert().values(
                conversation_id=change.conversation_id, epoch=change.epoch, owner=change.owner.value,
                reason=change.reason, at=change.at,
            )
        )  # fmt: skip

    def save_script(self, conversation_id: str, script: str) -> None:
        """Remember the customer's characters."""
        self._update(conversation_id, script=script)

    def state(self, conversation_id: str) -> bytes | None:
        """The dialogue's state as the engine left it."""
        return self._db.execute(_STATE, {"conversation": conversation_id}).scalar_one_or_none()

    def save_state(self, conversation_id: str, state: bytes | None) -> None:
        """Store the dialogue's state."""
        self._db.execute(_SAVE_STATE, {"conversation": conversation_id, "to": state})

    def take_lease(self, conversation_id: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take the right to run the conversation's turn, where nobody has it or its holder is gone."""
        values = {"conversation": conversation_id, "holder": holder, "now": now, "until": until}
        return self._db.execute(_TAKE_LEASE, values).rowcount == 1

    def drop_lease(self, conversation_id: str, holder: str) -> None:
        """Give the right back."""
        self._db.execute(_DROP_LEASE, {"conversation": conversation_id, "holder": holder})

    def queued_before(self, moment: datetime) -> int:
        """How many conversations wait for a person since before that moment."""
        c = t.conversations.c
        return self._db.execute(
            select(func.count()).where(and_(c.owner == Owner.QUEUED.value, c.queued_at < moment))
        ).scalar_one()

    def unanswered(self) -> Sequence[str]:
        """Conversations that wait for a turn."""
        return self._db.execute(select(t.conversations.c.id).where(t.conversations.c.unanswered)).scalars().all()

    def _update(self, conversation_id: str, **values: Any) -> None:
        self._db.execute(t.conversations.update().where(t.conversations.c.id == conversation_id).values(**values))
