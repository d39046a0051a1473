"""The desk's tickets over HTTP: lists, kept lists, export, files; and what is refused."""

import asyncio
import csv
import errno
import io
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from aiohttp import ClientResponse, FormData

from bot.adapters.attachment_store import Coming
from bot.domain.attachment import MOST_BYTES, MOST_FILES
from bot.domain.ticket import Kind
from bot.gateway.auth import staff_token
from tests.integration.gateway_world import PEOPLE, SECRET, Conversation, World, gateway, refusal

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
PDF = b"%PDF-1.7\n" + b"x" * 64
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


def opened(world: World, conversation_id: str | None = None, **fields: str) -> str:
    told = {"symptom": "漏水", "product": "洗衣机", "phone": "13800138000", **fields}
    return world.ticketing.open(Kind.REPAIR, told, key=str(uuid.uuid4()), conversation_id=conversation_id).number


def bearer(world: World, by: str = "小李") -> dict[str, str]:
    return {"Authorization": f"Bearer {staff_token(SECRET, by, PEOPLE[by], world.clock())}"}


async def put(world: World, number: str, content: Any, name: str = "照片.png", by: str = "小李") -> ClientResponse:
    form = FormData(quote_fields=False)
    form.add_field("file", content, filename=name)
    path = f"/api/v1/desk/tickets/{number}/attachments"
    response: ClientResponse = await world.client.post(path, data=form, headers=bearer(world, by))
    return response


async def send(customer: Conversation, content: Any, name: str = "照片.png", client_id: str = "") -> ClientResponse:
    form = FormData(quote_fields=False)
    form.add_field("client_id", client_id or str(uuid.uuid4()))
    form.add_field("file", content, filename=name)
    path = f"/api/v1/conversations/{customer.id}/attachments"
    response: ClientResponse = await customer.client.post(path, data=form, headers=customer.headers)
    return response


async def good(response: ClientResponse, status: int = 200) -> Any:
    assert response.status == status, await response.text()
    return await response.json()


def stored(world: World) -> list[str]:
    """What lies on the disk."""
    folder = world.anfu.settings.data_dir / "attachments"
    return [path.name for path in folder.rglob("*") if path.is_file()]


# Lists and changes


async def test_a_list_tells_no_phone_in_full_and_goes_on_page_by_page(world: World) -> None:
    made = [opened(world) for _ in range(3)]
    first = await good(await world.ask("GET", "/desk/tickets?limit=2&kind=repair"))
    rest = await good(await world.ask("GET", f"/desk/tickets?limit=2&kind=repair&cursor={first['next']}"))
    assert [t["number"] for t in first["tickets"] + rest["tickets"]] == made[::-1]
    assert rest["next"] is None
    assert "13800138000" not in str(first)
    assert first["tickets"][0]["phone"] == "*******8000"
    found = await good(await world.ask("GET", "/desk/tickets?q=洗衣機&sort=due"))
    assert len(found["tickets"]) == 3


@pytest.mark.parametrize(
    "query", ["kind=x", "colour=red", "sort=x", "limit=9999", "cursor=x", "q=" + "长" * 101, "q=%00", "priority=-1"]
)
async def test_bad_lists_are_refused(world: World, query: str) -> None:
    assert (await world.ask("GET", f"/desk/tickets?{query}")).status in (400, 422)


async def test_a_ticket_is_told_whole(world: World) -> None:
    customer = await world.open()
    number = opened(world, customer.id)
    other = opened(world)
    whole = await good(await world.ask("GET", f"/desk/tickets/{number}"))
    assert whole["ticket"]["assignee"] is None
    assert {"history", "message"} <= {happening["kind"] for happening in whole["timeline"]}
    assert [ticket["number"] for ticket in whole["related"]] == [other]
    assert {field["id"] for field in whole["custom_fields"]} == {"serial_number", "callback_on", "distance_km"}
    await refusal(await world.ask("GET", "/desk/tickets/x"), 404, "not_found")


async def test_a_ticket_is_assigned_and_changed_by_who_has_seen_its_last_state(world: World) -> None:
    number = opened(world)
    ticket = await good(await world.ask("POST", f"/desk/tickets/{number}/assign", {"name": "小张"}))
    assert ticket["assignee"] == "小张"
    stale = {"version": 0, "fields": {"symptom": "异响"}}
    message = await refusal(await world.ask("PATCH", f"/desk/tickets/{number}/fields", stale), 409, "conflict")
    assert "小李 在今天" in message
    changed = await good(await world.ask("PATCH", f"/desk/tickets/{number}/fields", {**stale, "version": 1}))
    assert changed["fields"]["symptom"] == "异响"
    for body in ({"fields": []}, {"fields": {"symptom": 1}}, {"version": "1"}, {"priority": "2"}, []):
        assert (await world.ask("PATCH", f"/desk/tickets/{number}/fields", body)).status in (400, 422)


async def test_many_at_once_and_merging(world: World) -> None:
    a, b = opened(world), opened(world)
    body = {"numbers": [a, b, "x"], "action": "priority", "value": 2}
    done = await good(await world.ask("POST", "/desk/tickets/bulk", body))
    assert (done["done"], done["refused"]) == (2, 1)
    kept = await good(await world.ask("POST", f"/desk/tickets/{a}/merge", {"into": b, "reason": "同一件"}))
    assert kept["number"] == b
    for wrong in (
        {"numbers": []},
        {"numbers": "x"},
        {"numbers": [1], "action": "close"},
        {"numbers": [a], "action": "x"},
    ):
        assert (await world.ask("POST", "/desk/tickets/bulk", wrong)).status in (400, 422)


async def test_who_has_a_ticket_open_is_told_with_it(world: World) -> None:
    number = opened(world)
    async with world.client.ws_connect("/api/v1/desk/socket", headers=bearer(world, "小张")) as desk:
        await desk.send_json({"type": "editing", "ticket": number})
        while (await desk.receive_json())["type"] != "editing":
            pass
        assert (await good(await world.ask("GET", f"/desk/tickets/{number}")))["editing"] == ["小张"]
        await good(await world.ask("PATCH", f"/desk/tickets/{number}/fields", {"priority": 1}))
        while (frame := await desk.receive_json())["type"] != "ticket":
            pass
        assert frame == {"type": "ticket", "number": number, "version": 1, "by": "小李"}


# Kept lists


async def test_lists_are_kept_shared_and_taken_away(world: World) -> None:
    opened(world)
    own = {"name": "漏水的", "filters": {"kind": "repair"}, "sort": "due", "columns": ["number", "custom.distance_km"]}
    view = await good(await world.ask("POST", "/desk/views", own), 201)
    await refusal(await world.ask("POST", "/desk/views", own), 409, "conflict")
    await refusal(await world.ask("POST", "/desk/views", {**own, "name": "b", "shared": True}), 403, "not_allowed")
    shared = await good(
        await world.ask("POST", "/desk/views", {"name": "全组", "filters": {}, "shared": True}, by="王主管"), 201
    )
    told = await good(await world.ask("GET", "/desk/views"))
    assert [v["name"] for v in told["views"]] == ["漏水的", "全组"]
    assert told["counts"][view["id"]] == 1
    assert told["counts"]["mine"] == 0
    assert [v["name"] for v in told["built_in"]][:3] == ["我的待办", "快到期", "已超时"]
    await refusal(await world.ask("DELETE", f"/desk/views/{shared['id']}"), 403, "not_allowed")
    await refusal(await world.ask("DELETE", f"/desk/views/{view['id']}", by="小张"), 404, "not_found")
    assert (await world.ask("DELETE", f"/desk/views/{view['id']}")).status == 204
    for wrong in ({**own, "filters": {"a": 1}}, {**own, "columns": ["x"]}, {**own, "name": ""}, {**own, "sort": "x"}):
        assert (await world.ask("POST", "/desk/views", wrong)).status in (400, 422)


# Export


async def test_a_table_has_no_formula_no_phone_and_leaves_a_trace(world: World) -> None:
    number = opened(world, symptom='=HYPERLINK("http://evil")', product="+86 洗衣机，打 13900139000")
    response = await world.ask("GET", "/desk/tickets.csv?kind=repair")
    raw = await response.read()
    assert raw.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(raw.decode("utf-8-sig")))
    assert row["工单号"] == number
    assert row["事由"].startswith("'=HYPERLINK")
    assert row["产品"] == "'+86 洗衣机，打 139****9000"
    assert row["客户电话"] == "*******8000"
    with world.uow() as work:
        (entry,) = work.trail.entries("tickets:csv")
    assert (entry.change.actor, entry.change.after["kind"]) == ("小李", "repair")


async def test_phones_in_full_need_a_supervisor_with_a_reason(world: World) -> None:
    opened(world)
    await refusal(await world.ask("GET", "/desk/tickets.csv?full=true&reason=回访"), 403, "not_allowed")
    await refusal(await world.ask("GET", "/desk/tickets.csv?full=true", by="王主管"), 422, "invalid")
    await refusal(await world.ask("GET", "/desk/tickets.csv?columns=x"), 422, "invalid")
    response = await world.ask("GET", "/desk/tickets.csv?full=true&reason=回访&columns=phone", by="王主管")
    assert (await response.text("utf-8-sig")).split() == ["客户电话", "13800138000"]


# Files


async def test_a_file_comes_to_a_ticket_and_is_given_out_so_that_nothing_in_it_acts(world: World) -> None:
    number = opened(world)
    file = await good(await put(world, number, PNG, "../../<b>脏\u202e.png"), 201)
    assert file["name"] == "_b_脏.png"
    response = await world.client.get(f"/api/v1/desk/attachments/{file['id']}", headers=bearer(world))
    assert await response.read() == PNG
    assert response.headers["Content-Disposition"].startswith("inline; filename*=UTF-8''_b_%E8%84%8F.png")
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.content_type == "image/png"
    pdf = await good(await put(world, number, PDF, "发票.pdf"), 201)
    response = await world.client.get(f"/api/v1/desk/attachments/{pdf['id']}", headers=bearer(world))
    assert response.headers["Content-Disposition"].startswith("attachment;")
    listed = await good(await world.ask("GET", f"/desk/tickets/{number}/attachments"))
    assert [f["name"] for f in listed["attachments"]] == ["_b_脏.png", "发票.pdf"]
    (row,) = (await good(await world.ask("GET", "/desk/tickets?attachments=true")))["tickets"]
    assert row["number"] == number
    folder = world.anfu.settings.data_dir / "attachments"
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}


@pytest.mark.parametrize(
    ("content", "name"),
    [(SVG, "a.svg"), (SVG, "a.png"), (HTML, "a.html"), (HTML, "a.txt"), (PNG, "a.jpg"),
     (b"MZ\x90\x00" + b"\x00" * 60, "a.png"),
     (b"", "a.png"), (b"#!/bin/sh\n", "a.sh"), (PNG, "png"), (b"hello \x00", "a.txt")],
)  # fmt: skip
async def test_files_that_may_not_come_are_refused_and_nothing_is_kept(world: World, content: bytes, name: str) -> None:
    response = await put(world, opened(world), content, name)
    assert response.status in (400, 422), await response.text()
    assert stored(world) == []


async def test_two_gigabytes_are_refused_after_ten_megabytes(world: World) -> None:
    number = opened(world)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield PNG
        while sent < 2 * 1024**3:
            sent += 256 * 1024
            yield b"\x00" * 256 * 1024
            await asyncio.sleep(0)

    try:
        message = await refusal(await put(world, number, endless()), 413, "too_long")
        assert "10 MB" in message
    except OSError:
        pass  # the connection was cut while we went on sending: as good a refusal
    assert sent < 200 * 1024**2
    assert stored(world) == []
    told = {**bearer(world), "Content-Length": str(2 * 1024**3), "Content-Type": "multipart/form-data; boundary=x"}
    reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    writer.write(f"POST /api/v1/desk/tickets/{number}/attachments HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode())
    assert b"413" in await reader.readline()
    writer.close()
    exactly = await put(world, number, PNG + b"\x00" * (MOST_BYTES - len(PNG)))
    assert exactly.status == 201


async def test_what_is_no_form_is_refused(world: World) -> None:
    path, headers = f"/api/v1/desk/tickets/{opened(world)}/attachments", bearer(world)
    multipart = {**headers, "Content-Type": "multipart/form-data; boundary=x"}
    for data, sent in (
        (b"{}", {**headers, "Content-Type": "application/json"}),
        (b"nonsense", multipart),
        (b"--x\r\n\r\nhello", multipart),
        (b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno name\r\n--x--\r\n', multipart),
        (b"--x--\r\n", multipart),
        (b"x", {**headers, "Content-Type": "multipart/form-data"}),
    ):
        response = await world.client.post(path, data=data, headers=sent)
        await refusal(response, 400, "bad_request")
    assert stored(world) == []


async def test_a_ticket_has_so_many_files_and_no_more(world: World) -> None:
    number = opened(world)
    for _ in range(MOST_FILES):
        await good(await put(world, number, PNG), 201)
    await refusal(await put(world, number, PNG), 409, "conflict")
    assert len(stored(world)) == MOST_FILES


async def test_a_full_disk_is_told_and_nothing_half_is_kept(world: World) -> None:
    number = opened(world)

    class Full:
        def write(self, piece: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            pass

    enter = Coming.__enter__

    def entered(coming: Coming) -> Coming:
        enter(coming)._file = Full()  # type: ignore[assignment]
        return coming

    with patch.object(Coming, "__enter__", entered):
        message = await refusal(await put(world, number, PNG), 507, "storage_full")
    assert "磁盘已满" in message
    assert stored(world) == []
    assert (await good(await world.ask("GET", f"/desk/tickets/{number}/attachments")))["attachments"] == []


async def test_another_teams_files_and_tickets_are_refused_and_that_is_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    number = opened(world)
    file = await good(await put(world, number, PNG), 201)
    with world.uow() as work:
        person = work.users.get("小张")
        assert person is not None
        work.users.save(replace(person, team="repair"), world.clock())
        work.commit()
    for path in (f"/desk/attachments/{file['id']}", f"/desk/tickets/{number}", f"/desk/tickets/{number}/attachments"):
        await refusal(await world.ask("GET", path, by="小张"), 403, "not_allowed")
    await refusal(await put(world, number, PNG, by="小张"), 403, "not_allowed")
    assert sum("refused: 小张" in record.getMessage() for record in caplog.records) == 4
    for path in ("/desk/attachments/..%2f..%2fsecret", f"/desk/attachments/{uuid.uuid4()}"):
        await refusal(await world.ask("GET", path), 404, "not_found")


async def test_a_customer_sends_a_file_that_only_the_own_conversation_shows(world: World) -> None:
    customer, other = await world.open(), await world.open()
    number = opened(world, customer.id)
    key = str(uuid.uuid4())
    first = await good(await send(customer, PNG, client_id=key), 202)
    again = await good(await send(customer, PNG, client_id=key), 202)
    assert (again["message_id"], again["attachment"]["id"]) == (first["message_id"], first["attachment"]["id"])
    assert len(stored(world)) == 1
    said = [m for m in (await customer.read())["messages"] if m["sender"] == "customer"]
    assert [(m["text"], m["source"]) for m in said] == [
        ("[图片] 照片.png", {"kind": "attachment", "id": first["attachment"]["id"]})
    ]
    path = "/api/v1/conversations/{}/attachments/" + first["attachment"]["id"]
    own = await world.client.get(path.format(customer.id), headers=customer.headers)
    assert await own.read() == PNG
    assert (await world.client.get(path.format(other.id), headers=other.headers)).status == 404
    assert (await world.client.get(path.format(customer.id), headers=other.headers)).status == 403
    whole = await good(await world.ask("GET", f"/desk/tickets/{number}"))
    assert [f["id"] for f in whole["attachments"]] == [first["attachment"]["id"]]
    (listed,) = (await good(await world.ask("GET", "/desk/tickets?attachments=true")))["tickets"]
    assert listed["number"] == number
    world.clock.ahead += timedelta(days=31)
    await refusal(await world.client.get(path.format(customer.id), headers=customer.headers), 401, "unauthorized")
    await refusal(await send(customer, PNG), 401, "unauthorized")


async def test_the_bot_says_that_it_has_a_file_and_understands_none(world: World) -> None:
    customer = await world.open()
    await good(await send(customer, PNG), 202)
    messages = (await customer.read())["messages"]
    while len(messages) < 3:
        messages += (await customer.read(after=messages[-1]["seq"], wait=5))["messages"]
    assert messages[-1]["sender"] == "bot"
    assert messages[-1]["source"]["id"] == "attachment.received"
    assert world.engine.heard == []


async def test_a_file_without_a_row_is_cleared_away_and_others_stay(world: World) -> None:
    await good(await put(world, opened(world), PNG), 201)
    _, upload = world.office.attachments.receive()
    with upload:
        upload.write(PDF)
        upload.keep()
    assert len(stored(world)) == 2
    world.clock.ahead += timedelta(hours=3)
    world.office.attachments.clear_orphans()
    assert len(stored(world)) == 1
