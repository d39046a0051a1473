"""What the desk and the widget are told of the queue and of the rules that fill it (F2-F5)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse

from bot.domain.conversation import Need, Owner, OwnerChange
from bot.domain.person import Presence
from tests.integration.gateway_world import Conversation, World, gateway, refusal
from tests.integration.test_gateway_openapi import fits


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


async def waits(world: World) -> Conversation:
    """A customer who has asked for a person."""
    talk = await world.open()
    await talk.say("转人工")
    async with asyncio.timeout(5):
        # What is awaited is a row in the database: nothing there to be woken by.
        while (await talk.read())["owner"] != "queued":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return talk


async def frame_with(ws: ClientWebSocketResponse, field: str) -> dict[str, Any]:
    """The next frame that has a field."""
    async with asyncio.timeout(5):
        while True:
            frame: dict[str, Any] = await ws.receive_json()
            if field in frame:
                return frame


async def test_the_desk_sees_who_waits_in_their_order(world: World) -> None:
    for name, presence in (("小李", Presence.BUSY), ("王主管", Presence.READY)):
        world.anfu.presence.say(name, presence)
    first, second = await waits(world), await waits(world)
    answer = await world.ask("GET", "/desk/queue")
    await fits(answer, "get", "/api/v1/desk/queue")
    body = await answer.json()
    assert [(one["id"], one["position"]) for one in body["waiting"]] == [(first.id, 1), (second.id, 2)]
    assert {one["reason_name"] for one in body["waiting"]} == {"客户要人工"}
    [line] = body["lines"]
    assert (line["waiting"], line["at_work"], line["ready"], line["opens_at"]) == (2, 2, 1, None)
    assert len((await (await world.ask("GET", "/desk/queue?limit=1")).json())["waiting"]) == 1
    await refusal(await world.ask("GET", "/desk/queue?limit=999"), 400, "bad_request")


async def test_another_teams_queue_is_only_for_leaders(world: World) -> None:
    talk = await waits(world)
    with world.uow() as work:
        held = work.conversations.lock(talk.id)
        assert held
        moved = held.hand_on(Need(team="repair"), world.clock())
        change = OwnerChange(moved.id, moved.epoch, Owner.QUEUED, "transferred", world.clock())
        work.conversations.save_owner(moved, change)
        work.commit()
    assert (await (await world.ask("GET", "/desk/queue")).json()) == {"waiting": [], "lines": []}
    assert len((await (await world.ask("GET", "/desk/queue", by="王主管")).json())["waiting"]) == 1


async def test_every_rule_is_listed_with_how_often_it_fired(world: World) -> None:
    talk = await waits(world)
    answer = await world.ask("GET", "/desk/triggers")
    await fits(answer, "get", "/api/v1/desk/triggers")
    rules = {one["id"]: one for one in (await answer.json())["triggers"]}
    assert len(rules) == len(list(world.anfu.triggers.book))
    asked = rules["asked_for_human"]
    assert (asked["clause"], asked["does"], asked["today"], asked["week"]) == ("F3", "transfer", 1, 1)
    assert asked["examples"][0]["conversation_id"] == talk.id
    world.clock.ahead += world.anfu.standing.policy.visits_within * 8
    rules = {one["id"]: one for one in (await (await world.ask("GET", "/desk/triggers")).json())["triggers"]}
    assert (rules["asked_for_human"]["week"], len(rules["asked_for_human"]["examples"])) == (0, 1)


async def test_both_are_for_people_of_the_company(world: World) -> None:
    talk = await world.open()
    for path in ("queue", "triggers"):
        await refusal(await world.client.get(f"/api/v1/desk/{path}"), 401, "unauthorized")
        response = await world.client.get(f"/api/v1/desk/{path}", headers=talk.headers)
        assert response.status == 403


async def test_the_widget_is_told_the_place_and_each_change_of_it(world: World) -> None:
    """F5."""
    world.anfu.presence.say("小李", Presence.BUSY)
    first, second = await waits(world), await waits(world)
    ws = await second.socket()
    frame = await frame_with(ws, "queue")
    assert frame["owner"] == "queued"
    assert frame["queue"] == {"position": 2, "estimated_seconds": 480, "opens_at": None}
    await first.say("继续和小安聊")
    frame = await frame_with(ws, "queue")
    assert (frame["queue"]["position"], frame["messages"]) == (1, [])
    world.anfu.presence.say("小李", Presence.READY)
    assert world.anfu.queue_watch.assign() == 1
    async with asyncio.timeout(5):
        while (frame := await ws.receive_json())["owner"] != "human":
            pass
    assert "queue" not in frame
    polled = await second.read()
    assert "queue" not in polled
    await ws.close()
