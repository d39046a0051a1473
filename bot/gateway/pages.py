"""Pages, the widget's files, and the API's description."""

import asyncio
from pathlib import Path

from aiohttp import hdrs, web

STATIC = (Path(__file__).parent / "static").resolve()
_OPENAPI = Path(__file__).parent / "openapi.yaml"

_REVALIDATE = {hdrs.CACHE_CONTROL: "public, no-cache"}
"""Kept, and asked about by ETag each time: the modules of two releases never mix in one page."""


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
