"""Real customers' messages against a running server: nobody is met with silence (A3, F2).

The messages are measurement data that lies beside the project, not in it; without them these tests are skipped.
"""

import asyncio
import itertools
import json
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import pytest

DATA = Path(__file__).parents[3] / "shared" / "eval"
AT_ONCE = 8
ANSWER_WITHIN_SECONDS = 20

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no measurement data beside the project")


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


class Line:
    """One customer's conversation over HTTP."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = f"{address}/api/v1/conversations"
        self.said_by_bot: list[str] = []

    async def say(self, text: str) -> tuple[list[dict[str, Any]], str]:
        """Send a message; returns what is answered to it, and who owns the conversation now."""
        if not self.said_by_bot:
            async with self._session.post(self._address, json={"channel": "web"}) as response:
                opened = await response.json()
            self._address += f"/{opened['conversation_id']}/messages"
            self._headers = {"Authorization": f"Bearer {opened['token']}"}
        message = {"client_id": str(uuid.uuid4()), "text": text}
        async with self._session.post(self._address, json=message, headers=self._headers) as response:
            assert response.status == 202, (text, await response.text())
            seq = (await response.json())["seq"]
        ask = {"after": str(seq), "wait": str(ANSWER_WITHIN_SECONDS)}
        async with self._session.get(self._address, params=ask, headers=self._headers) as response:
            news = await response.json()
        self.said_by_bot += [m["text"] for m in news["messages"] if m["sender"] == "bot"] or ["…"]
        return news["messages"], news["owner"]


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


@pytest.mark.parametrize("dialogue", rows("dialogues_dev.jsonl") if DATA.is_dir() else [], ids=lambda d: str(d["id"]))
async def test_no_turn_of_a_whole_conversation_is_left_unanswered_and_nothing_is_said_three_times(
    server: str, dialogue: dict[str, Any]
) -> None:
    async with aiohttp.ClientSession() as session:
        line = Line(session, server)
        for turn in dialogue["turns"]:
            if turn["role"] == "user":
                answers, owner = await line.say(turn["text"])
                assert answers, (turn["text"], owner)
    for three in itertools.pairwise(itertools.pairwise(line.said_by_bot)):
        (first, second), (_, third) = three
        assert not first == second == third or first == "…", first
