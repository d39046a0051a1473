"""what an agent holds, or has served, is found newest first, however much that is"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
SERVED = sa.text("agent IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_conversations_agent", "conversations")
    for name, *columns in (("agent", "agent", "owner", "touched_at"), ("served", "agent", "touched_at")):
        op.create_index(
            f"ix_conversations_{name}", "conversations", columns, sqlite_where=SERVED, postgresql_where=SERVED
        )  # fmt: skip


def downgrade() -> None:
    for name in ("agent", "served"):
        op.drop_index(f"ix_conversations_{name}", "conversations")
    op.create_index("ix_conversations_agent", "conversations", ["agent", "owner"])
