"""A whole gateway on a real database, with a bot that echoes, for tests/integration/test_gateway_*.py."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from aiohttp import ClientResponse, ClientWebSocketResponse
from aiohttp.test_utils import TestClient, TestServer

from bot.adapters.uow import UnitsOfWork, migrate, open_database
from bot.adapters.wakeups import LocalWakeups, RedisWakeups
from bot.bootstrap import Anfu, Content, build, load_content
from bot.commands.node import Node
from bot.commands.platforms import platforms_of
from bot.domain.actor import Actor, Role
from bot.domain.message import Message, Reply, Sender
from bot.domain.ticket import Kind
from bot.gateway import keys
from bot.gateway.auth import staff_token
from bot.gateway.office import Office
from bot.services.links import Purpose
from bot.services.ports import Answer, Turn, UnitOfWorkFactory
from bot.services.resolutions import Plan
from bot.services.ticketing import Ticketing
from bot.settings import Settings
from bot.workers.turn_runner import TurnRunner

SECRET = "a secret of the tests that is long enough"
MESSAGES = "/api/v1/conversations/{}/messages"
SOCKET = "/api/v1/conversations/{}/socket"

PUBLIC_URL = "https://service.example.com"
"""Where links say that they lead; tests go to the same path of the test's own server."""

PEOPLE = {
    "小李": "agent",
    "小张": "agent",
    "王主管": "supervisor",
    "赵主管": "supervisor",
    "陈经理": "manager",
    "管理员": "admin",
}

AGENT = Actor("小李", Role.AGENT)
CONTACT = {
    "contacted_by": "电话", "contact_notes": "客户说周三没收到", "product_spec": "滚筒洗衣机",
    "produced_on": "不适用", "batch": "不适用", "used_since": "不适用", "previous_brand": "没有",
}  # fmt: skip
ANALYSIS = {
    "cause": "late_delivery", "severity": "2", "evidence": "物流记录", "understanding": "清楚", "other_demands": "没有",
    "relationship": "老客户", "repurchase": "大", "word_of_mouth": "一般", "reasonable": "合理", "our_share": "100",
}  # fmt: skip
PLAN = Plan(
    choice="cash", terms=("三天内发货，运单号会在聊天里告诉您",), loss_fen=5000,
    tasks=(("warehouse", "优先发出洗衣机"), ("finance", "退补偿款")),
)  # fmt: skip

content_once = cache(load_content)


@cache
def hasty_content() -> Content:
    """What is shipped, but for how long a channel waits for a further bubble."""
    content = content_once()
    waits = dict.fromkeys(content.channels.quiet_seconds, 0.3)
    return replace(content, channels=replace(content.channels, quiet_seconds=waits))


@cache
def migrated_once() -> TemporaryDirectory[str]:
    """Holds an SQLite database in its newest form, of which each gateway begins with a copy: that saves it a second."""
    folder = TemporaryDirectory(prefix="anfu-migrated-")
    engine = open_database(f"sqlite:///{folder.name}/anfu.db")
    migrate(engine)
    engine.dispose()
    return folder


def begin_migrated(settings: Settings) -> None:
    """Put the copy where a new SQLite database would be made."""
    path = settings.data_dir / "anfu.db"
    if not settings.database and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(migrated_once().name) / "anfu.db", path)


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
    anfu: Anfu
    wakeups: LocalWakeups
    engine: EchoEngine
    office: Office
    runner: TurnRunner

    @property
    def readers(self) -> asyncio.Semaphore:
        """Places for customers' sockets and held requests."""
        return self.server.app[keys.READERS]

    @property
    def uow(self) -> UnitOfWorkFactory:
        return self.anfu.uow

    @property
    def clock(self) -> Clock:
        assert isinstance(self.anfu.clock, Clock)
        return self.anfu.clock

    @property
    def ticketing(self) -> Ticketing:
        return self.anfu.ticketing

    async def open(self) -> Conversation:
        response = await self.client.post("/api/v1/conversations", json={"channel": "web"})
        assert response.status == 201, await response.text()
        answer = await response.json()
        return Conversation(self.client, answer["conversation_id"], answer["token"])

    def staff(self, name: str = "小李", role: str = "agent") -> None:
        with self.uow() as work:
            work.users.add(name, role, self.clock())
            work.commit()

    async def ask(self, method: str, path: str, body: Any = None, *, by: str = "小李") -> ClientResponse:
        """A request to the staff API by a person of the company; see `PEOPLE`."""
        token = staff_token(SECRET, by, PEOPLE[by], self.clock())
        response: ClientResponse = await self.client.request(
            method, f"/api/v1{path}", json=body, headers={"Authorization": f"Bearer {token}"}
        )
        return response

    def everybody(self) -> None:
        """Store the people of the company."""
        for name, role in PEOPLE.items():
            self.staff(name, role)

    def link(self, purpose: Purpose, record_id: str, days: float = 7) -> str:
        """The path of a signed link."""
        return urlsplit(self.office.links.make(purpose, record_id, self.clock(), days)).path

    def analysed(self, conversation_id: str | None = None, key: str = "1", **facts: str) -> str:
        """A complaint that was analysed and waits for a proposal; gives its number."""
        fields = {"grievance": "说好周三发货，到今天还没有发", "demand": "赔偿", "phone": "13800138000"}
        number = self.ticketing.open(Kind.COMPLAINT, fields, key=key, conversation_id=conversation_id).number
        casework = self.office.casework
        casework.move(number, "contact", AGENT, "受理")
        casework.move(number, "analyse", AGENT, "已电话联系", CONTACT)
        casework.move(number, "propose", AGENT, "分析完毕", ANALYSIS | facts)
        return number

    def offered(self, number: str, plan: Plan | None = None) -> str:
        """An offer for an analysed complaint; gives the agreement's id."""
        self.office.resolutions.propose(number, plan or PLAN, AGENT)
        for approval in self.office.resolutions.pending():
            self.office.resolutions.decide(approval.id, True, Actor("王主管", Role.SUPERVISOR), "看过了")
        return self.office.resolutions.agreements_of(number)[-1].id

    def store(self, conversation_id: str, text: str, note: bool = False) -> Message:
        """Store a message without telling anyone, as if a wake-up were lost."""
        with UnitsOfWork(self.anfu.database)() as work:
            reply = Reply(text, {"kind": "test"})
            (message,) = work.messages.add(conversation_id, Sender.BOT, [reply], self.clock(), note=note)
            work.commit()
        return message

    def stored(self, conversation_id: str) -> list[Message]:
        with self.uow() as work:
            return work.messages.after(conversation_id, 0, notes=True)


@asynccontextmanager
async def gateway(
    folder: Path, *, messages_per_minute: int = 60, conversations_per_minute: int = 120, uow: Any = None,
    **given: Any,
) -> AsyncIterator[World]:  # fmt: skip
    """A running gateway with its workers; `uow` replaces what the gateway (only) reads with.

    Args:
        given: further settings, such as our accounts on platforms.
    """
    clock, engine = Clock(), EchoEngine()
    wakeups = RedisWakeups(given["redis"]) if "redis" in given else LocalWakeups()
    with patch.dict(os.environ, ANFU_SECRET=SECRET):
        settings = Settings(
            data_dir=folder, public_url=PUBLIC_URL, quiet_seconds=0.02, messages_per_minute=messages_per_minute,
            conversations_per_minute=conversations_per_minute, **given,
        )  # fmt: skip
        begin_migrated(settings)
        anfu = build(settings, clock, hasty_content())
        node = Node(anfu if uow is None else replace(anfu, reading=uow), engine, wakeups, platforms_of(anfu), {})
        app = node.app()
    server = TestServer(app)
    async with AsyncExitStack() as stack:
        if isinstance(wakeups, RedisWakeups):
            await wakeups.start()
            stack.push_async_callback(wakeups.stop)
        await node.lines.open(stack)
        stack.enter_context(node.telling())
        for worker in (*node.lines.workers, node.runner):
            await worker.start()
            stack.push_async_callback(worker.stop)
        client = await stack.enter_async_context(TestClient(server))
        yield World(client, server, anfu, wakeups, engine, node.office, node.runner)
    anfu.database.dispose()


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
