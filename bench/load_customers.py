"""A process full of customers: `python -m bench.load_customers JOB` plays dialogues and prints figures as JSON.

It prints `connected`, `begin` and `end` on lines of their own when it gets there, so that who started it can read what
the system has used in between.
"""

import asyncio
import json
import random
import resource
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from bench.load_figures import BOT, FAILED, HANDED, SILENT, TurnTime, figures

CONNECTING_AT_ONCE = 30
CONNECT_LIMIT = 120.0
KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: less than either server keeps it, so that none is found closed."""
PAUSE_AFTER_ERROR = 0.5
REFUSED = (429, 503)


@dataclass(frozen=True)
class Job:
    """What to do.

    Attributes:
        speaks: `anfu` or `rasa`.
        dialogues: a file of JSON lines; the user turns are what customers say.
        warm_up, seconds: how long the load runs before it is measured, and while it is.
        rate: messages a second of all together, sent when it is their time whether or not others were answered;
            None where each customer sends as soon as the answer is there.
        pause: seconds, on the average, that a customer reads and types before the next message.
    """

    url: str
    speaks: str
    dialogues: str
    customers: int
    warm_up: float
    seconds: float
    rate: float | None = None
    pause: float = 0.0

    def as_json(self) -> str:
        """The job for the command line."""
        return json.dumps(asdict(self))


def user_turns(file: Path) -> list[list[str]]:
    """What the customer says in each dialogue of the file."""
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    return [[turn["text"] for turn in line["turns"] if turn["role"] == "user"] for line in lines]


class AnfuCustomer:
    """A customer as the widget is one: messages are posted, answers come by socket."""

    def __init__(self, http: aiohttp.ClientSession, url: str, refused: Callable[[], None]) -> None:
        self._http = http
        self._conversations = f"{url}/api/v1/conversations"
        self._refused = refused
        self._reading: asyncio.Task[None] | None = None
        self._heard: list[tuple[int, str]] = []
        self._news = asyncio.Event()
        self.is_handed = False
        """Whether a person has the conversation, or is waited for."""

    async def begin(self) -> None:
        """A new conversation; its greeting is heard before anything is said."""
        await self.end()
        opened = await self._post(self._conversations, {"channel": "web"}, {})
        self._address = f"{self._conversations}/{opened['conversation_id']}"
        self._token = opened["token"]
        self._heard.clear()
        self.is_handed = False
        socket = await self._http.ws_connect(f"{self._address}/socket", protocols=("anfu", self._token))
        self._reading = asyncio.create_task(self._read(socket))
        await self._answer_after(0)

    async def end(self) -> None:
        """Close the socket."""
        if self._reading:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading

    async def say(self, text: str) -> str:
        """Say it and wait for the answer; tells how the turn ended."""
        self._heard.clear()
        body = {"client_id": str(uuid.uuid4()), "text": text}
        stored = await self._post(f"{self._address}/messages", body, {"Authorization": f"Bearer {self._token}"})
        return BOT if "bot" in await self._answer_after(stored["seq"]) else HANDED

    async def _answer_after(self, seq: int) -> set[str]:
        while not (senders := {sender for number, sender in self._heard if number > seq}):
            if self._reading is None or self._reading.done():
                raise ConnectionError("the socket was closed")
            self._news.clear()
            await self._news.wait()
        return senders

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for frame in socket:
                said = json.loads(frame.data)
                self.is_handed = said["owner"] != "bot"
                self._heard += [(m["seq"], m["sender"]) for m in said["messages"] if m["sender"] != "customer"]
                self._news.set()
        finally:
            self._news.set()
            await socket.close()

    async def _post(self, url: str, body: Any, headers: dict[str, str]) -> Any:
        """Post until it is taken; who is told to come later does so when told to."""
        while True:
            async with self._http.post(url, json=body, headers=headers) as response:
                if response.status not in REFUSED:
                    response.raise_for_status()
                    return await response.json()
                wait = float(response.headers.get("Retry-After", 1))
            self._refused()
            await asyncio.sleep(wait)


class RasaCustomer:
    """A customer of Rasa's REST channel: the answer to the request is the bot's answer."""

    is_handed = False

    def __init__(self, http: aiohttp.ClientSession, url: str, refused: Callable[[], None]) -> None:
        self._http = http
        self._url = f"{url}/webhooks/rest/webhook"

    async def begin(self) -> None:
        """A new conversation."""
        self._sender = str(uuid.uuid4())

    async def end(self) -> None:
        """Nothing is open."""

    async def say(self, text: str) -> str:
        """Say it and wait for the answer; tells how the turn ended."""
        async with self._http.post(self._url, json={"sender": self._sender, "message": text}) as response:
            response.raise_for_status()
            return BOT if await response.json() else SILENT


Customer = AnfuCustomer | RasaCustomer
SPEAKS: dict[str, type[AnfuCustomer] | type[RasaCustomer]] = {"anfu": AnfuCustomer, "rasa": RasaCustomer}


class Load:
    """The customers of one level, and what they notice."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.dialogues = user_turns(Path(job.dialogues))
        self.turns: list[TurnTime] = []
        self.waiting: dict[int, float] = {}
        """Who waits for an answer, and since when."""
        self.refusals = 0
        self.conversations = 0

    async def run(self) -> dict[str, Any]:
        """Connect everybody, let them talk, and count what ended within the measured time."""
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as http:
            people = [SPEAKS[self.job.speaks](http, self.job.url, self._refused) for _ in range(self.job.customers)]
            async with asyncio.timeout(CONNECT_LIMIT):
                await _a_few_at_once(people, lambda person: person.begin())
            self.conversations += len(people)
            _tell("connected")
            talking = self._keep_sending(people) if self.job.rate else self._keep_talking(people)
            task = asyncio.create_task(talking)
            await asyncio.sleep(self.job.warm_up)
            _tell("begin")
            begin, cpu, refused, opened = time.monotonic(), time.process_time(), self.refusals, self.conversations
            await asyncio.sleep(self.job.seconds)
            end = time.monotonic()
            used = time.process_time() - cpu
            _tell("end")
            found = figures(self.turns, begin, end, [1000 * (end - since) for since in self.waiting.values()])
            found |= {"refusals": self.refusals - refused, "conversations": self.conversations - opened}
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await asyncio.gather(*(person.end() for person in people), return_exceptions=True)
        return {"customers": self.job.customers, **found, "generator_cpu_seconds": round(used, 2)}

    async def _keep_talking(self, people: Sequence[Customer]) -> None:
        await asyncio.gather(*(self._talk(number, person) for number, person in enumerate(people)))

    async def _talk(self, number: int, person: Customer) -> None:
        chance = random.Random(number)
        for is_first, text in self._texts(number):
            if self.job.pause:
                await asyncio.sleep(chance.expovariate(1 / self.job.pause))
            await self._turn(number, person, text, is_first, time.monotonic())

    async def _keep_sending(self, people: Sequence[Customer]) -> None:
        """Each in turn at its time, on the average `rate` a second, as independent customers come."""
        assert self.job.rate
        texts = [self._texts(number) for number in range(len(people))]
        chance, at = random.Random(1), time.monotonic()
        async with asyncio.TaskGroup() as sending:
            for number in (turn % len(people) for turn in count()):
                at += chance.expovariate(self.job.rate)
                await asyncio.sleep(max(0.0, at - time.monotonic()))
                if number not in self.waiting:
                    is_first, text = next(texts[number])
                    sending.create_task(self._turn(number, people[number], text, is_first, at))

    def _texts(self, number: int) -> Iterator[tuple[bool, str]]:
        """What a customer says, dialogue after dialogue, and whether it begins a further one."""
        for played in count():
            for place, text in enumerate(self.dialogues[(number + played) % len(self.dialogues)]):
                yield played > 0 and place == 0, text

    async def _turn(self, number: int, person: Customer, text: str, begins: bool, since: float) -> None:
        self.waiting[number] = since
        try:
            if begins or person.is_handed:
                await person.begin()
                self.conversations += 1
                since = self.waiting[number] = time.monotonic()
            end = await person.say(text)
            self._ended(since, end)
        except (aiohttp.ClientError, OSError) as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            self._ended(since, FAILED)
            person.is_handed = True  # a new conversation is next
            await asyncio.sleep(PAUSE_AFTER_ERROR)
        finally:
            self.waiting.pop(number, None)

    def _ended(self, since: float, end: str) -> None:
        now = time.monotonic()
        self.turns.append(TurnTime(now, 1000 * (now - since), end))

    def _refused(self) -> None:
        self.refusals += 1


async def _a_few_at_once(people: Sequence[Customer], do: Callable[[Customer], Awaitable[None]]) -> None:
    places = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def one(person: Customer) -> None:
        async with places:
            await do(person)

    await asyncio.gather(*(one(person) for person in people))


def _tell(what: str) -> None:
    print(what, flush=True)


def main() -> None:
    """Do the job given on the command line as JSON."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    _tell(json.dumps(asyncio.run(Load(Job(**json.loads(sys.argv[1]))).run())))


if __name__ == "__main__":
    main()
