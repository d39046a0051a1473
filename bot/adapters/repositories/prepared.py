"""Statements of every day: built and compiled once, then run by the driver itself.

SQLAlchemy looks up the compiled form, makes a context and a result for each statement that it runs: several times what
SQLite needs for the statement itself. Rows, errors and values are the same as from its own `execute`
(`tests/integration/test_prepared.py` compares them).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from psycopg2.extras import execute_batch
from sqlalchemy import Column, Table, and_, bindparam
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.sql import ClauseElement

Process = Callable[[Any], Any]


@dataclass
class _Compiled:
    """What one kind of database is sent.

    Attributes:
        values: of each parameter its name, the name that its value is given by, how the value is made fit for the
            driver, and the value itself where none is given.
        columns: their names. types: of each.
        openers: by place, how a value from the driver becomes ours; known when the driver has told its types.
    """

    sql: str
    in_order: bool
    values: Sequence[tuple[str, str, Process | None, Any]]
    columns: Sequence[str]
    types: Sequence[Any]
    openers: Sequence[tuple[int, Process]] | None = None


class Found:
    """What a statement found; its rows can be read once or many times."""

    __slots__ = ("_columns", "_rows", "rowcount")

    def __init__(self, columns: Sequence[str], rows: list[Any], rowcount: int) -> None:
        self._columns = columns
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def mappings(self) -> "Found":
        """Rows as values by column."""
        columns = self._columns
        return Found(columns, [dict(zip(columns, row, strict=True)) for row in self._rows], self.rowcount)

    def scalars(self) -> "Found":
        """The first column alone."""
        return Found(self._columns[:1], [row[0] for row in self._rows], self.rowcount)

    def all(self) -> list[Any]:
        """All rows."""
        return self._rows

    def first(self) -> Any:
        """The first row, or None."""
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Any:
        """The only row, or None.

        Raises:
            MultipleResultsFound: there are more.
        """
        if len(self._rows) > 1:
            raise MultipleResultsFound("one row was expected, and there are more")
        return self.first()

    def one(self) -> Any:
        """The only row.

        Raises:
            NoResultFound, MultipleResultsFound: there is none, or more than one.
        """
        if not self._rows:
            raise NoResultFound("one row was expected, and there is none")
        return self.one_or_none()

    def scalar_one_or_none(self) -> Any:
        """The first column of the only row, or None."""
        row = self.one_or_none()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        """The first column of the only row."""
        return self.one()[0]

    def scalar(self) -> Any:
        """The first column of the first row, or None."""
        return self._rows[0][0] if self._rows else None


class Prepared:
    """A statement for `Connection.execute`, with its values by name, or a list of them.

    Its parameters are bound one by one: no `IN` of a list whose length changes. Columns of an insert are those given
    in `columns`; none may have a default that SQLAlchemy makes. An update tells of the rows that it changed those
    columns that are given in `returning`, as they are now.
    """

    def __init__(
        self, statement: ClauseElement, columns: Sequence[str] | None = None, returning: Sequence[Column[Any]] = ()
    ) -> None:
        self.statement = statement
        self._columns = columns
        self._returning = returning
        self._compiled: WeakKeyDictionary[Dialect, _Compiled] = WeakKeyDictionary()

    def _execute_on_connection(self, connection: Connection, given: Any, _params: Any, _options: Any) -> Found:
        """SQLAlchemy's door for what its connections execute."""
        dialect: Any = connection.dialect
        form = self._compiled.get(dialect)
        if form is None:
            form = self._compiled[dialect] = self._compile(dialect)
        values = given[0] if given else {}
        many = isinstance(values, list) and len(values) > 1
        one = values[0] if isinstance(values, list) else values
        bound: Any = [_bound(form, row) for row in values] if many else _bound(form, one)
        database: Any = connection
        cursor = None
        try:
            cursor = database.connection.cursor()
            if database._has_events or connection.engine._has_events:
                database.dispatch.before_cursor_execute(connection, cursor, form.sql, bound, None, many)
            if many:
                _execute_many(dialect, cursor, form.sql, bound)
            else:
                cursor.execute(form.sql, bound)
            if database._has_events or connection.engine._has_events:
                database.dispatch.after_cursor_execute(connection, cursor, form.sql, bound, None, many)
            rows = _opened(form, dialect, cursor) if form.columns and cursor.description else []
            found = Found(form.columns, rows, cursor.rowcount)
            cursor.close()
        except BaseException as error:
            # Wraps the driver's error, and lets go of a connection that leads nowhere, as for every other statement.
            database._handle_dbapi_exception(error, form.sql, bound, cursor, None)
            raise
        return found

    def _compile(self, dialect: Any) -> _Compiled:
        compiled: Any = self.statement.compile(dialect=dialect, column_keys=self._columns)
        if compiled.post_compile_params or getattr(compiled, "insert_prefetch", ()):
            raise ValueError(f"not to be prepared: {compiled}")
        bound = {name: parameter for parameter, name in compiled.bind_names.items()}
        values = [
            (name, one.key, compiled._bind_processors.get(name), _MISSING if one.required else one.effective_value)
            for name, one in ((name, bound[name]) for name in (compiled.positiontup or bound))
        ]
        if self._returning:  # SQLAlchemy does not write it for SQLite
            names = [column.name for column in self._returning]
            sql = f"{compiled} RETURNING {', '.join(names)}"
            return _Compiled(sql, compiled.positional, values, names, [column.type for column in self._returning])
        found = compiled._result_columns or []
        return _Compiled(
            str(compiled), compiled.positional, values, [name for name, *_ in found], [kind for *_, kind in found]
        )


def insert(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Store a row, with its values by column."""
    connection.execute(_inserting(table, tuple(row)), row)


def update(connection: Connection, table: Table, where: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    """Change the rows whose columns have the values of `where`, none of them NULL.

    Returns:
        How many there were.
    """
    own = {f"its_{name}": value for name, value in where.items()}
    new = {f"new_{name}": value for name, value in values.items()}
    changed: int = connection.execute(_updating(table, tuple(where), tuple(values)), {**own, **new}).rowcount
    return changed


def equal(table: Table, names: Sequence[str]) -> Any:
    """The condition that columns have the values given as `its_…`."""
    return and_(*(table.c[name] == bindparam(f"its_{name}") for name in names))


@cache
def _inserting(table: Table, columns: tuple[str, ...]) -> Prepared:
    return Prepared(table.insert(), columns)


@cache
def _updating(table: Table, where: tuple[str, ...], columns: tuple[str, ...]) -> Prepared:
    values = {name: bindparam(f"new_{name}") for name in columns}
    return Prepared(table.update().where(equal(table, where)).values(values))


_MISSING: Any = object()


def _bound(form: _Compiled, given: Mapping[str, Any]) -> Any:
    """Values as the driver takes them."""
    made = []
    for _, key, process, default in form.values:
        value = given.get(key, default)
        if value is _MISSING:
            raise KeyError(f"no value for {key}")
        made.append(value if process is None else process(value))
    if form.in_order:
        return made
    return {name: value for (name, _, _, _), value in zip(form.values, made, strict=True)}


def _execute_many(dialect: Any, cursor: Any, sql: str, rows: list[Any]) -> None:
    if dialect.name == "sqlite":
        cursor.executemany(sql, rows)
    else:
        execute_batch(cursor, sql, rows)  # one round trip, not one for each


def _opened(form: _Compiled, dialect: Any, cursor: Any) -> list[Any]:
    """Rows with their values as the code knows them."""
    if form.openers is None:
        form.openers = [
            (place, opener)
            for place, (kind, described) in enumerate(zip(form.types, cursor.description, strict=True))
            if (opener := kind._cached_result_processor(dialect, described[1]))
        ]
    rows: list[Any] = cursor.fetchall()
    opened = []
    for found in rows:
        row = list(found)
        for place, opener in form.openers:
            row[place] = opener(row[place])
        opened.append(row)
    return opened
