"""the website's customers read what is stored: nothing waits to be brought to them any more"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM outbox WHERE channel = 'web'")


def downgrade() -> None:
    """What was stored before was read long ago."""
