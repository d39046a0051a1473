"""conversations at the desk: who is wanted, who holds it, how it ended; customers"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


_LONG_AGO = "2000-01-01 00:00:00+00:00"
"""Stands until the next statement. Defaults stay: SQLite could only drop them by making the table anew, and messages
point to it."""


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    with op.batch_alter_table("conversations", recreate="never") as batch_op:
        batch_op.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("team", sa.String(30), nullable=False, server_default="service"))
        batch_op.add_column(sa.Column("level", sa.String(20), nullable=False, server_default="agent"))
        batch_op.add_column(sa.Column("skills", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("wanted", sa.String(60)))
        batch_op.add_column(sa.Column("agent", sa.String(60)))
        batch_op.add_column(sa.Column("taken_at", time))
        batch_op.add_column(sa.Column("waiting_since", time))
        batch_op.add_column(sa.Column("emotion", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("signals", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("customer_id", sa.String(36)))
        batch_op.add_column(sa.Column("served_until", time))
        batch_op.add_column(sa.Column("return_asked", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("closed_at", time))
        batch_op.add_column(sa.Column("closed_reason", sa.String(40)))
        batch_op.add_column(sa.Column("summary", sa.Text()))
        batch_op.add_column(sa.Column("touched_at", time, nullable=False, server_default=_LONG_AGO))
    op.execute("UPDATE conversations SET touched_at = opened_at")
    op.execute("UPDATE conversations SET waiting_since = queued_at WHERE owner <> 'bot'")
    with op.batch_alter_table("conversations", recreate="never") as batch_op:
        batch_op.drop_index("ix_conversations_queue")
        batch_op.create_index("ix_conversations_queue", ["owner", "priority", "queued_at"])
        batch_op.create_index("ix_conversations_agent", ["agent", "owner"])
        batch_op.create_index("ix_conversations_customer", ["customer_id"])
        batch_op.create_index("ix_conversations_closed", ["closed_at"])
        batch_op.create_index("ix_conversations_touched", ["touched_at"])
    with op.batch_alter_table("conversation_history", recreate="never") as batch_op:
        batch_op.add_column(sa.Column("agent", sa.String(60)))
        batch_op.add_column(sa.Column("by", sa.String(60), nullable=False, server_default="bot"))
        batch_op.create_index("ix_conversation_history_at", ["at", "owner"])
    op.create_table(
        "conversation_reads",
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("person", sa.String(60), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_reads_conversation_id_conversations"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", "person", name=op.f("pk_conversation_reads")),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("phone", sa.String(20)),
        sa.Column("tier", sa.String(20), nullable=False),
        sa.Column("birthday", sa.Date()),
        sa.Column("preferences", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("special_care", sa.Boolean(), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("phone", name=op.f("uq_customers_phone")),
    )
    op.create_table(
        "ratings",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("agent", sa.String(60)),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.Column("comment", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_ratings_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
    )
    op.create_index("ix_ratings_conversation", "ratings", ["conversation_id"])
    op.create_index("ix_ratings_at", "ratings", ["at", "agent"])


def downgrade() -> None:
    op.drop_index("ix_ratings_at", "ratings")
    op.drop_index("ix_ratings_conversation", "ratings")
    op.drop_table("ratings")
    op.drop_table("customers")
    op.drop_table("conversation_reads")
    with op.batch_alter_table("conversation_history", recreate="never") as batch_op:
        batch_op.drop_index("ix_conversation_history_at")
        batch_op.drop_column("by")
        batch_op.drop_column("agent")
    with op.batch_alter_table("conversations", recreate="never") as batch_op:
        for index in ("touched", "closed", "customer", "agent", "queue"):
            batch_op.drop_index(f"ix_conversations_{index}")
        batch_op.create_index("ix_conversations_queue", ["owner", "queued_at"])
        for column in (
            "touched_at", "summary", "closed_reason", "closed_at", "return_asked", "served_until", "customer_id",
            "signals", "emotion", "waiting_since", "taken_at", "agent", "wanted", "skills", "level", "team", "priority",
        ):  # fmt: skip
            batch_op.drop_column(column)
