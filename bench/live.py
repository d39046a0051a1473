"""What the live benchmarks share: the quiet server as a child, its memory and time, and its callers."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from bot.gateway.auth import staff_token
from bot.settings import ROOT

SECRET = "the benchmark's own secret, long enough"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """The child: where it is, and what it uses."""

    pid: int
    url: str
    http: aiohttp.ClientSession
    data: Path

    @property
    def megabytes(self) -> float:
        """Memory in use now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) / 1024

    @property
    def cpu_seconds(self) -> float:
        """Processor time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    async def open(self) -> tuple[str, str]:
        """A new conversation: its id and its token."""
        async with self.http.post(f"{self.url}/api/v1/conversations", json={"channel": "web"}) as response:
            opened: dict[str, str] = await response.json()
        return opened["conversation_id"], opened["token"]

    async def customer(self, conversation_id: str, token: str) -> aiohttp.ClientWebSocketResponse:
        """A customer's socket, compressed as browsers ask for; its first frame is read."""
        ws = await self.http.ws_connect(
            f"{self.url}/api/v1/conversations/{conversation_id}/socket", protocols=("anfu", token), compress=15
        )
        await ws.receive()
        return ws

    def bearer(self, name: str) -> dict[str, str]:
        """An agent's header."""
        return {"Authorization": f"Bearer {self.token(name)}"}

    def token(self, name: str) -> str:
        """An agent's token."""
        return staff_token(SECRET, name, "agent", datetime.now(UTC))

    async def post(self, name: str, path: str, body: Any) -> int:
        """A request of an agent; gives the status."""
        async with self.http.post(f"{self.url}/api/v1/desk{path}", json=body, headers=self.bearer(name)) as response:
            await response.read()
            return response.status


@asynccontextmanager
async def quiet_server(*options: str, **environment: str) -> AsyncIterator[Server]:
    """The server, on a new database, for as long as the block runs.

    Args:
        options: more for its command line. environment: settings that it has beside.
    """
    with socket.socket() as free, tempfile.TemporaryDirectory() as data:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.quiet_server", data, str(port), *options, cwd=ROOT,
            stdout=asyncio.subprocess.PIPE, env={**os.environ, "ANFU_SECRET": SECRET, **environment},
        )  # fmt: skip
        assert child.stdout
        if (await child.stdout.readline()).strip() != b"ready":
            raise SystemExit("the server did not start")
        connector = aiohttp.TCPConnector(limit=0)
        try:
            async with aiohttp.ClientSession(connector=connector) as http:
                yield Server(child.pid, f"http://127.0.0.1:{port}", http, Path(data))
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(child.wait(), 20)
            except TimeoutError:
                child.kill()


async def use_of(server: Server, seconds: float) -> float:
    """Which part of a processor the server takes in a time, in percent."""
    before, began = server.cpu_seconds, time.monotonic()
    await asyncio.sleep(seconds)
    return 100 * (server.cpu_seconds - before) / (time.monotonic() - began)
