"""People of the company, how they prove who they are, and whether they are there."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from bot.adapters.tables.base import UTCTime, metadata

users = Table(
    "users", metadata,
    Column("name", String(60), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("created_at", UTCTime, nullable=False),
    Column("team", String(30), nullable=False),
    Column("skills", JSON, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("disabled_at", UTCTime),
    Column("password_hash", String(200)),
    Column("must_change", Boolean, nullable=False),
    Column("totp_secret", Text),
    Column("totp_since", UTCTime),
    Column("totp_step", Integer, nullable=False),
    Column("recovery_codes", JSON, nullable=False),
)  # fmt: skip

sessions = Table(
    "sessions", metadata,
    Column("id", String(64), primary_key=True),
    Column("person", ForeignKey("users.name"), nullable=False),
    Column("created_at", UTCTime, nullable=False),
    Column("seen_at", UTCTime, nullable=False),
    Column("expires_at", UTCTime, nullable=False),
    Column("address", String(60), nullable=False),
    Column("browser", String(200), nullable=False),
    # Uses index: a person's sessions; those that are over.
    Index("ix_sessions_person", "person"),
    Index("ix_sessions_expires_at", "expires_at"),
)  # fmt: skip

sign_in_failures = Table(
    "sign_in_failures", metadata,
    # Whatever name was tried, known or not: a lock must not tell who works here.
    Column("name", String(60), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("until", UTCTime, nullable=False),
    Index("ix_sign_in_failures_until", "until"),
)  # fmt: skip

presence = Table(
    "presence", metadata,
    Column("person", ForeignKey("users.name"), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("since", UTCTime, nullable=False),
    Column("seen_at", UTCTime, nullable=False),
)  # fmt: skip
