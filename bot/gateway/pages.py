"""Pages, the widget's files, the API's description, and the headers that go with every answer."""

import asyncio
from pathlib import Path

from aiohttp import hdrs, web

STATIC = (Path(__file__).parent / "static").resolve()
_OPENAPI = Path(__file__).parent / "openapi.yaml"

_REVALIDATE = {hdrs.CACHE_CONTROL: "public, no-cache"}
"""Kept, and asked about by ETag each time: the modules of two releases never mix in one page."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self' ws: wss:",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_FOR_ANY_SITE = {hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*", "Cross-Origin-Resource-Policy": "cross-origin"}
_UTF8 = {"application/javascript", "text/javascript", "text/css", "text/html"}
_CONVERSATIONS = "/api/v1/conversations"


async def demo_page(request: web.Request) -> web.FileResponse:
    """The demo shop, with the widget in it."""
    return web.FileResponse(STATIC / "demo" / "index.html", headers=_REVALIDATE)


async def widget(request: web.Request) -> web.FileResponse:
    """The one script that a site embeds."""
    return web.FileResponse(STATIC / "widget.js", headers=_REVALIDATE)


async def static(request: web.Request) -> web.FileResponse:
    """A file below `static/`; no listings, no links, nothing outside."""
    path = await asyncio.to_thread(_plain_file, request.match_info["path"])
    if path is None:
        raise web.HTTPNotFound
    return web.FileResponse(path, headers=_REVALIDATE)


def _plain_file(name: str) -> Path | None:
    wanted = STATIC / name
    try:
        # A link, `..` or an absolute name resolves to something else than was asked for.
        return wanted if wanted.is_relative_to(STATIC) and wanted.resolve() == wanted and wanted.is_file() else None
    except (OSError, ValueError):
        return None


async def openapi(request: web.Request) -> web.FileResponse:
    """The description of this API; a test holds it against the routes."""
    return web.FileResponse(_OPENAPI, headers={**_REVALIDATE, hdrs.CONTENT_TYPE: "application/yaml; charset=utf-8"})


async def preflight(request: web.Request) -> web.Response:
    """A browser on another site asks whether the widget may call us: it may, by token, without cookies."""
    return web.Response(
        status=204,
        headers={
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, PUT, DELETE, OPTIONS",
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type",
            hdrs.ACCESS_CONTROL_MAX_AGE: "86400",
        },
    )


async def secure(request: web.Request, response: web.StreamResponse) -> None:
    """Headers for every answer, errors included; a page may bring stricter ones of its own."""
    headers = response.headers
    headers[hdrs.SERVER] = "anfu"
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    if response.content_type in _UTF8:
        response.charset = "utf-8"
    if response.content_type == "text/html":
        headers.setdefault(hdrs.CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)
        headers["X-Frame-Options"] = "DENY"
    if request.path == "/widget.js" or request.path.startswith("/static/"):
        headers.update(_FOR_ANY_SITE)
    elif request.path == _CONVERSATIONS or request.path.startswith(f"{_CONVERSATIONS}/"):
        headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"
        headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = hdrs.RETRY_AFTER
