"""Units of work on SQLite or PostgreSQL, and bringing the database to its newest form."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, TypeVar, cast

from alembic import command
from alembic.config import Config
from sqlalchemy import Table, create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.pool import QueuePool

from bot.adapters import tables as t
from bot.adapters.outages import named
from bot.adapters.repositories import (
    AttachmentMarks,
    BindingRows,
    BudgetRows,
    CannedUseRows,
    ConsentRows,
    ConversationRows,
    DeskRows,
    EditionRow,
    ExpiredRows,
    FetchRows,
    MessageRows,
    MomentRows,
    NoticeRows,
    OrderRows,
    OutboxRows,
    PersonalRows,
    PersonRows,
    PlatformTokenRows,
    PullRows,
    PulseRow,
    ReachRows,
    RecordRows,
    ReviewRows,
    RoutingRows,
    SeenEventRows,
    SessionRows,
    TicketListRows,
    TicketRows,
    TrailRows,
    WallRows,
    WebhookPosts,
)
from bot.adapters.repositories.changes import Changes
from bot.adapters.sealing import Keyring
from bot.adapters.unlocking import give_keys, make_marks
from bot.domain.agreement import Agreement
from bot.domain.approval import Approval
from bot.domain.attachment import Attachment
from bot.domain.canned import Canned
from bot.domain.customer import Customer
from bot.domain.desk import Rating
from bot.domain.errors import Unreachable
from bot.domain.followup import FollowUp
from bot.domain.misconduct import Misconduct
from bot.domain.revision import Revision
from bot.domain.task import Task
from bot.domain.ticket_view import TicketView
from bot.domain.visit import Visit
from bot.domain.webhook import Webhook
from bot.services.ports import Committed

_BUSY_SECONDS = 15
"""How long a writer of SQLite waits for its turn."""
_CONNECTION_WITHIN_SECONDS = 3
"""How long somebody waits for a connection to PostgreSQL: customers hear rather that nothing goes than nothing."""
_TRUSTED_SECONDS = 1.0
"""So long after its last use a connection to PostgreSQL is taken to be there still."""
_GONE_SECONDS = 15
"""So long without a sign of life, and the other side counts as gone: a node lets go of the database, and it of us."""
_GIVING_UP = {
    "keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 1000 * _GONE_SECONDS,
}  # fmt: skip
MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(url: str, keyring: Keyring | None = None) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`.

    Args:
        keyring: what seals personal data; without it none can be stored, nor read where it is sealed (E10).

    On SQLite every transaction begins as a writer, so that two never deadlock half way, but those of `readers`.
    """
    if not url.startswith("sqlite"):
        engine = create_engine(
            url, future=True, pool_size=8, max_overflow=8, pool_timeout=_CONNECTION_WITHIN_SECONDS,
            hide_parameters=True, connect_args={"connect_timeout": _CONNECTION_WITHIN_SECONDS, **_GIVING_UP},
        )  # fmt: skip
        _end_what_stands_still(engine)
        _ping_after_a_pause(engine)
        give_keys(engine, keyring)
        return engine
    # An error that is logged must not hold what a customer wrote (E10).
    engine = create_engine(
        url, future=True, poolclass=QueuePool, hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": _BUSY_SECONDS},
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's
        connection.execute("PRAGMA journal_mode=WAL")
        # An acknowledged message survives a power cut (invariant 11); a third of a millisecond a commit.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    # Not an event of the engine, for which every statement would look for listeners.
    engine.dialect.do_begin = _begin
    give_keys(engine, keyring)
    return engine


def _begin(connection: Any) -> None:
    """Begin as a writer, unless one of the `readers` has begun already."""
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE")


def _end_what_stands_still(engine: Engine) -> None:
    """Let PostgreSQL end the transaction of a node that is cut off or stopped in it: others wait for what it locks."""

    @event.listens_for(engine, "connect")
    def _bound(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SET idle_in_transaction_session_timeout = '{_GONE_SECONDS}s'; SET tcp_keepalives_idle = 5;"
                "SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2"
            )
        connection.commit()


def _ping_after_a_pause(engine: Engine) -> None:
    """Ask a connection that was not used for a while whether it still leads anywhere; each asking is a round trip."""

    @event.listens_for(engine, "checkin")
    def _note_use(_connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ping(connection: Any, record: Any, _checked_out: Any) -> None:
        now = time.monotonic()
        if now - record.info.get("used_at", now) > _TRUSTED_SECONDS and not engine.dialect.do_ping(connection):
            raise InvalidatePoolError  # the pool opens new ones


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest form; safe to call at each start."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # nodes that start together take turns
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('anfu migrations'))")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        make_marks(connection)


Hear = Callable[[Committed], None]


def _nobody(committed: Committed) -> None:
    """Hears nothing."""


Rows = TypeVar("Rows")
Record = TypeVar("Record")


class _Made:
    """A repository, made when a unit of work first asks for it: most need three of the forty."""

    def __init__(self, make: Callable[["DatabaseUnitOfWork"], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, work: "DatabaseUnitOfWork", owner: type) -> Any:
        made = work.__dict__[self._name] = self._make(work)  # from now on it is found there
        return made


def _made(make: Callable[["DatabaseUnitOfWork"], Rows]) -> Rows:
    return cast(Rows, _Made(make))  # to a unit of work it is what it makes


def _rows(kind: Callable[[Connection], Rows]) -> Rows:
    return _made(lambda work: kind(work._connection))


def _records(table: Table, kind: type[Record]) -> RecordRows[Record]:
    return _made(lambda work: RecordRows(work._connection, table, kind, work.trail))


class DatabaseUnitOfWork:
    """One transaction over all repositories; leaving it without `commit` changes nothing.

    Raises:
        Unreachable: on entering, where the database gives no connection; on leaving, where it went away meanwhile.
        StorageFull: on leaving, where the database has no room left.
        Undone: on leaving, where two waited for each other and this one had to give way.
    """

    notices = _rows(NoticeRows)
    webhook_posts = _made(lambda work: WebhookPosts(work._connection, work.notices))
    conversations = _made(lambda work: ConversationRows(work._connection, work._changes, work.webhook_posts.note))
    messages = _made(lambda work: MessageRows(work._connection, work._changes, work.webhook_posts.note))
    trail = _rows(TrailRows)
    tickets = _made(lambda work: TicketRows(work._connection, work.trail))
    outbox = _made(lambda work: OutboxRows(work._connection, work._changes))
    routing = _rows(RoutingRows)
    orders = _rows(OrderRows)
    users = _rows(PersonRows)
    sessions = _rows(SessionRows)
    budgets = _rows(BudgetRows)
    approvals = _records(t.approvals, Approval)
    agreements = _records(t.agreements, Agreement)
    tasks = _records(t.tasks, Task)
    followups = _records(t.followups, FollowUp)
    visits = _records(t.visits, Visit)
    misconduct = _records(t.misconduct, Misconduct)
    revisions = _records(t.revisions, Revision)
    edition = _rows(EditionRow)
    webhooks = _records(t.webhooks, Webhook)
    ticket_lists = _rows(TicketListRows)
    ticket_views = _records(t.ticket_views, TicketView)
    attachments = _records(t.attachments, Attachment)
    attachment_marks = _rows(AttachmentMarks)
    desk = _rows(DeskRows)
    customers = _records(t.customers, Customer)
    ratings = _records(t.ratings, Rating)
    reviews = _made(lambda work: ReviewRows(work._connection, work.trail))
    wall = _rows(WallRows)
    canned = _records(t.canned_replies, Canned)
    canned_uses = _rows(CannedUseRows)
    reaches = _rows(ReachRows)
    seen_events = _rows(SeenEventRows)
    fetches = _rows(FetchRows)
    pulls = _rows(PullRows)
    platform_tokens = _rows(PlatformTokenRows)
    bindings = _rows(BindingRows)
    pulse = _rows(PulseRow)
    moments = _rows(MomentRows)
    personal = _rows(PersonalRows)
    consents = _rows(ConsentRows)
    expired = _rows(ExpiredRows)

    def __init__(self, engine: Engine, turn: "Lock | None" = None, lasting: bool = True, hear: Hear = _nobody) -> None:
        """Begin nothing yet.

        Args:
            turn: whose turn it is to write, where one writes at a time.
            lasting: False where a power cut may undo it: its commit does not wait for the disk.
            hear: is told what a commit has changed.
        """
        self._engine = engine
        self._hear = hear
        self._lasting = lasting
        self._turn = turn
        self._has_turn = False
        self._changes: Changes = Changes()

    def __enter__(self) -> "DatabaseUnitOfWork":
        self._has_turn = bool(self._turn and self._turn.acquire(timeout=_BUSY_SECONDS))
        try:
            self._connection: Connection = self._engine.connect()
            self._transaction = self._begun()
        except BaseException as error:
            self._give_turn()
            if isinstance(error, NoConnectionLeft | OperationalError):
                raise Unreachable("数据库暂时没有回应，请稍后再试") from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._transaction.is_active:
                self._transaction.rollback()
            if not self._lasting:
                _wait_for_disk(self._connection, True)
            self._connection.close()
        finally:
            self._give_turn()
        if isinstance(error, DBAPIError) and (meant := named(error)):
            raise meant from error

    def _begun(self) -> Any:
        if self._lasting:
            return self._connection.begin()
        _wait_for_disk(self._connection, False)
        try:
            return self._connection.begin()
        except BaseException:
            _wait_for_disk(self._connection, True)  # the next who gets this connection may want it to last
            raise

    def _give_turn(self) -> None:
        if self._turn and self._has_turn:
            self._has_turn = False
            self._turn.release()

    def commit(self) -> None:
        """Make everything done so far lasting, with its lines on the audit trail and news to those who subscribed.

        Then whoever reads or sends it is told: a repository notes what there is to tell.
        """
        self.webhook_posts.flush(self.trail.waiting)
        self.trail.flush()
        self._transaction.commit()
        if committed := self._changes.committed():
            self._hear(committed)


def readers(engine: Engine) -> Engine:
    """The same database for who only reads: on SQLite they wait for no writer, and no writer for them."""
    if engine.dialect.name != "sqlite":
        # Each statement sees what is committed anyway: a transaction around them would be two round trips more.
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    found: Engine = engine.execution_options()

    @event.listens_for(found, "begin")
    def _begin_as_reader(connection: Any) -> None:
        connection.connection.execute("BEGIN")

    return found


def reading(engine: Engine) -> Callable[[], DatabaseUnitOfWork]:
    """A factory of units of work for who only reads."""
    found = readers(engine)
    return lambda: DatabaseUnitOfWork(found)


def _wait_for_disk(connection: Any, wait: bool) -> None:
    """Whether commits of this connection wait until what they wrote is on the disk; on SQLite alone."""
    if connection.dialect.name == "sqlite":
        connection.connection.execute(f"PRAGMA synchronous={'FULL' if wait else 'NORMAL'}")


class UnitsOfWork:
    """Makes units of work on a database.

    SQLite has one writer at a time, and lets the others sleep for longer and longer before they try again; within the
    process they take turns instead, and each begins as soon as the one before has ended.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = Lock() if engine.dialect.name == "sqlite" else None
        self._hear: Hear = _nobody

    def __call__(self) -> DatabaseUnitOfWork:
        """One whose commit outlasts a power cut (invariant 11)."""
        return DatabaseUnitOfWork(self._engine, self._turn, hear=self._hear)

    def fleeting(self) -> DatabaseUnitOfWork:
        """One for what is done again where a power cut undid it: who runs a turn."""
        return DatabaseUnitOfWork(self._engine, self._turn, lasting=False, hear=self._hear)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction of its own, which is committed where the block ends well."""
        with self() as work:
            yield work._connection
            work.commit()

    @contextmanager
    def telling(self, hear: Hear) -> Iterator[None]:
        """While the block runs, `hear` is told what each commit has changed, in whichever thread commits."""
        self._hear = hear
        try:
            yield
        finally:
            self._hear = _nobody
