"""growth: what is asked for all the time is found by index, however long the past is"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_conversations_open", "conversations", ["owner", "touched_at"],
        sqlite_where=sa.text("closed_at IS NULL"), postgresql_where=sa.text("closed_at IS NULL"),
    )  # fmt: skip
    _index_unanswered(sqlite_where="unanswered = 1")


def downgrade() -> None:
    op.drop_index("ix_conversations_open", "conversations")
    _index_unanswered(sqlite_where="unanswered")


def _index_unanswered(sqlite_where: str) -> None:
    """SQLite takes a partial index only for a question that is asked in its very words."""
    op.drop_index("ix_conversations_unanswered", "conversations")
    op.create_index(
        "ix_conversations_unanswered", "conversations", ["unanswered"],
        sqlite_where=sa.text(sqlite_where), postgresql_where=sa.text("unanswered"),
    )  # fmt: skip
