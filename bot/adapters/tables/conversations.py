"""Conversations, their messages, and who writes.

`messages.dedupe_key` makes “once” a matter of the database (invariant 1).
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)  # fmt: skip

from bot.adapters.tables.base import UTCTime, metadata
from bot.adapters.tables.sealed import Found, Named, Sealed, SealedBytes, SealedJSON, mark_in_index

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
    Column("priority", Integer, nullable=False),
    Column("team", String(30), nullable=False),
    Column("level", String(20), nullable=False),
    Column("skills", JSON, nullable=False),
    Column("wanted", String(60)),
    Column("agent", String(60)),
    Column("taken_at", UTCTime),
    Column("waiting_since", UTCTime),
    Column("emotion", Integer, nullable=False),
    Column("signals", JSON, nullable=False),
    Column("customer_id", String(36)),
    Column("served_until", UTCTime),
    Column("return_asked", Boolean, nullable=False),
    Column("closed_at", UTCTime),
    Column("closed_reason", String(40)),
    Column("summary", Sealed()),
    Column("touched_at", UTCTime, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("unanswered", Boolean, nullable=False),
    Column("state", SealedBytes()),
    Column("lease_holder", String(36)),
    Column("lease_until", UTCTime),
    UniqueConstraint("channel", "external_id"),
    # Uses index: the queue in its order, a customer's conversations, those closed, what changed last, and unanswered
    # turns after a restart.
    Index("ix_conversations_queue", "owner", "priority", "queued_at"),
    Index("ix_conversations_customer", "customer_id"),
    Index("ix_conversations_closed", "closed_at"),
    Index("ix_conversations_touched", "touched_at"),
    Index(
        "ix_conversations_unanswered", "unanswered",
        sqlite_where=text("unanswered = 1"), postgresql_where=text("unanswered"),
    ),
    # Uses index: what is open, by whose it is and what moved last; the many that are over are not in it.
    Index(
        "ix_conversations_open", "owner", "touched_at",
        sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL"),
    ),
    # Uses index: what an agent holds, and has served, by what changed last.
    Index(
        "ix_conversations_agent", "agent", "owner", "touched_at",
        sqlite_where=text("agent IS NOT NULL"), postgresql_where=text("agent IS NOT NULL"),
    ),
    Index(
        "ix_conversations_served", "agent", "touched_at",
        sqlite_where=text("agent IS NOT NULL"), postgresql_where=text("agent IS NOT NULL"),
    ),
)  # fmt: skip

conversation_history = Table(
    "conversation_history", metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("owner", String(10), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("at", UTCTime, nullable=False),
    Column("agent", String(60)),
    Column("by", String(60), nullable=False),
    # Uses index: how often each reason for a handover occurred.
    Index("ix_conversation_history_at", "at", "owner"),
)  # fmt: skip

messages = Table(
    "messages", metadata,
    Column("id", String(36), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("sender", String(10), nullable=False),
    Column("text", Sealed(), nullable=False),
    Column("buttons", SealedJSON(), nullable=False),
    Column("source", JSON),
    Column("sent_at", UTCTime, nullable=False),
    Column("dedupe_key", String(100)),
    Column("note", Boolean, nullable=False),
    Column("answered", Boolean, nullable=False),
    # What became of it on a platform that is not ours; empty for the website.
    Column("delivery", String(10)),
    Column("delivery_note", Text),
    UniqueConstraint("conversation_id", "seq"),
    UniqueConstraint("conversation_id", "dedupe_key", name="uq_messages_dedupe_key"),
    # Uses index: what waits for an answer; the words are those of the question, which SQLite asks for.
    Index(
        "ix_messages_unanswered", "conversation_id", "seq",
        sqlite_where=text("answered IS 0"), postgresql_where=text("answered IS false"),
    ),
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    Column("message_id", ForeignKey("messages.id"), primary_key=True),
    Column("conversation_id", String(36), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UTCTime, nullable=False),
    Column("claim", String(36)),
    Column("claimed_until", UTCTime),
    Column("part", Integer, nullable=False),
    Index("ix_outbox_due", "channel", "due_at"),
    Index("ix_outbox_conversation", "conversation_id", "seq"),
)  # fmt: skip

conversation_reads = Table(
    "conversation_reads", metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("person", String(60), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("draft", Sealed(), nullable=False),
)  # fmt: skip

customers = Table(
    "customers", metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Named(60), nullable=False),
    Column("phone", Found(20)),
    Column("tier", String(20), nullable=False),
    Column("birthday", Date),
    Column("preferences", Sealed(), nullable=False),
    Column("note", Sealed(), nullable=False),
    Column("special_care", Boolean, nullable=False),
    Column("created_at", UTCTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index("uq_customers_phone", mark_in_index("phone"), unique=True),
)  # fmt: skip

ratings = Table(
    "ratings", metadata,
    Column("id", String(36), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("agent", String(60)),
    Column("score", Integer, nullable=False),
    Column("at", UTCTime, nullable=False),
    Column("comment", Sealed()),
    Column("version", Integer, nullable=False),
    Index("ix_ratings_conversation", "conversation_id"),
    # Uses index: how people did over a time.
    Index("ix_ratings_at", "at", "agent"),
)  # fmt: skip
