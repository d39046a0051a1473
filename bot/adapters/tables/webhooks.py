"""Who wants to be told what happens here."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text

from bot.adapters.tables.base import UTCTime, metadata

webhooks = Table(
    "webhooks", metadata,
    Column("id", String(36), primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_by", String(60), nullable=False),
    Column("opened_at", UTCTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_webhooks_state", "state"),
)  # fmt: skip
