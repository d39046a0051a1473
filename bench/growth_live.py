"""What grows beside the database: articles in memory, sockets of customers, and desks of agents at one server."""

import asyncio
import json
import resource
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

import aiohttp
import numpy as np

from bench import sockets as idle_sockets
from bench.live import Server, quiet_server, use_of
from bench.load_figures import percentile
from bot.adapters.knowledge import MeaningIndex
from bot.adapters.uow import UnitsOfWork, open_database
from bot.domain.knowledge import Article

DIMENSIONS, WORDINGS = 512, 4
SEARCHES = 30
HELD_EACH, MOST_HELD = 2, 100
"""Conversations that each agent holds, and all of them together where agents are many."""
ROUNDS = 40
SETTLE_SECONDS, IDLE_SECONDS = 4.0, 10.0
_WORDS = "洗衣机空调冰箱热水器不制冷漏水噪音退货换货保修发票安装运费多少钱怎么办可以吗什么时候上门师傅电话地址订单"


def articles(count: int) -> dict[str, float]:
    """Search in a base of so many articles, without encoding the question, which is the same for any; and one more."""
    chance = np.random.default_rng(1)
    base = [_article(number, chance) for number in range(count + 1)]
    vectors = _units(chance, WORDINGS * (count + 1))
    index = MeaningIndex(base[:count], vectors[: WORDINGS * count], lambda text: vectors[len(text)])
    questions = ["".join(chance.choice(list(_WORDS), 12)) for _ in range(SEARCHES)]
    index.search(questions[0])
    times = [_ms(lambda question=question: index.search(question)) for question in questions]
    learning = _ms(lambda: index.renewed(base, lambda texts: vectors[-len(texts) :]))
    return {
        "search": round(median(times), 2), "learn one more": round(learning, 1),
        "megabytes of vectors": round(2 * vectors.nbytes / 2**20, 1),
    }  # fmt: skip


def sockets(count: int) -> dict[str, float]:
    """Idle customers' sockets; see `bench.sockets`."""
    _open_many_files()
    found = asyncio.run(idle_sockets.measure(count))
    return {
        "kilobytes each": found["kilobytes_each"], "CPU % idle": found["cpu_percent_idle"],
        "hear a message": found["ms_to_hear_a_message"],
        "open a conversation": round(1000 * found["seconds_to_open_conversations"] / count, 2),
    }  # fmt: skip


def agents(count: int) -> dict[str, float]:
    """So many open desks: what they cost idle, and how soon a customer's message is on the holder's."""
    _open_many_files()
    return asyncio.run(_agents(count))


async def _agents(count: int) -> dict[str, float]:
    names = [f"同事{number:03d}" for number in range(count)]
    async with quiet_server() as server:
        _hire(server, names)
        held = [names[number % count] for number in range(min(HELD_EACH * count, MOST_HELD))]
        talks = [(name, *await server.open()) for name in held]
        for name, conversation_id, _ in talks:
            assert await server.post(name, f"/conversations/{conversation_id}/take", {}) == 200
        heard: dict[str, float] = {}
        desks = [asyncio.create_task(_desk(server, name, talks, heard)) for name in names]
        await asyncio.sleep(SETTLE_SECONDS)
        idle = await use_of(server, IDLE_SECONDS)
        cpu, times = server.cpu_seconds, []
        for number in range(ROUNDS):
            times.append(await _to_desk(server, *talks[number % len(talks)][1:], heard))
        used = server.cpu_seconds - cpu
        for desk in desks:
            desk.cancel()
        return {
            "message on the desk": round(median(times), 1), "message on the desk, p95": round(percentile(times, 95), 1),
            "CPU ms a message": round(1000 * used / ROUNDS, 1), "CPU % idle": round(idle, 1),
            "megabytes": round(server.megabytes),
        }  # fmt: skip


def _hire(server: Server, names: Sequence[str]) -> None:
    database = open_database(f"sqlite:///{server.data / 'anfu.db'}")
    with UnitsOfWork(database)() as work:
        for name in names:
            work.users.add(name, "agent", datetime.now(UTC))
        work.commit()
    database.dispose()


async def _desk(server: Server, name: str, talks: Sequence[tuple[str, str, str]], heard: dict[str, float]) -> None:
    """An agent's screen, with all that the agent holds open."""
    ws = await server.http.ws_connect(
        f"{server.url}/api/v1/desk/socket", protocols=("anfu", server.token(name))
    )  # fmt: skip
    for holder, conversation_id, _ in talks:
        if holder == name:
            await ws.send_json({"type": "open", "conversation_id": conversation_id, "after": 0})
    async for frame in ws:
        if frame.type is not aiohttp.WSMsgType.TEXT:
            break
        said: dict[str, Any] = json.loads(frame.data)
        for message in said.get("messages", ()) if said["type"] == "messages" else ():
            heard[message["text"]] = time.monotonic()


async def _to_desk(server: Server, conversation_id: str, token: str, heard: dict[str, float]) -> float:
    text, began = f"在吗 {uuid.uuid4()}", time.monotonic()
    async with server.http.post(
        f"{server.url}/api/v1/conversations/{conversation_id}/messages",
        json={"client_id": str(uuid.uuid4()), "text": text}, headers={"Authorization": f"Bearer {token}"},
    ) as response:  # fmt: skip
        response.raise_for_status()
    async with asyncio.timeout(30):
        while text not in heard:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
    return 1000 * (heard[text] - began)


def _article(number: int, chance: np.random.Generator) -> Article:
    def words(most: int) -> str:
        return "".join(chance.choice(list(_WORDS), most))

    questions = tuple(words(14) for _ in range(WORDINGS - 1))
    return Article(f"a{number}", words(8), questions, words(60), "bench")


def _units(chance: np.random.Generator, count: int) -> np.ndarray:
    vectors = chance.standard_normal((count, DIMENSIONS), dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _ms(do: Any) -> float:
    began = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - began)


def _open_many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
