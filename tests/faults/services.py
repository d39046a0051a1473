"""What may be taken away from the nodes: a database and a Redis of our own, a small disk, a network of their own."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psycopg2
import redis

from tests.faults.world import free_port

UP_WITHIN = 60.0
PREFIX = "anfu"
_ACCOUNT = "postgres"
"""Who runs PostgreSQL where we are root, as whom it refuses to run."""


class Missing(Exception):
    """Something that a fault needs is not on this machine."""


class OwnPostgres:
    """A PostgreSQL of our own, which can be stopped at once; entered, it runs."""

    def __init__(self) -> None:
        self.port = free_port()

    def address(self, database: str, host: str = "127.0.0.1") -> str:
        """How a database in it is reached."""
        return f"postgresql://{_ACCOUNT}@{host}:{self.port}/{database}"

    async def __aenter__(self) -> "OwnPostgres":
        # A folder of its own, which its account may enter: those of tests are ours alone.
        self._data = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="anfu-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self._data, _ACCOUNT)
        await asyncio.to_thread(
            self._run, "initdb", "--auth=trust", f"--username={_ACCOUNT}", "--encoding=UTF8", "--no-sync"
        )
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 0.0.0.0/0 trust\n")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(f"listen_addresses = '*'\nport = {self.port}\nunix_socket_directories = ''\n")
            settings.write("max_connections = 60\n")
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(subprocess.CalledProcessError):
            await self.stop()
        await asyncio.to_thread(shutil.rmtree, self._data, ignore_errors=True)

    async def start(self) -> None:
        """Start it; after a stop it recovers first."""
        log = str(self._data / "log")
        await asyncio.to_thread(self._run, "pg_ctl", "--wait", f"--timeout={UP_WITHIN:.0f}", f"--log={log}", "start")

    async def stop(self) -> None:
        """Let it end at once, as where the power fails: nobody is told goodbye."""
        await asyncio.to_thread(self._run, "pg_ctl", "--mode=immediate", "stop")

    def empty(self) -> str:
        """A new database in it; its name."""
        name = f"faults{time.monotonic_ns()}"
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user=_ACCOUNT, dbname="postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {name}")
        finally:
            connection.close()
        return name

    def _run(self, program: str, *arguments: str) -> None:
        user = {"user": _ACCOUNT} if os.geteuid() == 0 else {}
        subprocess.run(
            [_postgres(program), f"--pgdata={self._data}", *arguments], check=True, cwd="/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"},
            **user,  # type: ignore[call-overload]
        )  # fmt: skip


def _postgres(program: str) -> str:
    found = shutil.which(program) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)), None
    )
    if found is None:
        raise Missing("PostgreSQL 的服务端程序（initdb、pg_ctl）")
    return found


class OwnRedis:
    """A Redis of our own; entered, it runs."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def address(self, host: str = "127.0.0.1") -> str:
        """How the nodes reach it."""
        return f"redis://{host}:{self.port}/0"

    async def __aenter__(self) -> "OwnRedis":
        if shutil.which("redis-server") is None:
            raise Missing("redis-server")
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    async def start(self) -> None:
        """Start it."""
        self._begin()
        deadline = time.monotonic() + UP_WITHIN
        while time.monotonic() < deadline:
            with suppress(redis.RedisError), redis.Redis(port=self.port) as client:
                client.ping()
                return
            await asyncio.sleep(0.05)
        raise Missing("redis-server")

    def _begin(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--save", "", "--protected-mode", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """kill -9."""
        if self._process:
            self._process.kill()
            self._process.wait()


class SmallDisk:
    """A disk of so many megabytes, which can be filled up; entered, it is mounted."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self._megabytes = megabytes
        self._filler = folder / "filler"

    def __enter__(self) -> "SmallDisk":
        self.folder.mkdir(parents=True, exist_ok=True)
        size = f"size={self._megabytes}m"
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "anfu-faults", self.folder], capture_output=True, check=False
        )
        if mounted.returncode:
            raise Missing("可以挂载的小磁盘（tmpfs，要 root）")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def fill(self) -> None:
        """Leave no byte free."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while file.write(b"\0" * size):
                        pass

    def clear(self) -> None:
        """Make room."""
        self._filler.unlink()


class Network:
    """A network namespace with two lines to this machine: one for customers, one for database and Redis.

    Entered, it is there.

    Attributes:
        inside: where whoever lives in it is reached. near: where they reach customers' machines.
        outside: where they reach database and Redis.
    """

    def __init__(self, number: int = 77) -> None:
        self.name = f"{PREFIX}{os.getpid()}"
        self._ends = f"a{os.getpid()}", f"b{os.getpid()}"
        self._number = number + os.getpid() % 100
        self.inside = f"10.{self._number}.1.2"
        self.near = f"10.{self._number}.1.1"
        self.outside = f"10.{self._number}.2.1"

    def __enter__(self) -> "Network":
        customers, data = self._ends
        try:
            self._ip("netns", "add", self.name)
        except (OSError, subprocess.CalledProcessError):
            raise Missing("网络命名空间（ip netns，要 root 和 iproute2）") from None
        try:
            self._ip("-n", self.name, "link", "set", "lo", "up")
            for line, end in ((1, customers), (2, data)):
                self._ip("link", "add", end, "type", "veth", "peer", "name", f"{end}i", "netns", self.name)
                self._ip("addr", "add", f"10.{self._number}.{line}.1/24", "dev", end)
                self._ip("link", "set", end, "up")
                self._ip("-n", self.name, "addr", "add", f"10.{self._number}.{line}.2/24", "dev", f"{end}i")
                self._ip("-n", self.name, "link", "set", f"{end}i", "up")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ip("netns", "del", self.name)
        for end in self._ends:
            subprocess.run(["ip", "link", "del", end], capture_output=True, check=False)

    def cut(self) -> None:
        """Cut the line to database and Redis; nothing that is sent arrives, and nobody is told."""
        self._ip("link", "set", self._ends[1], "down")

    def heal(self) -> None:
        """Join it again."""
        self._ip("link", "set", self._ends[1], "up")

    def _ip(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)
