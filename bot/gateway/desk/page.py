"""The desk's page: one document for all its addresses; what it shows comes by the API."""

from aiohttp import hdrs, web

from bot.gateway.headers import page_policy
from bot.gateway.pages import STATIC


async def desk_page(request: web.Request) -> web.FileResponse:
    """The desk, at whichever of its addresses; who may see what is decided by the API."""
    headers = {
        hdrs.CACHE_CONTROL: "no-cache",
        hdrs.CONTENT_SECURITY_POLICY: page_policy(request, "media-src 'self'"),
        "Referrer-Policy": "same-origin",
        "X-Robots-Tag": "noindex, nofollow",
    }
    return web.FileResponse(STATIC / "desk" / "index.html", headers=headers)
