"""Which form the tables of a database have, and bringing them forward or back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from bot.adapters.sealing import Keyring
from bot.adapters.uow import MIGRATIONS, open_database
from bot.domain.errors import InvalidInput

EMPTY = "base"
"""The form of a database without tables."""


@dataclass(frozen=True)
class Step:
    """One migration: its number, and what it brings in words."""

    number: str
    subject: str


def steps() -> list[Step]:
    """All migrations that this version knows, in order."""
    script = ScriptDirectory(str(MIGRATIONS))
    return [Step(one.revision, (one.doc or "").strip()) for one in reversed(list(script.walk_revisions()))]


def newest() -> str:
    """The number of the last migration."""
    return steps()[-1].number


def present(connection: Connection) -> str:
    """The form that the tables have now; `EMPTY` where there are none."""
    return MigrationContext.configure(connection).get_current_revision() or EMPTY


def form_of(url: str) -> str:
    """The form of the tables at an address.

    Raises:
        InvalidInput: the database does not answer.
    """
    with _opened(url, None) as engine, engine.connect() as connection:
        return present(connection)


def bring_to(url: str, number: str, keyring: Keyring) -> None:
    """Bring the tables at an address to a form, forward or back.

    Raises:
        InvalidInput: the database does not answer, or a form is unknown here.
        NoKey: what is sealed there cannot be opened.
    """
    with _opened(url, keyring) as engine, engine.begin() as connection:
        bring(connection, number)


def between(before: str, after: str) -> Sequence[Step]:
    """The migrations that lead from the older form to the newer one, in order.

    Raises:
        InvalidInput: one of them is unknown here, as after a return to an older version of the program.
    """
    known = steps()
    places = {EMPTY: 0} | {step.number: place for place, step in enumerate(known, start=1)}
    for number in (before, after):
        if number not in places:
            newest_here = known[-1].number
            raise InvalidInput(
                f"这个版本的程序不认识迁移 {number}（最新的是 {newest_here}），请先升级程序，或用 anfu db status 查看"
            )
    return known[places[before] : places[after]]


def bring(connection: Connection, number: str) -> None:
    """Bring the tables to a form, forward or back, within the connection's transaction.

    Raises:
        InvalidInput: that form, or the present one, is unknown here.
    """
    if connection.dialect.name == "postgresql":  # nodes that start meanwhile wait
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('anfu migrations'))")
    now = present(connection)
    forward = bool(between(now, number))
    if not forward and not between(number, now):
        return
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    (command.upgrade if forward else command.downgrade)(config, number)


@contextmanager
def _opened(url: str, keyring: Keyring | None) -> Iterator[Engine]:
    engine = open_database(url, keyring)
    try:
        yield engine
    except OperationalError as error:
        raise InvalidInput(f"数据库连不上，请检查 ANFU_DATABASE 和数据库是否在运行：{error.orig}") from error
    finally:
        engine.dispose()
