"""A whole installation for the fault tests: nodes, WeChat, somebody who subscribes, and everybody who uses it."""

import asyncio
import itertools
import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from bot.adapters import tables as t
from bot.adapters.sealing import Keyring
from bot.adapters.uow import open_database, readers, reading
from bot.bootstrap import utc_now
from bot.domain.conversation import Conversation
from bot.domain.message import Message
from bot.gateway.auth import staff_token
from bot.services.ports import UnitOfWork
from bot.simulator import credentials
from bot.simulator.platform import Platform
from bot.simulator.server import Simulator
from tests.faults import server
from tests.faults.clients import SECRET, Agent, Follower, Line, Visitor
from tests.faults.history import Filed, Findings, History, Phone, Row, Said, Sight, Violation, Wrong, check

READY_WITHIN = 90.0
CALM_WITHIN = 180.0
"""Seconds within which everything is answered and seen once the faults are over."""
CLAIMS_LAST = timedelta(minutes=3)
"""Longer than any lease or claim that a killed process leaves behind."""
WECHAT_AGAIN_AFTER = 0.5
AT_ONCE = 16
MOST_SAID = 14
"""Messages of one customer on the website."""
EVENTS = ("message.customer", "message.agent", "conversation.taken", "ticket.opened")
_names = itertools.count(1)


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class NotReady(Exception):
    """A server did not come up; the message ends with what it wrote last."""


class Node:
    """One server, which is started again whenever it dies."""

    def __init__(
        self, order: server.Order, http: aiohttp.ClientSession, time_: server.SharedTime, host: str = "127.0.0.1"
    ) -> None:
        self.order = order
        self.dials = server.Dials(time_)
        self.url = f"http://{host}:{order.settings['ANFU_PORT']}"
        self.is_ready = False
        self.deaths = 0
        self._http = http
        self._process: Any = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, and see to it that it stays there.

        Raises:
            NotReady: it does not come up.
        """
        await self._begin()
        self._keeper = asyncio.create_task(self._keep())

    async def end(self) -> None:
        """Let it end for good."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process and self._process.is_alive():
            self.signal(signal.SIGCONT)
            self._process.kill()
        if self._process:
            await asyncio.to_thread(self._process.join)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, number)

    async def has_died(self, within: float) -> bool:
        """Whether the armed point was reached in time."""
        return await _comes_true(lambda: not self.dials.is_armed, within)

    async def up(self, within: float = READY_WITHIN) -> None:
        """Wait until it serves.

        Raises:
            NotReady: it does not.
        """
        if not await _comes_true(lambda: self.is_ready, within):
            raise NotReady(self.order.log.read_text(errors="replace")[-3000:])

    async def _begin(self) -> None:
        self._process = await asyncio.to_thread(server.start, self.order, self.dials)
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline and self._process.is_alive():
            if await self._answers():
                self.is_ready = True
                return
            await asyncio.sleep(0.05)
        raise NotReady(self.order.log.read_text(errors="replace")[-3000:])

    async def _answers(self) -> bool:
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            limit = aiohttp.ClientTimeout(total=2)
            async with self._http.get(f"{self.url}/healthz", timeout=limit) as response:
                return response.status == 200
        return False

    async def _keep(self) -> None:
        while True:
            if not self._process.is_alive():
                self.is_ready = False
                self.deaths += 1
                with suppress(NotReady):  # its database may be away
                    await self._begin()
            await asyncio.sleep(0.05)


async def _comes_true(is_so: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while not is_so():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


@dataclass
class Crowd:
    """Who uses the service during one fault."""

    visitors: list[Visitor] = field(default_factory=list)
    followers: list[Follower] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)

    @property
    def refused(self) -> Counter[int]:
        """How often they were refused, by status; 0 is no answer."""
        lines = [visitor.line for visitor in self.visitors] + [agent.line for agent in self.agents]
        return sum((Counter(line.refused) for line in {id(line): line for line in lines}.values()), Counter())


class World:
    """The installation; entered, it runs.

    Attributes:
        told: how often the subscriber got each notice.
        time: what time it is for nodes and platform.
    """

    def __init__(
        self, folder: Path, *, database: str = "", redis: str = "", nodes: int = 1, engine_deadline: float = 20.0,
        orders: Sequence[dict[str, Any]] = (), hosts: Sequence[str] = (), node_database: Sequence[str] = (),
        subscriber_host: str = "127.0.0.1", tell: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        """Prepare it.

        Args:
            database: its address as seen from here; empty for SQLite in `folder`.
            redis: the address of Redis; empty for none.
            orders: by node, what is special about its process. hosts: by node, where it is reached.
            subscriber_host: where the nodes reach the subscriber.
            node_database: by node, the address of the database, where it is another one from there.
            tell: hears what happens, for people.
        """
        self.folder = folder
        self.database = database or f"sqlite:///{folder / 'data' / 'anfu.db'}"
        self.told: Counter[str] = Counter()
        self.time = server.SharedTime()
        self.tell = tell
        self.chance = random.Random(7)
        self.nodes: list[Node] = []
        self._redis, self._count = redis, nodes
        self._subscriber_host = subscriber_host
        self._deadline, self._orders, self._hosts = engine_deadline, orders, hosts
        self._node_database = node_database
        self._stack = AsyncExitStack()
        self._talking: set[asyncio.Task[None]] = set()
        self._going = True

    async def __aenter__(self) -> "World":
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)
        await self._stack.aclose()

    async def _open(self) -> None:
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        connector = aiohttp.TCPConnector(limit=0, force_close=False)
        self.http = await self._stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        subscriber = await self._open_subscriber()
        ports = [free_port() for _ in range(self._count)]
        settings = {
            "ANFU_SECRET": SECRET, "ANFU_DATA_KEYS": SECRET, "ANFU_QUIET_SECONDS": "0.1",
            "ANFU_WEBHOOK_HOSTS": self._subscriber_host,
            "ANFU_MESSAGES_PER_MINUTE": "100000", "ANFU_CONVERSATIONS_PER_MINUTE": "1000000",
            "ANFU_DATA_DIR": str(self.folder / "data"),
        }  # fmt: skip
        url = f"http://127.0.0.1:{ports[0]}"
        simulator = Simulator(Platform(self.time.now), url, retry_after=WECHAT_AGAIN_AFTER, answer_within=2)
        self.simulator = await self._stack.enter_async_context(simulator)
        settings |= credentials.environment(self.simulator.address)
        for number, port in enumerate(ports):
            own = {**settings, "ANFU_PORT": str(port), "ANFU_REDIS": self._redis}
            own["ANFU_DATABASE"] = self._node_database[number] if self._node_database else self.database
            host = self._hosts[number] if self._hosts else "127.0.0.1"
            own["ANFU_HOST"] = host
            special = self._orders[number] if self._orders else {}
            order = server.Order(
                own | special.get("settings", {}), self.folder / f"node{number}.log",
                engine_deadline=self._deadline, namespace=special.get("namespace", ""),
            )  # fmt: skip
            node = Node(order, self.http, self.time, host)
            self.nodes.append(node)
            self._stack.push_async_callback(node.end)
            await node.start()
        self._engine = open_database(self.database, Keyring((SECRET,)))
        self._stack.callback(self._engine.dispose)
        self._uow = reading(self._engine)
        await self._subscribe(subscriber)

    def flush(self) -> None:
        """Let SQLite's log begin anew, so that the next write needs room on the disk."""
        with readers(self._engine).connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def address(self) -> str:
        """Where the load balancer sends the next request: to a node that serves, if there is any."""
        ready = [node for node in self.nodes if node.is_ready]
        return self.chance.choice(ready or self.nodes).url

    def crowd(
        self, visitors: int, followers: int = 0, agents: int = 0, *, address: Callable[[], str] | None = None
    ) -> Crowd:
        """Customers and people of the company, who have not begun yet; some want tickets, some a person."""
        crowd = Crowd()
        for number in range(visitors):
            line = Line(self.http, address or self.address)
            crowd.visitors.append(
                Visitor(
                    f"w{next(_names)}", line, random.Random(self.chance.random()), wants_tickets=number % 3 == 1,
                    wants_person=agents > 0 and number % 4 == 3, reads_by_poll=number % 5 == 4,
                )
            )  # fmt: skip
        for number in range(followers):
            chance = random.Random(self.chance.random())
            crowd.followers.append(Follower(f"f{next(_names)}", self.simulator, chance, by_kf=number % 2 == 1))
        for name in list(server.PEOPLE)[:agents]:
            crowd.agents.append(Agent(name, Line(self.http, address or self.address), next(_names)))
        return crowd

    def begin(self, crowd: Crowd) -> None:
        """Let everybody talk until `finish`; who has said enough goes, and another customer comes."""
        self._going = True
        talks = [self._come_and_go(crowd, visitor) for visitor in crowd.visitors]
        talks += [follower.talk(lambda _: self._going) for follower in crowd.followers]
        talks += [agent.serve(crowd.visitors, lambda: self._going) for agent in crowd.agents]
        self._talking |= {asyncio.create_task(talk) for talk in talks}

    async def _come_and_go(self, crowd: Crowd, visitor: Visitor) -> None:
        while True:
            await visitor.talk(lambda said: self._going and said < MOST_SAID)
            if not self._going:
                return
            await visitor.leave()
            visitor = visitor.another(f"w{next(_names)}")
            crowd.visitors.append(visitor)

    async def finish(self, crowd: Crowd, within: float = CALM_WITHIN) -> Findings:
        """Let everybody end their sentence, wait until all is answered and seen, and look at the whole history.

        The time passes for which a process that was killed holds what it had in hand.
        """
        self._going = False
        await asyncio.wait_for(asyncio.gather(*self._talking), within)
        self._talking.clear()
        for node in self.nodes:
            node.dials.disarm()
            await node.up()
        self.time.pass_(CLAIMS_LAST)
        deadline, clean = time.monotonic() + within, 0
        while True:
            await self._catch_up(crowd)
            findings = await self._look(crowd)
            # Twice in a row: whatever would come twice has come by then, and what came just now was seen.
            clean = 0 if findings.violations else clean + 1
            is_final = len(findings.violations) > findings.count(Wrong.LOST)  # only what is missing may still come
            if clean == 2 or is_final or time.monotonic() > deadline:
                break
            await asyncio.sleep(1)
        for visitor in crowd.visitors:
            await visitor.leave()
        return findings

    async def _catch_up(self, crowd: Crowd) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(visitor: Visitor) -> None:
            async with places:
                await visitor.catch_up()

        await asyncio.gather(*map(one, crowd.visitors))

    async def _look(self, crowd: Crowd) -> Findings:
        """What is wrong now; a database that is not there yet has lost everything."""
        try:
            return check(await asyncio.to_thread(self.collect, crowd))
        except DBAPIError as error:
            return Findings(0, (Violation(Wrong.LOST, f"the database does not answer: {error}"),))

    def collect(self, crowd: Crowd) -> History:
        """Everything that was sent, stored and seen."""
        told = dict(self.told)  # before the database is read: what came is then stored as sent, or due
        said = [one for visitor in crowd.visitors for one in visitor.said]
        said += [one for agent in crowd.agents for one in agent.said]
        rows: list[Row] = []
        filed: list[Filed] = []
        phones: list[Phone] = []
        sights: dict[str, Sequence[Sight]] = {}
        with self._uow() as uow:
            ids = {visitor.conversation for visitor in crowd.visitors if visitor.conversation}
            for visitor in crowd.visitors:
                sights[visitor.name] = tuple(Sight(s.conversation, s.after, tuple(s.lines)) for s in visitor.sights)
            for follower in crowd.followers:
                asked = Conversation("", follower.channel, follower.external_id, utc_now())
                if talk := uow.conversations.lock_of(asked, or_open=False):
                    ids.add(talk.id)
                    phones.append(Phone(talk.id, tuple(follower.lines())))
                own = _rows(uow, talk.id) if talk else []
                keys = {row.text: row.key for row in own if row.sender == "customer"}
                said += [
                    Said(talk.id if talk else follower.external_id, keys.get(text) or text, text, None, is_taken, rank)
                    for text, is_taken, rank in follower.texts
                ]  # fmt: skip
            for conversation in sorted(ids):
                rows += _rows(uow, conversation)
                for ticket in uow.tickets.of_conversation(conversation):
                    filed.append(Filed(ticket.number, conversation, ticket.fields.get("problem", "")))
            owners = self._owners(uow, ids)
            waiting = self._waiting(uow, ids)
            sent, due = self._notices(uow)
        return History(said, rows, filed, sights, phones, owners, waiting, sent, due, told)

    def _owners(self, uow: Any, ids: Iterable[str]) -> dict[str, Sequence[int]]:
        h = t.conversation_history.c
        found = uow._connection.execute(select(h.conversation_id, h.epoch).order_by(h.conversation_id, h.epoch))
        owners: dict[str, list[int]] = {conversation: [] for conversation in ids}
        for conversation, epoch in found:
            if conversation in owners:
                owners[conversation].append(epoch)
        return {conversation: tuple(epochs) for conversation, epochs in owners.items()}

    def _waiting(self, uow: Any, ids: set[str]) -> int:
        o = t.outbox.c
        found = uow._connection.execute(select(o.conversation_id).where((o.channel == "web") | o.claim.isnot(None)))
        return sum(row[0] in ids for row in found)

    def _notices(self, uow: Any) -> tuple[frozenset[str], int]:
        n = t.notices.c
        mine = n.way == "hook"
        sent = frozenset(row[0] for row in uow._connection.execute(select(n.id).where(mine, n.state == "sent")))
        due = uow._connection.execute(select(func.count()).select_from(t.notices).where(mine, n.state != "sent"))
        return sent, int(due.scalar_one())

    async def _open_subscriber(self) -> str:
        async def hear(request: web.Request) -> web.Response:
            notice = await request.json()
            self.told[str(notice.get("id"))] += 1
            return web.json_response({})

        app = web.Application()
        app.router.add_post("/", hear)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self._subscriber_host, 0)
        await site.start()
        return f"http://{self._subscriber_host}:{runner.addresses[0][1]}/"

    async def _subscribe(self, url: str) -> None:
        line, manager = Line(self.http, lambda: self.nodes[0].url), "吴经理"
        token = staff_token(SECRET, manager, server.PEOPLE[manager], utc_now())
        await line.ask("POST", "/api/v1/desk/webhooks", {"url": url, "events": list(EVENTS)}, token)


def _rows(uow: UnitOfWork, conversation: str) -> list[Row]:
    unanswered = {message.id for message in uow.messages.unanswered(conversation)}
    return [_row(message, message.id not in unanswered) for message in uow.messages.after(conversation, 0, notes=True)]


def _row(message: Message, answered: bool) -> Row:
    source = message.source or {}
    return Row(
        message.conversation_id, message.seq, message.id, message.sender.value, message.text, message.client_id,
        message.note, answered, message.delivery, str(source.get("id", "")) if source.get("kind") == "script" else "",
    )  # fmt: skip
