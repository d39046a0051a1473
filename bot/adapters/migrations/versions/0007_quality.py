"""quality: reviews of how people served, and what each rule found"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("agent", sa.String(60), nullable=False),
        sa.Column("team", sa.String(30), nullable=False),
        sa.Column("begun_at", time, nullable=False),
        sa.Column("closed_at", time, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("inspected_at", time, nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer()),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("picked_for", sa.JSON(), nullable=False),
        sa.Column("human_score", sa.Integer()),
        sa.Column("comment", sa.Text()),
        sa.Column("checked_by", sa.String(60)),
        sa.Column("checked_at", time),
        sa.Column("appeal", sa.Text()),
        sa.Column("appealed_at", time),
        sa.Column("settlement", sa.String(10)),
        sa.Column("settled_by", sa.String(60)),
        sa.Column("settled_at", time),
        sa.Column("settled_because", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_reviews_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("conversation_id", "closed_at", "agent", name=op.f("uq_reviews_conversation_id")),
    )
    op.create_index("ix_reviews_closed", "reviews", ["closed_at"])
    op.create_index("ix_reviews_state", "reviews", ["state", "closed_at"])
    op.create_index("ix_reviews_agent", "reviews", ["agent", "closed_at"])
    op.create_index("ix_reviews_day", "reviews", ["day", "agent", "human_score", "score"])
    op.create_index("ix_reviews_scores", "reviews", ["agent", "day", "human_score", "score"])
    op.create_table(
        "review_findings",
        sa.Column("review_id", sa.String(36), nullable=False),
        sa.Column("rule", sa.String(30), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(15), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("agent", sa.String(60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_review_findings_review_id_reviews")),
        sa.PrimaryKeyConstraint("review_id", "rule", name=op.f("pk_review_findings")),
    )
    failed = sa.text("result = 'failed'")
    op.create_index(
        "ix_review_findings_failed", "review_findings", ["rule", "agent", "day", "result"],
        sqlite_where=failed, postgresql_where=failed,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("review_findings")
    op.drop_table("reviews")
