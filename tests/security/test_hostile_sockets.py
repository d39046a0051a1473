"""Frames that no page of ours sends: the socket is closed with a code or the frame is passed over, and all go on."""

import asyncio
import json
import os
import struct
import uuid
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.gateway.auth import staff_token
from bot.gateway.chat import MAX_FRAME_BYTES
from tests.integration.gateway_world import PEOPLE, SECRET, SOCKET, Conversation, World, gateway
from tests.integration.test_desk_socket import desk, kind, send
from tests.integration.test_desk_socket import until as comes

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
FINAL, COMPRESSED = 0x80, 0x40
PATIENCE = 30.0
"""Seconds that a loaded machine gets for what takes a moment."""

PROTOCOL_ERROR, BAD_DATA, TOO_BIG = 1002, 1007, 1009


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


def framed(kind: int, payload: bytes, flags: int = FINAL, masked: bool = True, length: int | None = None) -> bytes:
    """A frame, byte by byte, with whatever length it claims."""
    size = len(payload) if length is None else length
    head = bytes([flags | kind])
    mask_bit = 0x80 if masked else 0
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 2**16:
        head += bytes([mask_bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


async def shaken(world: World, path: str, token: str, *extra: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection, up to where the socket is open."""
    reader, writer = await asyncio.open_connection(world.server.host, world.server.port)
    lines = (
        f"GET {path} HTTP/1.1", f"Host: {world.server.host}:{world.server.port}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: anfu, {token}", *extra, "", "",
    )  # fmt: skip
    writer.write("\r\n".join(lines).encode())
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head.partition(b"\r\n")[0], head
    assert b"permessage-deflate" not in head
    return reader, writer


async def goodbye(reader: asyncio.StreamReader) -> int | None:
    """The code with which the server closes; None where it only hangs up."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                first, second = await reader.readexactly(2)
                size = second & 0x7F
                if size == 126:
                    (size,) = struct.unpack(">H", await reader.readexactly(2))
                payload = await reader.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            if first & 0x0F == CLOSE:
                return struct.unpack(">H", payload[:2])[0] if payload else None


async def all_is_well(world: World, talk: Conversation, before: int) -> None:
    """Nothing was stored, and the next message is answered, with news of it by socket."""
    assert len(world.stored(talk.id)) == before
    text = f"还在吗 {uuid.uuid4()}"
    async with asyncio.timeout(PATIENCE), await talk.socket() as ws:
        assert (await talk.say(text)).status == 202
        while not any(
            message["text"] == f"您说的是：{text}" for message in json.loads(await ws.receive_str())["messages"]
        ):
            pass


HUGE = b"x" * (MAX_FRAME_BYTES + 1)
BOMB = zlib.compress(b"0" * 5_000_000)[2:-4]
BROKEN: dict[str, tuple[bytes, set[int | None]]] = {
    "too big": (framed(TEXT, HUGE), {TOO_BIG}),
    "too big, and only said to be": (framed(TEXT, b"x", length=2**40), {TOO_BIG}),
    "longer than there is": (framed(TEXT, b"x", length=2**63 + 1), {TOO_BIG, PROTOCOL_ERROR}),
    "too big in pieces": (
        framed(TEXT, b"x" * 4000, flags=0) + framed(0, b"x" * 4000, flags=0) * 3 + framed(0, b"x"), {TOO_BIG},
    ),
    "binary and too big": (framed(BINARY, HUGE), {TOO_BIG}),
    "a bomb": (framed(TEXT, BOMB[:4000], flags=FINAL | COMPRESSED), {PROTOCOL_ERROR, BAD_DATA, TOO_BIG}),
    "reserved bits": (framed(TEXT, b"{}", flags=FINAL | 0x30), {PROTOCOL_ERROR}),
    "half a character": (framed(TEXT, b"\xed\xa0\x80"), {BAD_DATA}),
    "no text at all": (framed(TEXT, b"\xff\xfe\xfd"), {BAD_DATA}),
    "a kind that there is not": (framed(0x7, b""), {PROTOCOL_ERROR}),
    "a piece of nothing": (framed(0, b"x"), {PROTOCOL_ERROR}),
    "a ping in pieces": (framed(PING, b"", flags=0), {PROTOCOL_ERROR}),
    "a ping that is too big": (framed(PING, b"x" * 126), {PROTOCOL_ERROR}),
    "a goodbye without sense": (framed(CLOSE, b"x"), {PROTOCOL_ERROR}),
    "a goodbye with a code that there is not": (framed(CLOSE, struct.pack(">H", 999)), {PROTOCOL_ERROR}),
    "a goodbye that is no text": (framed(CLOSE, struct.pack(">H", 1000) + b"\xff"), {PROTOCOL_ERROR, BAD_DATA}),
    "a plain goodbye": (framed(CLOSE, struct.pack(">H", 1000)), {1000}),
    "half a frame, and gone": (framed(TEXT, b"{}")[:3], {None}),
    "HTTP again": (b"GET / HTTP/1.1\r\n\r\n", {PROTOCOL_ERROR, TOO_BIG, None}),
}  # fmt: skip


@pytest.mark.parametrize("end", ["customer", "desk"])
async def test_a_broken_frame_ends_its_own_socket_with_a_code_and_nothing_else(world: World, end: str) -> None:
    talk = await world.open()
    before = len(world.stored(talk.id))
    for what, (sent, codes) in BROKEN.items():
        path, token = SOCKET.format(talk.id), talk.token
        if end == "desk":
            path, token = "/api/v1/desk/socket", staff_token(SECRET, "小李", PEOPLE["小李"], world.clock())
        reader, writer = await shaken(world, path, token, "Sec-WebSocket-Extensions: permessage-deflate")
        try:
            writer.write(sent)
            if codes == {None}:
                writer.write_eof()
            assert await goodbye(reader) in codes, what
        finally:
            writer.close()
    await all_is_well(world, talk, before)
    async with desk(world, "王主管") as other:
        await send(other, type="alive")
        await comes(other, kind("alive"), PATIENCE)


async def test_pings_without_end_and_frames_that_say_nothing_hold_nobody_up(world: World) -> None:
    talk = await world.open()
    before = len(world.stored(talk.id))
    reader, writer = await shaken(world, SOCKET.format(talk.id), talk.token)
    reading = asyncio.create_task(reader.read())  # who does not read what comes back is not served for ever
    try:
        for payload in (framed(PING, b"x" * 100), framed(PONG, b""), framed(BINARY, b"\0" * 100), framed(TEXT, b"[]")):
            writer.write(payload * 1500)
            await writer.drain()
        await all_is_well(world, talk, before)
    finally:
        writer.close()
        reading.cancel()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=20,
)  # fmt: skip
_NAMES = st.sampled_from(["type", "text", "conversation_id", "after", "ticket", "x"])
_TYPES = st.sampled_from(["typing", "open", "close", "editing", "alive", "TYPING", "__proto__"])
_FRAMES = st.one_of(
    st.builds(lambda type_, rest: json.dumps({**rest, "type": type_}), _TYPES, st.dictionaries(_NAMES, _JSON)),
    _JSON.map(json.dumps), st.text(max_size=200),
    st.sampled_from(["[" * 4000, '{"a":' * 800, '{"type":"typing","text":"\\ud800"}', "null", "NaN", '{"type":NaN}',
                     '{"type":"open","conversation_id":"\\ud800"}', '{"type":{"type":"typing"}}', "9" * 4000, "-" * 9]),
)  # fmt: skip


def drawn(count: int) -> list[str]:
    """Frames of every odd kind, the same in each run."""
    frames: list[str] = []

    @settings(max_examples=count, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(_FRAMES)
    def draw(frame: str) -> None:
        if len(frame.encode("utf-8", "ignore")) <= MAX_FRAME_BYTES:
            frames.append(frame.encode("utf-8", "ignore").decode())

    draw()
    return frames


async def test_frames_that_make_no_sense_are_passed_over_by_customers_and_desks_sockets(world: World) -> None:
    talk = await world.open()
    before = len(world.stored(talk.id))
    async with await talk.socket() as customer, desk(world) as at_desk:
        for frame in drawn(120):
            for ws in (customer, at_desk):
                await ws.send_str(frame)
        await send(at_desk, type="alive")
        await comes(at_desk, kind("alive"), PATIENCE)
        assert not customer.closed
    await all_is_well(world, talk, before)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-WebSocket-Version": "99"}, {"Sec-WebSocket-Key": "x"}, {"Upgrade": "h2c"},
        {"Sec-WebSocket-Protocol": "anfu"}, {"Sec-WebSocket-Protocol": "x, y"}, {"Sec-WebSocket-Protocol": ","},
    ],
)  # fmt: skip
async def test_a_handshake_that_is_none_is_refused(world: World, headers: dict[str, str]) -> None:
    talk = await world.open()
    good = {
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": f"anfu, {talk.token}",
    }  # fmt: skip
    response = await world.client.get(SOCKET.format(talk.id), headers=good | headers)
    assert response.status in (400, 401), await response.text()


async def test_another_customers_socket_is_not_opened(world: World) -> None:
    talk, other = await world.open(), await world.open()
    with pytest.raises(WSServerHandshakeError) as refused:
        await talk.socket(protocols=("anfu", other.token))
    assert refused.value.status == 403
