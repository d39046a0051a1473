"""`python -m bench.desk`: how soon what an agent sends is on the customer's screen, with a full room of agents."""

import argparse
import asyncio
import json
import random
import time
import uuid
from statistics import median, quantiles

import aiohttp

from bench.live import Server, quiet_server
from bench.quiet_server import TEAM

GOAL_MS = 150
PACE_SECONDS = 1.0
"""How often each agent sends: twenty agents, twenty messages a second, more than people can type."""


class Room:
    """Open conversations with their customers, shared out among the agents."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sent: dict[str, float] = {}
        self.to_customer: list[float] = []
        self.to_agent: list[float] = []
        self.posts: list[float] = []
        self.talks: dict[str, list[tuple[str, str]]] = {name: [] for name in TEAM}

    async def open(self, count: int) -> None:
        """Customers come, and each is taken by an agent."""
        for number in range(count):
            conversation_id, token = await self.server.open()
            name = TEAM[number % len(TEAM)]
            status = await self.server.post(name, f"/conversations/{conversation_id}/take", {})
            assert status == 200, status
            self.talks[name].append((conversation_id, token))

    async def listen_as_customer(self, conversation_id: str, token: str) -> None:
        """Note when a message comes."""
        ws = await self.server.customer(conversation_id, token)
        async for frame in ws:
            for message in json.loads(frame.data)["messages"]:
                if message["sender"] == "agent":
                    self._came(message["text"], self.to_customer)

    async def listen_as_agent(self, name: str) -> None:
        """A desk with all of the agent's conversations open."""
        ws = await self.server.http.ws_connect(
            f"{self.server.url}/api/v1/desk/socket", protocols=("anfu", self.server.token(name))
        )
        for conversation_id, _ in self.talks[name]:
            await ws.send_json({"type": "open", "conversation_id": conversation_id, "after": 0})
        async for frame in ws:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                break
            said = json.loads(frame.data)
            for message in said.get("messages", ()) if said["type"] == "messages" else ():
                if message["sender"] == "customer":
                    self._came(message["text"], self.to_agent)

    def _came(self, text: str, times: list[float]) -> None:
        if began := self.sent.pop(text, None):
            times.append(1000 * (time.monotonic() - began))

    async def work(self, name: str, rounds: int) -> None:
        """Send in turn to one's customers; now and then one answers."""
        await asyncio.sleep(random.random() * PACE_SECONDS)
        for number in range(rounds):
            conversation_id, token = self.talks[name][number % len(self.talks[name])]
            text = f"您好，第 {number} 句 {uuid.uuid4()}"
            began = self.sent[text] = time.monotonic()
            body = {"client_id": str(uuid.uuid4()), "text": text}
            assert await self.server.post(name, f"/conversations/{conversation_id}/messages", body) == 201
            self.posts.append(1000 * (time.monotonic() - began))
            if number % 3 == 0:
                await self._answer(conversation_id, token)
            await asyncio.sleep(max(0.0, PACE_SECONDS - (time.monotonic() - began)))

    async def _answer(self, conversation_id: str, token: str) -> None:
        text = f"好的 {uuid.uuid4()}"
        self.sent[text] = time.monotonic()
        await self.server.http.post(
            f"{self.server.url}/api/v1/conversations/{conversation_id}/messages",
            json={"client_id": str(uuid.uuid4()), "text": text}, headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip


async def measure(conversations: int, rounds: int) -> dict[str, object]:
    """Fill the room, let everybody work, and count."""
    async with quiet_server() as server:
        room = Room(server)
        await room.open(conversations)
        listeners = [
            asyncio.create_task(room.listen_as_customer(*talk)) for talks in room.talks.values() for talk in talks
        ]
        listeners += [asyncio.create_task(room.listen_as_agent(name)) for name in TEAM]
        await asyncio.sleep(3)
        cpu, began = server.cpu_seconds, time.monotonic()
        await asyncio.gather(*(room.work(name, rounds) for name in TEAM))
        took = time.monotonic() - began
        used = server.cpu_seconds - cpu
        await asyncio.sleep(2)
        for listener in listeners:
            listener.cancel()
        return {
            "conversations": conversations, "agents": len(TEAM), "messages": len(room.posts), "lost": len(room.sent),
            "post_ms": _summary(room.posts), "agent_to_customer_ms": _summary(room.to_customer),
            "customer_to_agent_ms": _summary(room.to_agent), "messages_per_second": round(len(room.posts) / took, 1),
            "cpu_percent": round(100 * used / took), "megabytes": round(server.megabytes),
        }  # fmt: skip


def _summary(times: list[float]) -> dict[str, float]:
    return {"p50": round(median(times), 1), "p95": round(quantiles(times, n=20)[-1], 1), "max": round(max(times), 1)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.desk", description=__doc__)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=30, help="messages of each agent")
    options = parser.parse_args()
    found = asyncio.run(measure(options.conversations, options.rounds))
    print(json.dumps(found, ensure_ascii=False))
    times = found["agent_to_customer_ms"]
    assert isinstance(times, dict)
    print(f"agent to customer: p50 {times['p50']} ms, p95 {times['p95']} ms (goal {GOAL_MS}), lost {found['lost']}")


if __name__ == "__main__":
    main()
