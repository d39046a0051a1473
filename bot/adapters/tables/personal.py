"""The key by which sealed values are found, who agreed to what, and whom we have forgotten (E10)."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from bot.adapters.tables.base import UTCTime, metadata
from bot.adapters.tables.sealed import SealedJSON

seals = Table(
    "seals", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # The key of all marks, itself sealed with a data key: the marks stay when data keys change.
    Column("marks", Text, nullable=False),
)  # fmt: skip

consents = Table(
    "consents", metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("version", String(20), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("told_at", UTCTime, nullable=False),
    # Once personal data came after the notice; without, the customer has been told and no more.
    Column("given_at", UTCTime),
    Column("withdrawn_at", UTCTime),
    Index("ix_consents_told_at", "told_at"),
)  # fmt: skip

erasures = Table(
    "erasures", metadata,
    Column("id", String(36), primary_key=True),
    Column("at", UTCTime, nullable=False),
    Column("actor", String(60), nullable=False),
    # Ids of what belonged to the person, so that a restored backup forgets it again; nothing personal.
    Column("scope", SealedJSON(), nullable=False),
)  # fmt: skip
