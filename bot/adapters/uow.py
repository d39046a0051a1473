"""Units of work on SQLite or PostgreSQL, and bringing the database to its newest form."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from bot.adapters import tables as t
from bot.adapters.repositories import (
    AttachmentMarks,
    BindingRows,
    BudgetRows,
    CannedUseRows,
    ConversationRows,
    DeskRows,
    EditionRow,
    FetchRows,
    MessageRows,
    NoticeRows,
    OrderRows,
    OutboxRows,
    PersonRows,
    PlatformTokenRows,
    PullRows,
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
from bot.domain.agreement import Agreement
from bot.domain.approval import Approval
from bot.domain.attachment import Attachment
from bot.domain.canned import Canned
from bot.domain.customer import Customer
from bot.domain.desk import Rating
from bot.domain.errors import Undone
from bot.domain.followup import FollowUp
from bot.domain.misconduct import Misconduct
from bot.domain.revision import Revision
from bot.domain.task import Task
from bot.domain.ticket_view import TicketView
from bot.domain.visit import Visit
from bot.domain.webhook import Webhook

_BUSY_SECONDS = 15
"""How long a writer of SQLite waits for its turn."""
DEADLOCK = "40P01"
"""How PostgreSQL says that it has undone one of two that waited for each other."""
MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`.

    On SQLite every transaction begins as a writer, so that two never deadlock half way, but those of `reading`.
    """
    if not url.startswith("sqlite"):
        return create_engine(
            url, future=True, pool_size=8, max_overflow=8, pool_pre_ping=True, hide_parameters=True
        )  # fmt: skip
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

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        is_reading = connection.get_execution_options().get("anfu_reading")
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

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
    """One transaction over all repositories; leaving it without `commit` changes nothing.

    Raises:
        Undone: on leaving, where two waited for each other and this one had to give way.
    """

    def __init__(self, engine: Engine, turn: "Lock | None" = None) -> None:
        """Begin nothing yet.

        Args:
            turn: whose turn it is to write, where one writes at a time.
        """
        self._engine = engine
        self._turn = turn
        self._has_turn = False

    def __enter__(self) -> "DatabaseUnitOfWork":
        self._has_turn = bool(self._turn and self._turn.acquire(timeout=_BUSY_SECONDS))
        try:
            self._connection: Connection = self._engine.connect()
            self._transaction = self._connection.begin()
        except BaseException:
            self._give_turn()
            raise
        self.notices = NoticeRows(self._connection)
        self.webhook_posts = WebhookPosts(self._connection, self.notices)
        self.conversations = ConversationRows(self._connection, self.webhook_posts.note)
        self.messages = MessageRows(self._connection, self.webhook_posts.note)
        self.trail = TrailRows(self._connection)
        self.tickets = TicketRows(self._connection, self.trail)
        self.outbox = OutboxRows(self._connection)
        self.routing = RoutingRows(self._connection)
        self.orders = OrderRows(self._connection)
        self.users = PersonRows(self._connection)
        self.sessions = SessionRows(self._connection)
        self.budgets = BudgetRows(self._connection)
        self.approvals = RecordRows(self._connection, t.approvals, Approval, self.trail)
        self.agreements = RecordRows(self._connection, t.agreements, Agreement, self.trail)
        self.tasks = RecordRows(self._connection, t.tasks, Task, self.trail)
        self.followups = RecordRows(self._connection, t.followups, FollowUp, self.trail)
        self.visits = RecordRows(self._connection, t.visits, Visit, self.trail)
        self.misconduct = RecordRows(self._connection, t.misconduct, Misconduct, self.trail)
        self.revisions = RecordRows(self._connection, t.revisions, Revision, self.trail)
        self.edition = EditionRow(self._connection)
        self.webhooks = RecordRows(self._connection, t.webhooks, Webhook, self.trail)
        self.ticket_lists = TicketListRows(self._connection)
        self.ticket_views = RecordRows(self._connection, t.ticket_views, TicketView, self.trail)
        self.attachments = RecordRows(self._connection, t.attachments, Attachment, self.trail)
        self.attachment_marks = AttachmentMarks(self._connection)
        self.desk = DeskRows(self._connection)
        self.customers = RecordRows(self._connection, t.customers, Customer, self.trail)
        self.ratings = RecordRows(self._connection, t.ratings, Rating, self.trail)
        self.reviews = ReviewRows(self._connection, self.trail)
        self.wall = WallRows(self._connection)
        self.canned = RecordRows(self._connection, t.canned_replies, Canned, self.trail)
        self.canned_uses = CannedUseRows(self._connection)
        self.reaches = ReachRows(self._connection)
        self.seen_events = SeenEventRows(self._connection)
        self.fetches = FetchRows(self._connection)
        self.pulls = PullRows(self._connection)
        self.platform_tokens = PlatformTokenRows(self._connection)
        self.bindings = BindingRows(self._connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._transaction.is_active:
                self._transaction.rollback()
            self._connection.close()
        finally:
            self._give_turn()
        if isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", "") == DEADLOCK:
            raise Undone("两处同时在改，这一处没有改成，请再试一次") from error

    def _give_turn(self) -> None:
        if self._turn and self._has_turn:
            self._has_turn = False
            self._turn.release()

    def commit(self) -> None:
        """Make everything done so far lasting, with its lines on the audit trail and news to those who subscribed."""
        self.webhook_posts.flush(self.trail.waiting)
        self.trail.flush()
        self._transaction.commit()


def reading(engine: Engine) -> Callable[[], DatabaseUnitOfWork]:
    """A factory of units of work for who only reads: on SQLite they wait for no writer, and no writer for them."""
    readers = engine.execution_options(anfu_reading=True)
    return lambda: DatabaseUnitOfWork(readers)


def unit_of_work(engine: Engine) -> Callable[[], DatabaseUnitOfWork]:
    """A factory of units of work on this database.

    SQLite has one writer at a time, and lets the others sleep for longer and longer before they try again; within the
    process they take turns instead, and each begins as soon as the one before has ended.
    """
    turn = Lock() if engine.dialect.name == "sqlite" else None
    return lambda: DatabaseUnitOfWork(engine, turn)
