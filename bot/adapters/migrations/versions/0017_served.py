"""what an agent holds, or has served, is found newest first, however much that is"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    served = sa.text("agent IS NOT NULL")
    op.create_index(
        "ix_conversations_served", "conversations", ["agent", "touched_at"], sqlite_where=served,
        postgresql_where=served,
    )  # fmt: skip
    op.drop_index("ix_conversations_agent", "conversations")
    op.create_index("ix_conversations_agent", "conversations", ["agent", "owner", "touched_at"])


def downgrade() -> None:
    op.drop_index("ix_conversations_agent", "conversations")
    op.create_index("ix_conversations_agent", "conversations", ["agent", "owner"])
    op.drop_index("ix_conversations_served", "conversations")
