"""assistance: canned replies and how often they are used"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("title", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("topic", sa.String(30), nullable=False),
        sa.Column("shortcut", sa.String(21)),
        sa.Column("sharing", sa.String(10), nullable=False),
        sa.Column("owner", sa.String(60), nullable=False),
        sa.Column("team", sa.String(30), nullable=False),
        sa.Column("requirement", sa.String(10), nullable=False),
        sa.Column("is_removed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_replies")),
        sa.UniqueConstraint("owner", "shortcut", name=op.f("uq_canned_replies_owner")),
    )
    op.create_index("ix_canned_replies_sharing", "canned_replies", ["sharing", "team"])
    op.create_table(
        "canned_uses",
        sa.Column("person", sa.String(60), nullable=False),
        sa.Column("reply", sa.String(60), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", "reply", name=op.f("pk_canned_uses")),
    )
    op.create_index("ix_canned_uses_reply", "canned_uses", ["reply"])


def downgrade() -> None:
    op.drop_table("canned_uses")
    op.drop_table("canned_replies")
