"""What agents keep at hand to say, and how often each uses it."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from bot.adapters.tables.base import UTCTime, metadata

canned_replies = Table(
    "canned_replies", metadata,
    Column("id", String(36), primary_key=True),
    Column("title", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("topic", String(30), nullable=False),
    Column("shortcut", String(21)),
    Column("sharing", String(10), nullable=False),
    Column("owner", String(60), nullable=False),
    Column("team", String(30), nullable=False),
    Column("requirement", String(10), nullable=False),
    Column("is_removed", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("owner", "shortcut"),
    # Uses index: what is shared with everybody, or with a team.
    Index("ix_canned_replies_sharing", "sharing", "team"),
)  # fmt: skip

canned_uses = Table(
    "canned_uses", metadata,
    Column("person", String(60), primary_key=True),
    # No foreign key: shipped replies are counted too.
    Column("reply", String(60), primary_key=True),
    Column("uses", Integer, nullable=False),
    Column("used_at", UTCTime, nullable=False),
    Index("ix_canned_uses_reply", "reply"),
)  # fmt: skip
