"""Tickets for staff."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from bot.domain.ticket import Kind
from bot.gateway.auth import staff_token
from tests.integration.gateway_world import SECRET, World, gateway, refusal


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.staff()
        yield world


async def ask(world: World, path: str = "/api/v1/tickets", token: str | None = None, **query: Any) -> ClientResponse:
    token = token or staff_token(SECRET, "小李", "agent", world.clock())
    response: ClientResponse = await world.client.get(path, params=query, headers={"Authorization": f"Bearer {token}"})
    return response


async def test_staff_see_tickets_newest_first_with_their_history(world: World) -> None:
    fields = {"product": "洗衣机", "phone": "13800138000"}
    repair = world.ticketing.open(Kind.REPAIR, fields, key="1", conversation_id="c", emotion=2)
    world.clock.ahead = timedelta(minutes=1)
    world.ticketing.open(Kind.COMPLAINT, {"problem": "没人回"}, key="2")
    world.ticketing.urge(repair.number)
    page = await (await ask(world)).json()
    assert (page["limit"], page["offset"]) == (50, 0)
    assert [t["kind"] for t in page["tickets"]] == ["complaint", "repair"]
    ticket = page["tickets"][1]
    assert ticket["fields"] == {**fields, "phone": "*******8000"}
    assert (ticket["phone"], ticket["emotion"], ticket["conversation_id"]) == ("*******8000", 2, "c")
    assert [entry["event"] for entry in ticket["history"]] == ["opened", "urged"]
    assert ticket["history"][0]["from_status"] is None
    assert ticket["opened_at"].endswith("+00:00")


async def test_tickets_are_found_by_kind_status_and_page(world: World) -> None:
    for number in range(3):
        world.ticketing.open(Kind.REPAIR, {}, key=f"r{number}")
    world.ticketing.open(Kind.COMPLAINT, {}, key="c")

    async def numbers(**query: Any) -> list[str]:
        return [t["number"] for t in (await (await ask(world, **query)).json())["tickets"]]

    repairs = await numbers(kind="repair", status="open")
    assert len(repairs) == 3
    assert await numbers(kind="repair", limit=1, offset=1) == repairs[1:2]
    assert await numbers(status="closed") == []
    assert await numbers(limit=0) == []
    assert len(await numbers(kind="", status="")) == 4


async def test_one_ticket_is_found_by_its_number_in_any_case(world: World) -> None:
    ticket = world.ticketing.open(Kind.REPAIR, {}, key="1")
    found = await (await ask(world, f"/api/v1/tickets/{ticket.number.lower()}")).json()
    assert found["number"] == ticket.number


@pytest.mark.parametrize("number", ["BX20200101-0001", "nonsense", "BX２0200101-0001", "%00", "BX20200101-0001'--"])
async def test_an_unknown_ticket_is_not_found(world: World, number: str) -> None:
    await refusal(await ask(world, f"/api/v1/tickets/{number}"), 404, "not_found")


@pytest.mark.parametrize(
    "query", [{"kind": "party"}, {"status": "lost"}, {"limit": "-1"}, {"limit": "201"}, {"limit": "x"}, {"offset": "x"}]
)
async def test_a_wrong_query_is_refused(world: World, query: dict[str, str]) -> None:
    await refusal(await ask(world, **query), 400, "bad_request")


async def test_a_customers_token_opens_no_tickets(world: World) -> None:
    talk = await world.open()
    await refusal(await ask(world, token=talk.token), 403, "forbidden")
    await refusal(await ask(world, "/api/v1/tickets/BX20261123-0001", token=talk.token), 403, "forbidden")


async def test_without_a_token_there_are_no_tickets(world: World) -> None:
    await refusal(await world.client.get("/api/v1/tickets"), 401, "unauthorized")
    await refusal(await world.client.get("/api/v1/tickets/BX20261123-0001"), 401, "unauthorized")


async def test_a_person_who_is_gone_or_has_another_role_is_refused(world: World) -> None:
    stranger = staff_token(SECRET, "老王", "agent", world.clock())
    await refusal(await ask(world, token=stranger), 401, "unauthorized")
    world.staff(role="supervisor")
    await refusal(await ask(world), 401, "unauthorized")
    promoted = staff_token(SECRET, "小李", "supervisor", world.clock())
    assert (await ask(world, token=promoted)).status == 200


async def test_a_staff_token_ends_after_its_days(world: World) -> None:
    token = staff_token(SECRET, "小李", "agent", world.clock(), days=1)
    assert (await ask(world, token=token)).status == 200
    world.clock.ahead = timedelta(days=1, seconds=1)
    await refusal(await ask(world, token=token), 401, "unauthorized")
