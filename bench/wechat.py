"""`python -m bench.wechat`: WeChat's callbacks while the bot stalls, its repeats, and a week of its limits (W1, W2)."""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import select

from bench.live import Server, quiet_server
from bot.adapters import tables as t
from bot.adapters.channels.wechat import xml
from bot.adapters.channels.wechat.account import WeChatAccount
from bot.adapters.channels.wechat.channel import WeChatChannel
from bot.adapters.channels.wechat.crypto import Seal
from bot.adapters.content_files import load_scripts
from bot.adapters.sealing import Keyring
from bot.adapters.uow import UnitsOfWork, migrate, open_database
from bot.domain.incoming import Did, Incoming
from bot.domain.message import Reply as Said
from bot.domain.message import Sender
from bot.domain.reach import Limits
from bot.services.intake import Intake, Received
from bot.services.ports import UnitOfWorkFactory
from bot.services.sending import Sending
from bot.settings import Settings
from bot.simulator import credentials
from bot.simulator.chat import Reply, Speaker
from bot.simulator.platform import Platform
from bot.simulator.server import Simulator

GOAL_MS = 200
STALL_SECONDS = 30
PER_SECOND = 100
CUSTOMERS = 500
AT_ONCE = 32
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WHAT = ("callbacks", "repeats", "week")


class Caller:
    """WeChat as it calls us: signed, sealed, and again where it is told to."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._seal = Seal(credentials.TOKEN, credentials.AES_KEY, credentials.APP_ID)
        self.times: list[float] = []
        self.refused = 0

    async def call(self, customer: str, number: int, text: str) -> None:
        """One callback of a message."""
        now = int(time.time())
        fields: dict[str, str | int] = {
            "ToUserName": credentials.ORIGINAL_ID, "FromUserName": customer, "CreateTime": now, "MsgType": "text",
            "Content": text, "MsgId": str(7_000_000_000 + number),
        }  # fmt: skip
        await self.post(*self.letter(fields))

    def letter(self, fields: dict[str, str | int]) -> tuple[dict[str, str], bytes]:
        """Query and body, as they go over the line."""
        timestamp, nonce = str(int(time.time())), str(random.randrange(10**9))
        sealed, signature = self._seal.seal(xml.write(fields), timestamp, nonce)
        query = {"timestamp": timestamp, "nonce": nonce, "encrypt_type": "aes", "msg_signature": signature}
        return query, xml.write({"ToUserName": credentials.ORIGINAL_ID, "Encrypt": sealed})

    async def post(self, query: dict[str, str], body: bytes) -> None:
        """Send it and take the time until it is answered."""
        began = time.perf_counter()
        async with self._server.http.post(f"{self._server.url}/wechat", params=query, data=body) as response:
            answer = await response.read()
        self.times.append(1000 * (time.perf_counter() - began))
        self.refused += response.status != 200 or answer != b"success"


async def measure_callbacks(seconds: int = STALL_SECONDS) -> dict[str, float]:
    """A hundred messages a second while no answer comes for so many seconds."""
    async with _server("--stalls-for", str(seconds)) as server:
        caller = Caller(server)
        for number in range(200):  # the first ones load what is loaded once
            await caller.call("openid-first", number, "在吗")
        caller.times.clear()
        calls, began = [], time.monotonic()
        for number in range(seconds * PER_SECOND):
            customer = f"openid-{number % CUSTOMERS}"
            calls.append(asyncio.create_task(caller.call(customer, 1000 + number, f"第 {number} 句")))
            await asyncio.sleep(max(0.0, began + (number + 1) / PER_SECOND - time.monotonic()))
        await asyncio.gather(*calls)
        times = sorted(caller.times)
        return {
            "calls": len(times), "refused": caller.refused, "p50_ms": round(median(times), 1),
            "p99_ms": round(times[int(0.99 * len(times))], 1), "p999_ms": round(times[int(0.999 * len(times))], 1),
            "max_ms": round(times[-1], 1),
        }  # fmt: skip


async def measure_repeats(messages: int) -> dict[str, float]:
    """Each message three times, mixed with others; what was stored, and in which order."""
    async with _server() as server:
        caller = Caller(server)
        places = asyncio.Semaphore(AT_ONCE)

        async def customer(name: str, first: int, count: int) -> None:
            """Writes one after the other; each is brought three times, the repeats late and among the later ones."""
            repeats: list[asyncio.Task[None]] = []

            async def again(letter: tuple[dict[str, str], bytes]) -> None:
                for _ in range(2):
                    await asyncio.sleep(random.random() * 2)
                    async with places:
                        await caller.post(*letter)

            for number in range(first, first + count):
                fields: dict[str, str | int] = {
                    "ToUserName": credentials.ORIGINAL_ID, "FromUserName": name, "CreateTime": int(time.time()),
                    "MsgType": "text", "Content": f"第 {number} 句", "MsgId": str(7_000_000_000 + number),
                }  # fmt: skip
                letter = caller.letter(fields)
                async with places:
                    await caller.post(*letter)
                repeats.append(asyncio.create_task(again(letter)))
            await asyncio.gather(*repeats)

        each = messages // CUSTOMERS
        began = time.monotonic()
        await asyncio.gather(*(customer(f"openid-{n}", n * each, each) for n in range(CUSTOMERS)))
        took = time.monotonic() - began
        stored = _stored(server)
    expected = {
        f"openid-{n}": [f"第 {number} 句" for number in range(n * each, (n + 1) * each)] for n in range(CUSTOMERS)
    }
    said = [text for texts in stored.values() for text in texts]
    return {
        "messages": each * CUSTOMERS, "calls": len(caller.times), "refused": caller.refused,
        "lost": sum(len(texts) for texts in expected.values()) - len(set(said)), "doubled": len(said) - len(set(said)),
        "customers_out_of_order": sum(stored[name] != texts for name, texts in expected.items()),
        "calls_per_second": round(len(caller.times) / took),
    }  # fmt: skip


async def measure_week(customers: int, seed: int = 7) -> dict[str, object]:
    """A week in which customers write, click and leave, and the company says more than it may; WeChat is the judge."""
    clock, chance = _Clock(), random.Random(seed)
    platform = Platform(clock)
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(
            f"sqlite:///{Path(folder) / 'anfu.db'}", Keyring(["a data key that only the bench seals with"])
        )
        migrate(database)
        uow = UnitsOfWork(database)
        intake = Intake(uow, load_scripts(), clock)
        async with Simulator(platform, "http://127.0.0.1:9") as simulator:
            account = WeChatAccount(
                credentials.APP_ID, credentials.SECRET, credentials.TOKEN, credentials.AES_KEY, api=simulator.address
            )
            async with WeChatChannel(account, uow, "a secret of the benchmark", clock) as channel:
                sending = Sending(uow, channel, lambda _: None, lambda _: "", load_scripts(), _nobody, clock)
                week = _Week(platform, intake, uow, channel.limits, chance)
                began, sent = time.monotonic(), 0
                for minute, doings in sorted(week.plan(customers).items()):
                    clock.now = MONDAY + timedelta(minutes=minute)
                    for who, what in doings:
                        week.happens(who, what, clock())
                    while count := await sending.drain():
                        sent += count
        with uow() as work:
            waiting = sum(len(work.outbox.waiting(talk)) for talk in week.talks.values())
        database.dispose()
    return {
        "customers": customers, "did": week.did, "said_by_company": week.said, "sent_as_messages": sent,
        "beyond_quota": platform.sent_beyond_quota,
        "still_waiting_or_given_up": waiting, "tokens": platform.tokens_issued,
        "seconds": round(time.monotonic() - began),
    }  # fmt: skip


class _Clock:
    """The week's own time."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now


class _Week:
    """What customers and company do."""

    def __init__(
        self, platform: Platform, intake: Intake, uow: UnitOfWorkFactory, limits: Limits, chance: random.Random
    ) -> None:
        self._platform, self._intake, self._uow, self._limits, self._chance = platform, intake, uow, limits, chance
        self.talks: dict[str, str] = {}
        self.did = self.said = 0

    def plan(self, customers: int) -> dict[int, list[tuple[str, str]]]:
        """By minute of the week: who does what."""
        minutes: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for number in range(customers):
            who = f"openid-{number}"
            for _ in range(self._chance.randint(1, 4)):
                start = self._chance.randrange(7 * 24 * 60)
                minutes[start].append((who, self._chance.choice(["writes", "writes", "writes", "clicks", "leaves"])))
                for _ in range(self._chance.randint(0, 6)):
                    # Answers at once, and hours and days later.
                    later = start + int(self._chance.paretovariate(0.4)) - 1
                    minutes[min(later, 7 * 24 * 60 - 1)].append((who, self._chance.choice(["bot", "agent"])))
        return minutes

    def happens(self, who: str, what: str, now: datetime) -> None:
        """One of the doings."""
        official = self._platform.official
        if what in ("bot", "agent"):
            if talk := self.talks.get(who):
                self._say(talk, Sender(what), now)
            return
        self.did += 1
        if what == "leaves":
            official.left(who)
        else:
            if not official.follower(who).follows:
                official.followed(who)
                self._receive(Incoming(who, f"e:subscribe:{self.did}", "", now, Did.CLICKED))
            if what == "clicks":
                official.clicked(who)
            else:
                official.written(who, Reply("text", "在吗", now, Speaker.CUSTOMER))
        did = {"leaves": Did.LEFT, "clicks": Did.CLICKED}.get(what, Did.WROTE)
        text = "" if what == "leaves" else "在吗"
        received = self._receive(Incoming(who, f"m:{self.did}", text, now, did))
        if received.conversation_id:
            self.talks[who] = received.conversation_id

    def _receive(self, incoming: Incoming) -> Received:
        return self._intake.receive("wechat", self._limits, incoming)

    def _say(self, talk: str, sender: Sender, now: datetime) -> None:
        self.said += 1
        with self._uow() as work:
            messages = work.messages.add(talk, sender, [Said(f"第 {self.said} 句", {})], now)
            work.outbox.add(messages, "wechat", now)
            work.commit()


async def _nobody(conversation_id: str, seqs: Sequence[int]) -> None:
    """No desk is open."""


def _stored(server: Server) -> dict[str, list[str]]:
    """What each customer said, in our order."""
    found: dict[str, list[str]] = defaultdict(list)
    keys = Keyring(Settings(data_dir=server.data).data_keys())
    m, c = t.messages.c, t.conversations.c
    said = select(c.external_id, m.text).join_from(t.messages, t.conversations, c.id == m.conversation_id)
    with open_database(f"sqlite:///{server.data / 'anfu.db'}", keys).connect() as database:
        for name, text in database.execute(said.where(m.sender == "customer").order_by(c.id, m.seq)):
            found[name].append(text)
    return found


def _server(*options: str):  # type: ignore[no-untyped-def]
    """The server as the account of the simulator; nobody answers at the platform's address."""
    return quiet_server(*options, **credentials.environment("http://127.0.0.1:9"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.wechat", description=__doc__)
    parser.add_argument("what", choices=WHAT, nargs="*", default=WHAT)
    parser.add_argument("--customers", type=int, default=10_000, help="how many the week has")
    parser.add_argument("--messages", type=int, default=10_000, help="how many are repeated")
    options = parser.parse_args()
    if "callbacks" in options.what:
        found = asyncio.run(measure_callbacks())
        print(json.dumps({"callbacks": found}, ensure_ascii=False))
        print(f"callbacks with the bot stalled for {STALL_SECONDS} s: p99.9 {found['p999_ms']} ms (goal {GOAL_MS})")
    if "week" in options.what:
        print(json.dumps({"week": asyncio.run(measure_week(options.customers))}, ensure_ascii=False))
    if "repeats" in options.what:
        print(json.dumps({"repeats": asyncio.run(measure_repeats(options.messages))}, ensure_ascii=False))


if __name__ == "__main__":
    main()
