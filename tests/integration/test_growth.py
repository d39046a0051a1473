"""A hundred thousand tickets: lists by state, by customer and by what is due next stay quick, and why."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from bot.adapters.tables.sealed import Found
from bot.adapters.uow import UnitsOfWork
from bot.domain.ticket import Kind

MANY = 100_000
LIMIT_MS = 20
PHONE = "13800000777"
"""Of the customer who is looked for; those of all others are not sealed here, which takes no part in it."""
COLUMNS = (
    "number, kind, status, conversation_id, fields, phone, emotion, opened_at, promised_at, idempotency_key, step, "
    "record, priority, team, level, due_at, watch_at, version, changed_at, has_attachments"
)
VALUES = {
    "sqlite": (
        "printf('BX%08d-0001', i), CASE i % 3 WHEN 0 THEN 'complaint' ELSE 'repair' END, "
        "CASE i % 50 WHEN 0 THEN 'open' WHEN 1 THEN 'in_progress' ELSE 'closed' END, NULL, '{}', "
        "printf('138%08d', i % 20000), 0, datetime('2026-01-01', i || ' minutes') || '.000000', "
        "datetime('2026-01-02', i || ' minutes') || '.000000', 'k' || i, 'received', '{}', 0, 'service', 'agent', "
        "CASE WHEN i % 50 < 2 THEN datetime('2026-01-02', i || ' minutes') || '.000000' END, "
        "CASE WHEN i % 50 < 2 THEN datetime('2026-01-02', i || ' minutes') || '.000000' END, 0, "
        "datetime('2026-01-01', i || ' minutes') || '.000000', 0"
    ),
    "postgresql": (
        "'BX' || lpad(i::text, 8, '0') || '-0001', CASE i % 3 WHEN 0 THEN 'complaint' ELSE 'repair' END, "
        "CASE i % 50 WHEN 0 THEN 'open' WHEN 1 THEN 'in_progress' ELSE 'closed' END, NULL, '{}', "
        "'138' || lpad((i % 20000)::text, 8, '0'), 0, timestamptz '2026-01-01Z' + i * interval '1 minute', "
        "timestamptz '2026-01-02Z' + i * interval '1 minute', 'k' || i, 'received', '{}', 0, 'service', 'agent', "
        "CASE WHEN i % 50 < 2 THEN timestamptz '2026-01-02Z' + i * interval '1 minute' END, "
        "CASE WHEN i % 50 < 2 THEN timestamptz '2026-01-02Z' + i * interval '1 minute' END, 0, "
        "timestamptz '2026-01-01Z' + i * interval '1 minute', false"
    ),
}


pytestmark = pytest.mark.timed


@pytest.fixture
def full(database: Engine) -> Engine:
    """The database with a hundred thousand tickets, one in twenty-five of them open."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})"
    with database.begin() as connection:
        values = VALUES[connection.dialect.name]
        connection.execute(text(f"INSERT INTO tickets ({COLUMNS}) {numbers} SELECT {values} FROM n"))
        sealed = Found().process_bind_param(PHONE, database.dialect)
        update = text("UPDATE tickets SET phone = :sealed WHERE phone = :plain")
        connection.execute(update, {"sealed": sealed, "plain": PHONE})
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return database


def look(database: Engine, query: Callable[..., list[object]]) -> tuple[float, str]:
    """The quickest of five runs in milliseconds, and the plan of the ticket query."""
    seen: list[tuple[str, object]] = []

    @event.listens_for(database, "before_cursor_execute")
    def _note(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "FROM tickets" in statement and not statement.startswith("EXPLAIN"):
            seen.append((statement, parameters))

    times = []
    for _ in range(5):
        began = time.perf_counter()
        with UnitsOfWork(database)() as uow:
            assert query(uow)
        times.append((time.perf_counter() - began) * 1000)
    event.remove(database, "before_cursor_execute", _note)
    explain = "EXPLAIN QUERY PLAN " if database.dialect.name == "sqlite" else "EXPLAIN "
    with database.begin() as connection:
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(explain + seen[0][0], seen[0][1]))
    return min(times), plan


NOW = datetime(2026, 1, 10, tzinfo=UTC)
LISTS = {
    "by state": (lambda uow: uow.tickets.search(None, "open", 50, 0), "ix_tickets_status"),
    "by kind and state": (lambda uow: uow.tickets.search(Kind.COMPLAINT, "open", 50, 0), "ix_tickets_kind"),
    "by customer": (lambda uow: uow.tickets.search(None, None, 50, 0, phone=PHONE), "ix_tickets_phone"),
    "next due": (lambda uow: uow.tickets.next_due(50), "ix_tickets_due"),
    "to watch": (lambda uow: uow.tickets.to_watch(NOW, 50), "ix_tickets_watch"),
}


def test_lists_of_a_hundred_thousand_tickets_use_their_index_and_take_at_most_20_ms(full: Engine) -> None:
    told = {name: look(full, query) for name, (query, _) in LISTS.items()}
    print({name: f"{milliseconds:.1f} ms" for name, (milliseconds, _) in told.items()})
    for name, (milliseconds, plan) in told.items():
        assert LISTS[name][1] in plan, f"{name}: {plan}"
        assert milliseconds <= LIMIT_MS, f"{name}: {milliseconds:.1f} ms"
