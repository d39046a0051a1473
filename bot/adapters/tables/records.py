"""Tickets and what belongs to them, goods, and the audit trail.

`tickets.idempotency_key` makes “once” a matter of the database (invariant 1).
"""

from sqlalchemy import (
    JSON,
    BigInteger,
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
from bot.adapters.tables.sealed import Found, Sealed, SealedJSON, mark_in_index

tickets = Table(
    "tickets", metadata,
    Column("number", String(20), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("conversation_id", String(36)),
    Column("fields", SealedJSON(), nullable=False),
    Column("phone", Found(20)),
    Column("emotion", Integer, nullable=False),
    Column("opened_at", UTCTime, nullable=False),
    Column("promised_at", UTCTime, nullable=False),
    Column("idempotency_key", String(200), nullable=False, unique=True),
    Column("step", String(30), nullable=False),
    Column("record", SealedJSON(), nullable=False),
    Column("entitlement", SealedJSON()),
    Column("priority", Integer, nullable=False),
    Column("team", String(30), nullable=False),
    Column("level", String(20), nullable=False),
    Column("due_at", UTCTime),
    Column("watch_at", UTCTime),
    Column("version", Integer, nullable=False),
    Column("assignee", String(60)),
    Column("changed_at", UTCTime, nullable=False),
    Column("has_attachments", Boolean, nullable=False),
    Index("ix_tickets_conversation", "conversation_id"),
    # Uses index: the desk's lists, by what they ask for, in the order of opening or of change.
    Index("ix_tickets_opened", "opened_at", "number"),
    Index("ix_tickets_changed", "changed_at", "number"),
    Index("ix_tickets_assignee", "assignee", "status", "opened_at", "number"),
    Index("ix_tickets_step", "step", "opened_at", "number"),
    Index("ix_tickets_team", "team", "opened_at", "number"),
    Index("ix_tickets_level", "level", "opened_at", "number"),
    Index("ix_tickets_priority", "priority", "opened_at", "number"),
    Index("ix_tickets_attachments", "has_attachments", "opened_at", "number"),
    # Uses index: lists by state, by kind and state, by customer, by what is due next; the clock's own look.
    Index("ix_tickets_status", "status", "opened_at", "number"),
    Index("ix_tickets_kind", "kind", "status", "opened_at", "number"),
    Index("ix_tickets_phone", mark_in_index("phone"), "opened_at", "number"),
    Index("ix_tickets_due", "due_at"),
    Index("ix_tickets_watch", "watch_at"),
)  # fmt: skip

ticket_history = Table(
    "ticket_history", metadata,
    Column("number", ForeignKey("tickets.number"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("at", UTCTime, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("event", String(20), nullable=False),
    Column("from_status", String(20)),
    Column("to_status", String(20), nullable=False),
    Column("reason", Sealed(), nullable=False),
)  # fmt: skip

ticket_counters = Table(
    "ticket_counters", metadata,
    Column("day_kind", String(12), primary_key=True),
    Column("last", Integer, nullable=False),
)  # fmt: skip

products = Table(
    "products", metadata,
    Column("id", String(60), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("category", String(60), nullable=False),
    Column("model", String(60), nullable=False),
    Column("price_fen", BigInteger, nullable=False),
    Column("aliases", JSON, nullable=False),
)  # fmt: skip

orders = Table(
    "orders", metadata,
    Column("number", String(40), primary_key=True),
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("phone", Found(20), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("price_fen", BigInteger, nullable=False),
    Column("bought_on", Date, nullable=False),
    Column("received_on", Date),
    Column("channel", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("tracking", String(60), nullable=False),
    Index("ix_orders_phone", mark_in_index("phone")),
)  # fmt: skip

open_questions = Table(
    "open_questions", metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", String(36), nullable=False),
    Column("text", Sealed(400, same=True), nullable=False),
    Column("intent", String(60), nullable=False),
    Column("offered", JSON, nullable=False),
    Column("asked_at", UTCTime, nullable=False),
    Column("state", String(10), nullable=False),
    Column("answered_by", Text),
    UniqueConstraint("conversation_id", "text"),
    # Uses index: the list of what waits for colleagues.
    Index("ix_open_questions_state", "state"),
)  # fmt: skip

approvals = Table(
    "approvals", metadata,
    Column("id", String(36), primary_key=True),
    Column("ticket", ForeignKey("tickets.number"), nullable=False),
    Column("facts", SealedJSON(), nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("cause", String(40), nullable=False),
    Column("needed", String(20), nullable=False),
    Column("requested_by", String(60), nullable=False),
    Column("requested_at", UTCTime, nullable=False),
    Column("expires_at", UTCTime, nullable=False),
    Column("state", String(20), nullable=False),
    Column("decided_by", String(60)),
    Column("decided_at", UTCTime),
    Column("reason", Sealed()),
    Column("version", Integer, nullable=False),
    Index("ix_approvals_ticket", "ticket"),
    Index("ix_approvals_state", "state", "expires_at"),
)  # fmt: skip

agreements = Table(
    "agreements", metadata,
    Column("id", String(36), primary_key=True),
    Column("ticket", ForeignKey("tickets.number"), nullable=False),
    Column("terms", SealedJSON(), nullable=False),
    Column("signed_by", String(60), nullable=False),
    Column("offered_at", UTCTime, nullable=False),
    Column("expires_at", UTCTime, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    Column("answered_at", UTCTime),
    Column("reason", Sealed()),
    Column("version", Integer, nullable=False),
    Index("ix_agreements_ticket", "ticket"),
)  # fmt: skip

tasks = Table(
    "tasks", metadata,
    Column("id", String(36), primary_key=True),
    Column("ticket", ForeignKey("tickets.number"), nullable=False),
    Column("department", String(30), nullable=False),
    Column("what", Sealed(), nullable=False),
    Column("opened_by", String(60), nullable=False),
    Column("opened_at", UTCTime, nullable=False),
    Column("due_at", UTCTime, nullable=False),
    Column("state", String(20), nullable=False),
    Column("acknowledged_by", String(60)),
    Column("acknowledged_at", UTCTime),
    Column("done_at", UTCTime),
    Column("result", Sealed()),
    Column("version", Integer, nullable=False),
    Index("ix_tasks_ticket", "ticket"),
    Index("ix_tasks_state", "state", "due_at"),
)  # fmt: skip

followups = Table(
    "followups", metadata,
    Column("id", String(36), primary_key=True),
    Column("ticket", ForeignKey("tickets.number"), nullable=False),
    Column("what", String(30), nullable=False),
    Column("round", Integer, nullable=False),
    Column("script", String(60), nullable=False),
    Column("due_at", UTCTime, nullable=False),
    Column("state", String(20), nullable=False),
    Column("sent_at", UTCTime),
    Column("answered_at", UTCTime),
    Column("comment", Sealed()),
    Column("version", Integer, nullable=False),
    UniqueConstraint("ticket", "what", "round"),
    Index("ix_followups_state", "state", "due_at"),
)  # fmt: skip

visits = Table(
    "visits", metadata,
    Column("id", String(36), primary_key=True),
    Column("ticket", ForeignKey("tickets.number"), nullable=False),
    Column("starts_at", UTCTime, nullable=False),
    Column("ends_at", UTCTime, nullable=False),
    Column("place", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("result", Sealed()),
    Column("version", Integer, nullable=False),
    Index("ix_visits_ticket", "ticket"),
    # A technician is booked once: of two who choose the last place one gets it.
    Index(
        "uq_visits_place", "starts_at", "place", unique=True,
        sqlite_where=text("state = 'booked'"), postgresql_where=text("state = 'booked'"),
    ),
)  # fmt: skip

notices = Table(
    "notices", metadata,
    Column("id", String(36), primary_key=True),
    Column("key", String(120), nullable=False, unique=True),
    Column("way", String(10), nullable=False),
    Column("to", String(60), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("body", SealedJSON(), nullable=False),
    Column("created_at", UTCTime, nullable=False),
    Column("due_at", UTCTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("error", Text),
    Column("sent_at", UTCTime),
    Index("ix_notices_state", "state", "due_at"),
    # Uses index: what became of the notices to one receiver.
    Index("ix_notices_to", "to", "created_at"),
)  # fmt: skip

budgets = Table(
    "budgets", metadata,
    Column("month", String(7), primary_key=True),
    Column("cause", String(40), primary_key=True),
    Column("spent_fen", BigInteger, nullable=False),
)  # fmt: skip

misconduct = Table(
    "misconduct", metadata,
    Column("id", String(36), primary_key=True),
    Column("staff", String(60), nullable=False),
    Column("ticket", ForeignKey("tickets.number"), nullable=False),
    Column("reported_at", UTCTime, nullable=False),
    Column("state", String(20), nullable=False),
    Column("decided_by", String(60)),
    Column("decided_at", UTCTime),
    Column("outcome", String(20)),
    Column("reason", Sealed()),
    Column("version", Integer, nullable=False),
    UniqueConstraint("staff", "ticket"),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", UTCTime, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("action", String(30), nullable=False),
    Column("reason", Sealed(), nullable=False),
    Column("before", SealedJSON(), nullable=False),
    Column("after", SealedJSON(), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_subject", "subject"),
)  # fmt: skip

audit_head = Table(
    "audit_head", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)  # fmt: skip
