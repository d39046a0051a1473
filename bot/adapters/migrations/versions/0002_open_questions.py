"""open questions"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "open_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.String(length=400), nullable=False),
        sa.Column("intent", sa.String(length=60), nullable=False),
        sa.Column("offered", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_questions")),
        sa.UniqueConstraint("conversation_id", "text", name=op.f("uq_open_questions_conversation_id")),
    )
    with op.batch_alter_table("open_questions", schema=None) as batch_op:
        batch_op.create_index("ix_open_questions_state", ["state"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("open_questions", schema=None) as batch_op:
        batch_op.drop_index("ix_open_questions_state")
    op.drop_table("open_questions")
