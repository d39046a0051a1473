"""What every page and file says to browsers: nothing inline, nobody's frame, nothing kept that is private."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, hdrs

from bot.gateway.auth import COOKIE, PLAIN_COOKIE
from bot.gateway.pages import STATIC
from tests.integration import gateway_world
from tests.integration.gateway_world import World, gateway
from tests.security.house import ADMIN, PASSWORD, House, house, signed_in
from tests.security.test_authorisation_matrix import DOOR_OF

FILES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())
PAGES = ("/", "/desk", "/desk/tickets", "/a/{token}", "/t/{token}", "/f/{token}")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


def policy_of(response: ClientResponse) -> dict[str, list[str]]:
    """The Content-Security-Policy: directive → sources."""
    policy = response.headers[hdrs.CONTENT_SECURITY_POLICY]
    return {name: sources for name, *sources in (part.split() for part in policy.split(";"))}


def check_policy(response: ClientResponse, what: str) -> None:
    """See that nothing runs, or is asked for, that is not a file of ours; no page elsewhere frames it."""
    policy = policy_of(response)
    assert policy["default-src"] == ["'none'"], what
    for directive, sources in policy.items():
        for source in sources:
            assert source not in ("'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:", "ws:", "wss:"), what
            assert source != "data:" or directive == "img-src", what
    if "sandbox" not in policy:
        for directive, allowed in (("base-uri", {"'none'"}), ("frame-ancestors", {"'none'"}),
                                   ("form-action", {"'none'", "'self'"})):  # fmt: skip
            assert set(policy[directive]) <= allowed and policy[directive], (what, directive)
    assert policy.get("object-src", ["'none'"]) == ["'none'"], what


def check_always(response: ClientResponse, what: str) -> None:
    """The headers of every answer."""
    headers = response.headers
    assert headers["X-Content-Type-Options"] == "nosniff", what
    assert headers["Referrer-Policy"] in ("strict-origin-when-cross-origin", "same-origin", "no-referrer"), what
    assert headers["Strict-Transport-Security"] == "max-age=31536000", what
    assert headers[hdrs.CACHE_CONTROL], what
    assert headers[hdrs.SERVER] == "anfu", what
    assert hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS not in headers, what
    assert headers["Cross-Origin-Resource-Policy"] in ("same-origin", "cross-origin"), what
    if response.content_type == "text/html":
        assert headers["X-Frame-Options"] == "DENY", what
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", what
        for device in ("camera", "microphone", "geolocation", "payment", "usb"):
            assert f"{device}=()" in headers["Permissions-Policy"], what
    check_policy(response, what)


async def test_every_route_answers_everybody_with_the_safety_headers(tmp_path: Path) -> None:
    async with house(tmp_path) as opened:
        for route, door in DOOR_OF.items():
            method, path = route.split()
            # What to say next is sought with the whole of the language tools, which take long to load.
            for visitor in ("anonymous",) if path.endswith("/suggestions") else ("anonymous", "admin"):
                async with await opened.knock(visitor, method, path) as response:
                    what = f"{route} {visitor} {response.status}"
                    check_always(response, what)
                    check_other_sites(response, path, what)
                    check_kept(response, path, door, what)
        for page in PAGES:
            await check_page(opened, page)


def check_other_sites(response: ClientResponse, path: str, what: str) -> None:
    """Pages elsewhere read what the widget needs, by token and without cookies, and nothing else."""
    open_to_all = path.startswith(("/static/", "/widget.js", "/api/v1/conversations"))
    assert response.headers.get(hdrs.ACCESS_CONTROL_ALLOW_ORIGIN) == ("*" if open_to_all else None), what
    if response.status == 204:
        assert "Cookie" not in response.headers.get(hdrs.ACCESS_CONTROL_ALLOW_HEADERS, ""), what


def check_kept(response: ClientResponse, path: str, door: str, what: str) -> None:
    """Only what everybody may see is kept, and asked about each time."""
    kept = response.headers[hdrs.CACHE_CONTROL]
    if "public" in kept:
        assert door == "public" and "no-cache" in kept, what
        assert path in ("/", "/widget.js", "/static/{path}", "/api/v1/openapi.yaml"), what
    else:
        assert "no-store" in kept or path.startswith("/desk"), what


async def check_page(opened: House, page: str) -> None:
    """A page's own document holds no script and no style, and loads from us alone."""
    async with await opened.knock("anonymous", "GET", page) as response:
        assert response.content_type == "text/html"
        text = await response.text()
    lowered = text.lower()
    assert " style=" not in lowered and "<style" not in lowered and "javascript:" not in lowered, page
    assert not [word for word in lowered.split() if word.startswith("on") and "=" in word], page
    for script in lowered.split("<script")[1:]:
        assert 'src="/' in script.partition(">")[0] and script.partition(">")[2].startswith("</script>"), page


async def test_every_file_of_ours_can_stand_on_a_page_elsewhere_and_acts_nowhere_by_itself(world: World) -> None:
    assert len(FILES) > 50
    for name in FILES:
        async with world.client.get(f"/static/{name}") as response:
            assert response.status == 200, name
            check_always(response, name)
            acts = policy_of(response).get("script-src", ["'none'"]) != ["'none'"]
            assert acts is name.endswith(".html"), name


@pytest.mark.parametrize("host", ["a;script-src *", "a b", "evil.example/x", "a,b", "a'"])
async def test_an_odd_host_does_not_get_into_the_policy(world: World, host: str) -> None:
    for page in ("/", "/desk"):
        async with world.client.get(page, headers={hdrs.HOST: host}) as response:
            if response.status == 200:
                check_policy(response, page)
                assert "evil" not in response.headers[hdrs.CONTENT_SECURITY_POLICY]
                assert policy_of(response)["connect-src"] == ["'self'"]


async def test_the_session_cookie_belongs_to_this_host_alone(world: World) -> None:
    session = await signed_in(world, "小李")
    assert session[hdrs.COOKIE].startswith(f"{COOKIE}=") and COOKIE.startswith("__Host-")
    plain = session | {hdrs.COOKIE: session[hdrs.COOKIE].replace(COOKIE, PLAIN_COOKIE)}
    assert (await world.client.get("/api/v1/session", headers=plain)).status == 401
    async with world.client.delete("/api/v1/session", headers=session) as response:
        gone = response.cookies[COOKIE]
    assert (gone["max-age"], gone["path"], gone["domain"]) == ("0", "/", "")
    assert gone["secure"] and gone["httponly"] and gone["samesite"] == "Strict"


async def test_where_there_is_no_https_the_cookie_works_and_nothing_speaks_of_https(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(gateway_world, "PUBLIC_URL", "http://127.0.0.1:8080")
    async with gateway(tmp_path) as world:
        world.everybody()
        world.office.people.set_password("小李", PASSWORD, ADMIN)
        response = await world.client.post("/api/v1/session", json={"name": "小李", "password": PASSWORD})
        assert response.status == 201
        cookie = response.cookies[PLAIN_COOKIE]
        assert not cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Strict"
        assert "Strict-Transport-Security" not in response.headers
        assert (await world.client.get("/api/v1/session")).status == 200
