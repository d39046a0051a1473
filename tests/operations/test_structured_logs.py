"""Lines of the log that a machine can read: what they are about, and nothing of whom."""

import io
import json
import logging
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import concern
from bot.logs import formatter
from tests.integration.gateway_world import World, gateway


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        yield world


class Lines:
    """What the service writes, line by line."""

    def __init__(self, kind: str) -> None:
        self._written = io.StringIO()
        self.handler = logging.StreamHandler(self._written)
        self.handler.setFormatter(formatter(kind))

    def __enter__(self) -> "Lines":
        logging.getLogger("anfu.access").setLevel("INFO")
        logging.getLogger().addHandler(self.handler)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self.handler)

    @property
    def text(self) -> str:
        return self._written.getvalue()

    def read(self, logger: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in found if line["logger"] == logger]


def test_each_line_is_an_object_with_a_time_in_utc_and_the_node() -> None:
    with Lines("json") as lines:
        logging.getLogger("anfu.test").warning("第一行\n第二行")
    [line] = lines.read("anfu.test")
    assert line.keys() == {"time", "level", "logger", "message", "node"}
    assert (line["level"], line["message"]) == ("WARNING", "第一行\n第二行")
    assert line["time"].endswith("Z")
    assert datetime.now(UTC) - datetime.fromisoformat(line["time"]) < timedelta(minutes=5)


@pytest.mark.parametrize("kind", ["json", "text"])
def test_phones_are_masked_in_messages_and_errors(kind: str) -> None:
    with Lines(kind) as lines:
        try:
            raise ValueError("客户 13800138000 的订单 202601030001")
        except ValueError:
            logging.getLogger("anfu.test").exception("电话 %s", "138 0013 8000")
    assert "138****8000" in lines.text and "ValueError" in lines.text
    assert not any(secret in lines.text for secret in ("13800138000", "138 0013 8000", "202601030001"))


async def test_a_line_of_a_request_names_request_and_conversation(world: World) -> None:
    with Lines("json") as lines:
        talk = await world.open()
        response = await talk.get({**talk.headers, "X-Request-Id": "from-the-proxy.in-front.1"})
    assert response.headers["X-Request-Id"] == "from-the-proxy.in-front.1"
    opened, read = lines.read("anfu.access")
    assert (read["request"], read["conversation"]) == ("from-the-proxy.in-front.1", talk.id)
    assert "conversation" not in opened and opened["request"] != read["request"]
    assert talk.token not in lines.text


@pytest.mark.parametrize("given", ["", "x" * 65, "客户", "a b", 'a"}'])
async def test_a_request_without_a_fit_id_gets_one(world: World, given: str) -> None:
    response = await world.client.get("/healthz", headers={"X-Request-Id": given} if given else {})
    assert uuid.UUID(response.headers["X-Request-Id"])


async def test_a_line_of_a_turn_names_conversation_and_turn(world: World) -> None:
    async def fail(turn: Any) -> Any:
        logging.getLogger("anfu.test").warning("asked")
        return await answer(turn)

    answer = world.engine.answer
    world.engine.answer = fail  # type: ignore[method-assign]
    with Lines("json") as lines:
        talk = await world.open()
        await talk.say("洗衣机不脱水")
        await talk.read(after=2, wait=30)
    [line] = lines.read("anfu.test")
    assert line["conversation"] == talk.id and line["turn"].startswith(f"{talk.id}:")


def test_what_one_task_is_about_does_not_leak_into_others() -> None:
    assert (concern.conversation_id.get(), concern.turn_id.get(), concern.request_id.get()) == ("", "", "")
