"""`python -m bench.sockets [N]`: what N idle customers' sockets cost the server in memory and time."""

import argparse
import asyncio
import json
import resource
import time
import uuid

import aiohttp

from bench.live import Server, quiet_server, use_of

AT_ONCE = 50
IDLE_SECONDS = 20.0
GOAL_MEGABYTES = 400


async def measure(count: int) -> dict[str, float | int]:
    """Open them, let them be, and see that each still hears."""
    async with quiet_server() as server:
        first = await server.open()
        async with await server.customer(*first):
            await asyncio.sleep(3)  # what is loaded at the first socket is no socket's cost
        empty, idle_before = server.megabytes, await use_of(server, 5)
        places = asyncio.Semaphore(AT_ONCE)
        began = time.monotonic()

        async def one() -> tuple[str, str]:
            async with places:
                return await server.open()

        talks = await asyncio.gather(*(one() for _ in range(count)))
        opened = time.monotonic() - began
        stored = server.megabytes

        async def connect(talk: tuple[str, str]) -> aiohttp.ClientWebSocketResponse:
            async with places:
                return await server.customer(*talk)

        sockets = await asyncio.gather(*(connect(talk) for talk in talks))
        news = asyncio.Event()
        readers = [asyncio.create_task(_read(ws, news)) for ws in sockets]
        await asyncio.sleep(5)
        full, idle = server.megabytes, await use_of(server, IDLE_SECONDS)
        heard = await _hears(server, talks[count // 2], news)
        found = {
            "sockets": count, "megabytes_without": round(empty), "megabytes_conversations_opened": round(stored),
            "megabytes_with": round(full), "kilobytes_each": round(1024 * (full - stored) / count, 1),
            "cpu_percent_without": round(idle_before, 2), "cpu_percent_idle": round(idle, 2),
            "seconds_to_open_conversations": round(opened, 1), "ms_to_hear_a_message": round(heard, 1),
        }  # fmt: skip
        still = sum(not reader.done() for reader in readers)
        found["still_open"] = still
        for reader in readers:
            reader.cancel()
        return found


async def _read(ws: aiohttp.ClientWebSocketResponse, news: asyncio.Event) -> None:
    """Read on, which also answers the server's heartbeats, as browsers do."""
    async for _ in ws:
        news.set()


async def _hears(server: Server, talk: tuple[str, str], news: asyncio.Event) -> float:
    """Milliseconds from a customer's message to the customer's own socket."""
    conversation_id, token = talk
    began = time.monotonic()
    await server.http.post(
        f"{server.url}/api/v1/conversations/{conversation_id}/messages",
        json={"client_id": str(uuid.uuid4()), "text": "在吗"}, headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    await asyncio.wait_for(news.wait(), 10)
    return 1000 * (time.monotonic() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.sockets", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=5000)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    found = asyncio.run(measure(options.count))
    print(json.dumps(found, ensure_ascii=False))
    grown = found["megabytes_with"] - found["megabytes_conversations_opened"]
    print(
        f"{found['sockets']} idle sockets: {grown} MB (goal {GOAL_MEGABYTES}), {found['kilobytes_each']} kB each, "
        f"{found['cpu_percent_idle']} % of a processor"
    )


if __name__ == "__main__":
    main()
