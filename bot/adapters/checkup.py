"""What can be asked of a database and of Redis about their own health."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import redis
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from bot.adapters import schema
from bot.adapters.repositories import PulseRow, TrailRows
from bot.adapters.sealing import Keyring
from bot.adapters.table_rows import moment
from bot.adapters.uow import open_database, readers
from bot.domain.audit import first_broken
from bot.domain.errors import InvalidInput
from bot.domain.pulse import Pulse

REDIS_WITHIN_SECONDS = 3.0


class Checkup:
    """One look at a database; nothing is changed."""

    def __init__(self, url: str, keyring: Keyring | None) -> None:
        """Connect.

        Raises:
            InvalidInput: it does not answer.
            NoKey: what is sealed there cannot be opened with these keys.
        """
        self._engine = open_database(url, keyring)
        try:
            with self._engine.connect() as connection:
                self.revision = schema.present(connection)
        except DatabaseError as error:
            self.close()
            raise InvalidInput(str(error.orig).strip()) from error

    def close(self) -> None:
        """Let go."""
        self._engine.dispose()

    def kind(self) -> str:
        """Which database, and its version."""
        is_server = self._engine.dialect.name == "postgresql"
        with self._engine.connect() as connection:
            found = connection.execute(text("SHOW server_version" if is_server else "SELECT sqlite_version()")).scalar()
        return f"{'PostgreSQL' if is_server else 'SQLite'} {str(found).split()[0]}"

    def seconds_apart(self) -> float | None:
        """How far the database's clock is ahead of ours; None where they are the same clock."""
        if self._engine.dialect.name != "postgresql":
            return None
        with self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            asked = datetime.now(UTC)
            told: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            answered = datetime.now(UTC)
        return (told - (asked + (answered - asked) / 2)).total_seconds()

    def faults(self) -> list[str] | None:
        """What SQLite's quick check finds; None where the database sees to that itself."""
        if self._engine.dialect.name != "sqlite":
            return None
        try:
            with readers(self._engine).connect() as connection:
                found = connection.exec_driver_sql("PRAGMA quick_check(5)").scalars().all()
        except DatabaseError as error:  # so much that it cannot even be checked
            return [str(error.orig)]
        return [line for line in found if line != "ok"]

    def broken_link(self, newest: int) -> tuple[int, int | None]:
        """The number of audit entries, and the first broken one among the newest so many (D6)."""
        with moment(self._engine) as connection:
            trail = TrailRows(connection)
            head = trail.head()
            entries = trail.entries(after=max(0, head[0] - newest - 1))
            first = None if head[0] <= newest else next(entries, None)
            if first is None:
                return head[0], first_broken(entries, head=head)
            return head[0], first_broken(entries, first.hash, first.seq, head)

    def pulse(self, now: datetime) -> Pulse:
        """What waits and what is late."""
        with moment(self._engine) as connection:
            return PulseRow(connection).at(now)


@contextmanager
def checking(url: str, keyring: Keyring | None) -> Iterator[Checkup]:
    """A checkup that is closed at the end."""
    checkup = Checkup(url, keyring)
    try:
        yield checkup
    finally:
        checkup.close()


def redis_round_trip(url: str) -> float:
    """Seconds until what we publish on Redis comes back to us.

    Raises:
        InvalidInput: Redis does not answer, or does not bring it back.
    """
    channel = f"anfu:doctor:{uuid.uuid4().hex}"
    try:
        with redis.Redis.from_url(
            url, socket_timeout=REDIS_WITHIN_SECONDS, socket_connect_timeout=REDIS_WITHIN_SECONDS
        ) as client:
            client.ping()
            with client.pubsub(ignore_subscribe_messages=False) as ear:
                ear.subscribe(channel)
                ear.get_message(timeout=REDIS_WITHIN_SECONDS)
                started = time.monotonic()
                client.publish(channel, b"1")
                while (left := started + REDIS_WITHIN_SECONDS - time.monotonic()) > 0:
                    heard = ear.get_message(timeout=left)
                    if heard and heard["type"] == "message":
                        return time.monotonic() - started
    except redis.RedisError as error:
        raise InvalidInput(str(error)) from error
    raise InvalidInput("发布的消息没有回来")
