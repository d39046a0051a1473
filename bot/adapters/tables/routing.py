"""How customers come to people: which rules fired, and what the waiting were told."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from bot.adapters.tables.base import UTCTime, metadata

trigger_firings = Table(
    "trigger_firings", metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("trigger", String(40), nullable=False),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("at", UTCTime, nullable=False),
    Column("detail", String(200), nullable=False),
    # Uses index: how often each rule fired since a moment, and its last examples.
    Index("ix_trigger_firings_trigger", "trigger", "at"),
    Index("ix_trigger_firings_conversation_id", "conversation_id"),
)  # fmt: skip

queue_tellings = Table(
    "queue_tellings", metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    # The entry into the queue that this is about; what was told of an earlier one counts no more.
    Column("epoch", Integer, nullable=False),
    Column("entered_at", UTCTime, nullable=False),
    Column("position", Integer, nullable=False),
    Column("told_at", UTCTime, nullable=False),
    Column("callback_offered_at", UTCTime),
)  # fmt: skip
