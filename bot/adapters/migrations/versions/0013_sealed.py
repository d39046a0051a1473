"""personal data sealed; what is looked for found by marks; who agreed, and who was forgotten"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.adapters.tables.sealed import (
    Found,
    Named,
    Sealed,
    SealedBytes,
    SealedJSON,
    Terms,
    mark_in_index,
)
from bot.adapters.ticket_terms import as_stored, texts_of, ticket_terms_of
from bot.adapters.unlocking import make_marks

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

LONGER = {
    ("customers", "name"): 60, ("customers", "phone"): 20, ("orders", "phone"): 20, ("tickets", "phone"): 20,
    ("open_questions", "text"): 400, ("attachments", "name"): 80, ("fetches", "name"): 100,
}  # fmt: skip
"""What is sealed is longer than it was; SQLite enforces no length."""

KEYS = {
    "customers": ["id"], "orders": ["number", "product_id"], "tickets": ["number"],
    "ticket_history": ["number", "position"], "conversation_reads": ["conversation_id", "person"],
    "review_findings": ["review_id", "rule"], "fetches": ["message_id"], "audit": ["seq"],
}  # fmt: skip
"""Primary keys; of all others it is `id`."""

LOOKED_FOR: dict[str, dict[str, Sealed]] = {
    "customers": {"name": Named(60), "phone": Found(20)}, "orders": {"phone": Found(20)},
    "tickets": {"phone": Found(20)},
}  # fmt: skip
"""Sealed now, since it is looked for; everything else is read as it is, until `anfu keys rotate` seals it."""

_TEXT, _JSON = Sealed(), SealedJSON()
SEALED: dict[str, dict[str, Any]] = {
    **LOOKED_FOR,
    "customers": {**LOOKED_FOR["customers"], "preferences": _TEXT, "note": _TEXT},
    "tickets": {**LOOKED_FOR["tickets"], "fields": _JSON, "record": _JSON, "entitlement": _JSON},
    "conversations": {"summary": _TEXT, "state": SealedBytes()}, "messages": {"text": _TEXT, "buttons": _JSON},
    "conversation_reads": {"draft": _TEXT}, "ratings": {"comment": _TEXT},
    "reviews": {"comment": _TEXT, "appeal": _TEXT, "settled_because": _TEXT},
    "review_findings": {"reason": _TEXT, "evidence": _JSON}, "ticket_history": {"reason": _TEXT},
    "approvals": {"facts": _JSON, "reason": _TEXT}, "agreements": {"terms": _JSON, "reason": _TEXT},
    "tasks": {"what": _TEXT, "result": _TEXT}, "followups": {"comment": _TEXT}, "visits": {"result": _TEXT},
    "misconduct": {"reason": _TEXT}, "notices": {"body": _JSON},
    "audit": {"reason": _TEXT, "before": _JSON, "after": _JSON},
    "open_questions": {"text": _TEXT}, "attachments": {"name": _TEXT}, "fetches": {"name": _TEXT},
}  # fmt: skip
"""What this form of the tables may hold sealed, and the former one may not."""

UNCHANGED = "seq, at, actor, subject, action, previous, hash"
"""Of the trail's entries: what they tell may be sealed anew, or forgotten; the chain's hashes show any other change."""


def upgrade() -> None:
    connection = op.get_bind()
    _create_tables()
    make_marks(connection)
    op.drop_index("ix_orders_phone", "orders")
    op.drop_index("ix_tickets_phone", "tickets")
    with op.batch_alter_table("customers") as batch_op:
        batch_op.drop_constraint("uq_customers_phone", type_="unique")
    _change_lengths(lambda chars: (sa.String(chars), sa.Text()))
    _let_the_trail("UPDATE OF " + UNCHANGED)
    for name, columns in LOOKED_FOR.items():
        _rewrite(name, columns, read={column: sa.Text() for column in columns}, write=columns)
    _index_tickets(Terms())
    op.create_index("uq_customers_phone", "customers", [mark_in_index("phone")], unique=True)
    op.create_index("ix_orders_phone", "orders", [mark_in_index("phone")])
    op.create_index("ix_tickets_phone", "tickets", [mark_in_index("phone"), "opened_at", "number"])


def downgrade() -> None:
    op.drop_index("uq_customers_phone", "customers")
    op.drop_index("ix_orders_phone", "orders")
    op.drop_index("ix_tickets_phone", "tickets")
    for name, columns in SEALED.items():
        plain = {column: sa.JSON() if kind is _JSON else kind.impl for column, kind in columns.items()}
        _rewrite(name, columns, read=columns, write=plain)
    _index_tickets(None)
    _let_the_trail("UPDATE")
    _change_lengths(lambda chars: (sa.Text(), sa.String(chars)))
    with op.batch_alter_table("customers") as batch_op:
        batch_op.create_unique_constraint(op.f("uq_customers_phone"), ["phone"])
    op.create_index("ix_orders_phone", "orders", ["phone"])
    op.create_index("ix_tickets_phone", "tickets", ["phone", "opened_at", "number"])
    for table in ("erasures", "consents", "seals"):
        op.drop_table(table)


def _create_tables() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "seals",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seals")),
    )
    op.create_table(
        "consents",
        sa.Column("conversation_id", sa.String(36), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("told_at", time, nullable=False),
        sa.Column("given_at", time),
        sa.Column("withdrawn_at", time),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_consents_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_consents")),
    )
    op.create_index("ix_consents_told_at", "consents", ["told_at"])
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )


def _change_lengths(types: Any) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for (table, column), chars in LONGER.items():
            before, after = types(chars)
            op.alter_column(table, column, existing_type=before, type_=after)


def _let_the_trail(refuse: str) -> None:
    """What the database refuses to change in an entry of the audit trail; to remove one it refuses in any case."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_is_never_changed")
        op.execute(
            f"CREATE TRIGGER audit_is_never_changed BEFORE {refuse} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
        )
        return
    op.execute("DROP TRIGGER audit_is_append_only ON audit")
    op.execute(
        f"CREATE TRIGGER audit_is_append_only BEFORE {refuse} OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()"
    )


def _rewrite(name: str, columns: Any, read: dict[str, Any], write: dict[str, Any]) -> None:
    """Store the values of columns in another form."""
    if name == "audit":
        _let_the_trail("UPDATE OF " + UNCHANGED)
    connection = op.get_bind()
    keys = KEYS.get(name, ["id"])
    given = sa.table(name, *map(sa.column, keys), *(sa.column(column, read[column]) for column in columns))
    kept = sa.table(name, *map(sa.column, keys), *(sa.column(column, write[column]) for column in columns))
    own = sa.and_(True, *(kept.c[key] == sa.bindparam(f"key_{key}") for key in keys))
    change = kept.update().where(own).values({column: sa.bindparam(f"to_{column}") for column in columns})
    for row in _all(connection, given, keys):
        values = {f"key_{key}": row[key] for key in keys} | {f"to_{column}": row[column] for column in columns}
        connection.execute(change, values)


def _all(connection: Any, table: Any, keys: list[str]) -> Iterator[Any]:
    """The rows of a table, some thousand at a time, in the order of its key."""
    order = [table.c[key] for key in keys]
    rest = sa.true()
    while rows := connection.execute(sa.select(table).where(rest).order_by(*order).limit(2000)).mappings().all():
        yield from rows
        rest = sa.tuple_(*order) > sa.tuple_(*(sa.literal(rows[-1][key]) for key in keys))


def _index_tickets(terms: Any) -> None:
    """Every ticket is found by digests of its words, or by the words themselves again."""
    connection = op.get_bind()
    dialect = connection.dialect.name
    kinds = {"phone": Found(20), "fields": _JSON, "record": _JSON} if terms else {}
    tickets = sa.table(
        "tickets", sa.column("number"), sa.column("phone", kinds.get("phone")),
        sa.column("fields", kinds.get("fields", sa.JSON())), sa.column("record", kinds.get("record", sa.JSON())),
    )  # fmt: skip
    history = sa.table("ticket_history", sa.column("number"), sa.column("position"), sa.column("reason", _TEXT))
    customers = sa.table("customers", sa.column("name", Named(60)), sa.column("phone", kinds.get("phone")))
    stored = sa.table("ticket_terms", sa.column("number"), sa.column("terms", terms))
    value: Any = sa.bindparam("terms_", type_=terms)
    if terms is None and dialect == "postgresql":
        value = sa.text("CAST(:terms_ AS tsvector)")
    put = stored.update().where(stored.c.number == sa.bindparam("number_")).values(terms=value)
    for row in _all(connection, tickets, ["number"]):
        told = sa.select(history.c.reason).where(history.c.number == row["number"]).order_by(history.c.position)
        reasons = connection.execute(told).scalars().all()
        named = sa.select(customers.c.name).where(customers.c.phone == row["phone"])
        name = connection.execute(named).scalar() if row["phone"] else None
        texts = texts_of(row["number"], row["phone"], row["fields"], row["record"], reasons, name)
        words = ticket_terms_of(texts, row["phone"])
        connection.execute(put, {"number_": row["number"], "terms_": words if terms else as_stored(words, dialect)})
