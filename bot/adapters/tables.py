"""The tables. Times are aware UTC.

`messages.dedupe_key` and `tickets.idempotency_key` make “once” a matter of the database (invariant 1).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)  # fmt: skip

from bot.domain.dates import as_utc

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    }
)  # fmt: skip


class UTCTime(TypeDecorator):
    """An aware moment, stored in UTC; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Refuse naive times; store UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError("naive time: pass aware UTC")
        return None if value is None else as_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Give aware UTC back."""
        return None if value is None else as_utc(value)


conversations = Table(
    "conversations", metadata,
    Column("id", String(36), primary_key=True),
    Column("channel", String(20), nullable=False),
    Column("external_id", String(100), nullable=False),
    Column("opened_at", UTCTime, nullable=False),
    Column("owner", String(10), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("queued_at", UTCTime),
    Column("handover_reason", String(40)),
    Column("script", String(4), nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("unanswered", Boolean, nullable=False),
    Column("state", LargeBinary),
    Column("lease_holder", String(36)),
    Column("lease_until", UTCTime),
    UniqueConstraint("channel", "external_id"),
    # Uses index: place in the queue, and unanswered turns after a restart.
    Index("ix_conversations_queue", "owner", "queued_at"),
    Index(
        "ix_conversations_unanswered", "unanswered",
        sqlite_where=text("unanswered"), postgresql_where=text("unanswered"),
    ),
)  # fmt: skip

conversation_history = Table(
    "conversation_history", metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("owner", String(10), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("at", UTCTime, nullable=False),
)  # fmt: skip

messages = Table(
    "messages", metadata,
    Column("id", String(36), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("sender", String(10), nullable=False),
    Column("text", Text, nullable=False),
    Column("buttons", JSON, nullable=False),
    Column("source", JSON),
    Column("sent_at", UTCTime, nullable=False),
    Column("dedupe_key", String(100)),
    Column("note", Boolean, nullable=False),
    Column("answered", Boolean, nullable=False),
    UniqueConstraint("conversation_id", "seq"),
    UniqueConstraint("conversation_id", "dedupe_key", name="uq_messages_dedupe_key"),
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    Column("message_id", ForeignKey("messages.id"), primary_key=True),
    Column("conversation_id", String(36), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UTCTime, nullable=False),
    Index("ix_outbox_due", "due_at"),
)  # fmt: skip

tickets = Table(
    "tickets", metadata,
    Column("number", String(20), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("conversation_id", String(36)),
    Column("fields", JSON, nullable=False),
    Column("phone", String(20)),
    Column("emotion", Integer, nullable=False),
    Column("opened_at", UTCTime, nullable=False),
    Column("promised_at", UTCTime, nullable=False),
    Column("idempotency_key", String(200), nullable=False, unique=True),
    Index("ix_tickets_conversation", "conversation_id"),
    Index("ix_tickets_opened", "opened_at"),
)  # fmt: skip

ticket_history = Table(
    "ticket_history", metadata,
    Column("number", ForeignKey("tickets.number"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("at", UTCTime, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("event", String(20), nullable=False),
    Column("from_status", String(20)),
    Column("to_status", String(20), nullable=False),
    Column("reason", Text, nullable=False),
)  # fmt: skip

ticket_counters = Table(
    "ticket_counters", metadata,
    Column("day_kind", String(12), primary_key=True),
    Column("last", Integer, nullable=False),
)  # fmt: skip

products = Table(
    "products", metadata,
    Column("id", String(60), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("category", String(60), nullable=False),
    Column("model", String(60), nullable=False),
    Column("price_fen", BigInteger, nullable=False),
    Column("aliases", JSON, nullable=False),
)  # fmt: skip

orders = Table(
    "orders", metadata,
    Column("number", String(40), primary_key=True),
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("phone", String(20), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("price_fen", BigInteger, nullable=False),
    Column("bought_on", Date, nullable=False),
    Column("received_on", Date),
    Column("channel", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("tracking", String(60), nullable=False),
    Index("ix_orders_phone", "phone"),
)  # fmt: skip

users = Table(
    "users", metadata,
    Column("name", String(60), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("created_at", UTCTime, nullable=False),
)  # fmt: skip

open_questions = Table(
    "open_questions", metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", String(36), nullable=False),
    Column("text", String(400), nullable=False),
    Column("intent", String(60), nullable=False),
    Column("offered", JSON, nullable=False),
    Column("asked_at", UTCTime, nullable=False),
    Column("state", String(10), nullable=False),
    Column("answered_by", Text),
    UniqueConstraint("conversation_id", "text"),
    # Uses index: the list of what waits for colleagues.
    Index("ix_open_questions_state", "state"),
)  # fmt: skip
