"""Units of work on SQLite or PostgreSQL, and bringing the database to its newest form."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

from bot.adapters.repositories import ConversationRows, MessageRows, OrderRows, OutboxRows, TicketRows, UserRows

MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`.

    On SQLite every transaction begins as a writer, so that two never deadlock half way; readers wait a millisecond.
    """
    if not url.startswith("sqlite"):
        return create_engine(url, future=True, pool_size=8, max_overflow=8, pool_pre_ping=True)
    engine = create_engine(
        url, future=True, poolclass=QueuePool, connect_args={"check_same_thread": False, "timeout": 15}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's
        connection.execute("PRAGMA journal_mode=WAL")
        # An acknowledged message survives a power cut (invariant 11); a third of a millisecond a commit.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest form; safe to call at each start."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # nodes that start together take turns
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('anfu migrations'))")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


class DatabaseUnitOfWork:
    """One transaction over all repositories; leaving it without `commit` changes nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> "DatabaseUnitOfWork":
        self._connection: Connection = self._engine.connect()
        self._transaction = self._connection.begin()
        self.conversations = ConversationRows(self._connection)
        self.messages = MessageRows(self._connection)
        self.tickets = TicketRows(self._connection)
        self.outbox = OutboxRows(self._connection)
        self.orders = OrderRows(self._connection)
        self.users = UserRows(self._connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transaction.is_active:
            self._transaction.rollback()
        self._connection.close()

    def commit(self) -> None:
        """Make everything done so far lasting."""
        self._transaction.commit()


def unit_of_work(engine: Engine) -> Callable[[], DatabaseUnitOfWork]:
    """A factory of units of work on this database."""
    return lambda: DatabaseUnitOfWork(engine)
