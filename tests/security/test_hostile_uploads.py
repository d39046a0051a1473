"""Files that are not what they say, and names that lead elsewhere: refused, or kept as bytes under a tame name."""

import io
import struct
import uuid
import zipfile
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData, hdrs

from bot.domain.attachment import MOST_FILES
from tests.integration.gateway_world import Conversation, World, gateway
from tests.security.test_hostile_sockets import all_is_well

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(100)
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(100)
GIF = b"GIF89a" + bytes(100)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(100)
PAGE = b"<!doctype html><html><script>alert(document.domain)</script></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'


def zipped(name: str, size: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"0" * size)
    return packed.getvalue()


def picture_of(width: int, height: int) -> bytes:
    """A few bytes that unpack to a picture without end."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"IDAT" + zlib.compress(b"\0" * 1_000_000)
    pieces = (struct.pack(">I", len(p) - 4) + p + struct.pack(">I", zlib.crc32(p)) for p in (head, rows, b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


REFUSED: dict[str, tuple[str, bytes]] = {
    "empty": ("a.png", b""), "a page": ("a.html", PAGE), "a page as text": ("a.txt", PAGE),
    "a page as picture": ("a.png", PAGE), "a drawing": ("a.svg", SVG), "a drawing as picture": ("a.png", SVG),
    "a drawing as text": ("a.txt", SVG),
    "a page far down in text": ("a.txt", b"hello\n" * 3000 + b"<script>x</script>"),
    "a page in UTF-16": ("a.txt", PAGE.decode().encode("utf-16")), "a page in UTF-7": ("a.html", b"+ADw-script+AD4-"),
    "a program": ("a.exe", b"MZ" + bytes(200)), "a program as picture": ("a.jpg", b"MZ" + bytes(200)),
    "a program of Linux": ("a.txt", b"\x7fELF" + bytes(200)), "a shell script": ("a.sh", b"#!/bin/sh\nrm -rf /\n"),
    "an archive": ("a.zip", zipped("a.txt", 10)), "a bomb": ("a.zip", zipped("bomb", 20_000_000)),
    "a bomb as picture": ("a.png", zipped("bomb", 20_000_000)), "a book with macros": ("a.docm", zipped("word/x", 10)),
    "a picture as text": ("a.txt", PNG), "a picture as another": ("a.gif", PNG),
    "a picture as page": ("a.html", JPEG),
    "two endings": ("a.png.html", PNG), "two endings, the other way": ("a.php.png", b"<?php system($_GET[0]);"),
    "no ending": ("png", PNG), "an ending with a space": ("a.png .exe", PNG),
    "an ending of NUL": ("a.exe%00.png", b"MZ"),
}  # fmt: skip

TAKEN: dict[str, tuple[str, bytes, str | None]] = {
    "a picture that is also a page": ("a.gif", GIF + PAGE, "a.gif"),
    "a document that is also a script": ("a.pdf", PDF + b"\n*/=1;alert(1)//", "a.pdf"),
    "a picture with an archive behind it": ("a.jpg", JPEG + zipped("a.txt", 10), "a.jpg"),
    "a picture that would fill the memory": ("a.png", picture_of(60_000, 60_000), "a.png"),
    "a path": ("../../../../etc/cron.d/a.png", PNG, "a.png"),
    "a path of Windows": ("C:\\Windows\\System32\\a.png", PNG, "a.png"),
    "an absolute path": ("/etc/a.png", PNG, "a.png"),
    "two endings that agree with what is in it": ("a.php.png", PNG, "a.php.png"),
    "a name that turns round": ("a\u202egnp.png", PNG, "agnp.png"),
    "a name without end": ("x" * 3000 + ".png", PNG, None),
    "a name that is a tag": ("<img src=x onerror=alert(1)>.png", PNG, "_img src=x onerror=alert(1)_.png"),
    "a formula": ("=cmd|'/c calc'!A0.txt", b"hello", "c calc'!A0.txt"),
    "a name of nothing": (".png", PNG, "附件.png"),
}  # fmt: skip


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path, messages_per_minute=10_000) as world:
        yield world


async def upload(talk: Conversation, name: str, content: bytes, kind: str = "image/png") -> Any:
    form = FormData({"client_id": str(uuid.uuid4())}, quote_fields=False)
    form.add_field("file", content, filename=name, content_type=kind)
    path = f"/api/v1/conversations/{talk.id}/attachments"
    return await talk.client.post(path, data=form, headers=talk.headers)


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("attachments/**/*") if path.is_file()]


async def test_what_is_not_what_it_says_is_refused_and_nothing_of_it_is_kept(world: World, tmp_path: Path) -> None:
    talk = await world.open()
    before = len(world.stored(talk.id))
    for what, (name, content) in REFUSED.items():
        for kind in ("image/png", "text/html"):
            response = await upload(talk, name, content, kind)
            assert response.status in (400, 422), (what, response.status, await response.text())
            assert "message" in (await response.json())["error"]
    assert kept(tmp_path) == []
    await all_is_well(world, talk, before)


async def test_whatever_is_in_a_file_that_is_taken_no_browser_lets_it_act(world: World, tmp_path: Path) -> None:
    for what, (name, content, called) in TAKEN.items():
        talk = await world.open()
        response = await upload(talk, name, content, "text/html")
        assert response.status == 202, (what, await response.text())
        told = (await response.json())["attachment"]
        assert called is None or told["name"] == called, what
        assert not set('/\\<>"|\r\n\0') & set(told["name"]), what
        path = f"/api/v1/conversations/{talk.id}/attachments/{told['id']}"
        for query in ("", "?download"):
            async with talk.client.get(path + query, headers=talk.headers) as got:
                assert await got.read() == content, what
                assert got.content_type == told["type"] and got.content_type != "text/html", what
                assert got.headers["X-Content-Type-Options"] == "nosniff"
                assert got.headers[hdrs.CONTENT_SECURITY_POLICY].startswith("sandbox"), what
                assert "no-store" in got.headers[hdrs.CACHE_CONTROL]
                shown = got.headers[hdrs.CONTENT_DISPOSITION]
                assert shown.startswith("attachment") or told["type"].startswith("image/"), what
    files = kept(tmp_path)
    assert len(files) == len(TAKEN)
    for file in files:
        assert uuid.UUID(file.name), "a file lies under its id, whatever it is called"
        assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"), ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=x", b""), ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nx\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 5000 + b"\r\nx\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Encoding: gzip\r\n\r\nx\r\n--x--"),
        ("multipart/form-data; boundary=" + "x" * 500, b"--" + b"x" * 500),
        ("application/json", b"{}"), ("text/html", PAGE), ("image/png", PNG),
    ],
)  # fmt: skip
async def test_a_form_that_is_none_is_refused(world: World, tmp_path: Path, kind: str, body: bytes) -> None:
    talk = await world.open()
    before = len(world.stored(talk.id))
    path = f"/api/v1/conversations/{talk.id}/attachments"
    response = await talk.client.post(path, data=body, headers=talk.headers | {"Content-Type": kind})
    assert response.status == 400, await response.text()
    assert kept(tmp_path) == []
    await all_is_well(world, talk, before)


async def test_a_conversation_holds_so_many_files_and_no_more(world: World, tmp_path: Path) -> None:
    talk = await world.open()
    for _ in range(MOST_FILES):
        assert (await upload(talk, "a.png", PNG)).status == 202
    assert (await upload(talk, "a.png", PNG)).status == 409
    assert len(kept(tmp_path)) == MOST_FILES
