"""`deploy/nginx/anfu.conf` as it is shipped: nginx takes it, and behind it nodes start again unnoticed."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy.engine import Engine

from tests.integration.fixtures_database import DATA_KEY, ROOT, missing
from tests.integration.test_serving_processes import Server, Talk, free_port, server, until

CUSTOMERS = 8
PAUSE_SECONDS = 0.1
"""Of a customer, between one message and the next."""
DRAIN_SECONDS = 1
"""Less than the guide says: the second node is gone while nginx still counts the first one as failed."""
ECHO = "您说的是："
CONF = ROOT / "deploy" / "nginx" / "anfu.conf"
FRAME = """
daemon off;
error_log stderr;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {conf}
}}
"""


@pytest.fixture
def nginx() -> str:
    """Where nginx is."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    return found or missing("nginx")


def certificate(folder: Path) -> dict[str, str]:
    """A certificate that nobody trusts, in place of the real one."""
    kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=kefu.example.com"]
    places = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", "req", *kind, *places], check=True, capture_output=True)
    return {
        "/etc/nginx/certs/kefu.example.com.pem": str(folder / "cert.pem"),
        "/etc/nginx/certs/kefu.example.com.key": str(folder / "key.pem"),
    }


def write_conf(folder: Path, changes: dict[str, str]) -> Path:
    """The shipped file with other addresses, within what a distribution's own file says."""
    conf = CONF.read_text()
    for shipped, here in changes.items():
        assert shipped in conf, f"{CONF.name} no longer has {shipped}"
        conf = conf.replace(shipped, here)
    path = folder / "nginx.conf"
    path.write_text(FRAME.format(folder=folder, conf=conf))
    return path


def test_nginx_takes_the_shipped_file(nginx: str, tmp_path: Path) -> None:
    path = write_conf(tmp_path, certificate(tmp_path))
    checked = subprocess.run([nginx, "-t", "-p", tmp_path, "-c", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


@asynccontextmanager
async def in_front_of(nodes: Sequence[Server], folder: Path, nginx: str) -> AsyncIterator[str]:
    """nginx with the shipped file; gives its address."""
    plain, secure = free_port(), free_port()
    changes = {"listen 80;": f"listen 127.0.0.1:{plain};", "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;"}
    changes |= {f"10.0.0.1{number}:8080": f"127.0.0.1:{node.port}" for number, node in enumerate(nodes, 1)}
    path = write_conf(folder, certificate(folder) | changes)
    with (folder / "nginx.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(nginx, "-p", folder, "-c", path, stderr=log)
    try:
        await until(lambda: _listens(secure))
        yield f"https://127.0.0.1:{secure}"
    finally:
        process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def two_nodes(
    database: Engine, redis_address: str, folder: Path, **settings: object
) -> AsyncIterator[tuple[Server, Server]]:  # fmt: skip
    """As the guide sets them up."""
    shared = {
        "ANFU_DATABASE": database.url.render_as_string(hide_password=False), "ANFU_REDIS": redis_address,
        "ANFU_DATA_KEYS": DATA_KEY, "ANFU_TRUSTED_PROXIES": "127.0.0.1",
    }  # fmt: skip
    shared |= {name: str(value) for name, value in settings.items()}
    async with server(folder, settings=shared) as one, server(folder, settings=shared) as other:
        yield one, other


def browser() -> aiohttp.ClientSession:
    """Takes our certificate."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=False))


@dataclass
class Customer:
    """Writes without end and reads by socket, all by way of nginx, as the widget does.

    Attributes:
        said: what was acknowledged. heard: what the bot has answered, bubble by bubble.
        failures: what no customer may see.
    """

    http: aiohttp.ClientSession
    address: str
    token: str
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _after: int = 0

    @classmethod
    async def open(cls, http: aiohttp.ClientSession, url: str) -> "Customer":
        talk = await Talk.open(http, url)
        return cls(http, f"{url}/api/v1/conversations/{talk.id}", talk.token)

    async def write(self, stopped: asyncio.Event) -> None:
        """One message after the other."""
        while not stopped.is_set():
            await self._say(f"第{len(self.said) + 1}句")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _say(self, words: str) -> None:
        """Until it is taken; who is told to come later does so when told to."""
        body, headers = {"client_id": str(uuid.uuid4()), "text": words}, {"Authorization": f"Bearer {self.token}"}
        while True:
            async with self.http.post(f"{self.address}/messages", json=body, headers=headers) as response:
                if response.status == 202:
                    self.said.append(words)
                    return
                if response.status != 503 or "Retry-After" not in response.headers:
                    self.failures.append(f"{words}: {response.status} {await response.text()}")
                await asyncio.sleep(float(response.headers.get("Retry-After", 1)))

    async def read(self) -> None:
        """Until cancelled; a socket that is closed is opened again, and goes on after what was seen last."""
        while True:
            address = f"{self.address}/socket?after={self._after}"
            try:
                async with self.http.ws_connect(address, protocols=("anfu", self.token)) as ws:
                    async for frame in ws:
                        self._hear(json.loads(frame.data))
            except aiohttp.WSServerHandshakeError as error:
                self.failures.append(f"socket: {error.status}")
            await asyncio.sleep(PAUSE_SECONDS)

    def _hear(self, frame: dict[str, Any]) -> None:
        for message in frame["messages"]:
            self._after = message["seq"]
            if message["sender"] == "bot" and message["text"].startswith(ECHO):
                self.heard += message["text"].removeprefix(ECHO).split("\n")

    async def has_heard_all(self) -> bool:
        """Whether each message is answered."""
        return len(self.heard) >= len(self.said)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_nodes_start_again_one_after_the_other_and_no_customer_notices(
    nginx: str, database: Engine, redis_address: str, tmp_path: Path
) -> None:
    """The first that nginx tries on a node that is back may be a socket, which does not end and so proves nothing."""
    async with (
        two_nodes(database, redis_address, tmp_path, ANFU_DRAIN_SECONDS=DRAIN_SECONDS) as nodes,
        in_front_of(nodes, tmp_path, nginx) as url,
        browser() as http,
        asyncio.TaskGroup() as tasks,
    ):
        customers = [await Customer.open(http, url) for _ in range(CUSTOMERS)]
        stopped = asyncio.Event()
        writing = [tasks.create_task(customer.write(stopped)) for customer in customers]
        reading = [tasks.create_task(customer.read()) for customer in customers]
        for node in nodes:
            before = [len(customer.said) for customer in customers]
            node.signal(signal.SIGTERM)
            assert await node.ends() == 0, node.log.read_text()[-3000:]
            await node.start()
            assert all(len(customer.said) > n for customer, n in zip(customers, before, strict=True))
        stopped.set()
        await asyncio.gather(*writing)
        for customer in customers:
            await until(customer.has_heard_all)
        for task in reading:
            task.cancel()
    failures = [failure for customer in customers for failure in customer.failures]
    assert not failures, (tmp_path / "nginx.log").read_text()
    for customer in customers:
        assert customer.heard == customer.said, "each once, in order"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_node_that_says_it_has_too_much_to_do_is_not_taken_for_a_dead_one(
    nginx: str, database: Engine, redis_address: str, tmp_path: Path
) -> None:
    """Its 503 is the answer; what it can still do, it does."""
    async with (
        two_nodes(database, redis_address, tmp_path, ANFU_MOST_READERS=1) as nodes,
        in_front_of(nodes, tmp_path, nginx) as url,
        browser() as http,
    ):
        talks = [await Talk.open(http, url) for _ in range(8)]
        sockets = [f"{url}/api/v1/conversations/{talk.id}/socket" for talk in talks]
        opening = [http.ws_connect(to, protocols=("anfu", talk.token)) for to, talk in zip(sockets, talks, strict=True)]
        opened = await asyncio.gather(*opening, return_exceptions=True)
        refused = [error for error in opened if isinstance(error, aiohttp.WSServerHandshakeError)]
        assert len(refused) >= len(talks) - len(nodes)
        assert {(error.status, "Retry-After" in (error.headers or {})) for error in refused} == {(503, True)}
        for talk in talks:
            await talk.say(url, "在吗")
            assert talk.statuses == {202}
