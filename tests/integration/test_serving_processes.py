"""Real processes under load: stopped, killed, made to hang. What was acknowledged is answered, once (invariant 11)."""

import asyncio
import os
import re
import signal
import socket
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from bot.__main__ import main
from tests.integration.fixtures_database import DATA_KEY, ROOT

READY_WITHIN_SECONDS = 240.0
WITHIN_SECONDS = 90.0
"""For machines that are busy with something else."""
STOPS_WITHIN_SECONDS = 30.0
SECRET = "a secret of the tests that is long enough"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class Server:
    """The server but for its language model; the bot says what it heard."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.port}.log"

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANFU_")}
        environment |= {"ANFU_SECRET": SECRET, "ANFU_QUIET_SECONDS": "0.05", **self.settings}
        command = [sys.executable, "-m", "bench.quiet_server", str(self.folder), str(self.port), "--echoes"]
        with self.log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *command, *self.options, cwd=ROOT, env=environment, stdout=output, stderr=output
            )
        async with asyncio.timeout(READY_WITHIN_SECONDS):
            while await self.status("/readyz") != 200:
                assert self.process.returncode is None, self.log.read_text()[-3000:]
                await asyncio.sleep(0.1)

    async def status(self, path: str) -> int:
        """How it answers; 0 where it does not."""
        try:
            async with aiohttp.ClientSession() as http, http.get(self.url + path) as response:
                return response.status
        except aiohttp.ClientError:
            return 0

    async def metric(self, name: str) -> float:
        """One of its numbers."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.url}/metrics") as response:
            found = re.search(rf"^{re.escape(name)} (\S+)$", await response.text(), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def signal(self, which: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(which)

    async def ends(self) -> int:
        """Its exit status."""
        assert self.process
        async with asyncio.timeout(WITHIN_SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def server(
    folder: Path, *options: str, settings: dict[str, str] | None = None
) -> AsyncIterator[Server]:  # fmt: skip
    """One that is gone after the block, however it was treated."""
    one = Server(folder, settings or {}, options)
    await one.start()
    try:
        yield one
    finally:
        if one.process and one.process.returncode is None:
            one.process.kill()
            await one.process.wait()


@dataclass
class Talk:
    """A customer who writes, and remembers what was acknowledged."""

    http: aiohttp.ClientSession
    id: str
    token: str
    acknowledged: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    @classmethod
    async def open(cls, http: aiohttp.ClientSession, url: str) -> "Talk":
        async with http.post(f"{url}/api/v1/conversations", json={"channel": "web"}) as response:
            assert response.status == 201, await response.text()
            opened = await response.json()
        return cls(http, opened["conversation_id"], opened["token"])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def say(self, url: str, words: str) -> None:
        """Say it once; a server that is gone is none's fault."""
        body = {"client_id": str(uuid.uuid4()), "text": words}
        address = f"{url}/api/v1/conversations/{self.id}/messages"
        try:
            async with self.http.post(address, json=body, headers=self.headers) as response:
                self.statuses.add(response.status)
                if response.status == 202:
                    self.acknowledged.append(words)
        except (aiohttp.ClientError, ConnectionError):
            self.statuses.add(0)

    async def messages(self, url: str) -> list[dict[str, Any]]:
        address = f"{url}/api/v1/conversations/{self.id}/messages"
        async with self.http.get(address, headers=self.headers) as response:
            assert response.status == 200
            found: list[dict[str, Any]] = (await response.json())["messages"]
        return found

    async def answered(self, url: str) -> list[str]:
        """What the bot has answered, bubble by bubble."""
        said = [m["text"] for m in await self.messages(url) if m["sender"] == "bot"]
        echoes = [words.removeprefix("您说的是：") for words in said if words.startswith("您说的是：")]
        return [bubble for words in echoes for bubble in words.split("\n")]

    async def is_answered(self, url: str) -> bool:
        """Whether all is; a connection to who was killed just now says nothing."""
        try:
            return len(await self.answered(url)) >= len(self.acknowledged)
        except aiohttp.ClientError:
            return False


async def until(met: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while not await met():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@asynccontextmanager
async def customers(url: str, count: int) -> AsyncIterator[list[Talk]]:
    """So many, with a conversation each."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        yield [await Talk.open(http, url) for _ in range(count)]


# One process


async def test_a_server_that_stops_under_load_loses_nothing_and_says_so_before(tmp_path: Path) -> None:
    """First it tells the load balancer, then it lets nobody in, finishes what it has in hand, and is gone."""
    async with (
        server(tmp_path, "--stalls-for", "0.3", settings={"ANFU_DRAIN_SECONDS": "2"}) as here,
        customers(here.url, 12) as talks,
    ):
        watched = await here_socket(talks[0], here)
        stopped = asyncio.Event()

        async def chat(talk: Talk) -> None:
            for number in range(10_000):
                await talk.say(here.url, f"第{number}句")
                if stopped.is_set():
                    return

        chatting = [asyncio.create_task(chat(talk)) for talk in talks]
        await until(lambda: _all_have_spoken(talks, 3))
        began = time.monotonic()
        here.signal(signal.SIGTERM)
        await until(lambda: _is(here, "/readyz", 503))
        before = sum(len(talk.acknowledged) for talk in talks)
        await until(lambda: _is(here, "/readyz", 0))
        stopped.set()
        assert sum(len(talk.acknowledged) for talk in talks) > before, "while it said so, it went on"
        assert await here.ends() == 0, here.log.read_text()[-3000:]
        assert time.monotonic() - began < STOPS_WITHIN_SECONDS
        await asyncio.gather(*chatting)
        assert set().union(*(talk.statuses for talk in talks)) <= {202, 503, 0}
        assert await watched == aiohttp.WSCloseCode.GOING_AWAY

        await here.start()
        for talk in talks:
            await until(lambda talk=talk: talk.is_answered(here.url))  # type: ignore[misc]
            customer = [m["text"] for m in await talk.messages(here.url) if m["sender"] == "customer"]
            assert await talk.answered(here.url) == customer, "each once, in order"
            assert set(talk.acknowledged) <= set(customer)


async def _all_have_spoken(talks: list[Talk], times: int) -> bool:
    return all(len(talk.acknowledged) >= times for talk in talks)


async def _is(here: Server, path: str, status: int) -> bool:
    return await here.status(path) == status


async def here_socket(talk: Talk, here: Server) -> "asyncio.Task[int | None]":
    """Watches a conversation; gives the code that it was closed with."""
    address = f"{here.url}/api/v1/conversations/{talk.id}/socket"
    ws = await talk.http.ws_connect(address, protocols=("anfu", talk.token))

    async def watch() -> int | None:
        async for _ in ws:
            pass
        return ws.close_code

    return asyncio.create_task(watch())


# Several processes


@pytest.fixture
def shared(database: Engine, redis_address: str) -> dict[str, str]:
    """What nodes have in common."""
    address = database.url.render_as_string(hide_password=False)
    return {"ANFU_DATABASE": address, "ANFU_REDIS": redis_address, "ANFU_DATA_KEYS": DATA_KEY}


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_process_that_was_stopped_in_a_turn_for_longer_than_its_lease_says_nothing_twice(
    database: Engine, shared: dict[str, str], tmp_path: Path
) -> None:
    """Invariant 2: another node answers meanwhile; what the first had in mind is dropped when it goes on."""
    async with (
        server(tmp_path, "--stalls-for", "2", settings=shared) as hung,
        server(tmp_path, settings=shared) as well,
        customers(hung.url, 3) as talks,
    ):
        await asyncio.gather(*(talk.say(hung.url, "在吗") for talk in talks))
        await until(lambda: _leased(database, len(talks)))
        hung.signal(signal.SIGSTOP)
        with database.begin() as connection:  # its time is over
            connection.execute(text("UPDATE conversations SET lease_until = now() - interval '1 second'"))
        for talk in talks:
            await until(lambda talk=talk: talk.is_answered(well.url))  # type: ignore[misc]
        hung.signal(signal.SIGCONT)
        await until(lambda: _has_run(hung, len(talks)))
        await asyncio.gather(*(talk.say(hung.url, "还在吗") for talk in talks))
        for talk in talks:
            await until(lambda talk=talk: talk.is_answered(well.url))  # type: ignore[misc]
            assert await talk.answered(well.url) == ["在吗", "还在吗"]


async def _leased(database: Engine, count: int) -> bool:
    def read() -> int:
        with database.connect() as connection:
            held = text("SELECT count(*) FROM conversations WHERE lease_until IS NOT NULL")
            return int(connection.execute(held).scalar_one())

    return await asyncio.to_thread(read) == count


async def _has_run(here: Server, turns: int) -> bool:
    return await here.metric("anfu_turn_seconds_count") >= turns


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_several_processes_serve_one_port_and_one_that_dies_is_started_again(
    shared: dict[str, str], tmp_path: Path
) -> None:
    async with server(tmp_path, "--workers", "2", settings=shared) as here, customers(here.url, 12) as talks:
        await until(lambda: _ready(here, 2))
        assert here.process
        first, second = children(here.process.pid)
        await asyncio.gather(*(talk.say(here.url, "第一句") for talk in talks))
        os.kill(first, signal.SIGKILL)
        for talk in talks:
            await until(lambda talk=talk: talk.is_answered(here.url))  # type: ignore[misc]
        await until(lambda: _ready(here, 3))
        assert "ended (signal SIGKILL)" in here.log.read_text()
        again = children(here.process.pid)
        assert second in again
        assert len(again) == 2

        await asyncio.gather(*(talk.say(here.url, "第二句") for talk in talks))
        for talk in talks:
            await until(lambda talk=talk: talk.is_answered(here.url))  # type: ignore[misc]
            assert await talk.answered(here.url) == talk.acknowledged
        # One scrape tells of all, those that are gone included.
        assert await here.metric("anfu_messages_accepted_total") == sum(len(talk.acknowledged) for talk in talks)

        here.signal(signal.SIGTERM)
        assert await here.ends() == 0, here.log.read_text()[-3000:]
        assert await here.status("/healthz") == 0


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_processes_do_not_outlive_the_one_that_watches_over_them(shared: dict[str, str], tmp_path: Path) -> None:
    async with server(tmp_path, "--workers", "2", settings=shared) as here:
        await until(lambda: _ready(here, 2))
        here.signal(signal.SIGKILL)
        await here.ends()
        await until(lambda: _is(here, "/healthz", 0))


async def _ready(here: Server, times: int) -> bool:
    return here.log.read_text().count("ready") >= times


def children(pid: int) -> list[int]:
    """The processes that it has started, the older first."""
    return sorted(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "PostgreSQL（--database postgresql://…） 和 Redis（--redis redis://…）"),
        (["--redis", "redis://127.0.0.1"], "还需要 PostgreSQL"),
        (["--database", "postgresql://127.0.0.1/anfu"], "还需要 Redis"),
    ],
)
def test_several_processes_without_anything_in_common_are_refused(
    given: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--workers", "2", "--data-dir", str(tmp_path), *given]) == 1
    assert told in capsys.readouterr().err


def test_a_taken_port_is_told_before_anything_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port), "--data-dir", str(tmp_path)]) == 1
    assert f"不能在 127.0.0.1:{port} 监听" in capsys.readouterr().err
