"""Pages, files, headers, health, errors and logs."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from bot.gateway import pages
from bot.gateway.app import create_app
from bot.logs import FORMATS, formatter
from tests.integration.gateway_world import MESSAGES, World, gateway, refusal


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        yield world


async def test_the_demo_page_has_the_widget_and_a_strict_policy(world: World) -> None:
    response = await world.client.get("/")
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'src="/widget.js"' in await response.text()
    here = f"{world.server.host}:{world.server.port}"
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        f"connect-src 'self' ws://{here} wss://{here}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert response.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/widget.js", "/static/widget.js", "/static/tokens.css", "/static/demo/mark.svg"])
async def test_any_site_may_load_the_widgets_files(world: World, path: str) -> None:
    response = await world.client.get(path)
    assert response.status == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response.headers["Content-Type"].startswith(
        ("text/javascript; charset", "application/javascript; charset", "text/css; charset", "image/svg+xml")
    )
    again = await world.client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status == 304
    assert "no-cache" in again.headers["Cache-Control"]
    assert again.headers["Access-Control-Allow-Origin"] == "*"


async def test_every_file_of_the_widget_is_served(world: World) -> None:
    for file in pages.STATIC.rglob("*"):
        if file.is_file():
            response = await world.client.get(f"/static/{file.relative_to(pages.STATIC).as_posix()}")
            assert response.status == 200, file


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/widget",
        "/static/widget/",
        "/static/nothing.js",
        "/static/../app.py",
        "/static/..%2Fapp.py",
        "/static/%2e%2e/app.py",
        "/static/widget/../../app.py",
        "/static//etc/passwd",
        "/static/%2Fetc%2Fpasswd",
        "/static/%00",
        "/static/widget.js%00",
        "/static/" + "x" * 5000,
        "/nowhere",
        "/api/v1/conversations/",
        "/api/v2/conversations",
        "/%ff",
        "/favicon.ico",
    ],
    ids=lambda path: path[:40],
)
async def test_nothing_else_is_served(world: World, path: str) -> None:
    await refusal(await world.client.get(URL(path, encoded=True)), 404, "not_found")


async def test_a_symbolic_link_in_static_is_not_followed(world: World, tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "plain.js").write_text("1")
    (tmp_path / "outside.js").write_text("2")
    (folder / "out.js").symlink_to(tmp_path / "outside.js")
    (folder / "in.js").symlink_to(folder / "plain.js")
    monkeypatch.setattr(pages, "STATIC", folder.resolve())
    assert (await world.client.get("/static/plain.js")).status == 200
    await refusal(await world.client.get("/static/out.js"), 404, "not_found")
    await refusal(await world.client.get("/static/in.js"), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/v1/conversations"),
        ("DELETE", MESSAGES.format("x")),
        ("POST", "/"),
        ("POST", "/healthz"),
        ("PROPFIND", "/"),
    ],
)
async def test_another_method_is_refused(world: World, method: str, path: str) -> None:
    response = await world.client.request(method, path)
    await refusal(response, 405, "method_not_allowed")
    assert response.headers["Allow"]


@pytest.mark.parametrize(
    "path", ["/", "/widget.js", "/healthz", "/metrics", "/nowhere", "/api/v1/tickets", "/api/v1/openapi.yaml"]
)
async def test_every_answer_carries_the_safety_headers(world: World, path: str) -> None:
    response = await world.client.get(path)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"]
    assert response.headers["Cache-Control"]
    assert "aiohttp" not in response.headers["Server"]


# Health


async def test_a_living_process_says_so(world: World) -> None:
    world.engine.ready = False
    response = await world.client.get("/healthz")
    assert (response.status, await response.json()) == (200, {"status": "ok"})


async def test_readiness_needs_the_model(world: World) -> None:
    assert (await world.client.get("/readyz")).status == 200
    world.engine.ready = False
    message = await refusal(await world.client.get("/readyz"), 503, "not_ready")
    assert "engine" in message
    assert "database" not in message


def broken_database() -> Any:
    # Put together, so that the words do not stand in the source line that a stack shows.
    raise RuntimeError(f"could not connect for {13800 * 10**6 + 138000} who said 我家洗衣机{'着' + '火'}了")


async def test_readiness_needs_the_database(tmp_path: Path) -> None:
    async with gateway(tmp_path, uow=broken_database) as world:
        message = await refusal(await world.client.get("/readyz"), 503, "not_ready")
        assert "database" in message
        assert "engine" not in message
        text = await (await world.client.get("/metrics")).text()
        assert "anfu_queue_length NaN" in text


async def test_the_numbers_are_by_route_template_and_never_by_id(world: World) -> None:
    talk = await world.open()
    await talk.say("您好")
    await talk.read(after=2, wait=5)
    await talk.get(headers={})
    await world.client.get("/nowhere/13800138000")
    await world.client.request("PROPFIND", "/")
    response = await world.client.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    text = await response.text()
    route = 'route="/api/v1/conversations/{id}/messages"'
    assert f'anfu_http_requests_total{{method="POST",{route},status="202"}} 1.0' in text
    assert f'anfu_http_requests_total{{method="GET",{route},status="401"}} 1.0' in text
    assert 'route="unmatched",status="404"' in text
    assert 'method="OTHER"' in text
    assert "anfu_messages_accepted_total 1.0" in text
    assert "anfu_queue_length 0.0" in text
    assert talk.id not in text
    assert "13800138000" not in text
    assert "PROPFIND" not in text


async def test_time_that_a_client_asked_to_wait_is_no_slowness(world: World) -> None:
    talk = await world.open()
    await talk.read(after=1, wait=1)
    text = await (await world.client.get("/metrics")).text()
    total = next(
        line
        for line in text.splitlines()
        if line.startswith('anfu_http_request_seconds_sum{method="GET",route="/api/v1/conversations/{id}/messages"')
    )
    assert float(total.split()[-1]) < 0.5


# Unexpected errors, and what the log may hold


async def test_an_unexpected_error_has_a_number_and_tells_nothing_else(tmp_path: Path, caplog: Any) -> None:
    async with gateway(tmp_path, uow=broken_database) as world:
        talk = await world.open()
        caplog.clear()
        message = await refusal(await talk.get(), 500, "internal")
    incident = next(word for word in message.split() if len(word) == 8)
    logged = next(record.getMessage() for record in caplog.records if incident in record.getMessage())
    assert "RuntimeError" in logged
    assert "broken_database" in logged
    assert "/api/v1/conversations/{id}/messages" in logged
    everything = "\n".join(formatter(kind).format(record) for record in caplog.records for kind in FORMATS)
    assert "RuntimeError" in everything  # workers meet the same broken database, and log it too
    for secret in ("13800138000", "着火", talk.token):
        assert secret not in everything
        assert secret not in message


async def test_the_access_log_holds_no_query_no_token_and_no_words(world: World, caplog: Any) -> None:
    talk = await world.open()
    with caplog.at_level(logging.DEBUG, logger="anfu.access"):
        await talk.say("我的电话是 13800138000")
        await talk.read(after=1, wait=0)
        await world.client.get("/nowhere%0Aforged?token=13900139000")
        ws = await talk.socket()
        await ws.close()
    lines = [record.getMessage() for record in caplog.records if record.name == "anfu.access"]
    assert any(line.startswith(f"POST {MESSAGES.format(talk.id)} 202 ") for line in lines)
    assert any("/socket 101 " in line for line in lines)
    everything = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("anfu"))
    for secret in ("13800138000", "13900139000", "after=", talk.token, "\nforged"):
        assert secret not in everything


def test_a_secret_that_keeps_nobody_out_is_refused() -> None:
    parts: dict[str, Any] = dict.fromkeys(
        ("intake", "ticketing", "office", "uow", "turns", "wakeups", "engine", "clock", "metrics")
    )
    limits: dict[str, Any] = {"messages_per_minute": 1, "conversations_per_minute": 1, "most_readers": 1}
    with pytest.raises(ValueError, match="ANFU_SECRET"):
        create_app(**parts, **limits, secret="short", trusted_proxies="")
