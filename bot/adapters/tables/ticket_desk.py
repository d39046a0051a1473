"""What the desk keeps beside tickets: search terms, lists with a name, and files."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, text

from bot.adapters.tables.base import UTCTime, metadata
from bot.adapters.tables.sealed import Sealed, Terms

ticket_terms = Table(
    "ticket_terms", metadata,
    # Grows in the order of opening: a search reads the newest first and stops early.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("number", ForeignKey("tickets.number"), nullable=False, unique=True),
    Column("terms", Terms(), nullable=False),
    # PostgreSQL searches here, and reads no list of what waits to be put in; SQLite has `ticket_search`, an FTS5 table
    # that triggers keep, and wants no such index.
    Index(
        "ix_ticket_terms_terms", "terms", postgresql_using="gin", postgresql_with={"fastupdate": "off"},
        sqlite_where=text("0"),
    ),
)  # fmt: skip

ticket_views = Table(
    "ticket_views", metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(30), nullable=False),
    Column("owner", String(60), nullable=False),
    Column("is_shared", Boolean, nullable=False),
    Column("filters", JSON, nullable=False),
    Column("sort", String(10), nullable=False),
    Column("columns", JSON, nullable=False),
    Column("created_at", UTCTime, nullable=False),
    Column("is_removed", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_ticket_views_owner", "owner"),
    Index("ix_ticket_views_shared", "is_shared"),
)  # fmt: skip

attachments = Table(
    "attachments", metadata,
    Column("id", String(36), primary_key=True),
    Column("ticket", ForeignKey("tickets.number")),
    Column("conversation_id", ForeignKey("conversations.id")),
    Column("name", Sealed(80), nullable=False),
    Column("type", String(40), nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("added_by", String(60), nullable=False),
    Column("added_at", UTCTime, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_attachments_ticket", "ticket"),
    Index("ix_attachments_conversation", "conversation_id"),
)  # fmt: skip
