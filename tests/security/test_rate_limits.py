"""Who asks too often hears when to come again; everybody else is served, and remembering it takes bounded memory."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, WSServerHandshakeError

from bot.gateway import limits
from bot.gateway.crowd import Crowd
from bot.gateway.errors import Refused
from bot.gateway.limits import Limiter
from tests.integration.gateway_world import SOCKET, World, gateway, refusal
from tests.integration.test_wechat_callback import phone, succeeds
from tests.security.test_hostile_uploads import PNG, upload

FEW = 5
THEM, OTHERS = {"X-Forwarded-For": "192.0.2.7"}, {"X-Forwarded-For": "198.51.100.9"}
"""Customers at two addresses, as a proxy of ours brings them."""

Ask = Callable[[World, dict[str, str]], Awaitable[ClientResponse]]


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    for name in ("PAGES_PER_MINUTE", "SIGN_INS_PER_MINUTE", "UPLOADS_PER_MINUTE"):
        monkeypatch.setattr(f"bot.gateway.app.{name}", FEW)
    # The minute does not pass, however slow the machine is.
    monkeypatch.setattr("bot.gateway.app.Limiter", lambda per_minute: Limiter(per_minute, lambda: 1000.0))
    async with gateway(
        tmp_path,
        conversations_per_minute=FEW,
        messages_per_minute=FEW,
        trusted_proxies="127.0.0.1",
        most_readers=FEW * 5,
    ) as world:
        world.everybody()
        yield world


async def open_conversation(world: World, headers: dict[str, str]) -> Any:
    return await world.client.post("/api/v1/conversations", json={"channel": "web"}, headers=headers)


async def sign_in(world: World, headers: dict[str, str]) -> Any:
    body = {"name": f"没这个人 {uuid.uuid4()}"[:40], "password": "错的密码也有十个字呢"}
    return await world.client.post("/api/v1/session", json=body, headers=headers)


async def open_link(world: World, headers: dict[str, str]) -> Any:
    return await world.client.get("/a/forged", headers=headers)


async def follow_binding(world: World, headers: dict[str, str]) -> Any:
    return await world.client.get("/b/forged", headers=headers)


@pytest.mark.parametrize("ask", [open_conversation, sign_in, open_link, follow_binding])
async def test_an_address_that_asks_too_often_waits_and_the_others_do_not(world: World, ask: Ask) -> None:
    statuses = [(await ask(world, THEM)).status for _ in range(FEW)]
    assert 429 not in statuses
    refused = await ask(world, THEM)
    assert refused.status == 429 and int(refused.headers["Retry-After"]) >= 1
    assert (await ask(world, OTHERS)).status == statuses[0]
    lied = THEM | {"X-Forwarded-For": f"203.0.113.1, {THEM['X-Forwarded-For']}"}
    assert (await ask(world, lied)).status == 429, "what a customer writes before the proxy's word counts for nothing"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/messages", {"client_id": "x", "text": "x"}), ("POST", "/rating", {"score": 5}),
        ("POST", "/bindings", {}), ("PUT", "/bindings", {"token": "x"}), ("DELETE", "/bindings", {}),
        ("GET", "/tickets", None),
    ],
)  # fmt: skip
async def test_a_customer_who_asks_too_often_waits_and_the_others_do_not(
    world: World, method: str, path: str, body: Any
) -> None:
    talk, other = await world.open(), await world.open()

    async def ask(who: Any) -> ClientResponse:
        response: ClientResponse = await world.client.request(
            method, f"/api/v1/conversations/{who.id}{path}", json=body, headers=who.headers
        )
        return response

    for _ in range(FEW):
        assert (await ask(talk)).status != 429
    await refusal(await ask(talk), 429, "too_many")
    assert (await ask(other)).status != 429


async def test_files_are_counted_for_the_conversation_and_for_the_address(world: World) -> None:
    talks = [await world.open() for _ in range(3)]
    for number in range(FEW):
        assert (await upload(talks[number % 2], "a.png", PNG)).status == 202
    await refusal(await upload(talks[2], "a.png", PNG), 429, "too_many")


async def test_one_address_does_not_take_the_sockets_of_all_the_others(world: World) -> None:
    talk = await world.open()
    async with AsyncExitStack() as stack:
        for _ in range(FEW):
            ws = await talk.socket(protocols=("anfu", talk.token), headers=THEM)
            await stack.enter_async_context(ws)
        with pytest.raises(WSServerHandshakeError) as refused:
            await talk.socket(protocols=("anfu", talk.token), headers=THEM)
        assert refused.value.status == 429
        response = await talk.get(headers=talk.headers | THEM, wait=1)
        await refusal(response, 429, "too_many")
        assert (await talk.get(headers=talk.headers | THEM)).status == 200, "who does not wait takes no place"
        other = await talk.socket(protocols=("anfu", talk.token), headers=OTHERS)
        await other.close()
    ws = await talk.socket(protocols=("anfu", talk.token), headers=THEM)
    await ws.close()


async def test_a_socket_without_right_takes_no_place(world: World) -> None:
    talk = await world.open()
    for _ in range(3 * FEW):
        with pytest.raises(WSServerHandshakeError) as refused:
            await world.client.ws_connect(SOCKET.format(talk.id), protocols=("anfu", "forged"), headers=THEM)
        assert refused.value.status == 401
    ws = await talk.socket(protocols=("anfu", talk.token), headers=THEM)
    await ws.close()


async def test_forged_calls_use_up_nothing_of_the_platforms(tmp_path: Path) -> None:
    async with phone(tmp_path) as customer:
        for _ in range(100):
            response = await customer.world.client.post("/wechat?timestamp=1&nonce=1&signature=x", data=b"<xml/>")
            assert response.status in (400, 403)
        await succeeds(await customer.say("洗衣机不转了"))


# What limiters remember


def test_a_limiter_remembers_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 100)
    limiter = Limiter(1, lambda: 1000.0)
    for number in range(1000):
        assert limiter.take(f"2001:db8:{number:x}::/64") == 0.0
        assert len(limiter) <= 100
    assert limiter.take("2001:db8:3e7::/64") > 0, "the last ones are remembered"


def test_a_crowd_remembers_nobody_who_has_left() -> None:
    crowd = Crowd(2)
    with crowd.enter("192.0.2.7"), crowd.enter("192.0.2.7"):
        with pytest.raises(Refused), crowd.enter("192.0.2.7"):
            pass
        with crowd.enter("192.0.2.8"):
            assert len(crowd) == 2
    assert len(crowd) == 0
    with crowd.enter("127.0.0.1"), crowd.enter("127.0.0.1"), crowd.enter("127.0.0.1"):
        assert len(crowd) == 0, "a proxy on this machine that says nothing stands for everybody"
