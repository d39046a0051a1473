"""Bodies that no platform sends, and bodies spoilt on the way: turned away, nothing stored, and all goes on."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.test_wechat_callback import NONCE, SEAL, TOKEN, Phone, phone, sign, succeeds, until, xml

ROOMS = ("/wechat", "/kf")


@pytest.fixture
async def customer(tmp_path: Path) -> AsyncIterator[Phone]:
    async with phone(tmp_path) as customer:
        yield customer


def spoilt(good: bytes, count: int) -> list[bytes]:
    """A good body with something wrong, the same things in each run."""
    found: list[bytes] = []
    pieces = st.sampled_from(
        [b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>", b"&a;", b"<![CDATA[", b"]]>", b"<xml>", b"</xml>",
         b"\0", b"\xff\xfe", b"&#xD800;", b"<a>" * 200, b"<?xml version='1.1'?>", b"<!--", b"%x;", b"&lt;"]
    )  # fmt: skip

    @settings(max_examples=count, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, len(good)), st.integers(0, 40), st.one_of(pieces, st.binary(max_size=20)))
    def draw(place: int, gone: int, added: bytes) -> None:
        found.append(good[:place] + added + good[place + gone :])

    draw()
    return [body for body in found if body != good]


async def bring(customer: Phone, path: str, body: bytes, sealed: bool) -> ClientResponse:
    """A call that is signed rightly, whatever is in it."""
    timestamp = str(int(customer.world.clock().timestamp()))
    query = {"signature": sign(TOKEN, timestamp, NONCE), "timestamp": timestamp, "nonce": NONCE}
    if sealed:
        encrypted, signature = SEAL.seal(body, timestamp, NONCE)
        query |= {"encrypt_type": "aes", "msg_signature": signature}
        body = xml.write({"ToUserName": "x", "Encrypt": encrypted})
    response: ClientResponse = await customer.world.client.post(path, params=query, data=body)
    return response


async def test_a_body_that_was_spoilt_before_it_was_sealed_is_turned_away_or_a_message_and_never_an_error(
    customer: Phone,
) -> None:
    for body in spoilt(customer.message("text", Content="洗衣机不转了"), 120):
        response = await bring(customer, "/wechat", body, sealed=True)
        assert response.status in (200, 400, 403), (response.status, body)
    customer.openid = "the-next-customer"
    await succeeds(await customer.say("还在吗"))
    await until(lambda: customer.shown)


@pytest.mark.parametrize("path", ROOMS)
async def test_a_sealed_body_that_was_changed_on_the_way_is_never_taken(customer: Phone, path: str) -> None:
    timestamp = str(int(customer.world.clock().timestamp()))
    encrypted, signature = SEAL.seal(customer.message("text", Content="洗衣机不转了"), timestamp, NONCE)
    good = xml.write({"ToUserName": "x", "Encrypt": encrypted})
    query = {
        "signature": sign(TOKEN, timestamp, NONCE), "timestamp": timestamp, "nonce": NONCE, "encrypt_type": "aes",
        "msg_signature": signature,
    }  # fmt: skip
    chance = random.Random(7)
    inside = range(good.index(encrypted.encode()), good.index(encrypted.encode()) + len(encrypted))
    for body in [*spoilt(good, 60), *(flipped(good, chance.choice(inside)) for _ in range(60))]:
        if encrypted.encode() in body:
            continue  # what is outside of the seal says nothing
        response = await customer.world.client.post(path, params=query, data=body)
        assert response.status in (400, 403), (response.status, body)
    assert not customer.conversation
    await succeeds(await customer.say("还在吗"))


def flipped(body: bytes, place: int) -> bytes:
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


@pytest.mark.parametrize("path", ROOMS)
async def test_calls_with_odd_signatures_are_turned_away(customer: Phone, path: str) -> None:
    now = str(int(customer.world.clock().timestamp()))
    for query in (
        {}, {"signature": ""}, {"timestamp": now}, {"timestamp": "9" * 300, "nonce": "x", "signature": "x"},
        {"timestamp": "-1", "nonce": "x", "signature": "x"}, {"timestamp": "١٢٣", "nonce": "x", "signature": "x"},
        {"timestamp": now, "nonce": NONCE, "signature": sign("another", now, NONCE)},
        {"timestamp": now, "nonce": NONCE, "signature": "é", "encrypt_type": "aes", "msg_signature": "é"},
        {"timestamp": now, "nonce": NONCE, "signature": sign(TOKEN, now, NONCE), "encrypt_type": "rsa"},
    ):  # fmt: skip
        for sent in (b"", b"<xml><Encrypt>eA==</Encrypt></xml>", b"<xml><Encrypt></Encrypt></xml>", b"x" * 200_000):
            response = await customer.world.client.post(path, params=query, data=sent)
            assert response.status in (400, 403, 413), (query, response.status)
        if query.get("encrypt_type") == "rsa":
            continue  # what it says is signed
        response = await customer.world.client.get(path, params=query | {"echostr": "<script>"})
        assert response.status == 403, query
        assert "<script>" not in await response.text()
    assert not customer.conversation
