"""Signing in at the desk, and everything that must not get in; people and what they may."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from aiohttp import ClientResponse, WSServerHandshakeError

from bot.domain.actor import Actor, Role
from bot.domain.audit import first_broken
from bot.domain.person import GONE_AFTER, Presence
from bot.domain.sign_in import IDLE_FOR, LOCKED_FOR, MOST_FAILURES, SESSION_LASTS
from bot.gateway import keys
from bot.gateway.auth import COOKIE
from bot.gateway.desk.socket import SIGNED_OUT
from tests.integration.gateway_world import PUBLIC_URL, World, gateway, refusal
from tests.integration.test_gateway_openapi import fits

PASSWORD = "雨后的天空很蓝也很高"
NEXT_PASSWORD = "晴天的云朵走得很慢呢"
OURS = {"Origin": PUBLIC_URL}
ADMIN = Actor("管理员", Role.ADMIN)
SOCKET = "/api/v1/desk/socket"


@dataclass
class Browser:
    """Somebody's browser: keeps cookies, sends the origin, repeats the CSRF token."""

    client: Any
    csrf: str = ""
    headers: dict[str, str] = field(default_factory=lambda: dict(OURS))

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> ClientResponse:
        sent = self.headers | {"X-CSRF-Token": self.csrf} | headers
        response: ClientResponse = await self.client.request(
            method, f"/api/v1{path}", json=body, headers={name: value for name, value in sent.items() if value}
        )
        return response

    async def sign_in(self, name: str = "小李", password: str = PASSWORD, **more: str) -> ClientResponse:
        response = await self.ask("POST", "/session", {"name": name, "password": password, **more})
        if response.status == 201:
            self.csrf = (await response.json())["csrf"]
            # The test speaks http; the cookie is for https only.
            token = response.cookies[COOKIE].value
            self.headers["Cookie"] = f"{COOKIE}={token}"
        return response


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        world.office.people.set_password("小李", PASSWORD, ADMIN)
        yield world


def browser(world: World) -> Browser:
    return Browser(world.client)


@pytest.fixture
async def desk(world: World) -> Browser:
    """小李 at a browser, signed in."""
    desk = browser(world)
    assert (await desk.sign_in()).status == 201
    return desk


def trail(world: World, name: str = "小李") -> list[str]:
    with world.uow() as uow:
        assert first_broken(uow.trail.entries(), head=uow.trail.head()) is None
        return [entry.change.action for entry in uow.trail.entries(f"user:{name}")]


# Signing in and out


async def test_a_person_signs_in_works_and_signs_out(world: World, desk: Browser) -> None:
    me = await (await desk.ask("GET", "/session")).json()
    assert (me["name"], me["role"], me["team"], me["presence"]) == ("小李", "agent", "service", "away")
    assert (await desk.ask("GET", "/tickets")).status == 200
    assert (await desk.ask("DELETE", "/session")).status == 204
    await refusal(await desk.ask("GET", "/session"), 401, "unauthorized")
    assert trail(world)[-2:] == ["signed_in", "signed_out"]


async def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_plain_http(world: World) -> None:
    response = await browser(world).sign_in()
    cookie = response.cookies[COOKIE]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (True, True, "Strict", "/")
    assert int(cookie["max-age"]) == SESSION_LASTS.total_seconds()


async def test_the_database_holds_neither_token_nor_password(world: World, desk: Browser) -> None:
    token = desk.headers["Cookie"].partition("=")[2]
    with world.anfu.database.begin() as connection:
        rows = [
            str(row)
            for table in ("sessions", "users", "audit")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    assert not any(token in row or PASSWORD in row for row in rows)


async def test_a_stranger_and_a_wrong_password_get_the_same_answer(world: World) -> None:
    somebody = browser(world)
    stranger = await refusal(await somebody.sign_in("没这个人", PASSWORD), 401, "unauthorized")
    assert await refusal(await somebody.sign_in("小李", "错的密码也有十个字呢"), 401, "unauthorized") == stranger
    assert await refusal(await somebody.sign_in("小张", PASSWORD), 401, "unauthorized") == stranger
    assert trail(world)[-1] == "sign_in_failed"
    assert trail(world, "没这个人") == []


@pytest.mark.parametrize("name", ["小李", "没这个人"])
async def test_five_failures_lock_a_name_known_or_not(world: World, name: str) -> None:
    somebody = browser(world)
    for _ in range(MOST_FAILURES):
        await refusal(await somebody.sign_in(name, "错的密码也有十个字呢"), 401, "unauthorized")
    locked = await somebody.sign_in(name, PASSWORD)
    await refusal(locked, 429, "locked")
    assert 0 < int(locked.headers["Retry-After"]) <= LOCKED_FOR.total_seconds()
    assert ("locked" in trail(world)) is (name == "小李")
    world.clock.ahead += LOCKED_FOR
    assert (await somebody.sign_in(name, PASSWORD)).status == (201 if name == "小李" else 401)


async def test_an_address_that_tries_many_names_is_slowed_down(world: World) -> None:
    assert world.server.app is not None
    while not world.server.app[keys.SIGN_IN_LIMIT].take("127.0.0.1"):
        pass
    response = await browser(world).sign_in()
    await refusal(response, 429, "too_many")
    assert response.headers["Retry-After"]


@pytest.mark.parametrize(
    "body", [{}, {"name": "小李"}, {"name": 5, "password": PASSWORD}, {"name": "小李", "password": "x" * 201},
             {"name": "字" * 61, "password": PASSWORD}, ["小李"]],
)  # fmt: skip
async def test_what_is_no_sign_in_is_refused(world: World, body: Any) -> None:
    assert (await browser(world).ask("POST", "/session", body)).status in (400, 422)


# Sessions end


async def test_a_session_ends_after_two_silent_hours(world: World, desk: Browser) -> None:
    world.clock.ahead += IDLE_FOR - timedelta(minutes=1)
    assert (await desk.ask("GET", "/tickets")).status == 200
    world.clock.ahead += IDLE_FOR - timedelta(minutes=1)
    assert (await desk.ask("GET", "/tickets")).status == 200
    world.clock.ahead += IDLE_FOR
    await refusal(await desk.ask("GET", "/tickets"), 401, "unauthorized")


async def test_a_session_ends_after_twelve_hours_however_busy(world: World, desk: Browser) -> None:
    for _ in range(11):
        world.clock.ahead += timedelta(hours=1)
        assert (await desk.ask("GET", "/tickets")).status == 200
    world.clock.ahead += timedelta(hours=1)
    await refusal(await desk.ask("GET", "/tickets"), 401, "unauthorized")


async def test_a_forged_cookie_opens_nothing(world: World) -> None:
    thief = browser(world)
    for cookie in ("", "x", "a" * 43, "%00", "🙂"):
        thief.headers["Cookie"] = f"{COOKIE}={cookie}"
        assert (await thief.ask("GET", "/tickets")).status in (400, 401)


async def test_a_person_who_is_disabled_is_out_at_once(world: World, desk: Browser) -> None:
    assert (await world.ask("PATCH", "/people/小李", {"disabled": True}, by="管理员")).status == 200
    await refusal(await desk.ask("GET", "/tickets"), 401, "unauthorized")
    await refusal(await desk.sign_in(), 401, "unauthorized")
    await refusal(await world.ask("GET", "/tickets"), 401, "unauthorized")
    assert "小李" not in [person.name for person in world.office.presence.people_now()]


async def test_a_new_role_ends_the_sessions_of_the_old_one(world: World, desk: Browser) -> None:
    assert (await world.ask("PATCH", "/people/小李", {"role": "supervisor"}, by="陈经理")).status == 200
    await refusal(await desk.ask("GET", "/tickets"), 401, "unauthorized")
    assert (await desk.sign_in()).status == 201


async def test_a_new_password_ends_all_other_sessions(world: World, desk: Browser) -> None:
    other = browser(world)
    await other.sign_in()
    changed = await desk.ask("POST", "/session/password", {"old": PASSWORD, "new": NEXT_PASSWORD})
    assert changed.status == 200, await changed.text()
    assert (await desk.ask("GET", "/tickets")).status == 200
    await refusal(await other.ask("GET", "/tickets"), 401, "unauthorized")
    await refusal(await other.sign_in(), 401, "unauthorized")
    assert (await other.sign_in(password=NEXT_PASSWORD)).status == 201
    assert "password_changed" in trail(world)


@pytest.mark.parametrize(
    ("old", "new"), [("错的密码也有十个字呢", NEXT_PASSWORD), (PASSWORD, "1234567890"), (PASSWORD, PASSWORD)]
)
async def test_a_bad_change_of_password_changes_nothing(world: World, desk: Browser, old: str, new: str) -> None:
    await refusal(await desk.ask("POST", "/session/password", {"old": old, "new": new}), 422, "invalid")
    assert (await browser(world).sign_in()).status == 201


async def test_other_devices_are_listed_and_signed_out(world: World, desk: Browser) -> None:
    other = browser(world)
    other.headers["User-Agent"] = "Firefox\u200b 140"
    await other.sign_in()
    listed = (await (await desk.ask("GET", "/sessions")).json())["sessions"]
    assert sorted((each["here"], each["browser"][:7]) for each in listed)[0] == (False, "Firefox")
    assert (await (await desk.ask("DELETE", "/sessions")).json()) == {"ended": 1}
    await refusal(await other.ask("GET", "/tickets"), 401, "unauthorized")
    assert (await desk.ask("GET", "/tickets")).status == 200


# Forged requests


@pytest.mark.parametrize(
    "forgery",
    [
        {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": "错"}, {"Origin": "https://evil.example"},
        {"Origin": "null"}, {"Origin": ""}, {"Origin": PUBLIC_URL + ".evil.example"},
        {"Origin": "", "Sec-Fetch-Site": "same-site"}, {"Origin": "", "Sec-Fetch-Site": "cross-site"},
    ],
)  # fmt: skip
async def test_what_another_page_asks_for_with_our_cookie_is_refused_and_logged(
    world: World, desk: Browser, forgery: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    if "错" in forgery.values():
        forgery = {"X-CSRF-Token": "%E9%94%99"}
    await refusal(await desk.ask("PUT", "/presence", {"state": "ready"}, **forgery), 403, "forbidden")
    assert "forged request refused at PUT /api/v1/presence" in caplog.text
    assert (await (await desk.ask("GET", "/session")).json())["presence"] == "away"


async def test_our_own_page_is_known_by_origin_or_by_what_the_browser_says(world: World, desk: Browser) -> None:
    here = f"http://{world.server.host}:{world.server.port}"
    for honest in ({}, {"Origin": here}, {"Origin": "", "Sec-Fetch-Site": "same-origin"}):
        assert (await desk.ask("PUT", "/presence", {"state": "ready"}, **honest)).status == 200


async def test_another_site_cannot_sign_somebody_in(world: World) -> None:
    somebody = browser(world)
    body = {"name": "小李", "password": PASSWORD}
    await refusal(await somebody.ask("POST", "/session", body, Origin="https://evil.example"), 403, "forbidden")
    assert (await somebody.ask("POST", "/session", body, Origin="")).status == 201  # a program, which has no origin


async def test_one_sessions_csrf_token_is_no_good_for_another(world: World, desk: Browser) -> None:
    other = browser(world)
    await other.sign_in()
    stolen = await desk.ask("PUT", "/presence", {"state": "ready"}, **{"X-CSRF-Token": other.csrf})
    await refusal(stolen, 403, "forbidden")


# The second factor


async def second_factor(desk: Browser, world: World) -> tuple[pyotp.TOTP, list[str]]:
    invited = await desk.ask("POST", "/session/totp", {"password": PASSWORD})
    assert invited.status == 201, await invited.text()
    totp = pyotp.TOTP((await invited.json())["secret"])
    started = await desk.ask("PUT", "/session/totp", {"code": totp.at(world.clock())})
    assert started.status == 200, await started.text()
    codes: list[str] = (await started.json())["recovery_codes"]
    return totp, codes


async def test_with_a_second_factor_the_password_is_not_enough_and_a_code_works_once(
    world: World, desk: Browser
) -> None:
    begun = world.clock()
    totp, _ = await second_factor(desk, world)
    other = browser(world)
    await refusal(await other.sign_in(), 401, "second_factor")
    await refusal(await other.sign_in(code="000000"), 401, "second_factor_wrong")
    await refusal(await other.sign_in(code=totp.at(begun)), 401, "second_factor_wrong")  # used to start it, or older
    world.clock.ahead += timedelta(seconds=60)
    code = totp.at(world.clock())
    assert (await other.sign_in(code=code)).status == 201
    await refusal(await browser(world).sign_in(code=code), 401, "second_factor_wrong")


async def test_who_has_the_password_cannot_guess_codes_without_end(world: World, desk: Browser) -> None:
    await second_factor(desk, world)
    thief = browser(world)
    for _ in range(MOST_FAILURES):
        await refusal(await thief.sign_in(), 401, "second_factor")  # no failure, and no pardon
        await refusal(await thief.sign_in(code="000000"), 401, "second_factor_wrong")
    await refusal(await thief.sign_in(), 429, "locked")


async def test_a_recovery_code_stands_in_for_a_lost_phone_once(world: World, desk: Browser) -> None:
    _, codes = await second_factor(desk, world)
    assert len(set(codes)) == 8
    other = browser(world)
    assert (await other.sign_in(code=codes[0].lower().replace("-", " "))).status == 201
    await refusal(await other.sign_in(code=codes[0]), 401, "second_factor_wrong")
    assert (await other.sign_in(code=codes[1])).status == 201


async def test_a_second_factor_is_turned_on_and_off_with_the_password_only(world: World, desk: Browser) -> None:
    await refusal(await desk.ask("POST", "/session/totp", {"password": NEXT_PASSWORD}), 422, "invalid")
    await refusal(await desk.ask("PUT", "/session/totp", {"code": "123456"}), 409, "conflict")
    await desk.ask("POST", "/session/totp", {"password": PASSWORD})
    await refusal(await desk.ask("PUT", "/session/totp", {"code": "123456"}), 422, "invalid")
    assert (await browser(world).sign_in()).status == 201  # not on before a code was shown
    await second_factor(desk, world)
    await refusal(await desk.ask("POST", "/session/totp", {"password": PASSWORD}), 409, "conflict")
    await refusal(await desk.ask("DELETE", "/session/totp", {"password": NEXT_PASSWORD}), 422, "invalid")
    assert (await desk.ask("DELETE", "/session/totp", {"password": PASSWORD})).status == 204
    assert (await browser(world).sign_in()).status == 201
    assert trail(world)[-2:] == ["second_factor_off", "signed_in"]


async def test_an_administrator_helps_who_lost_the_phone(world: World, desk: Browser) -> None:
    await second_factor(desk, world)
    path = "/people/小李"
    await refusal(await world.ask("PATCH", path, {"second_factor": False}, by="陈经理"), 403, "not_allowed")
    assert (await world.ask("PATCH", path, {"second_factor": False}, by="管理员")).status == 200
    assert (await desk.sign_in()).status == 201


# People


async def test_a_manager_adds_somebody_whom_an_administrator_gives_a_first_password(world: World) -> None:
    new = {"name": "新人小赵", "role": "agent", "team": "repair", "skills": ["repair", "repair", "hant"], "capacity": 3}
    added = await world.ask("POST", "/people", new, by="陈经理")
    assert added.status == 201, await added.text()
    assert (await added.json())["skills"] == ["repair", "hant"]
    await refusal(await world.ask("POST", "/people", new, by="陈经理"), 409, "conflict")
    await refusal(await world.ask("POST", "/people/新人小赵/password", by="陈经理"), 403, "not_allowed")
    given = (await (await world.ask("POST", "/people/新人小赵/password", by="管理员")).json())["password"]
    desk = browser(world)
    me = await (await desk.sign_in("新人小赵", given)).json()
    assert me["must_change_password"] is True
    await refusal(await desk.ask("GET", "/tickets"), 403, "password_change")
    await refusal(await desk.ask("POST", "/session/totp", {"password": given}), 403, "password_change")
    changed = await desk.ask("POST", "/session/password", {"old": given, "new": NEXT_PASSWORD})
    assert (await changed.json())["must_change_password"] is False
    assert (await desk.ask("GET", "/tickets")).status == 200


async def test_a_given_password_ends_sessions_and_opens_a_lock(world: World, desk: Browser) -> None:
    for _ in range(MOST_FAILURES):
        await browser(world).sign_in(password="错的密码也有十个字呢")
    given = (await (await world.ask("POST", "/people/小李/password", by="管理员")).json())["password"]
    await refusal(await desk.ask("GET", "/session"), 401, "unauthorized")
    assert (await desk.sign_in(password=given)).status == 201


@pytest.mark.parametrize("by", ["小李", "王主管"])
async def test_agents_and_supervisors_do_not_administer_people(world: World, by: str) -> None:
    await refusal(await world.ask("PATCH", "/people/小张", {"role": "manager"}, by=by), 403, "not_allowed")
    await refusal(await world.ask("POST", "/people", {"name": "新人", "role": "agent"}, by=by), 403, "not_allowed")
    await refusal(await world.ask("POST", "/people/小张/password", by=by), 403, "not_allowed")
    listed = (await (await world.ask("GET", "/people", by=by)).json())["people"]
    assert {person["name"] for person in listed} >= {"小李", "小张"}
    assert not any("password" in person or "disabled" in person for person in listed)


async def test_a_manager_reaches_no_administrator(world: World) -> None:
    await refusal(await world.ask("PATCH", "/people/管理员", {"capacity": 1}, by="陈经理"), 403, "not_allowed")
    await refusal(await world.ask("PATCH", "/people/小李", {"role": "admin"}, by="陈经理"), 403, "not_allowed")
    await refusal(
        await world.ask("POST", "/people", {"name": "新人", "role": "admin"}, by="陈经理"), 403, "not_allowed"
    )


async def test_nobody_disables_or_promotes_himself(world: World) -> None:
    await refusal(await world.ask("PATCH", "/people/管理员", {"disabled": True}, by="管理员"), 403, "not_allowed")
    await refusal(await world.ask("PATCH", "/people/陈经理", {"role": "agent"}, by="陈经理"), 403, "not_allowed")
    assert (await world.ask("PATCH", "/people/陈经理", {"capacity": 1}, by="陈经理")).status == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"role": "emperor"}, 400), ({"role": "bot"}, 422), ({"team": "两 个 词"}, 422), ({"skills": "repair"}, 400),
        ({"skills": [1]}, 422), ({"skills": ["<script>"]}, 422), ({"capacity": 51}, 422), ({"capacity": -1}, 422),
        ({"capacity": "3"}, 400), ({"name": "新名"}, 422), ({"disabled": "yes"}, 400), ({"second_factor": True}, 422),
    ],
)  # fmt: skip
async def test_bad_changes_of_a_person_change_nothing(world: World, change: dict[str, Any], status: int) -> None:
    assert (await world.ask("PATCH", "/people/小李", change, by="管理员")).status == status
    assert "person_changed" not in trail(world)


@pytest.mark.parametrize("name", ["", "  ", "字" * 61, "a/b", "<b>", "名\n字", 7])
async def test_a_name_that_is_none_is_refused(world: World, name: Any) -> None:
    response = await world.ask("POST", "/people", {"name": name, "role": "agent"}, by="管理员")
    assert response.status in (400, 422)


async def test_nobody_of_that_name_is_not_found(world: World) -> None:
    await refusal(await world.ask("PATCH", "/people/没这个人", {"capacity": 1}, by="管理员"), 404, "not_found")
    await refusal(await world.ask("POST", "/people/没这个人/password", by="管理员"), 404, "not_found")


async def test_who_changed_a_person_is_on_the_trail(world: World) -> None:
    await world.ask("PATCH", "/people/小李", {"team": "repair", "disabled": True}, by="陈经理")
    with world.uow() as uow:
        change = list(uow.trail.entries("user:小李"))[-1].change
    assert (change.actor, change.action) == ("陈经理", "person_changed")
    assert change.before == {"team": "service", "disabled": False}
    assert change.after == {"team": "repair", "disabled": True}


# Presence


async def test_presence_lasts_as_long_as_the_desk_gives_signs_of_life(world: World, desk: Browser) -> None:
    presence = world.office.presence

    def said() -> Presence:
        return next(person.presence for person in presence.people_now() if person.name == "小李")

    await desk.ask("PUT", "/presence", {"state": "ready"})
    assert said() is Presence.READY
    world.clock.ahead += GONE_AFTER - timedelta(seconds=5)
    presence.alive("小李")
    world.clock.ahead += GONE_AFTER - timedelta(seconds=5)
    assert said() is Presence.READY
    world.clock.ahead += timedelta(seconds=10)
    assert said() is Presence.OFF
    await refusal(await desk.ask("PUT", "/presence", {"state": "asleep"}), 400, "bad_request")


async def test_who_comes_back_the_next_day_is_not_ready_by_yesterdays_word(world: World, desk: Browser) -> None:
    await desk.ask("PUT", "/presence", {"state": "ready"})
    world.clock.ahead += timedelta(days=1)
    assert (await (await desk.sign_in()).json())["presence"] in ("off", "away")
    assert world.office.presence.people_now()[0] is not None
    assert [p.presence for p in world.office.presence.people_now() if p.name == "小李"] == [Presence.AWAY]


async def test_who_signed_out_everywhere_is_off(world: World, desk: Browser) -> None:
    await desk.ask("PUT", "/presence", {"state": "ready"})
    await desk.ask("DELETE", "/session")
    assert [p.presence for p in world.office.presence.people_now() if p.name == "小李"] == [Presence.OFF]


@pytest.mark.parametrize("origin", ["https://evil.example", ""])
async def test_a_socket_that_another_page_opens_with_our_cookie_is_refused(
    world: World, desk: Browser, origin: str
) -> None:
    headers = desk.headers | {"Origin": origin}
    with pytest.raises(WSServerHandshakeError) as refused:
        await desk.client.ws_connect(SOCKET, headers={k: v for k, v in headers.items() if v})
    assert refused.value.status == 403


async def test_a_socket_closes_when_the_session_ends_though_the_desk_says_nothing(
    world: World, desk: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gateway.desk.socket.LOOK_EVERY_SECONDS", 0.05)
    async with desk.client.ws_connect(SOCKET, headers=desk.headers) as line:
        assert (await line.receive_json())["type"] == "hello"
        await world.ask("PATCH", "/people/小李", {"disabled": True}, by="管理员")
        async with asyncio.timeout(5):
            async for _ in line:
                pass
        assert line.close_code == SIGNED_OUT


async def test_an_open_line_is_a_sign_of_life(world: World, desk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.gateway.desk.socket.LOOK_EVERY_SECONDS", 0.05)
    async with desk.client.ws_connect(SOCKET, headers=desk.headers):
        world.clock.ahead += GONE_AFTER
        for _ in range(100):
            await asyncio.sleep(0.05)
            if any(person.is_there(world.clock()) for person in world.office.presence.people_now()):
                break
        else:
            pytest.fail("小李 counts as gone")


async def test_every_answer_is_as_described(world: World, desk: Browser) -> None:
    base = "/api/v1"
    await fits(await desk.ask("GET", "/session"), "get", f"{base}/session")
    await fits(await desk.ask("GET", "/sessions"), "get", f"{base}/sessions")
    await fits(await desk.ask("GET", "/people"), "get", f"{base}/people")
    await fits(await world.ask("GET", "/people", by="陈经理"), "get", f"{base}/people")
    await fits(await desk.ask("PUT", "/presence", {"state": "busy"}), "put", f"{base}/presence")
    await fits(await desk.ask("PUT", "/session/totp", {"code": "1"}), "put", f"{base}/session/totp")
    await fits(await desk.ask("POST", "/session/totp", {"password": PASSWORD}), "post", f"{base}/session/totp")
    added = await world.ask("POST", "/people", {"name": "小赵", "role": "agent"}, by="陈经理")
    await fits(added, "post", f"{base}/people")
    await fits(
        await world.ask("PATCH", "/people/小赵", {"capacity": 2}, by="陈经理"), "patch", f"{base}/people/{{name}}"
    )
    given = await world.ask("POST", "/people/小赵/password", by="管理员")
    await fits(given, "post", f"{base}/people/{{name}}/password")
    changed = await desk.ask("POST", "/session/password", {"old": PASSWORD, "new": NEXT_PASSWORD})
    await fits(changed, "post", f"{base}/session/password")
    await fits(await desk.ask("DELETE", "/sessions"), "delete", f"{base}/sessions")
    await fits(await desk.ask("DELETE", "/session"), "delete", f"{base}/session")
    await fits(await desk.sign_in(password=NEXT_PASSWORD), "post", f"{base}/session")
    await fits(await browser(world).sign_in(password="错的密码也有十个字呢"), "post", f"{base}/session")
