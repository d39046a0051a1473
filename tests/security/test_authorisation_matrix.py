"""Who may ask for what, for every route and everybody who may come: as `tests/data/authorisation.yml` has it."""

import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from aiohttp import hdrs

from bot.domain.ticket import Kind
from bot.gateway.auth import customer_token, staff_token
from tests.integration.gateway_world import MESSAGES, PUBLIC_URL, SECRET, World, gateway
from tests.integration.test_desk_conversations import team_of
from tests.security.house import House, house, signed_in

TABLE: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "authorisation.yml").read_text(encoding="utf-8")
)
DOOR_OF: dict[str, str] = {route: door for door, routes in TABLE["routes"].items() for route in routes}
LAST = "DELETE /api/v1/session"
"""Whoever signs out has no session for the other routes."""


def routes_of(world: World) -> list[str]:
    assert world.server.app is not None
    found = [
        f"{route.method} {route.resource.canonical}"
        for route in world.server.app.router.routes()
        if route.resource and route.method != "HEAD"
    ]
    return sorted(found, key=LAST.__eq__)


def body_for(route: str, house: House) -> Any:
    """What is sent; fresh ids each time."""
    text = json.dumps(TABLE["bodies"].get(route, {}))
    for name, value in (("UUID", str(uuid.uuid4())), ("NUMBER", house.ids["number"]), ("OTHER", house.ids["other"])):
        text = text.replace(name, value)
    return json.loads(text)


def sent_to(route: str, house: House) -> dict[str, Any]:
    """What goes along: a body, or the wish for a socket without the rest of a handshake."""
    if route.endswith("/socket"):
        return {"headers": {hdrs.UPGRADE: "websocket"}}
    if DOOR_OF[route] == "platform":
        return {"data": b"<xml><ToUserName>x</ToUserName><Encrypt>eA==</Encrypt></xml>"}
    return {} if route.startswith(("GET", "OPTIONS")) else {"json": body_for(route, house)}


def expected(route: str, visitor: str) -> Any:
    door = TABLE["doors"][DOOR_OF[route]]
    return door.get(visitor, door["others"])


async def test_every_route_lets_in_whom_the_table_says_and_nobody_else(tmp_path: Path) -> None:
    async with house(tmp_path) as opened:
        routes = routes_of(opened.world)
        assert set(routes) ^ set(DOOR_OF) == set(), "tests/data/authorisation.yml lacks a route, or has one in vain"
        assert sum(map(len, TABLE["routes"].values())) == len(DOOR_OF), "a route stands there twice"
        wrong = []
        for route in routes:
            method, path = route.split()
            for visitor in opened.visitors:
                async with await opened.knock(visitor, method, path, **sent_to(route, opened)) as response:
                    got = response.status if response.status in (401, 403) else "in"
                    wanted = expected(route, visitor)
                    if (response.status if wanted == 404 else got) != wanted or response.status >= 500:
                        wrong.append(f"{route}: {visitor} gets {response.status}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_the_table_names_only_visitors_and_doors_that_there_are() -> None:
    visitors = {
        "anonymous", "customer", "other_customer", "expired", "signed_out", "wrong_csrf", "foreign_agent", "agent",
        "session", "supervisor", "manager", "admin",
    }  # fmt: skip
    assert set(TABLE["routes"]) == set(TABLE["doors"])
    for door in TABLE["doors"].values():
        assert set(door) <= visitors | {"others"}
        assert set(door.values()) <= {"in", 401, 403, 404}
    assert set(TABLE["bodies"]) <= set(DOOR_OF)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


def unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, key="", algorithm="none")


@pytest.mark.parametrize("route", ["/api/v1/tickets", "/api/v1/session", "/api/v1/desk/socket", MESSAGES])
async def test_a_token_that_was_not_given_to_its_bearer_opens_nothing(world: World, route: str) -> None:
    now, talk = world.clock(), await world.open()
    claims = {"iat": int(now.timestamp()), "exp": int((now + timedelta(days=1)).timestamp())}
    admin = {"sub": "管理员", "kind": "staff", "role": "admin", **claims}
    with world.uow() as work:
        gone = work.users.get("小张")
        assert gone
        work.users.save(replace(gone, is_disabled=True), now)
        work.commit()
    bad = {
        "signed with another secret": staff_token("another secret that is long enough", "管理员", "admin", now),
        "unsigned": unsigned(admin),
        "signed otherwise": jwt.encode(admin, SECRET, algorithm="HS512"),
        "without end": jwt.encode({**admin, "exp": None}, SECRET, algorithm="HS256"),
        "of a role that the person has not": staff_token(SECRET, "小李", "admin", now),
        "of nobody": staff_token(SECRET, "没这个人", "admin", now),
        "of who is gone": staff_token(SECRET, "小张", "agent", now),
        "of last month": staff_token(SECRET, "管理员", "admin", now - timedelta(days=31)),
        "a customer's of last month": customer_token(SECRET, talk.id, now - timedelta(days=31)),
        "cut short": talk.token[:-4],
        "of a kind that there is not": jwt.encode({**admin, "kind": "root"}, SECRET, algorithm="HS256"),
        "empty": "",
        "half": "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    }
    for why, token in bad.items():
        response = await world.client.get(route.format(talk.id), headers={hdrs.AUTHORIZATION: f"Bearer {token}"})
        assert response.status in (401, 403), f"{why}: {response.status} {await response.text()}"


async def test_another_teams_tickets_are_not_changed_in_bulk(world: World) -> None:
    number = world.ticketing.open(Kind.SUGGESTION, {"idea": "送货慢"}, key="1").number
    team_of(world, "小李", "repair")
    before = world.ticketing.get(number)
    order = {"numbers": [number], "action": "priority", "value": 1, "reason": "急"}
    answer = await (await world.ask("POST", "/desk/tickets/bulk", order)).json()
    assert (answer["done"], answer["refused"]) == (0, 1)
    assert world.ticketing.get(number) == before


async def test_a_page_elsewhere_opens_no_desk_with_a_persons_cookie_and_changes_nothing(world: World) -> None:
    session = await signed_in(world, "小李")
    upgrade = {hdrs.UPGRADE: "websocket", hdrs.CONNECTION: "Upgrade"}
    for origin in ("https://evil.example", "null", "http://service.example.com", PUBLIC_URL + ".evil.example"):
        theirs = session | {hdrs.ORIGIN: origin, "Sec-Fetch-Site": "cross-site"}
        for method, path, more in (
            ("GET", "/api/v1/desk/socket", upgrade), ("PUT", "/api/v1/presence", {}),
            ("DELETE", "/api/v1/sessions", {}),
        ):  # fmt: skip
            response = await world.client.request(method, path, json={"state": "ready"}, headers=theirs | more)
            assert response.status == 403, (origin, path)
    assert (await world.client.get("/api/v1/session", headers=session)).status == 200


@pytest.mark.parametrize("place", ["a", "t", "f", "d", "b"])
async def test_a_link_that_we_have_not_made_or_for_something_else_opens_nothing(tmp_path: Path, place: str) -> None:
    async with gateway(tmp_path) as world:
        agreement = world.offered(world.analysed())
        others = {"a": "task", "t": "agreement", "f": "agreement", "d": "agreement", "b": "agreement"}
        token = world.link(others[place], agreement).rpartition("/")[2]  # type: ignore[arg-type]
        for forged in (token, token[:-1], token + "x", "x", "%00", "..%2f..%2fetc%2fpasswd", "a" * 4000):
            response = await world.client.get(f"/{place}/{forged}", allow_redirects=False)
            assert response.status in (400, 404), (forged, response.status)
