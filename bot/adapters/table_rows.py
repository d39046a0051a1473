"""The rows of all tables, out of one database and into another, whichever of the two kinds they are.

Values travel as the database holds them: what is sealed stays sealed, JSON stays the very text that it is, so that
the hashes of the audit trail fit afterwards.
"""

import json
import warnings
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    DateTime,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    cast,
    column,
    func,
    insert,
    select,
    table,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.engine import Connection, Engine

from bot.adapters.tables import metadata
from bot.adapters.tables.base import UTCTime
from bot.adapters.ticket_terms import as_stored
from bot.adapters.uow import readers

BATCH = 2000
_WORDS = "terms"
"""Search words have a form of their own in each kind of database (`ticket_terms`)."""

Row = list[Any]


@contextmanager
def moment(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the database as it is at this moment for as long as it is open; nobody waits for it."""
    if engine.dialect.name == "postgresql":
        seeing = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    else:
        seeing = readers(engine)
    with seeing.connect() as connection, connection.begin():
        yield connection


def tables_in(connection: Connection, names: Iterable[str] | None = None) -> list[Table]:
    """Our tables as this database has them, those that others refer to first.

    Args:
        names: which ones, where they may not be today's.
    """
    there = set(connection.dialect.get_table_names(connection))
    wanted = there & set(metadata.tables if names is None else names)
    found = MetaData()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of indexes over expressions, which do not matter here
        found.reflect(connection, only=sorted(wanted))
    return [one for one in found.sorted_tables if one.name in wanted]  # reflecting also finds what they refer to


def count(connection: Connection, source: Table) -> int:
    """How many rows there are."""
    return int(connection.execute(select(func.count()).select_from(source)).scalar_one())


def rows_of(connection: Connection, source: Table) -> Iterator[str]:
    """A table as lines of JSON: the names of its columns, then its rows; read as they are needed."""
    yield _line([c.name for c in source.columns])
    query = select(*(_selected(c) for c in source.columns)).select_from(source)
    streaming = connection.execution_options(stream_results=True, yield_per=BATCH)
    changes = [(place, out) for place, c in enumerate(source.columns) if (out := _out(c.type))]
    for found in streaming.execute(query):
        row = list(found)
        for place, out in changes:
            if row[place] is not None:
                row[place] = out(row[place])
        yield _line(row)


def put_rows(connection: Connection, target: Table, lines: Iterator[str], origin: str) -> int:
    """Store the lines of `rows_of`; returns how many rows they were.

    Args:
        origin: the kind of database that they come from, `sqlite` or `postgresql`.

    Raises:
        ValueError: a line is no row of this table.
    """
    names: list[str] = json.loads(next(lines))
    columns = [target.columns[name] for name in names]
    dialect = connection.dialect.name
    into = insert(table(target.name, *(column(c.name, _bound(c.type)) for c in columns)))
    changes = [(c.name, change) for c in columns if (change := _in(c, dialect, origin))]
    stored = 0
    while batch := [dict(zip(names, json.loads(line), strict=True)) for line in islice(lines, BATCH)]:
        for row in batch:
            for name, change in changes:
                if row[name] is not None:
                    row[name] = change(row[name])
        connection.execute(into, batch)
        stored += len(batch)
    return stored


def go_on_counting(connection: Connection, tables: Sequence[Table]) -> None:
    """Let what counts by itself go on after the highest number that was put in; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for one in tables:
        for key in one.primary_key.columns:
            sequence = connection.execute(
                text("SELECT pg_get_serial_sequence(:table, :key)"), {"table": f'"{one.name}"', "key": key.name}
            ).scalar()
            if sequence:
                highest = connection.execute(select(func.max(key))).scalar()
                if highest is not None:
                    connection.execute(text("SELECT setval(:sequence, :at)"), {"sequence": sequence, "at": highest})


def _line(row: Sequence[Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _selected(c: Any) -> Any:
    if isinstance(c.type, JSON | TSVECTOR):
        return cast(c, Text)
    return column(c.name, _bound(c.type))


def _bound(kind: Any) -> Any:
    """How a value goes to the driver: as little changed as can be."""
    if isinstance(kind, DateTime):
        return UTCTime
    if isinstance(kind, JSON | TSVECTOR):
        return String
    return next((plain for plain in (Boolean, Date, LargeBinary) if isinstance(kind, plain)), None)


def _out(kind: Any) -> Callable[[Any], Any] | None:
    if isinstance(kind, DateTime):
        return datetime.isoformat
    if isinstance(kind, Date):
        return date.isoformat
    if isinstance(kind, LargeBinary):
        return lambda value: b64encode(value).decode()
    return None


def _in(target: Any, dialect: str, origin: str) -> Callable[[Any], Any] | None:
    kind = target.type
    if isinstance(kind, DateTime):
        return datetime.fromisoformat
    if isinstance(kind, Date):
        return date.fromisoformat
    if isinstance(kind, LargeBinary):
        return b64decode
    if target.table.name == "ticket_terms" and target.name == _WORDS and dialect != origin:
        return (lambda words: as_stored(words.split(), dialect)) if dialect == "postgresql" else _words_of
    return None


def _words_of(vector: str) -> str:
    """The words of a tsvector in the order in which they stood: `'b':2 'a':1,3` → `a b a`."""
    placed: list[tuple[int, str]] = []
    for entry in vector.split():
        word, _, places = entry.rpartition(":")
        placed += [(int(place.rstrip("ABCD")), word.strip("'")) for place in places.split(",")]
    return " ".join(word for _, word in sorted(placed))
