"""The systems under load: Anfu on SQLite, Anfu on PostgreSQL and Redis, and stock Rasa; each with its processes."""

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import redis
from sqlalchemy import create_engine, text

from bench import rasa
from bench.load_processes import cpu_seconds, memory_mb, parent_of, stolen_seconds
from bench.measure import CACHE, environment, free_port, running
from bot.settings import ROOT

POSTGRES = os.environ.get("ANFU_TEST_POSTGRES", "postgresql://127.0.0.1:5432/test?user=root")
REDIS = os.environ.get("ANFU_TEST_REDIS", "redis://127.0.0.1:6379")
SQLITE, STOCK = "sqlite", "stock"
NAMES = (SQLITE, "postgresql-1", "postgresql-2", STOCK)
TITLES = {
    SQLITE: "Anfu, SQLite, 1 process", "postgresql-1": "Anfu, PostgreSQL + Redis, 1 process",
    "postgresql-2": "Anfu, PostgreSQL + Redis, 2 processes", STOCK: "stock Rasa",
}  # fmt: skip
SETTINGS = {
    "ANFU_QUIET_SECONDS": "0",
    "ANFU_CONVERSATIONS_PER_MINUTE": "1000000",
    "ANFU_MESSAGES_PER_MINUTE": "100000",
    "ANFU_SECRET": "the benchmark's own secret, long enough",
    "ANFU_LOG_LEVEL": "WARNING",
}


class Missing(Exception):
    """Something that a system needs is not there; the message says what."""


@dataclass(frozen=True)
class Use:
    """What was used up to a moment, in processor seconds.

    Attributes:
        own: of the system's own processes. databases: of those beside it. stolen: what the host gave to others.
    """

    own: float
    databases: float
    stolen: float


@dataclass(frozen=True)
class System:
    """A running system.

    Attributes:
        url: where customers reach it.
        speaks: `anfu` (messages posted, answers by socket) or `rasa` (the REST channel).
        pids: its own processes; their children count with them.
        database_pids: PostgreSQL's and Redis's first processes.
    """

    url: str
    speaks: str
    pids: tuple[int, ...]
    database_pids: tuple[int, ...] = ()

    def use(self) -> Use:
        """What it has used so far."""
        return Use(cpu_seconds(*self.pids), cpu_seconds(*self.database_pids), stolen_seconds())

    def memory(self) -> list[float]:
        """Megabytes of each of its own processes."""
        return memory_mb(*self.pids)


@contextmanager
def system(name: str, stock_epochs: int) -> Iterator[System]:
    """The system of that name, started on nothing and thrown away at the end.

    Raises:
        Missing: PostgreSQL, Redis or several processes cannot be had here.
    """
    if name == STOCK:
        with rasa.started(rasa.train(stock_epochs).model) as (address, _, pids):
            yield System(address, "rasa", pids)
    elif name == SQLITE:
        with _serving() as (url, pid):
            yield System(url, "anfu", (pid,))
    else:
        processes = int(name.rpartition("-")[2])
        if processes > 1 and not _has_workers():
            raise Missing("`anfu serve` has no --workers")
        with empty_schema() as (database, postgres_pid):
            redis_pid = _redis_pid()
            workers = ["--workers", str(processes)] if _has_workers() else []
            with _serving("--database", database, "--redis", REDIS, *workers) as (url, pid):
                yield System(url, "anfu", (pid,), (postgres_pid, redis_pid))


@contextmanager
def _serving(*options: str) -> Iterator[tuple[str, int]]:
    url = f"http://127.0.0.1:{(port := free_port())}"
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--data-dir", data, *options]
        log = CACHE / "logs/load-serve.log"
        with running(command, f"{url}/readyz", log, environment(**SETTINGS)) as (pid, _):
            yield url, pid


@cache
def _has_workers() -> bool:
    shown = subprocess.run(
        [sys.executable, "-m", "bot", "serve", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )  # fmt: skip
    return "--workers" in shown.stdout


@contextmanager
def empty_schema() -> Iterator[tuple[str, int]]:
    """An empty schema of PostgreSQL for as long as the block runs; its address, and the server's first process."""
    name = f"anfu_load_{uuid.uuid4().hex[:12]}"
    admin = create_engine(POSTGRES, future=True)
    try:
        with admin.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {name}"))
            first = parent_of(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    except Exception as error:
        raise Missing(f"PostgreSQL at {POSTGRES}: {type(error).__name__}") from error
    try:
        yield f"{POSTGRES}{'&' if '?' in POSTGRES else '?'}options=-csearch_path%3D{name}", first
    finally:
        with admin.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        admin.dispose()


def _redis_pid() -> int:
    try:
        with redis.Redis.from_url(REDIS, socket_timeout=2) as client:
            return int(client.info("server")["process_id"])
    except redis.RedisError as error:
        raise Missing(f"Redis at {REDIS}: {type(error).__name__}") from error
