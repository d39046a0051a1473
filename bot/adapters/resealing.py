"""Sealing anew what an older key has sealed, or none, while the service runs; a batch is a transaction (E10)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, LargeBinary, String, Table, Text, and_, cast, select, true, tuple_, type_coerce
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.adapters import tables as t
from bot.adapters.outages import DEADLOCK
from bot.adapters.sealing import stamp
from bot.adapters.tables.sealed import SealedBytes, SealedJSON, sealed_columns, sealing_of

BATCH = 200
_EMPTY = ("", "[]", "{}", "null", '""')
_RAW = "raw_"


@dataclass
class Tally:
    """How the values of one table are sealed: with the newest key, with an older one, or not at all."""

    table: str
    newest: int = 0
    older: int = 0
    plain: int = 0


def tallies(engine: Engine) -> Iterator[Tally]:
    """Count table by table."""
    for table in _tables():
        columns, tally = sealed_columns(table), Tally(table.name)
        newest = _newest(engine)
        with engine.connect() as connection:
            query = select(*(_raw(column) for column in columns)).execution_options(yield_per=1000)
            for row in connection.execute(query):
                for column, raw in zip(columns, row, strict=True):
                    _count(tally, column, raw, newest)
        yield tally


def reseal(engine: Engine, tell: Callable[[str, int], None] = lambda table, rows: None) -> int:
    """Seal everything with the newest key; what is sealed with it already is left alone, so that it can be run again.

    Args:
        tell: hears after each batch in which table how many rows are done.

    Returns:
        How many rows were sealed anew.
    """
    _renew_marks(engine)
    return sum(_reseal_table(engine, table, tell) for table in _tables())


def _reseal_table(engine: Engine, table: Table, tell: Callable[[str, int], None]) -> int:
    key, done, last = list(table.primary_key.columns), 0, None
    while True:
        try:
            with engine.begin() as connection:
                rows = _batch(connection, table, key, last)
                renewed = sum(_reseal_row(connection, table, key, row) for row in rows)
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", "") != DEADLOCK:
                raise
            continue  # the service and we waited for each other, and we gave way
        if not rows:
            return done
        done += renewed
        last = [rows[-1][column.name] for column in key]
        tell(table.name, done)


def _batch(connection: Connection, table: Table, key: Sequence[Any], last: Sequence[Any] | None) -> list[Any]:
    columns = sealed_columns(table)
    after = tuple_(*key) > tuple_(*last) if last else true()
    query = select(*key, *columns, *(_raw(column) for column in columns)).where(after).order_by(*key).limit(BATCH)
    return list(connection.execute(query.with_for_update()).mappings())


def _reseal_row(connection: Connection, table: Table, key: Sequence[Any], row: Any) -> bool:
    newest = sealing_of(connection.dialect).keyring.newest  # type: ignore[union-attr]
    values = {
        column.name: row[column.name]
        for column in sealed_columns(table)
        if not _is_empty(row[_RAW + column.name]) and _stamp(column, row[_RAW + column.name]) != newest
    }
    if values:
        own = and_(true(), *(column == row[column.name] for column in key))
        connection.execute(table.update().where(own).values(**values))
    return bool(values)


def _renew_marks(engine: Engine) -> None:
    """The key of the marks stays; only what it is sealed with changes."""
    with engine.begin() as connection:
        keyring = sealing_of(connection.dialect).keyring
        sealed = connection.execute(select(t.seals.c.marks).with_for_update()).scalar_one()
        if keyring and stamp(sealed) != keyring.newest:
            renewed = keyring.seal_text(keyring.open_text(sealed))
            connection.execute(t.seals.update().values(marks=renewed))


def _raw(column: Column[Any]) -> Any:
    """A value as it lies on the disk."""
    if isinstance(column.type, SealedJSON):
        return cast(column, Text).label(_RAW + column.name)
    kind = LargeBinary() if isinstance(column.type, SealedBytes) else String()
    return type_coerce(column, kind).label(_RAW + column.name)


def _count(tally: Tally, column: Column[Any], raw: Any, newest: str) -> None:
    if _is_empty(raw):
        return
    present = _stamp(column, raw)
    if present == newest:
        tally.newest += 1
    elif present:
        tally.older += 1
    else:
        tally.plain += 1


def _stamp(column: Column[Any], raw: Any) -> str:
    found: str = column.type.stamp(raw)
    return found


def _is_empty(raw: Any) -> bool:
    return not raw or raw in _EMPTY


def _newest(engine: Engine) -> str:
    return sealing_of(engine.dialect).keyring.newest  # type: ignore[union-attr]


def _tables() -> list[Table]:
    return [table for table in t.metadata.sorted_tables if sealed_columns(table)]
