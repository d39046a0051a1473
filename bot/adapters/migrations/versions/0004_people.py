"""people: teams, skills, passwords, second factors, sessions, presence"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(sa.Column("team", sa.String(30), nullable=False, server_default="service"))
        batch_op.add_column(sa.Column("skills", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("capacity", sa.Integer(), nullable=False, server_default="5"))
        batch_op.add_column(sa.Column("disabled_at", _TIME))
        batch_op.add_column(sa.Column("password_hash", sa.String(200)))
        batch_op.add_column(sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("totp_secret", sa.Text()))
        batch_op.add_column(sa.Column("totp_since", _TIME))
        batch_op.add_column(sa.Column("totp_step", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("recovery_codes", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("users") as batch_op:
        for column in ("team", "skills", "capacity", "must_change", "totp_step", "recovery_codes"):
            batch_op.alter_column(column, server_default=None)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("person", sa.String(60), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("address", sa.String(60), nullable=False),
        sa.Column("browser", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["users.name"], name=op.f("fk_sessions_person_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "sign_in_failures",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sign_in_failures")),
    )
    op.create_index("ix_sign_in_failures_until", "sign_in_failures", ["until"])
    op.create_table(
        "presence",
        sa.Column("person", sa.String(60), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["person"], ["users.name"], name=op.f("fk_presence_person_users")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_presence")),
    )


def downgrade() -> None:
    for table in ("presence", "sign_in_failures", "sessions"):
        op.drop_table(table)
    with op.batch_alter_table("users") as batch_op:
        for column in (
            "recovery_codes", "totp_step", "totp_since", "totp_secret", "must_change", "password_hash", "disabled_at",
            "capacity", "skills", "team",
        ):  # fmt: skip
            batch_op.drop_column(column)
