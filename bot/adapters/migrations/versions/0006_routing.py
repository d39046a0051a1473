"""routing: which rules fired, and what the waiting were told"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "trigger_firings",
        sa.Column("id", number, nullable=False),
        sa.Column("trigger", sa.String(40), nullable=False),
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_trigger_firings_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trigger_firings")),
    )
    op.create_index("ix_trigger_firings_trigger", "trigger_firings", ["trigger", "at"])
    op.create_index("ix_trigger_firings_conversation_id", "trigger_firings", ["conversation_id"])
    op.create_table(
        "queue_tellings",
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("entered_at", time, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("told_at", time, nullable=False),
        sa.Column("callback_offered_at", time),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_queue_tellings_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_queue_tellings")),
    )


def downgrade() -> None:
    op.drop_table("queue_tellings")
    op.drop_table("trigger_firings")
