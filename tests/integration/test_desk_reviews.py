"""Reviews over the API: who sees what, checking, appeal, settlement, sums (H8)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway_world import World, gateway, refusal
from tests.integration.served import Served

REVIEWS = "/desk/reviews"
NOWHERE = f"{REVIEWS}/00000000-0000-4000-8000-000000000000"


class Ahead:
    """The gateway's clock, as `Served` moves it."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __call__(self) -> Any:
        return self.world.clock()

    def advance(self, **units: float) -> None:
        self.world.clock.ahead += timedelta(**units)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


def served(world: World) -> Served:
    clock: Any = Ahead(world)
    return Served(world.anfu, clock)


def inspect(world: World) -> None:
    while world.anfu.inspection.look():
        pass


async def listed(world: World, query: str = "", by: str = "王主管") -> dict[str, Any]:
    response = await world.ask("GET", f"{REVIEWS}{query}", by=by)
    assert response.status == 200, await response.text()
    answer: dict[str, Any] = await response.json()
    return answer


async def test_a_leader_sees_what_waits_and_each_finding_with_its_words(world: World) -> None:
    served(world).badly()
    inspect(world)
    answer = await listed(world, "?state=to_check")
    (row,) = answer["reviews"]
    assert answer["waiting"] == {"to_check": 1, "appealed": 0} and answer["cursor"] is None
    assert (row["agent"], row["state"], row["may"]) == ("小李", "to_check", ["check"])
    assert {"rule": "greeting", "name": "开场问候"} in row["failed"]
    whole = await (await world.ask("GET", f"{REVIEWS}/{row['id']}", by="王主管")).json()
    texts = {message["seq"]: message["text"] for message in whole["messages"]}
    finding = next(f for f in whole["findings"] if f["rule"] == "no_unbacked_promise")
    assert (finding["requirement"], finding["result"]) == ("A11", "failed")
    assert finding["evidence"][0]["words"] in texts[finding["evidence"][0]["seq"]]


async def test_checking_appealing_and_settling_each_by_whom_it_belongs_to(world: World) -> None:
    served(world).badly()
    inspect(world)
    path = f"{REVIEWS}/{(await listed(world))['reviews'][0]['id']}"
    score = {"score": 50, "comment": "没有道歉"}
    await refusal(await world.ask("POST", f"{path}/check", score, by="小张"), 403, "not_allowed")
    await refusal(await world.ask("POST", f"{path}/check", score, by="管理员"), 403, "not_allowed")
    for wrong, status, code in ((101, 422, "invalid"), ("50", 400, "bad_request"), (None, 400, "bad_request")):
        body = {"score": wrong, "comment": "好"}
        await refusal(await world.ask("POST", f"{path}/check", body, by="王主管"), status, code)
    checked = await world.ask("POST", f"{path}/check", score, by="王主管")
    assert (await checked.json())["score"] == 50
    await refusal(await world.ask("POST", f"{path}/check", score, by="赵主管"), 409, "conflict")
    await refusal(await world.ask("POST", f"{path}/appeal", {"text": "不同意"}, by="小张"), 403, "not_allowed")
    await refusal(await world.ask("POST", f"{path}/appeal", {"text": " "}, by="小李"), 422, "invalid")
    appealed = await (await world.ask("POST", f"{path}/appeal", {"text": "客户先骂人"}, by="小李")).json()
    assert (appealed["state"], appealed["appeal"], appealed["may"]) == ("appealed", "客户先骂人", [])
    verdict = {"verdict": "changed", "score": 70, "reason": "情况属实"}
    await refusal(await world.ask("POST", f"{path}/settle", verdict, by="王主管"), 403, "not_allowed")
    unknown = {**verdict, "verdict": "?"}
    await refusal(await world.ask("POST", f"{path}/settle", unknown, by="赵主管"), 400, "bad_request")
    settled = await (await world.ask("POST", f"{path}/settle", verdict, by="赵主管")).json()
    assert (settled["state"], settled["score"], settled["settled_by"]) == ("settled", 70, "赵主管")
    await refusal(await world.ask("POST", f"{path}/appeal", {"text": "再来"}, by="小李"), 409, "conflict")


async def test_an_agent_sees_the_own_ones_only(world: World) -> None:
    served(world).well("小李")
    served(world).well("小张")
    inspect(world)
    (own,) = (await listed(world, by="小李"))["reviews"]
    assert own["agent"] == "小李"
    other = next(row for row in (await listed(world))["reviews"] if row["agent"] == "小张")
    await refusal(await world.ask("GET", f"{REVIEWS}/{other['id']}", by="小李"), 403, "not_allowed")
    await refusal(await world.ask("GET", f"{REVIEWS}?agent=小张", by="小李"), 403, "not_allowed")
    await refusal(await world.ask("GET", f"{REVIEWS}/summary?agent=小张", by="小李"), 403, "not_allowed")
    assert (await (await world.ask("GET", f"{REVIEWS}/summary", by="小李")).json())["reviews"] == 1


async def test_pages_lead_on_by_their_cursor(world: World) -> None:
    for _ in range(3):
        served(world).well()
    inspect(world)
    first = await listed(world, "?limit=2")
    rest = await listed(world, f"?limit=2&cursor={first['cursor']}")
    assert len({row["id"] for row in first["reviews"] + rest["reviews"]}) == 3
    assert rest["cursor"] is None


async def test_those_in_which_a_rule_failed(world: World) -> None:
    served(world).well("小张")
    served(world).badly("小李")
    inspect(world)
    (row,) = (await listed(world, "?rule=greeting"))["reviews"]
    assert row["agent"] == "小李"
    await refusal(await world.ask("GET", f"{REVIEWS}?rule=smile", by="王主管"), 422, "invalid")


async def test_sums_by_day_person_and_rule(world: World) -> None:
    served(world).well("小张")
    served(world).badly("小李")
    inspect(world)
    told = await (await world.ask("GET", f"{REVIEWS}/summary", by="陈经理")).json()
    assert told["reviews"] == 2 and [row["agent"] for row in told["agents"]] == ["小张", "小李"]
    assert told["agents"][0]["average"] == 100
    assert {"rule": "greeting", "name": "开场问候", "failed": 1} in told["rules"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{REVIEWS}?state=nice", 400, "bad_request"),
        (f"{REVIEWS}?from=tomorrow", 422, "invalid"),
        (f"{REVIEWS}?cursor=1", 404, "not_found"),
        (f"{REVIEWS}?cursor=00000000-0000-4000-8000-000000000000", 422, "invalid"),
        (f"{REVIEWS}?limit=101", 400, "bad_request"),
        (f"{REVIEWS}/summary?from=2026-11-30&to=2026-11-01", 422, "invalid"),
        (f"{REVIEWS}/summary?from=2020-01-01&to=2026-11-01", 422, "invalid"),
        (NOWHERE, 404, "not_found"),
        (f"{REVIEWS}/1", 404, "not_found"),
    ],
)
async def test_what_cannot_be_asked_is_refused_in_words(world: World, path: str, status: int, code: str) -> None:
    await refusal(await world.ask("GET", path, by="王主管"), status, code)
