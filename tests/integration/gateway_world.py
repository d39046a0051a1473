"""A whole gateway on a real database, with a bot that echoes, for tests/integration/test_gateway_*.py."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientWebSocketResponse
from aiohttp.test_utils import TestClient, TestServer

from bot.adapters.channels.web import WebChannel
from bot.adapters.content_files import load_promises, load_scripts
from bot.adapters.uow import migrate, open_database, unit_of_work
from bot.adapters.wakeups import LocalWakeups
from bot.domain.message import Message, Reply, Sender
from bot.gateway.app import create_app
from bot.services.delivery import Deliveries
from bot.services.handoff import Handoff
from bot.services.intake import Intake
from bot.services.ports import Answer, Turn, UnitOfWorkFactory
from bot.services.ticketing import Ticketing
from bot.services.turns import Turns
from bot.workers.outbox import OutboxWorker
from bot.workers.turn_runner import TurnRunner

SECRET = "a secret of the tests that is long enough"
MESSAGES = "/api/v1/conversations/{}/messages"
SOCKET = "/api/v1/conversations/{}/socket"


scripts_once = cache(load_scripts)


class Clock:
    """The real time, moved as a test likes."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class EchoEngine:
    """Says what it heard; 「转人工」 asks for a person. `pace` is how long it thinks."""

    ready: bool = True
    pace: float = 0.0
    heard: list[str] = field(default_factory=list)

    async def answer(self, turn: Turn) -> Answer:
        self.heard.append(turn.text)
        await asyncio.sleep(self.pace)
        handover = "asked" if "转人工" in turn.text else None
        return Answer((Reply(f"您说的是：{turn.text}", {"kind": "test"}),), b"", handover)


@dataclass
class Conversation:
    """A customer's end of a conversation."""

    client: Any
    id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def post(
        self, body: Any = None, *, data: Any = None, headers: dict[str, str] | None = None
    ) -> ClientResponse:
        sent = {"json": body} if data is None else {"data": data}
        response: ClientResponse = await self.client.post(
            MESSAGES.format(self.id), headers=self.headers if headers is None else headers, **sent
        )
        return response

    async def say(self, text: str, client_id: str | None = None) -> ClientResponse:
        return await self.post({"client_id": client_id or str(uuid.uuid4()), "text": text})

    async def get(self, headers: dict[str, str] | None = None, **query: Any) -> ClientResponse:
        response: ClientResponse = await self.client.get(
            MESSAGES.format(self.id), params=query, headers=self.headers if headers is None else headers
        )
        return response

    async def read(self, **query: Any) -> dict[str, Any]:
        response = await self.get(**query)
        assert response.status == 200, await response.text()
        frame: dict[str, Any] = await response.json()
        return frame

    async def socket(self, after: int = 0, **options: Any) -> ClientWebSocketResponse:
        options = options or {"protocols": ("anfu", self.token)}
        ws: ClientWebSocketResponse = await self.client.ws_connect(
            SOCKET.format(self.id), params={"after": after}, **options
        )
        return ws


@dataclass
class World:
    """Everything a test may want to look at or turn."""

    client: Any
    server: TestServer
    uow: UnitOfWorkFactory
    clock: Clock
    engine: EchoEngine
    wakeups: LocalWakeups
    ticketing: Ticketing
    runner: TurnRunner

    async def open(self) -> Conversation:
        response = await self.client.post("/api/v1/conversations", json={"channel": "web"})
        assert response.status == 201, await response.text()
        answer = await response.json()
        return Conversation(self.client, answer["conversation_id"], answer["token"])

    def staff(self, name: str = "小李", role: str = "agent") -> None:
        with self.uow() as work:
            work.users.add(name, role, self.clock())
            work.commit()

    def store(self, conversation_id: str, text: str, note: bool = False) -> Message:
        """Store a message without telling anyone, as if a wake-up were lost."""
        with self.uow() as work:
            reply = Reply(text, {"kind": "test"})
            (message,) = work.messages.add(conversation_id, Sender.BOT, [reply], self.clock(), note=note)
            work.commit()
        return message

    def stored(self, conversation_id: str) -> list[Message]:
        with self.uow() as work:
            return work.messages.after(conversation_id, 0, notes=True)


@asynccontextmanager
async def gateway(
    folder: Path, *, messages_per_minute: int = 60, conversations_per_minute: int = 120, uow: Any = None
) -> AsyncIterator[World]:
    """A running gateway with its workers; `uow` replaces what the gateway (only) reads with."""
    database = open_database(f"sqlite:///{folder / 'anfu.db'}")
    migrate(database)
    work: UnitOfWorkFactory = unit_of_work(database)
    clock, engine, wakeups, scripts = Clock(), EchoEngine(), LocalWakeups(), scripts_once()
    outbox = OutboxWorker(Deliveries(work, {"web": WebChannel(wakeups)}, clock))
    handoff = Handoff(scripts, clock, lambda text, script: text)
    runner = TurnRunner(Turns(work, engine, handoff, scripts, clock), work, outbox.wake, quiet_seconds=0.02)
    ticketing = Ticketing(work, load_promises(), clock)
    app = create_app(
        intake=Intake(work, scripts, clock),
        ticketing=ticketing,
        uow=uow or work,
        turns=runner,
        wakeups=wakeups,
        engine=engine,
        clock=clock,
        secret=SECRET,
        messages_per_minute=messages_per_minute,
        conversations_per_minute=conversations_per_minute,
        wake_outbox=outbox.wake,
    )
    server = TestServer(app)
    await outbox.start()
    await runner.start()
    async with TestClient(server) as client:
        yield World(client, server, work, clock, engine, wakeups, ticketing, runner)
    await runner.stop()
    await outbox.stop()
    database.dispose()


async def refusal(response: ClientResponse, status: int, code: str) -> str:
    """Check that an answer is an error in the one shape; returns its message."""
    assert response.status == status, await response.text()
    body = await response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert body["error"]["code"] == code
    assert any("\u4e00" <= character <= "\u9fff" for character in body["error"]["message"])
    message: str = body["error"]["message"]
    return message
