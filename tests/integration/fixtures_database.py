"""A database in its newest form for each test: SQLite in a file, or PostgreSQL in a schema of its own."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
import redis
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from bot.adapters.sealing import Keyring
from bot.adapters.tables import metadata
from bot.adapters.unlocking import make_marks
from bot.adapters.uow import UnitsOfWork, migrate, open_database
from bot.domain.conversation import Conversation
from bot.services.ports import UnitOfWorkFactory
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = os.environ.get("ANFU_TEST_POSTGRES", "postgresql://127.0.0.1:5432/test?user=root")
REDIS = os.environ.get("ANFU_TEST_REDIS", "redis://127.0.0.1:6379")
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""
DATA_KEY = "a data key that only tests seal with"
KEYS = Keyring([DATA_KEY])
"""What the databases of the tests are sealed with, but those of servers that the tests start."""


def database_in(data_dir: Path) -> Engine:
    """The SQLite database of a server that has this data directory."""
    settings = Settings(data_dir=data_dir)
    return open_database(settings.database_url, Keyring(settings.data_keys()))


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **units: float) -> None:
        """Let time pass: `advance(seconds=5)`."""
        self.now += timedelta(**units)


def missing(service: str) -> NoReturn:
    """A service is not there: the test is skipped, on CI it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{service} is not reachable")
    pytest.skip(f"{service} is not reachable")


@pytest.fixture(scope="session")
def empty_schema() -> Iterator[Callable[[], str]]:
    """Makes empty PostgreSQL schemas and gives the address that leads into one."""
    admin = create_engine(POSTGRES, future=True)
    made: list[str] = []

    def make() -> str:
        name = f"anfu_test_{uuid.uuid4().hex[:12]}"
        try:
            with admin.begin() as connection:
                connection.execute(text(f"CREATE SCHEMA {name}"))
        except OperationalError:
            missing("PostgreSQL")
        made.append(name)
        return f"{POSTGRES}{'&' if '?' in POSTGRES else '?'}options=-csearch_path%3D{name}"

    yield make
    for name in made:
        with admin.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    admin.dispose()


@pytest.fixture(scope="session")
def migrated_schema(empty_schema: Callable[[], str]) -> str:
    """The address of a schema that has all tables."""
    address = empty_schema()
    engine = open_database(address)
    migrate(engine)
    engine.dispose()
    return address


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file that has all tables."""
    path = tmp_path_factory.mktemp("migrated") / "anfu.db"
    engine = open_database(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


def empty(address: str) -> None:
    """Take everything out of a PostgreSQL database, whatever it was sealed with."""
    engine = open_database(address)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(metadata.tables)} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("empty_schema")())


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:  # fmt: skip
    """A migrated database with nothing in it."""
    monkeypatch.setenv("ANFU_DATA_KEYS", DATA_KEY)  # who opens the same one opens what is sealed in it
    if request.param == "sqlite":
        path = tmp_path / "anfu.db"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        engine = open_database(f"sqlite:///{path}", KEYS)
    else:
        address = request.getfixturevalue("migrated_schema")
        empty(address)
        engine = open_database(address, KEYS)
    with engine.begin() as connection:
        make_marks(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def uow(database: Engine) -> UnitOfWorkFactory:
    """Units of work on the test's database."""
    return UnitsOfWork(database)


@pytest.fixture
def clock() -> Clock:
    """Noon in Shanghai, until told otherwise."""
    return Clock()


@pytest.fixture(scope="session")
def redis_address() -> str:
    """The address of a Redis that answers: a numbered database for each process of tests, which keep apart by it."""
    try:
        with redis.Redis.from_url(REDIS, socket_timeout=2) as client:
            client.ping()
    except redis.RedisError:
        missing("Redis")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{REDIS}/{1 + int(worker) % 15}"


@pytest.fixture
def open_conversation(uow: UnitOfWorkFactory, clock: Clock) -> Callable[[], str]:
    """Stores an empty conversation and gives its id."""

    def store() -> str:
        conversation = Conversation(str(uuid.uuid4()), "web", str(uuid.uuid4()), clock())
        with uow() as work:
            work.conversations.add(conversation)
            work.commit()
        return conversation.id

    return store
