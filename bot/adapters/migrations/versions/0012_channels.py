"""other people's platforms: what may still be sent, what is to be fetched, whose conversations belong together"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    with op.batch_alter_table("messages", recreate="never") as batch_op:
        batch_op.add_column(sa.Column("delivery", sa.String(10)))
        batch_op.add_column(sa.Column("delivery_note", sa.Text()))
    with op.batch_alter_table("outbox", recreate="never") as batch_op:
        batch_op.add_column(sa.Column("claim", sa.String(36)))
        batch_op.add_column(sa.Column("claimed_until", time))
        batch_op.add_column(sa.Column("part", sa.Integer(), nullable=False, server_default="0"))
        batch_op.drop_index("ix_outbox_due")
        batch_op.create_index("ix_outbox_due", ["channel", "due_at"])
        batch_op.create_index("ix_outbox_conversation", ["conversation_id", "seq"])
    op.create_table(
        "reaches",
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("openings", sa.JSON(), nullable=False),
        sa.Column("has_left", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        _of_conversation("reaches"),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_reaches")),
    )
    op.create_table(
        "seen_events",
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("at", time, nullable=False),
        _of_conversation("seen_events"),
        sa.PrimaryKeyConstraint("conversation_id", "key", name=op.f("pk_seen_events")),
    )
    op.create_index("ix_seen_events_at", "seen_events", ["at"])
    op.create_table(
        "fetches",
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("media_id", sa.String(300), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", time, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_fetches_message_id_messages")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_fetches")),
    )
    op.create_index("ix_fetches_due", "fetches", ["channel", "due_at"])
    op.create_table(
        "pulls",
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("token", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_wanted", sa.Boolean(), nullable=False),
        sa.Column("due_at", time, nullable=False),
        sa.Column("holder", sa.String(36)),
        sa.Column("held_until", time),
        sa.PrimaryKeyConstraint("channel", "account", name=op.f("pk_pulls")),
    )
    op.create_table(
        "platform_tokens",
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("expires_at", time),
        sa.Column("refresher", sa.String(36)),
        sa.Column("refresh_until", time),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_platform_tokens")),
    )
    op.create_table(
        "bindings",
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("group_id", sa.String(36), nullable=False),
        sa.Column("bound_at", time, nullable=False),
        _of_conversation("bindings"),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_bindings")),
    )
    op.create_index("ix_bindings_group", "bindings", ["group_id"])
    op.create_table(
        "binding_offers",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("code_digest", sa.String(64), nullable=False),
        sa.Column("expires_at", time, nullable=False),
        sa.Column("used_at", time),
        _of_conversation("binding_offers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binding_offers")),
    )
    op.create_index("ix_binding_offers_code", "binding_offers", ["code_digest"])
    op.create_index("ix_binding_offers_expires", "binding_offers", ["expires_at"])
    op.create_table(
        "binding_tries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("at", time, nullable=False),
        _of_conversation("binding_tries"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binding_tries")),
    )
    op.create_index("ix_binding_tries_at", "binding_tries", ["at"])


def downgrade() -> None:
    for table in (
        "binding_tries", "binding_offers", "bindings", "platform_tokens", "pulls", "fetches", "seen_events", "reaches",
    ):  # fmt: skip
        op.drop_table(table)
    with op.batch_alter_table("outbox", recreate="never") as batch_op:
        batch_op.drop_index("ix_outbox_conversation")
        batch_op.drop_index("ix_outbox_due")
        batch_op.create_index("ix_outbox_due", ["due_at"])
        batch_op.drop_column("part")
        batch_op.drop_column("claimed_until")
        batch_op.drop_column("claim")
    with op.batch_alter_table("messages", recreate="never") as batch_op:
        batch_op.drop_column("delivery_note")
        batch_op.drop_column("delivery")


def _of_conversation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_conversation_id_conversations")
    return sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=name)
