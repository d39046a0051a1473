"""revisions of scripts and articles, and the number of what is in force"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "revisions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(60), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("base", sa.String(30), nullable=False),
        sa.Column("shipped", sa.String(16), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("number", sa.Integer()),
        sa.Column("changed_at", time),
        sa.Column("published_by", sa.String(60)),
        sa.Column("published_at", time),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("kind", "key", "number", name="uq_revisions_number"),
    )
    op.create_index("ix_revisions_state", "revisions", ["state", "kind"])
    in_force, draft = sa.text("state = 'published'"), sa.text("state = 'draft'")
    op.create_index(
        "uq_revisions_in_force", "revisions", ["kind", "key"], unique=True,
        sqlite_where=in_force, postgresql_where=in_force,
    )  # fmt: skip
    op.create_index(
        "uq_revisions_draft", "revisions", ["kind", "key", "author"], unique=True,
        sqlite_where=draft, postgresql_where=draft,
    )  # fmt: skip
    op.create_table(
        "content_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_version")),
    )


def downgrade() -> None:
    op.drop_table("content_version")
    op.drop_table("revisions")
