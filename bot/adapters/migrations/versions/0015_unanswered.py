"""what waits for an answer is found at once, however long the conversation is"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_messages_unanswered", "messages", ["conversation_id", "seq"],
        sqlite_where=sa.text("answered IS 0"), postgresql_where=sa.text("answered IS false"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_messages_unanswered", "messages")
