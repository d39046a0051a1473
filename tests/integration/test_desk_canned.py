"""常用语 over HTTP: kept, shared, searched, filled in, counted, audited."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway_world import World, gateway, refusal
from tests.integration.test_desk_assistance import held

OWN = {"title": "查快件", "text": "{customer}您好，我查一下 {order}", "topic": "logistics", "shortcut": "/ck"}
PATH = "/desk/canned"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


async def listed(world: World, by: str = "小李", **query: str) -> list[dict[str, Any]]:
    words = "&".join(f"{name}={value}" for name, value in query.items())
    response = await world.ask("GET", f"{PATH}?{words}", by=by)
    assert response.status == 200, await response.text()
    replies: list[dict[str, Any]] = (await response.json())["replies"]
    return replies


async def kept(world: World, by: str = "小李", **change: str) -> dict[str, Any]:
    response = await world.ask("POST", PATH, OWN | change, by=by)
    assert response.status == 201, await response.text()
    reply: dict[str, Any] = await response.json()
    return reply


async def test_an_agents_own_reply_is_the_agents_alone(world: World) -> None:
    reply = await kept(world)
    assert reply["editable"] and reply["sharing"] == "own"
    assert reply["id"] in [one["id"] for one in await listed(world)]
    assert reply["id"] not in [one["id"] for one in await listed(world, "王主管")]
    await refusal(await world.ask("PATCH", f"{PATH}/{reply['id']}", {"title": "别的"}, by="王主管"), 404, "not_found")


async def test_supervisors_share_with_everybody_and_agents_do_not(world: World) -> None:
    """A11."""
    await refusal(await world.ask("POST", PATH, OWN | {"sharing": "team"}), 403, "not_allowed")
    reply = await kept(world, "王主管", sharing="everybody")
    (seen,) = [one for one in await listed(world) if one["id"] == reply["id"]]
    assert not seen["editable"]
    await refusal(await world.ask("PATCH", f"{PATH}/{reply['id']}", {"title": "改"}), 403, "not_allowed")
    changed = await world.ask("PATCH", f"{PATH}/{reply['id']}", {"title": "改"}, by="赵主管")
    assert (await changed.json())["title"] == "改"


async def test_a_shortcut_stands_for_one_reply(world: World) -> None:
    reply = await kept(world)
    assert "查快件" in await refusal(await world.ask("POST", PATH, OWN), 409, "conflict")
    assert "接起来" in await refusal(await world.ask("POST", PATH, OWN | {"shortcut": "/hi"}), 409, "conflict")
    assert (await world.ask("DELETE", f"{PATH}/{reply['id']}")).status == 204
    assert reply["id"] not in [one["id"] for one in await listed(world)]
    await kept(world)


async def test_shipped_ones_are_read_only(world: World) -> None:
    first = next(one for one in await listed(world) if one["sharing"] == "shipped")
    assert not first["editable"]
    for method, body in (("PATCH", {"title": "改"}), ("DELETE", None)):
        await refusal(await world.ask(method, f"{PATH}/{first['id']}", body, by="陈经理"), 403, "not_allowed")


async def test_what_is_used_most_stands_first_in_its_topic(world: World) -> None:
    closing = [one["id"] for one in await listed(world, topic="closing")]
    for _ in range(2):
        assert (await world.ask("POST", f"{PATH}/{closing[-1]}/use")).status == 204
    found = await listed(world, topic="closing")
    assert found[0]["id"] == closing[-1] and (found[0]["own_uses"], found[0]["uses"]) == (2, 2)
    assert (await listed(world, "王主管", topic="closing"))[0]["own_uses"] == 0
    await refusal(await world.ask("POST", f"{PATH}/nothing/use"), 404, "not_found")


async def test_a_search_is_by_words_and_shortcut(world: World) -> None:
    await kept(world)
    assert [one["title"] for one in await listed(world, q="/ck")] == ["查快件"]
    assert {one["topic"] for one in await listed(world, q="订单 电源")} == set()
    assert [one["title"] for one in await listed(world, q="电源 师傅")] == ["先断电"]


async def test_within_a_conversation_they_come_filled_in_and_say_what_is_not_known(world: World) -> None:
    talk = await world.open()
    held(world, talk.id)
    await kept(world)
    found = {one["title"]: one for one in await listed(world, conversation=talk.id)}
    assert "小李" in found["接起来"]["filled"] and found["接起来"]["missing"] == []
    assert found["查快件"]["filled"] is None and found["查快件"]["missing"] == ["客户称呼", "订单号"]


async def test_changes_are_on_the_audit_trail(world: World) -> None:
    """D6."""
    reply = await kept(world)
    await world.ask("PATCH", f"{PATH}/{reply['id']}", {"text": "我查一下"})
    await world.ask("DELETE", f"{PATH}/{reply['id']}")
    with world.uow() as uow:
        entries = [entry.change for entry in uow.trail.entries() if entry.change.subject.endswith(reply["id"])]
    assert [(change.actor, change.reason) for change in entries] == [
        ("小李", "新存常用语"), ("小李", "改常用语"), ("小李", "删常用语"),
    ]  # fmt: skip
    assert entries[1].after["text"] == "我查一下"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"text": "{who}您好"}, 422), ({"text": "不归我管"}, 422), ({"title": ""}, 422), ({"topic": "x"}, 422),
        ({"sharing": "world"}, 422), ({"sharing": "shipped"}, 422), ({"shortcut": "ck"}, 422), ({"owner": "小王"}, 422),
        ({"text": 3}, 400), ({"text": "{order.__class__}"}, 422), ({"text": "{order"}, 422),
    ],
)  # fmt: skip
async def test_what_cannot_be_kept_is_refused_and_nothing_is_stored(
    world: World, change: dict[str, Any], status: int
) -> None:
    response = await world.ask("POST", PATH, OWN | change, by="王主管")
    assert response.status == status, await response.text()
    assert "error" in await response.json()
    with world.uow() as uow:
        assert not uow.canned.find()
