"""Customers and people of the company, who try again as the widget, the desk and WeChat do, and remember everything."""

import asyncio
import json
import random
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from bot.adapters.channels.kf.account import external_id
from bot.adapters.channels.wechat import xml
from bot.adapters.channels.wechat.crypto import Seal
from bot.bootstrap import utc_now
from bot.gateway.auth import staff_token
from bot.simulator import credentials
from bot.simulator.chat import Reply, Speaker
from bot.simulator.credentials import OPEN_KFID
from bot.simulator.server import Simulator
from tests.faults.history import WANTS_TICKET, Said, Sight
from tests.faults.server import PEOPLE, WANTS_PERSON

SECRET = "the-secret-of-the-fault-tests-which-is-long-enough"
ANSWER_WITHIN = 5.0
AGAIN_AFTER = 0.2
LONG_POLL = 3
LONGEST_PAUSE = 0.4
"""Seconds between two messages of one customer, at most."""

Address = Callable[[], str]
"""Where the next request goes: the load balancer's choice."""


class GivenUp(Exception):
    """What was asked for will never be done; the answer says why."""


@dataclass
class Line:
    """The way to the service, with patience: what fails is asked again, elsewhere if there is another node.

    Attributes:
        refused: how often the service said that it could not, by status; 0 is no answer at all.
    """

    http: aiohttp.ClientSession
    address: Address
    refused: dict[int, int] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body: Any = None, token: str = "") -> dict[str, Any]:
        """Ask until it is answered.

        Raises:
            GivenUp: the answer is that it never will be.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        while True:
            status, answer = 0, {}
            with suppress(aiohttp.ClientError, OSError, TimeoutError, json.JSONDecodeError):
                async with self.http.request(
                    method, f"{self.address()}{path}", json=body, headers=headers,
                    timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN),
                ) as response:  # fmt: skip
                    status, answer = response.status, await response.json()
                    if status < 300:
                        return dict(answer)
            self.refused[status] = self.refused.get(status, 0) + 1
            if 400 <= status < 500 and status not in (408, 429):
                raise GivenUp(f"{method} {path}: {status} {answer}")
            await asyncio.sleep(AGAIN_AFTER)


@dataclass
class Visitor:
    """A customer on the website. Writes one message after the other, and reads on a socket that may break.

    Attributes:
        owner: who holds the conversation, as told last.
    """

    name: str
    line: Line
    chance: random.Random
    wants_tickets: bool = False
    wants_person: bool = False
    reads_by_poll: bool = False
    conversation: str = ""
    token: str = ""
    owner: str = "bot"
    said: list[Said] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    seen: int = 0
    _reading: "asyncio.Task[None] | None" = field(default=None, init=False)

    def another(self, name: str) -> "Visitor":
        """One who wants the same, and has not begun."""
        return Visitor(name, self.line, self.chance, self.wants_tickets, self.wants_person, self.reads_by_poll)

    async def visit(self) -> None:
        """Open a conversation and begin to read."""
        opened = await self.line.ask("POST", "/api/v1/conversations", {"channel": "web"})
        self.conversation, self.token = opened["conversation_id"], opened["token"]
        self._reading = asyncio.create_task(self._poll() if self.reads_by_poll else self._read())

    async def leave(self) -> None:
        """Read no more, until `catch_up`."""
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None

    async def catch_up(self) -> None:
        """Who has left comes back, and reads what has come meanwhile."""
        if self.conversation and self._reading is None:
            await self._ask_for_news(0)

    async def talk(self, goes_on: Callable[[int], bool]) -> None:
        """Write as long as it goes on, which is asked with the number of messages written."""
        if not self.conversation:
            await self.visit()
        while goes_on(len(self.said)):
            await self.write(self._words(len(self.said)))
            await asyncio.sleep(self.chance.random() * LONGEST_PAUSE)

    async def write(self, text: str) -> int:
        """Write one message, and go on trying until it is acknowledged; its place."""
        said = Said(self.conversation, str(uuid.uuid4()), text, is_taken=False, rank=len(self.said))
        self.said.append(said)
        path = f"/api/v1/conversations/{self.conversation}/messages"
        taken = await self.line.ask("POST", path, {"client_id": said.key, "text": text}, self.token)
        self.said[said.rank] = replace(said, seq=taken["seq"], is_taken=True)
        return int(taken["seq"])

    def _words(self, number: int) -> str:
        mark = f"#{self.name}.{number}"
        if self.wants_person and number == 3:
            return f"{WANTS_PERSON} {mark}"
        return f"{WANTS_TICKET} {mark}" if self.wants_tickets and number % 4 == 1 else f"请问 {mark}"

    async def _read(self) -> None:
        path = f"/api/v1/conversations/{self.conversation}/socket"
        while True:
            lines: list[tuple[int, str, str]] = []
            self.sights.append(Sight(self.conversation, self.seen, lines))
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                address = f"{self.line.address()}{path}?after={self.seen}"
                async with self.line.http.ws_connect(
                    address, protocols=("anfu", self.token), heartbeat=ANSWER_WITHIN,
                ) as ws:  # fmt: skip
                    async for frame in ws:
                        if frame.type is aiohttp.WSMsgType.TEXT:
                            self._show(json.loads(frame.data), lines)
            await asyncio.sleep(AGAIN_AFTER)

    async def _poll(self) -> None:
        while True:
            await self._ask_for_news(LONG_POLL)

    async def _ask_for_news(self, wait: int) -> None:
        lines: list[tuple[int, str, str]] = []
        self.sights.append(Sight(self.conversation, self.seen, lines))
        path = f"/api/v1/conversations/{self.conversation}/messages?after={self.seen}&wait={wait}"
        self._show(await self.line.ask("GET", path, token=self.token), lines)

    def _show(self, frame: dict[str, Any], lines: list[tuple[int, str, str]]) -> None:
        self.owner = frame["owner"]
        for message in frame["messages"]:
            lines.append((message["seq"], message["message_id"], message["text"]))
            self.seen = max(self.seen, message["seq"])


@dataclass
class Agent:
    """A person of the company, who takes over and answers."""

    name: str
    line: Line
    number: int
    said: list[Said] = field(default_factory=list)

    @property
    def token(self) -> str:
        """Their key to the desk."""
        return staff_token(SECRET, self.name, PEOPLE[self.name], utc_now())

    async def serve(self, customers: Sequence[Visitor], goes_on: Callable[[], bool]) -> None:
        """Take who waits, and answer; then the next one, and those taken before once more."""
        mine: list[Visitor] = []
        while goes_on():
            for customer in list(customers):
                if customer.owner == "queued" and customer not in mine:
                    with suppress(GivenUp):  # a colleague was quicker
                        await self._post(customer.conversation, "take", {})
                        mine.append(customer)
                        await self._note(customer.conversation)
            for customer in mine[-3:]:
                await self.say(customer.conversation)
            await asyncio.sleep(AGAIN_AFTER)

    async def say(self, conversation: str) -> None:
        """Answer a customer."""
        said = self._new(conversation, "好的，我来处理")
        try:
            sent = await self._post(conversation, "messages", {"client_id": said.key.split(":")[1], "text": said.text})
        except GivenUp:
            return  # somebody else holds it
        self.said[said.rank] = replace(said, seq=sent["seq"], is_taken=True)

    async def _note(self, conversation: str) -> None:
        body = {"client_id": str(uuid.uuid4()), "text": "不要让客户看到"}
        await self._post(conversation, "notes", body)

    def _new(self, conversation: str, words: str) -> Said:
        text = f"{words} #p{self.number}.{len(self.said)}。"
        key = f"{self.name}:{uuid.uuid4()}"
        said = Said(conversation, key, text, is_taken=False, rank=len(self.said), by_person=True)
        self.said.append(said)
        return said

    async def _post(self, conversation: str, what: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self.line.ask("POST", f"/api/v1/desk/conversations/{conversation}/{what}", body, self.token)


@dataclass
class Follower:
    """A customer in WeChat: of the 公众号, or of 微信客服. WeChat brings a message three times at most.

    Attributes:
        repeats: WeChat brings two messages at a time, the wrong way round and each several times.
        texts: what was written, whether the service said that it has it, and the rank (`Said.rank`).
    """

    name: str
    simulator: Simulator
    chance: random.Random
    by_kf: bool = False
    repeats: bool = False
    texts: list[tuple[str, bool, int]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """What the platform calls them."""
        return f"o-{self.name}"

    @property
    def channel(self) -> str:
        """Where they write."""
        return "kf" if self.by_kf else "wechat"

    @property
    def external_id(self) -> str:
        """What we call them there."""
        return external_id(OPEN_KFID, self.id) if self.by_kf else self.id

    async def talk(self, goes_on: Callable[[int], bool]) -> None:
        """Write as long as it goes on."""
        while goes_on(len(self.texts)):
            if self.repeats and not self.by_kf:
                await self._write_two()
            else:
                text = self._note_down(len(self.texts))
                say = (
                    self.simulator.kf.say(OPEN_KFID, self.id, text) if self.by_kf else self.simulator.say(self.id, text)
                )
                self._take(text, (await say).is_taken)
            await asyncio.sleep(0.5 + self.chance.random())

    async def _write_two(self) -> None:
        rank = len(self.texts)
        texts = [self._note_down(rank) for _ in range(2)]
        letters = [(text, *self._letter(text)) for text in reversed(texts)] * 3
        answers = await asyncio.gather(*(self._bring(query, body) for _, query, body in letters))
        for (text, *_), is_taken in zip(letters, answers, strict=True):
            if is_taken:
                self._take(text, True)

    def _note_down(self, rank: int) -> str:
        number = len(self.texts)
        text = f"{WANTS_TICKET if number % 3 == 1 else '请问'} #{self.name}.{number}"
        self.texts.append((text, False, rank))
        return text

    def _take(self, text: str, is_taken: bool) -> None:
        self.texts = [(one, is_taken if one == text else was, rank) for one, was, rank in self.texts]

    def _letter(self, text: str) -> tuple[dict[str, str], bytes]:
        """Query and body of a callback, as they go over the line."""
        platform = self.simulator.platform
        number = platform.official.written(self.id, Reply("text", text, platform.now(), Speaker.CUSTOMER))
        now, nonce = int(platform.clock().timestamp()), str(random.randrange(10**9))
        fields: dict[str, str | int] = {
            "ToUserName": credentials.ORIGINAL_ID, "FromUserName": self.id, "CreateTime": now, "MsgType": "text",
            "Content": text, "MsgId": number,
        }  # fmt: skip
        timestamp = str(now)
        seal = Seal(credentials.TOKEN, credentials.AES_KEY, credentials.APP_ID)
        sealed, signature = seal.seal(xml.write(fields), timestamp, nonce)
        query = {"timestamp": timestamp, "nonce": nonce, "encrypt_type": "aes", "msg_signature": signature}
        return query, xml.write({"ToUserName": credentials.ORIGINAL_ID, "Encrypt": sealed})

    async def _bring(self, query: dict[str, str], body: bytes) -> bool:
        await asyncio.sleep(self.chance.random() * 0.1)
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            url = f"{self.simulator.service_url}/wechat"
            async with aiohttp.ClientSession() as http, http.post(url, params=query, data=body) as response:
                return response.status == 200 and await response.read() == b"success"
        return False

    def lines(self) -> list[str]:
        """What the service has said to them."""
        platform = self.simulator.platform
        replies = platform.kf.replies(OPEN_KFID, self.id) if self.by_kf else platform.official.replies(self.id)
        return [reply.text for reply in replies]
