"""A database in which every table has rows, and all that is in it as text."""

import json
import re
from datetime import timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, Date, DateTime, Integer, LargeBinary, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.engine import Engine

from bot.adapters.sealing import PREFIX
from bot.adapters.table_rows import tables_in
from bot.adapters.tables import metadata
from tests.integration.fixtures_database import KEYS, NOON

FILLED = 2
"""Rows in each table: enough to mix them up."""

Content = dict[str, dict[str, list[str]]]
"""table → column → what its rows hold, in the order of the rows' first column."""


def opened(value: str) -> str:
    """What a value says, sealed or not; behind a mark or in JSON a sealed one begins later."""
    _, found, sealed = value.partition(PREFIX)
    if not found:
        return value
    plain = KEYS.open_text(PREFIX + re.split(r"[.\"]", sealed)[0])
    return json.dumps(json.loads(plain), ensure_ascii=False) if value.startswith('"') else plain


def content(engine: Engine) -> Content:
    """Everything in the database, as text, but the words that tickets are found by: those are made anew."""
    is_server = engine.dialect.name == "postgresql"
    with engine.connect() as connection:
        columns = connection.execute(text(COLUMNS[engine.dialect.name])).all()
        found: Content = {}
        for table in sorted({table for table, _ in columns} - {"alembic_version", "ticket_terms"}):
            names = [name for owner, name in columns if owner == table]
            chosen = ", ".join(f'"{name}"::text' if is_server else f'"{name}"' for name in names)
            rows = connection.execute(text(f'SELECT {chosen} FROM "{table}"')).all()
            told = sorted([opened(str(value)) for value in row] for row in rows)
            found[table] = {name: [row[place] for row in told] for place, name in enumerate(names)}
    return found


COLUMNS = {
    "postgresql": "SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position",
    "sqlite": "SELECT m.name, c.name FROM pragma_table_list m JOIN pragma_table_info(m.name) c "
    "WHERE m.type = 'table' AND m.schema = 'main' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid",
}


def value_for(column: Any, row: int) -> Any:
    """Some value of the column's kind, another one in each row."""
    kind = column.type
    if isinstance(kind, DateTime):
        return NOON + timedelta(days=row)
    if isinstance(kind, Date):
        return NOON.date() + timedelta(days=row)
    if isinstance(kind, Boolean):
        return row == 0
    if isinstance(kind, Integer):
        return row + 1
    if isinstance(kind, LargeBinary):
        return f"state {row}".encode()
    if isinstance(kind, JSON):
        return {"symptom": f"不脱水 {row}"}
    if isinstance(kind, TSVECTOR):
        return f"'word{row}':1"
    return f"{column.name[:2]}{row}"  # fits everywhere


def fill(engine: Engine) -> None:
    """Rows in every table, each pointing at the same row of the table that it refers to."""
    with engine.begin() as connection:
        for table in tables_in(connection, metadata.tables.keys() - {"seals"}):  # that has the one row that it can
            for row in range(FILLED):
                values: dict[str, Any] = {}
                for column in table.columns:
                    target = next(iter(column.foreign_keys), None)
                    values[column.name] = value_for(target.column if target else column, row)
                connection.execute(table.insert().values(**values))
