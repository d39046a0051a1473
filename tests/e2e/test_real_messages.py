"""Real customers' messages against a running server: nobody is met with silence (A3, F2).

The messages are measurement data that lies beside the project, not in it; without them these tests are skipped.
"""

import asyncio
import json
import time
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import pytest

DATA = Path(__file__).parents[3] / "shared" / "eval"
AT_ONCE = 16
ANSWER_WITHIN_SECONDS = 20

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no measurement data beside the project")


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


class Line:
    """One customer's conversation over HTTP."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = f"{address}/api/v1/conversations"
        self._headers: dict[str, str] = {}
        self.said_by_bot: list[str] = []

    async def say(self, text: str) -> tuple[list[dict[str, Any]], str]:
        """Send a message; returns what is answered to it, and who owns the conversation now."""
        if not self._headers:
            async with self._session.post(self._address, json={"channel": "web"}) as response:
                opened = await response.json()
            self._address += f"/{opened['conversation_id']}/messages"
            self._headers = {"Authorization": f"Bearer {opened['token']}"}
        message = {"client_id": str(uuid.uuid4()), "text": text}
        async with self._session.post(self._address, json=message, headers=self._headers) as response:
            assert response.status == 202, (text, await response.text())
            seq = (await response.json())["seq"]
        news = await self._news_after(seq)
        self.said_by_bot += [m["text"] for m in news["messages"] if m["sender"] == "bot"]
        return news["messages"], news["owner"]

    async def _news_after(self, seq: int) -> dict[str, Any]:
        """Ask until something is said: a new place in the queue is an answer to the poll, but not to the customer."""
        until = time.monotonic() + ANSWER_WITHIN_SECONDS
        while True:
            ask = {"after": str(seq), "wait": str(max(0, int(until - time.monotonic())))}
            async with self._session.get(self._address, params=ask, headers=self._headers) as response:
                news: dict[str, Any] = await response.json()
            if news["messages"] or time.monotonic() >= until:
                return news


async def test_every_first_message_is_answered(server: str) -> None:
    silent: list[str] = []
    places = asyncio.Semaphore(AT_ONCE)

    async def ask(session: aiohttp.ClientSession, text: str) -> None:
        async with places:
            answers, _ = await Line(session, server).say(text)
            if not any(answer["text"].strip() for answer in answers):
                silent.append(text)

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(ask(session, row["text"]) for row in rows("dev.jsonl")))
    assert silent == []


async def test_whole_conversations_go_on_without_silence_and_without_a_sentence_said_three_times(server: str) -> None:
    faults: list[str] = []
    places = asyncio.Semaphore(AT_ONCE)

    async def replay(session: aiohttp.ClientSession, dialogue: dict[str, Any]) -> None:
        async with places:
            line = Line(session, server)
            for turn in dialogue["turns"]:
                if turn["role"] == "user" and not (await line.say(turn["text"]))[0]:
                    faults.append(f"{dialogue['id']}: no answer to {turn['text']}")
            for first, second, third in zip(line.said_by_bot, line.said_by_bot[1:], line.said_by_bot[2:], strict=False):
                if first == second == third:
                    faults.append(f"{dialogue['id']}: three times {first}")

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(replay(session, dialogue) for dialogue in rows("dialogues_dev.jsonl")))
    assert faults == []
