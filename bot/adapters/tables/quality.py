"""Reviews of how people served, and what each rule found."""

from sqlalchemy import (
    JSON,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)  # fmt: skip

from bot.adapters.tables.base import UTCTime, metadata
from bot.adapters.tables.sealed import Sealed, SealedJSON

reviews = Table(
    "reviews", metadata,
    Column("id", String(36), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("agent", String(60), nullable=False),
    Column("team", String(30), nullable=False),
    Column("begun_at", UTCTime, nullable=False),
    Column("closed_at", UTCTime, nullable=False),
    Column("day", Date, nullable=False),
    Column("inspected_at", UTCTime, nullable=False),
    Column("rules_version", Integer, nullable=False),
    Column("score", Integer),
    Column("state", String(10), nullable=False),
    Column("picked_for", JSON, nullable=False),
    Column("human_score", Integer),
    Column("comment", Sealed()),
    Column("checked_by", String(60)),
    Column("checked_at", UTCTime),
    Column("appeal", Sealed()),
    Column("appealed_at", UTCTime),
    Column("settlement", String(10)),
    Column("settled_by", String(60)),
    Column("settled_at", UTCTime),
    Column("settled_because", Sealed()),
    Column("version", Integer, nullable=False),
    # Each person's part of a conversation is inspected once for each time that it ended.
    UniqueConstraint("conversation_id", "closed_at", "agent"),
    # Uses index: the newest, those in a state, a person's; scores by day, and by person, out of the index alone.
    Index("ix_reviews_closed", "closed_at"),
    Index("ix_reviews_state", "state", "closed_at"),
    Index("ix_reviews_agent", "agent", "closed_at"),
    Index("ix_reviews_day", "day", "agent", "human_score", "score"),
    Index("ix_reviews_scores", "agent", "day", "human_score", "score"),
)  # fmt: skip

review_findings = Table(
    "review_findings", metadata,
    Column("review_id", ForeignKey("reviews.id"), primary_key=True),
    Column("rule", String(30), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("result", String(15), nullable=False),
    Column("reason", Sealed(), nullable=False),
    Column("evidence", SealedJSON(), nullable=False),
    Column("agent", String(60), nullable=False),
    Column("day", Date, nullable=False),
    # Uses index: how often each rule failed, out of the index alone.
    Index(
        "ix_review_findings_failed", "rule", "agent", "day", "result",
        sqlite_where=text("result = 'failed'"), postgresql_where=text("result = 'failed'"),
    ),
)  # fmt: skip
