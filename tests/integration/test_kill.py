"""A real server, killed at the worst moment: what was acknowledged is answered, once (invariants 1, 10 and 11).

Slow: the server loads the language model at each start.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.simulator import credentials
from bot.simulator.platform import Platform
from bot.simulator.server import Simulator
from tests.integration.fixtures_database import ROOT

pytestmark = pytest.mark.slow

QUIET_SECONDS = 3.0
"""Long enough to kill the server between its acknowledgement and its reply."""
READY_WITHIN_SECONDS = 240
ANSWER_WITHIN_SECONDS = 60
DEFINITELY_OVER_SECONDS = 6
"""Quiet time and one sweep after the start: whatever a start would add is there by then."""


class Server:
    """`anfu serve` as a process that can be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.log = folder / "serve.log"
        self._data = folder / "data"
        self.settings = {"ANFU_QUIET_SECONDS": str(QUIET_SECONDS)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANFU_")}
        environment |= self.settings
        command = [sys.executable, "-m", "bot", "serve", "--port", str(self.port), "--data-dir", str(self._data)]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.call("GET", "/readyz")
            except OSError:
                time.sleep(0.2)
            else:
                return
        self.kill()
        pytest.fail(f"anfu serve did not become ready:\n{self.log.read_text(errors='replace')[-3000:]}")

    def kill(self) -> None:
        """kill -9: no farewell, nothing tidied."""
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def stop(self) -> int:
        """SIGTERM, as a service manager does; the exit status."""
        assert self._process
        self._process.terminate()
        return self._process.wait(30)

    def call(self, method: str, path: str, body: object = None, token: str = "") -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=40) as answer:
            return json.load(answer)


class Customer:
    """One conversation over HTTP."""

    def __init__(self, server: Server) -> None:
        self.server = server
        opened = server.call("POST", "/api/v1/conversations", {"channel": "web"})
        self.token: str = opened["token"]
        self.path = f"/api/v1/conversations/{opened['conversation_id']}/messages"

    def post(self, text: str, client_id: str) -> int:
        body = {"client_id": client_id, "text": text}
        return int(self.server.call("POST", self.path, body, self.token)["seq"])

    def read(self, after: int = 0, wait: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.server.call("GET", f"{self.path}?after={after}&wait={wait}", token=self.token)
        return found

    def conversation(self) -> list[tuple[str, str]]:
        return [(message["sender"], message["text"]) for message in self.read()["messages"]]

    def hear(self, after: int) -> list[dict[str, Any]]:
        """What the company says after `after`, waited for."""
        deadline = time.monotonic() + ANSWER_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if said := [m for m in self.read(after, wait=10)["messages"] if m["sender"] != "customer"]:
                return said
        pytest.fail(f"no answer within {ANSWER_WITHIN_SECONDS} s:\n{self.server.log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("kill"))
    server.start()
    yield server
    server.kill()


def test_a_message_acknowledged_before_a_kill_is_answered_once_after_the_restart(server: Server) -> None:
    """Invariants 1, 10 and 11: the token still opens the conversation, and more restarts add nothing."""
    customer = Customer(server)
    client_id = str(uuid.uuid4())
    seq = customer.post("你好", client_id)
    server.kill()

    server.start()
    assert customer.post("你好", client_id) == seq, "the same message again is the same message"
    replies = customer.hear(after=seq)
    whole = customer.conversation()
    assert [sender for sender, _ in whole] == ["bot", "customer", "bot"]
    assert [("bot", reply["text"]) for reply in replies] == whole[2:]
    assert customer.read()["owner"] == "bot", "the reply is an answer, no apology"

    assert server.stop() == 0
    server.start()
    time.sleep(DEFINITELY_OVER_SECONDS)
    assert customer.conversation() == whole


async def test_what_wechat_was_told_is_taken_is_answered_once_after_a_kill(tmp_path: Path) -> None:
    """A kill between the callback and the reply, and another one with everything done (W1)."""
    platform = Platform(lambda: datetime.now(UTC))
    server = Server(tmp_path)
    async with Simulator(platform, f"http://127.0.0.1:{server.port}", retry_after=0.5) as simulator:
        server.settings |= credentials.environment(simulator.address)
        await asyncio.to_thread(server.start)
        for text in ("我家冰箱", "不制冷了"):
            assert (await simulator.say("openid-1", text)).is_taken
        server.kill()
        assert not simulator.replies("openid-1")

        lost = asyncio.create_task(simulator.say("openid-1", "买了三年"))
        assert not (await lost).is_taken, "nobody is there to take it, and nobody says so"
        await asyncio.to_thread(server.start)
        said = lambda: [reply.text for reply in simulator.replies("openid-1")]  # noqa: E731
        await simulator.wait_until(lambda: "冰箱" in "".join(said()), ANSWER_WITHIN_SECONDS)
        answered = said()

        assert await asyncio.to_thread(server.stop) == 0
        await asyncio.to_thread(server.start)
        await asyncio.sleep(DEFINITELY_OVER_SECONDS)
        assert said() == answered, "more restarts add nothing"
        assert sum("小安" in text for text in answered) == 1, "one greeting"
        assert sum("冰箱" in text for text in answered) == 1, "one answer to both bubbles"
        assert platform.sent_beyond_quota == 0
        server.kill()


def test_a_leading_slash_is_no_command_to_the_engine(server: Server) -> None:
    """From Rasa's side `/human` would be an intent."""
    customer = Customer(server)
    seq = customer.post("/human", str(uuid.uuid4()))
    assert customer.hear(after=seq)
    assert customer.read()["owner"] == "bot"


def test_the_server_knows_no_other_conversations_by_this_token(server: Server) -> None:
    """Invariant 10."""
    customer, other = Customer(server), Customer(server)
    with pytest.raises(urllib.error.HTTPError) as refused:
        server.call("GET", other.path, token=customer.token)
    assert refused.value.code == 403
