"""Opening, sending, reading: what the widget does over HTTP."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from bot.gateway.auth import customer_token, staff_token
from tests.integration.gateway_world import MESSAGES, SECRET, Conversation, World, gateway, refusal


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        yield world


@pytest.fixture
async def talk(world: World) -> Conversation:
    return await world.open()


# Opening


async def test_a_new_conversation_greets_and_says_that_a_bot_speaks(world: World) -> None:
    talk = await world.open()
    frame = await talk.read()
    (greeting,) = frame["messages"]
    assert frame["owner"] == "bot"
    assert (greeting["seq"], greeting["sender"], greeting["client_id"]) == (1, "bot", None)
    assert "机器人" in greeting["text"]
    assert {"title": "转人工", "payload": "转人工"} in greeting["buttons"]
    assert greeting["source"]["id"] == "greeting.welcome"
    assert greeting["sent_at"].endswith("+00:00")


async def test_another_channel_than_web_is_refused(world: World) -> None:
    response = await world.client.post("/api/v1/conversations", json={"channel": "fax"})
    await refusal(response, 422, "invalid")


BROKEN_BODIES: list[bytes] = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"{}",
    b"\xff\xfe{}",
    b'{"channel": "\xe4\xbd"}',
    b"\xef\xbb\xbf{}",
    b"[" * 60_000,
    b'{"channel": NaN}',
    b'{"channel": ' + b"9" * 6000 + b"}",
    b'{"channel": null}',
    b'{"channel": ["web"]}',
    b'{"channel": "\\ud800"}',
]


@pytest.mark.parametrize("body", BROKEN_BODIES, ids=lambda body: repr(body[:24]))
async def test_opening_with_a_broken_body_is_refused_kindly(world: World, body: bytes) -> None:
    await refusal(await world.client.post("/api/v1/conversations", data=body), 400, "bad_request")


async def test_one_address_cannot_open_conversations_without_end(tmp_path: Path) -> None:
    async with gateway(tmp_path, conversations_per_minute=2) as world:
        await world.open()
        await world.open()
        response = await world.client.post("/api/v1/conversations", json={"channel": "web"})
        message = await refusal(response, 429, "too_many")
        assert 1 <= int(response.headers["Retry-After"]) <= 30
        assert response.headers["Retry-After"] in message
        assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]


# Sending


async def test_a_message_is_acknowledged_at_once_and_answered_soon(world: World, talk: Conversation) -> None:
    response = await talk.say("洗衣机不转了")
    assert response.status == 202
    receipt = await response.json()
    assert receipt["seq"] == 2
    frame = await talk.read(after=receipt["seq"], wait=5)
    assert [m["text"] for m in frame["messages"]] == ["您说的是：洗衣机不转了"]
    assert world.engine.heard == ["洗衣机不转了"]


async def test_the_customers_own_message_comes_back_with_its_client_id(talk: Conversation) -> None:
    client_id = str(uuid.uuid4())
    receipt = await (await talk.say("您好", client_id)).json()
    own = (await talk.read(after=1))["messages"][0]
    assert (own["sender"], own["text"], own["client_id"]) == ("customer", "您好", client_id)
    assert own["message_id"] == receipt["message_id"]
    assert own["source"] is None


async def test_the_same_client_id_again_gives_the_same_answer_and_nothing_twice(
    world: World, talk: Conversation
) -> None:
    client_id = str(uuid.uuid4())
    answers = await asyncio.gather(*[talk.say("洗衣机不转了", client_id) for _ in range(6)])
    receipts = [await answer.json() for answer in answers]
    assert {answer.status for answer in answers} == {202}
    assert all(receipt == receipts[0] for receipt in receipts)
    await talk.read(after=receipts[0]["seq"], wait=5)
    assert await (await talk.say("洗衣机不转了", client_id)).json() == receipts[0]
    await asyncio.sleep(0.2)
    assert [m.text for m in world.stored(talk.id)][1:] == ["洗衣机不转了", "您说的是：洗衣机不转了"]
    assert world.engine.heard == ["洗衣机不转了"]


async def test_two_conversations_may_use_the_same_client_id(world: World) -> None:
    client_id = str(uuid.uuid4())
    one, two = await world.open(), await world.open()
    first, second = await (await one.say("甲", client_id)).json(), await (await two.say("乙", client_id)).json()
    assert first["message_id"] != second["message_id"]


GOOD_ID = "123e4567-e89b-42d3-a456-426614174000"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "您好",
        7,
        {},
        {"client_id": GOOD_ID},
        {"text": "您好"},
        {"client_id": GOOD_ID, "text": None},
        {"client_id": GOOD_ID, "text": 7},
        {"client_id": GOOD_ID, "text": ["您好"]},
        {"client_id": GOOD_ID, "text": {"text": "您好"}},
        {"client_id": 7, "text": "您好"},
        {"client_id": None, "text": "您好"},
        {"client_id": "", "text": "您好"},
        {"client_id": "not-a-uuid", "text": "您好"},
        {"client_id": GOOD_ID + " ", "text": "您好"},
        {"client_id": GOOD_ID + "\n", "text": "您好"},
        {"client_id": GOOD_ID.replace("-", ""), "text": "您好"},
        {"client_id": f"{{{GOOD_ID}}}", "text": "您好"},
        {"client_id": "\ud800", "text": "您好"},
        {"client_id": GOOD_ID, "text": "您\ud800好"},
        {"client_id": GOOD_ID, "text": "\udc00"},
    ],
    ids=lambda body: json.dumps(body)[:60],
)
async def test_a_message_of_the_wrong_shape_is_refused_and_nothing_is_stored(
    world: World, talk: Conversation, body: Any
) -> None:
    await refusal(await talk.post(data=json.dumps(body)), 400, "bad_request")
    assert len(world.stored(talk.id)) == 1


@pytest.mark.parametrize("body", BROKEN_BODIES, ids=lambda body: repr(body[:24]))
async def test_a_message_that_is_no_json_is_refused(talk: Conversation, body: bytes) -> None:
    await refusal(await talk.post(data=body), 400, "bad_request")


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b\u200e", "\x00", "\u3000"])
async def test_an_empty_message_is_refused(talk: Conversation, text: str) -> None:
    await refusal(await talk.say(text), 422, "invalid")


async def test_emoji_and_surrogate_pairs_are_real_characters(talk: Conversation) -> None:
    body = b'{"client_id": "%s", "text": "\\ud83d\\ude21 \xf0\x9f\x99\x8f"}' % GOOD_ID.encode()
    assert (await talk.post(data=body)).status == 202
    assert (await talk.read(after=1))["messages"][0]["text"] == "😡 🙏"


async def test_2000_characters_are_taken_and_2001_are_too_long(talk: Conversation) -> None:
    assert (await talk.say("话" * 2000)).status == 202
    await refusal(await talk.say("话" * 2001), 413, "too_long")


async def test_a_body_over_64_kib_is_too_long_with_and_without_a_length(world: World, talk: Conversation) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b" " * 1024

    await refusal(await talk.post(data=b" " * (64 * 1024 + 1)), 413, "too_long")
    await refusal(await talk.post(data=chunks()), 413, "too_long")


async def test_a_body_that_claims_to_be_compressed_and_is_not_is_refused(talk: Conversation) -> None:
    headers = {**talk.headers, "Content-Encoding": "gzip"}
    async with aiohttp.ClientSession() as session:
        url = talk.client.make_url(MESSAGES.format(talk.id))
        async with session.post(
            url, data=b"not gzip", headers=headers, skip_auto_headers=["Content-Encoding"]
        ) as response:
            assert response.status == 400


async def test_a_flood_is_stopped_per_conversation_and_told_when_to_come_again(tmp_path: Path) -> None:
    async with gateway(tmp_path, messages_per_minute=3) as world:
        flooding, other = await world.open(), await world.open()
        statuses = [(await flooding.say("在吗")).status for _ in range(5)]
        assert statuses == [202, 202, 202, 429, 429]
        response = await flooding.say("在吗")
        await refusal(response, 429, "too_many")
        assert 1 <= int(response.headers["Retry-After"]) <= 20
        assert (await other.say("在吗")).status == 202
        assert (await flooding.get()).status == 200


# Tokens


FAR = 2**40


def forged(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, secret, algorithm=algorithm)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer garbled",
        "Bearer a.b.c",
        "Bearer 令牌".encode().decode("latin-1"),
        "Basic dXNlcjpwYXNz",
        "Bearer "
        + forged({"sub": "x", "kind": "customer", "iat": 0, "exp": FAR}, "another secret, as long as it must be"),
        "Bearer " + forged({"sub": "x", "kind": "customer", "iat": 0, "exp": FAR}, "", "none"),
        "Bearer " + forged({"sub": "x", "kind": "customer", "iat": 0}),
        "Bearer " + forged({"sub": "x", "iat": 0, "exp": FAR}),
        "Bearer " + forged({"kind": "customer", "iat": 0, "exp": FAR}),
        "Bearer " + forged({"sub": "x", "kind": "customer", "iat": 0, "exp": "soon"}),
        "Bearer " + forged({"sub": "x", "kind": "customer", "iat": 0, "exp": 1}),
    ],
    ids=range(15),
)
async def test_without_a_good_token_nothing_is_told_or_taken(
    world: World, talk: Conversation, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for response in (
        await talk.get(headers=headers),
        await talk.post({"client_id": GOOD_ID, "text": "我"}, headers=headers),
    ):
        await refusal(response, 401, "unauthorized")
        assert response.headers["WWW-Authenticate"] == "Bearer"
    assert len(world.stored(talk.id)) == 1


async def test_a_token_of_another_conversation_is_refused(world: World, talk: Conversation) -> None:
    other = await world.open()
    await refusal(await talk.get(headers=other.headers), 403, "forbidden")
    await refusal(await talk.post({"client_id": GOOD_ID, "text": "我"}, headers=other.headers), 403, "forbidden")
    assert len(world.stored(talk.id)) == 1


async def test_a_staff_token_does_not_open_a_customers_conversation(world: World, talk: Conversation) -> None:
    token = staff_token(SECRET, talk.id, "admin", world.clock())
    await refusal(await talk.get(headers={"Authorization": f"Bearer {token}"}), 403, "forbidden")


async def test_a_token_is_good_for_thirty_days(world: World, talk: Conversation) -> None:
    world.clock.ahead = timedelta(days=29, hours=23)
    assert (await talk.get()).status == 200
    world.clock.ahead = timedelta(days=30, minutes=1)
    await refusal(await talk.get(), 401, "unauthorized")


async def test_an_unknown_conversation_is_not_found_even_with_a_signed_token(world: World) -> None:
    unknown = str(uuid.uuid4())
    talk = Conversation(world.client, unknown, customer_token(SECRET, unknown, world.clock()))
    await refusal(await talk.get(), 404, "not_found")
    await refusal(await talk.say("在吗"), 404, "not_found")


async def test_the_scheme_of_the_header_may_be_written_in_any_case(talk: Conversation) -> None:
    assert (await talk.get(headers={"Authorization": f"bearer {talk.token}"})).status == 200


# Reading


@pytest.mark.parametrize(
    "query",
    [{"after": bad} for bad in ("-1", "x", "1.5", "", "１", "9" * 30, "2147483648")]
    + [{"wait": bad} for bad in ("-1", "x", "nan", "inf", "31", "1e1", "", "30.01")],
    ids=str,
)
async def test_a_wrong_after_or_wait_is_refused(talk: Conversation, query: dict[str, Any]) -> None:
    await refusal(await talk.get(**query), 400, "bad_request")


async def test_reading_after_the_newest_gives_nothing_at_once(talk: Conversation) -> None:
    began = time.monotonic()
    assert (await talk.read(after=2**31 - 1))["messages"] == []
    assert time.monotonic() - began < 1


async def test_a_long_poll_with_something_to_read_does_not_wait(talk: Conversation) -> None:
    began = time.monotonic()
    assert len((await talk.read(after=0, wait=30))["messages"]) == 1
    assert time.monotonic() - began < 1


async def test_a_long_poll_answers_as_soon_as_the_bot_does(world: World, talk: Conversation) -> None:
    world.engine.pace = 0.4
    receipt = await (await talk.say("几点开门")).json()
    began = time.monotonic()
    frame = await talk.read(after=receipt["seq"], wait=30)
    assert 0.1 < time.monotonic() - began < 1.5
    assert [m["sender"] for m in frame["messages"]] == ["bot"]


async def test_a_long_poll_ends_empty_when_its_time_is_up(talk: Conversation) -> None:
    began = time.monotonic()
    frame = await talk.read(after=1, wait=0.5)
    assert 0.4 < time.monotonic() - began < 1.5
    assert frame == {"messages": [], "owner": "bot"}


async def test_a_long_poll_hears_of_a_message_whose_wake_up_was_lost(world: World, talk: Conversation) -> None:
    reading = asyncio.create_task(talk.read(after=1, wait=30))
    await asyncio.sleep(0.2)
    world.store(talk.id, "没有人被叫醒")
    frame = await asyncio.wait_for(reading, 4)
    assert [m["text"] for m in frame["messages"]] == ["没有人被叫醒"]


async def test_another_tab_hears_of_what_was_sent_in_this_one(talk: Conversation) -> None:
    reading = asyncio.create_task(talk.read(after=1, wait=30))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await talk.say("这边说的")
    assert (await reading)["messages"][0]["text"] == "这边说的"
    assert time.monotonic() - began < 1


async def test_private_notes_never_reach_the_customer(world: World, talk: Conversation) -> None:
    world.store(talk.id, "此客户难缠", note=True)
    world.store(talk.id, "这句可以看")
    assert [m["text"] for m in (await talk.read(after=1))["messages"]] == ["这句可以看"]
    ws = await talk.socket(after=1)
    assert "此客户难缠" not in (await ws.receive_str(timeout=5))
    await ws.close()


async def test_asking_for_a_person_shows_that_one_waits_in_the_queue(talk: Conversation) -> None:
    await talk.say("转人工")
    deadline = time.monotonic() + 5
    frame: dict[str, Any] = {"owner": "bot"}
    while frame["owner"] == "bot" and time.monotonic() < deadline:
        frame = await talk.read(after=2, wait=2)
    assert frame["owner"] == "queued"
    assert "system" in {m["sender"] for m in (await talk.read())["messages"]}


async def test_every_message_has_its_place_even_when_many_are_sent_at_once(world: World, talk: Conversation) -> None:
    receipts = [await r.json() for r in await asyncio.gather(*[talk.say(f"第 {n} 句") for n in range(20)])]
    assert len({receipt["seq"] for receipt in receipts}) == 20
    seqs = [m["seq"] for m in (await talk.read())["messages"]]
    assert seqs == sorted(set(seqs))


# Any site


@pytest.mark.parametrize("path", ["/api/v1/conversations", MESSAGES.format(GOOD_ID)])
async def test_a_browser_on_another_site_is_told_that_it_may_call(world: World, path: str) -> None:
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    response = await world.client.options(path, headers=headers)
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert {"authorization", "content-type"} <= set(
        response.headers["Access-Control-Allow-Headers"].lower().replace(" ", "").split(",")
    )
    assert int(response.headers["Access-Control-Max-Age"]) > 0


async def test_another_site_can_read_answers_and_errors_alike(world: World, talk: Conversation) -> None:
    for response in (await talk.get(), await talk.get(headers={}), await talk.post(data=b"{")):
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert response.headers["Cache-Control"] == "no-store"
