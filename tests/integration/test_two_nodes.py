"""Two nodes that share PostgreSQL and Redis are one service: whichever a customer, or an agent, happens to reach."""

import asyncio
import json
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse
from sqlalchemy import text
from sqlalchemy.engine import Engine

from bot.adapters.database_clock import DatabaseClock
from bot.domain.message import Message, Sender
from bot.domain.notice import Fate, Notice, Way
from bot.gateway.auth import staff_token
from bot.services.notices import Dispatch
from bot.services.ports import LEASE, UnitOfWorkFactory
from tests.integration.fixtures_database import Clock
from tests.integration.gateway_world import PEOPLE, SECRET, Conversation, World, gateway

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

WITHIN_SECONDS = 60.0
"""For machines that are busy with something else."""

Nodes = tuple[World, World]


@pytest.fixture
async def nodes(database: Engine, redis_address: str, tmp_path: Path) -> AsyncIterator[Nodes]:
    """Two gateways with their workers; everybody works there."""
    shared = {"database": database.url.render_as_string(hide_password=False), "redis": redis_address}
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(gateway(tmp_path, messages_per_minute=10_000, **shared))
        other = await stack.enter_async_context(gateway(tmp_path, messages_per_minute=10_000, **shared))
        await asyncio.to_thread(one.everybody)
        yield one, other


def at(node: World, talk: Conversation) -> Conversation:
    """The same conversation by way of a node."""
    return Conversation(node.client, talk.id, talk.token)


async def until(met: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while not await asyncio.to_thread(met):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def echoed(messages: list[Message]) -> list[str]:
    """What the bot has answered, bubble by bubble."""
    said = [message.text for message in messages if message.sender is Sender.BOT and "您说的是：" in message.text]
    return [line for answer in said for line in answer.removeprefix("您说的是：").split("\n")]


async def frame(ws: ClientWebSocketResponse, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next frame of that kind."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while not wanted(received := json.loads(await ws.receive_str())):
            pass
    return received


# Customers


async def test_what_a_customer_says_to_both_nodes_in_turn_is_answered_once_and_in_order(nodes: Nodes) -> None:
    """Invariants 1 and 2."""
    talks = [await nodes[number % 2].open() for number in range(6)]

    async def speak(talk: Conversation) -> None:
        for number in range(8):
            node = nodes[number % 2]
            response = await at(node, talk).say(f"第{number}句")
            assert response.status == 202
            await asyncio.sleep(0.01 * (number % 3))

    await asyncio.gather(*map(speak, talks))
    expected = [f"第{number}句" for number in range(8)]
    for talk in talks:
        await until(lambda talk=talk: len(echoed(nodes[0].stored(talk.id))) >= len(expected))  # type: ignore[misc]
        stored = nodes[0].stored(talk.id)
        assert [m.text for m in stored if m.sender is Sender.CUSTOMER] == expected
        assert echoed(stored) == expected
        assert [m.seq for m in stored] == list(range(1, len(stored) + 1))


async def test_the_same_message_to_both_nodes_at_once_is_one_message(nodes: Nodes) -> None:
    """A client that heard no answer of the one asks the other."""
    talk, client_id = await nodes[0].open(), str(uuid.uuid4())
    answers = await asyncio.gather(*(at(node, talk).say("在吗", client_id) for node in nodes * 3))
    seqs = {(await answer.json())["seq"] for answer in answers}
    assert seqs == {2}
    await until(lambda: len(echoed(nodes[0].stored(talk.id))) == 1)


async def test_an_answer_of_one_node_reaches_the_socket_on_the_other(nodes: Nodes) -> None:
    talk = await nodes[0].open()
    async with await at(nodes[1], talk).socket(after=1) as ws:
        await frame(ws, lambda f: f["owner"] == "bot")
        await talk.say("洗衣机不转了")
        heard = await frame(ws, lambda f: any(m["sender"] == "bot" for m in f["messages"]))
    assert heard["messages"][-1]["text"] == "您说的是：洗衣机不转了"


# People


async def test_an_agent_on_one_node_serves_a_customer_on_the_other(nodes: Nodes) -> None:
    """Messages, typing and the takeover, in both directions."""
    here, there = nodes
    talk = await here.open()
    token = staff_token(SECRET, "小李", PEOPLE["小李"], there.clock())
    async with (
        await there.client.ws_connect("/api/v1/desk/socket", protocols=("anfu", token)) as desk,
        await talk.socket(after=1) as customer,
    ):
        await talk.say("转人工")
        await frame(desk, lambda f: f["type"] == "conversation" and f["conversation"]["id"] == talk.id)
        taken = await there.ask("POST", f"/desk/conversations/{talk.id}/take", {})
        assert taken.status == 200, await taken.text()
        assert (await frame(customer, lambda f: f["owner"] == "human"))["agent"] == "小李"

        await desk.send_json({"type": "open", "conversation_id": talk.id, "after": 0})
        await frame(desk, lambda f: f["type"] == "messages")
        await customer.send_json({"type": "typing", "text": "我的洗衣"})
        typed = await frame(desk, lambda f: f["type"] == "typing")
        assert (typed["conversation_id"], typed["text"]) == (talk.id, "我的洗衣")
        await desk.send_json({"type": "typing", "conversation_id": talk.id})
        assert (await frame(customer, lambda f: "typing" in f))["typing"] == {"name": "小李"}

        said = {"client_id": str(uuid.uuid4()), "text": "您好，请说"}
        answered = await there.ask("POST", f"/desk/conversations/{talk.id}/messages", said)
        assert answered.status < 300, await answered.text()
        heard = await frame(customer, lambda f: any(m["sender"] == "agent" for m in f["messages"]))
        assert heard["messages"][-1]["text"] == "您好，请说"


async def test_two_agents_who_take_on_two_nodes_at_once_do_not_both_have_it(nodes: Nodes) -> None:
    talk = await nodes[0].open()
    await talk.say("转人工")
    await until(lambda: _owner(nodes[0], talk.id) == "queued")
    by = ("小李", "小张")
    answers = await asyncio.gather(
        *(
            node.ask("POST", f"/desk/conversations/{talk.id}/take", {}, by=name)
            for node, name in zip(nodes, by, strict=True)
        )
    )
    assert sorted(answer.status for answer in answers) == [200, 409]


# A node that hangs


class Hanging:
    """An engine that says what it has to say when it is let."""

    ready = True

    def __init__(self, says: str) -> None:
        self._says = says
        self.is_asked, self.may_speak = asyncio.Event(), asyncio.Event()

    async def __call__(self, turn: Any) -> Any:
        from bot.domain.message import Reply
        from bot.services.ports import Answer

        self.is_asked.set()
        await self.may_speak.wait()
        return Answer((Reply(self._says, {"kind": "test"}),), b"old")


async def test_a_node_that_hung_past_its_lease_adds_nothing_and_harms_no_later_answer(nodes: Nodes) -> None:
    """Invariant 2: whoever has answered meanwhile is heard, and a turn that another runs by now is left to it."""
    hung, well = nodes
    old = Hanging("太迟的话")
    hung.engine.answer = old  # type: ignore[method-assign]
    talk = await hung.open()
    await talk.say("第一句")
    await old.is_asked.wait()
    well.clock.ahead = LEASE + timedelta(seconds=1)  # it is over, for whoever looks

    later = Hanging("第二个回答")
    await at(well, talk).say("第二句")
    await until(lambda: "第一句\n第二句" in "".join(echoed_text(well, talk)))
    well.engine.answer = later  # type: ignore[method-assign]
    await at(well, talk).say("第三句")
    await later.is_asked.wait()
    old.may_speak.set()
    await until(lambda: hung.runner.in_hand == 0)
    later.may_speak.set()
    await until(lambda: echoed_text(well, talk)[-1] == "第二个回答")
    said = echoed_text(well, talk)
    assert "太迟的话" not in said
    assert said == ["您说的是：第一句\n第二句", "第二个回答"]


def echoed_text(node: World, talk: Conversation) -> list[str]:
    """The bot's answers."""
    stored = node.stored(talk.id)
    return [m.text for m in stored if m.sender is Sender.BOT and (m.source or {}).get("kind") == "test"] or [""]


def _owner(node: World, conversation_id: str) -> str:
    with node.uow() as uow:
        conversation = uow.conversations.get(conversation_id)
    return conversation.owner.value if conversation else ""


class Courier:
    """Brings a notice when it is let."""

    def __init__(self) -> None:
        self.brought: list[str] = []
        self.is_asked, self.may_go = asyncio.Event(), asyncio.Event()
        self.may_go.set()

    async def deliver(self, notice: Notice) -> None:
        self.is_asked.set()
        await self.may_go.wait()
        self.brought.append(notice.id)


async def test_a_node_that_hung_with_notices_in_hand_does_not_call_the_brought_ones_unsent(
    uow: UnitOfWorkFactory, clock: Clock
) -> None:
    """Each receiver's later notices were brought by another node meanwhile; the one that hung gives them back."""
    body = {"ticket": "BX20261123-0001"}
    with uow() as work:
        for number in range(3):
            notice = Notice(
                id=str(uuid.uuid4()), key=f"key{number}", way=Way.WEBHOOK, to="repair", subject="快到期", body=body,
                created_at=clock() + timedelta(seconds=number), due_at=clock(),
            )  # fmt: skip
            work.notices.add(notice)
        work.commit()
    clock.advance(seconds=5)
    slow, quick = Courier(), Courier()
    slow.may_go.clear()
    hung = asyncio.create_task(Dispatch(uow, {Way.WEBHOOK: slow}, clock).send_due())
    await slow.is_asked.wait()
    clock.advance(seconds=90)
    assert await Dispatch(uow, {Way.WEBHOOK: quick}, clock).send_due() == 3
    slow.may_go.set()
    await hung
    with uow() as work:
        assert work.notices.of_state(Fate.WAITING, 10) == []
        assert len(work.notices.of_state(Fate.SENT, 10)) == 3
    assert await Dispatch(uow, {Way.WEBHOOK: quick}, clock).send_due() == 0


def test_a_node_that_hung_with_a_page_in_hand_does_not_turn_back_where_another_has_read_on(
    uow: UnitOfWorkFactory, clock: Clock
) -> None:
    """W3: its cursor is old, and what another wants to be fetched stays wanted."""
    with uow() as work:
        work.pulls.want("kf", "wk1", "token", clock())
        (hung,) = work.pulls.take("kf", "hung", clock(), clock() + timedelta(seconds=60))
        work.commit()
    clock.advance(seconds=61)
    with uow() as work:
        (well,) = work.pulls.take("kf", "well", clock(), clock() + timedelta(seconds=60))
        assert work.pulls.advance(well, "page 7", True, clock())
        work.commit()
    with uow() as work:
        assert not work.pulls.advance(hung, "page 2", False, clock())
        work.pulls.retry_later(hung, clock() + timedelta(days=1))
        (again,) = work.pulls.take("kf", "well", clock(), clock() + timedelta(seconds=60))
    assert again.cursor == "page 7"


# Clocks


def test_nodes_go_by_the_databases_clock_whatever_their_own_say(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose clock somebody sets an hour ahead, or back, takes nobody's lease for expired."""
    before = DatabaseClock(database)
    monkeypatch.setattr("time.time", lambda: datetime(2001, 1, 1, tzinfo=UTC).timestamp())
    after = DatabaseClock(database)
    with database.connect() as connection:
        told: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    for clock in (before, after):
        assert abs(clock() - told) < timedelta(seconds=10)
        assert clock.look() == 0
    assert abs(before() - after()) < timedelta(seconds=5)


def test_the_clock_goes_on_between_two_readings(database: Engine) -> None:
    clock = DatabaseClock(database)
    first = clock()
    threading.Event().wait(0.05)
    assert timedelta(seconds=0.04) < clock() - first < timedelta(seconds=30)
