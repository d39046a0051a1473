"""The desk's page: one document for all its addresses; what it shows comes by the API."""

from aiohttp import hdrs, web

from bot.gateway.pages import STATIC

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src {socket} 'self'",
        "media-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Scripts, styles and connections are ours alone; `{socket}` is this host's, for older browsers do not count a
socket to `'self'`."""


async def desk_page(request: web.Request) -> web.FileResponse:
    """The desk, at whichever of its addresses; who may see what is decided by the API."""
    scheme = "wss" if request.secure else "ws"
    policy = CONTENT_SECURITY_POLICY.format(socket=f"{scheme}://{request.host}")
    headers = {
        hdrs.CACHE_CONTROL: "no-cache",
        hdrs.CONTENT_SECURITY_POLICY: policy,
        "Referrer-Policy": "same-origin",
        "X-Robots-Tag": "noindex, nofollow",
    }
    return web.FileResponse(STATIC / "desk" / "index.html", headers=headers)
