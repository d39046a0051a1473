"""Revisions of scripts and articles, and the number that tells every node that there are new ones."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from bot.adapters.tables.base import UTCTime, metadata

revisions = Table(
    "revisions", metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("key", String(80), nullable=False),
    Column("body", JSON, nullable=False),
    Column("author", String(60), nullable=False),
    Column("created_at", UTCTime, nullable=False),
    Column("base", String(30), nullable=False),
    Column("shipped", String(16), nullable=False),
    Column("state", String(10), nullable=False),
    Column("number", Integer),
    Column("changed_at", UTCTime),
    Column("published_by", String(60)),
    Column("published_at", UTCTime),
    Column("note", Text, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("kind", "key", "number", name="uq_revisions_number"),
    # Uses index: what is in force, what is being written. One revision of a key is in force; each author has one draft.
    Index("ix_revisions_state", "state", "kind"),
    Index(
        "uq_revisions_in_force", "kind", "key", unique=True,
        sqlite_where=text("state = 'published'"), postgresql_where=text("state = 'published'"),
    ),
    Index(
        "uq_revisions_draft", "kind", "key", "author", unique=True,
        sqlite_where=text("state = 'draft'"), postgresql_where=text("state = 'draft'"),
    ),
)  # fmt: skip

content_version = Table(
    "content_version", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
)  # fmt: skip
