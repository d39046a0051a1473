"""Conversations to rows and back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.changes import Changes
from bot.adapters.repositories.dialect import insert_for
from bot.adapters.repositories.prepared import Prepared, insert, update
from bot.domain.actor import Role
from bot.domain.conversation import Conversation, Need, Owner, OwnerChange
from bot.domain.webhook import Event, event_of_owner

_NEED_FIELDS = ("priority", "team", "level", "skills", "wanted")
CONVERSATION_FIELDS = (
    "id", "channel", "external_id", "opened_at", "owner", "epoch", "queued_at", "handover_reason", "script", "agent",
    "taken_at", "waiting_since", "emotion", "signals", "customer_id", "served_until", "return_asked", "closed_at",
    "closed_reason", "summary", "touched_at", *_NEED_FIELDS,
)  # fmt: skip

_c = t.conversations.c
_ITS = _c.id == bindparam("conversation")
_FIELDS = [_c[field] for field in CONVERSATION_FIELDS]
_GET = Prepared(select(*_FIELDS).where(_ITS))
_lock = select(*_FIELDS).where(_ITS).with_for_update()
_LOCK = Prepared(_lock)
_LOCK_HELD = Prepared(_lock.add_columns(_c.last_seq).where(_c.lease_holder == bindparam("holder")))
_LOCK_WITH_STATE = Prepared(_lock.add_columns(_c.state))
_LOCK_OF = Prepared(
    select(*_FIELDS)
    .where(and_(_c.channel == bindparam("channel"), _c.external_id == bindparam("external_id")))
    .with_for_update()
)
_STATE = Prepared(select(_c.state).where(_ITS))
_SAVE_STATE = Prepared(t.conversations.update().where(_ITS).values(state=bindparam("to")))
_TAKE_LEASE = Prepared(
    t.conversations.update()
    .where(and_(_ITS, or_(_c.lease_until.is_(None), _c.lease_until < bindparam("now"))))
    .values(lease_holder=bindparam("holder"), lease_until=bindparam("until")),
    returning=[*_FIELDS, _c.state],
)
_DROP_LEASE = Prepared(
    t.conversations.update()
    .where(and_(_ITS, _c.lease_holder == bindparam("holder")))
    .values(lease_holder=None, lease_until=None)
)


class ConversationRows:
    """Implements `ports.Conversations`."""

    def __init__(self, connection: Connection, changes: Changes, tell: Callable[[Event | None], None]) -> None:
        """Take what is needed.

        Args:
            changes: is told how conversations stand.
            tell: is told what the changes mean to other systems.
        """
        self._db = connection
        self._changes = changes
        self._tell = tell

    def add(self, conversation: Conversation) -> None:
        """Store a new conversation."""
        insert(self._db, t.conversations, _new_row(conversation))

    def lock_of(self, opened: Conversation, or_open: bool) -> Conversation | None:
        """The conversation of that customer in that channel, locked; where there is none, the given one is stored.

        Two who open it at the same time get the same one.
        """
        own = {"channel": opened.channel, "external_id": opened.external_id}
        found = self._db.execute(_LOCK_OF, own).mappings().first()
        if found is None and or_open:
            opening = insert_for(self._db)(t.conversations).values(**_new_row(opened))
            self._db.execute(opening.on_conflict_do_nothing(index_elements=["channel", "external_id"]))
            found = self._db.execute(_LOCK_OF, own).mappings().one()
        return self._locked(found) if found else None

    def get(self, conversation_id: str) -> Conversation | None:
        """The conversation, or None."""
        row = self._row(_GET, conversation_id)
        return read_conversation(row) if row else None

    def lock(self, conversation_id: str) -> Conversation | None:
        """The conversation, locked until the transaction ends (SQLite locks the whole file at begin)."""
        row = self._row(_LOCK, conversation_id)
        return self._locked(row) if row else None

    def lock_held(self, conversation_id: str, holder: str) -> tuple[Conversation, int] | None:
        """The same for who holds the conversation's lease, with the number of its last message; None for others."""
        values = {"conversation": conversation_id, "holder": holder}
        row = self._db.execute(_LOCK_HELD, values).mappings().first()
        return (self._locked(row), row["last_seq"]) if row else None

    def lock_with_state(self, conversation_id: str) -> tuple[Conversation | None, bytes | None]:
        """The same with the dialogue's state."""
        row = self._row(_LOCK_WITH_STATE, conversation_id)
        return (self._locked(row), row["state"]) if row else (None, None)

    def _row(self, query: Any, conversation_id: str) -> Mapping[str, Any] | None:
        row: Mapping[str, Any] | None = self._db.execute(query, {"conversation": conversation_id}).mappings().first()
        return row

    def _locked(self, row: Mapping[str, Any]) -> Conversation:
        conversation = read_conversation(row)
        self._changes.stands(conversation)
        return conversation

    def save_owner(self, conversation: Conversation, change: OwnerChange) -> None:
        """Store a change of owner, or of who is wanted, together with its line of history."""
        c = conversation
        self._tell(event_of_owner(self.get(c.id) or c, c, change))
        self._update(
            c.id, owner=c.owner.value, epoch=c.epoch, queued_at=c.queued_at, handover_reason=c.handover_reason,
            agent=c.agent, taken_at=c.taken_at, waiting_since=c.waiting_since, served_until=c.served_until,
            return_asked=c.return_asked, closed_at=c.closed_at, closed_reason=c.closed_reason, summary=c.summary,
            touched_at=change.at,
            **_need_row(c.need),
        )  # fmt: skip
        line = {**vars(change), "owner": change.owner.value}
        insert(self._db, t.conversation_history, line)
        self._changes.moved(c, change.at)

    def save_feeling(self, conversation_id: str, emotion: int, signals: Sequence[str]) -> None:
        """Remember how the customer feels, and what was heard of danger or need (A2, A13)."""
        self._update(conversation_id, emotion=emotion, signals=list(signals))

    def save_script(self, conversation_id: str, script: str) -> None:
        """Remember the customer's characters."""
        self._update(conversation_id, script=script)

    def state(self, conversation_id: str) -> bytes | None:
        """The dialogue's state as the engine left it."""
        return self._db.execute(_STATE, {"conversation": conversation_id}).scalar_one_or_none()

    def save_state(self, conversation_id: str, state: bytes | None) -> None:
        """Store the dialogue's state."""
        self._db.execute(_SAVE_STATE, {"conversation": conversation_id, "to": state})

    def take_lease(
        self, conversation_id: str, holder: str, now: datetime, until: datetime
    ) -> tuple[Conversation, bytes | None] | None:
        """Take the right to run the conversation's turn, where nobody has it or its holder is gone.

        Returns:
            The conversation, locked, with the dialogue's state; None where somebody has it.
        """
        values = {"conversation": conversation_id, "holder": holder, "now": now, "until": until}
        row = self._db.execute(_TAKE_LEASE, values).mappings().first()
        return (self._locked(row), row["state"]) if row else None

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
        update(self._db, t.conversations, {"id": conversation_id}, values)


def read_conversation(row: Mapping[str, Any]) -> Conversation:
    """A row of `conversations` as the conversation that it was."""
    values = {field: row[field] for field in CONVERSATION_FIELDS if field not in _NEED_FIELDS}
    need = Need(row["priority"], row["team"], Role(row["level"]), tuple(row["skills"]), row["wanted"])
    return Conversation(**{**values, "owner": Owner(row["owner"]), "signals": tuple(row["signals"]), "need": need})


def _new_row(c: Conversation) -> dict[str, Any]:
    return {
        "id": c.id, "channel": c.channel, "external_id": c.external_id, "opened_at": c.opened_at,
        "owner": c.owner.value, "epoch": c.epoch, "script": c.script, "last_seq": 0, "unanswered": False,
        "emotion": c.emotion, "signals": list(c.signals), "customer_id": c.customer_id, "return_asked": False,
        "touched_at": c.opened_at, **_need_row(c.need),
    }  # fmt: skip


def _need_row(need: Need) -> dict[str, Any]:
    return {
        "priority": need.priority, "team": need.team, "level": need.level.value, "skills": list(need.skills),
        "wanted": need.wanted,
    }  # fmt: skip
