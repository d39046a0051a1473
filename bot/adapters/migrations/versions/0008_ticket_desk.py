"""ticket desk: who deals with a ticket, search, lists with a name, files"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from bot.adapters.ticket_terms import as_stored, texts_of, ticket_terms_of

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FULL_TEXT = (
    "CREATE VIRTUAL TABLE ticket_search USING fts5(terms, content='ticket_terms', content_rowid='id', "
    "tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER ticket_terms_added AFTER INSERT ON ticket_terms BEGIN "
    "INSERT INTO ticket_search(rowid, terms) VALUES (new.id, new.terms); END",
    "CREATE TRIGGER ticket_terms_removed AFTER DELETE ON ticket_terms BEGIN "
    "INSERT INTO ticket_search(ticket_search, rowid, terms) VALUES ('delete', old.id, old.terms); END",
    "CREATE TRIGGER ticket_terms_changed AFTER UPDATE ON ticket_terms BEGIN "
    "INSERT INTO ticket_search(ticket_search, rowid, terms) VALUES ('delete', old.id, old.terms); "
    "INSERT INTO ticket_search(rowid, terms) VALUES (new.id, new.terms); END",
)
"""SQLite only: the index over `ticket_terms`, kept in the same transaction."""

LISTS = {
    "ix_tickets_changed": ["changed_at", "number"],
    "ix_tickets_assignee": ["assignee", "status", "opened_at", "number"],
    "ix_tickets_step": ["step", "opened_at", "number"],
    "ix_tickets_team": ["team", "opened_at", "number"],
    "ix_tickets_level": ["level", "opened_at", "number"],
    "ix_tickets_priority": ["priority", "opened_at", "number"],
    "ix_tickets_attachments": ["has_attachments", "opened_at", "number"],
}


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    # Other tables refer to tickets: on SQLite the table is altered where it stands, never made anew.
    with op.batch_alter_table("tickets", recreate="never") as batch_op:
        batch_op.add_column(sa.Column("assignee", sa.String(60)))
        batch_op.add_column(sa.Column("changed_at", time, nullable=False, server_default=sa.text("'2000-01-01'")))
        batch_op.add_column(sa.Column("has_attachments", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.drop_index("ix_tickets_opened")
        batch_op.create_index("ix_tickets_opened", ["opened_at", "number"])
        for name, columns in LISTS.items():
            batch_op.create_index(name, columns)
    op.execute(
        "UPDATE tickets SET changed_at = coalesce("
        "(SELECT max(h.at) FROM ticket_history h WHERE h.number = tickets.number), opened_at)"
    )
    _create_tables(time)
    if op.get_bind().dialect.name == "sqlite":
        for statement in FULL_TEXT:
            op.execute(statement)
    _index_old_tickets(op.get_bind())


def _create_tables(time: Any) -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "ticket_terms",
        sa.Column("id", number, nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("terms", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["tickets.number"], name=op.f("fk_ticket_terms_number_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_terms")),
        sa.UniqueConstraint("number", name=op.f("uq_ticket_terms_number")),
    )
    op.create_index(
        "ix_ticket_terms_terms", "ticket_terms", ["terms"], postgresql_using="gin",
        postgresql_with={"fastupdate": "off"}, sqlite_where=sa.text("0"),
    )  # fmt: skip
    op.create_table(
        "ticket_views",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("owner", sa.String(60), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("sort", sa.String(10), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("is_removed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_views")),
    )
    op.create_index("ix_ticket_views_owner", "ticket_views", ["owner"])
    op.create_index("ix_ticket_views_shared", "ticket_views", ["is_shared"])
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("ticket", sa.String(20)),
        sa.Column("conversation_id", sa.String(36)),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("added_by", sa.String(60), nullable=False),
        sa.Column("added_at", time, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_attachments_ticket_tickets")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_attachments_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index("ix_attachments_ticket", "attachments", ["ticket"])
    op.create_index("ix_attachments_conversation", "attachments", ["conversation_id"])


def _index_old_tickets(connection: Any) -> None:
    """What was stored before is found too, the oldest first as they were opened."""
    numbers = connection.execute(sa.text("SELECT number FROM tickets ORDER BY opened_at, number")).scalars().all()
    one = sa.text("SELECT number, phone, fields, record FROM tickets WHERE number = :number")
    told = sa.text("SELECT reason FROM ticket_history WHERE number = :number ORDER BY position")
    named = sa.text("SELECT name FROM customers WHERE phone = :phone")
    cast = "CAST(:terms AS tsvector)" if connection.dialect.name == "postgresql" else ":terms"
    put = sa.text(f"INSERT INTO ticket_terms (number, terms) VALUES (:number, {cast})")
    for number in numbers:
        row = connection.execute(one, {"number": number}).mappings().one()
        reasons = connection.execute(told, {"number": number}).scalars().all()
        name = connection.execute(named, {"phone": row["phone"]}).scalar() if row["phone"] else None
        texts = texts_of(number, row["phone"], _json(row["fields"]), _json(row["record"]), reasons, name)
        terms = as_stored(ticket_terms_of(texts, row["phone"]), connection.dialect.name)
        connection.execute(put, {"number": number, "terms": terms})


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE ticket_search")
    for table in ("attachments", "ticket_views", "ticket_terms"):
        op.drop_table(table)
    with op.batch_alter_table("tickets", recreate="never") as batch_op:
        for name in (*LISTS, "ix_tickets_opened"):
            batch_op.drop_index(name)
        batch_op.create_index("ix_tickets_opened", ["opened_at"])
        for column in ("has_attachments", "changed_at", "assignee"):
            batch_op.drop_column(column)
