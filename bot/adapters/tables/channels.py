"""What is known of customers and accounts on other people's platforms."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from bot.adapters.tables.base import UTCTime, metadata
from bot.adapters.tables.sealed import Sealed

reaches = Table(
    "reaches", metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("openings", JSON, nullable=False),
    Column("has_left", Boolean, nullable=False),
    Column("state", String(10), nullable=False),
)  # fmt: skip

seen_events = Table(
    "seen_events", metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("at", UTCTime, nullable=False),
    Index("ix_seen_events_at", "at"),
)  # fmt: skip

fetches = Table(
    "fetches", metadata,
    Column("message_id", ForeignKey("messages.id"), primary_key=True),
    Column("conversation_id", String(36), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("media_id", String(300), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("name", Sealed(100), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UTCTime, nullable=False),
    Index("ix_fetches_due", "channel", "due_at"),
)  # fmt: skip

pulls = Table(
    "pulls", metadata,
    Column("channel", String(20), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("token", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("is_wanted", Boolean, nullable=False),
    Column("due_at", UTCTime, nullable=False),
    Column("holder", String(36)),
    Column("held_until", UTCTime),
)  # fmt: skip

platform_tokens = Table(
    "platform_tokens", metadata,
    Column("account", String(100), primary_key=True),
    Column("value", Text),
    Column("expires_at", UTCTime),
    Column("refresher", String(36)),
    Column("refresh_until", UTCTime),
)  # fmt: skip

bindings = Table(
    "bindings", metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("group_id", String(36), nullable=False),
    Column("bound_at", UTCTime, nullable=False),
    Index("ix_bindings_group", "group_id"),
)  # fmt: skip

binding_offers = Table(
    "binding_offers", metadata,
    Column("id", String(36), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("code_digest", String(64), nullable=False),
    Column("expires_at", UTCTime, nullable=False),
    Column("used_at", UTCTime),
    Index("ix_binding_offers_code", "code_digest"),
    Index("ix_binding_offers_expires", "expires_at"),
)  # fmt: skip

binding_tries = Table(
    "binding_tries", metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("at", UTCTime, nullable=False),
    # Uses index: how many wrong codes were tried of late, here and by all.
    Index("ix_binding_tries_at", "at"),
)  # fmt: skip
