"""The headers that go with every answer: what browsers may do with it, and what other sites may."""

import re
from http import HTTPStatus

from aiohttp import hdrs, web

from bot.gateway.auth import is_https

_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_UTF8 = {"application/javascript", "text/javascript", "text/css", "text/html"}
_CONVERSATIONS = "/api/v1/conversations"
_FOR_ANY_SITE = {hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""The widget and its files stand in other people's pages."""

NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For whatever is not meant to be looked at as a page: nothing in it acts where a browser shows it all the same."""
PAGE: dict[str, str] = {
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in ("camera", "microphone", "geolocation", "display-capture", "midi", "payment", "usb")
    ),
}
"""Our pages stand in nobody's frame, share no window with other sites, and ask for no device."""
HTTPS_ONLY = "max-age=31536000"
"""For a year; the domains below ours are not ours to speak for."""


def page_policy(request: web.Request, *more: str) -> str:
    """What a page of ours may load: scripts, styles, pictures and connections of our own, and nothing inline.

    Args:
        more: further directives.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            f"connect-src 'self'{_sockets(request)}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            *more,
        )
    )


def _sockets(request: web.Request) -> str:
    """This host's sockets, which older browsers do not count to `'self'`; a proxy may end TLS before us."""
    host = request.host
    return f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""


async def secure(request: web.Request, response: web.StreamResponse) -> None:
    """Headers for every answer, errors included; a page may bring stricter ones of its own."""
    headers = response.headers
    headers[hdrs.SERVER] = "anfu"
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    if is_https(request):
        headers["Strict-Transport-Security"] = HTTPS_ONLY
    if response.content_type in _UTF8:
        response.charset = "utf-8"
    if response.content_type == "text/html":
        headers.setdefault(hdrs.CONTENT_SECURITY_POLICY, page_policy(request))
        headers.update(PAGE)
    if response.status != HTTPStatus.NOT_MODIFIED:  # its headers would replace those of the page that is kept
        headers.setdefault(hdrs.CONTENT_SECURITY_POLICY, NO_PAGE)
    if request.path == "/widget.js" or request.path.startswith("/static/"):
        headers.update(_FOR_ANY_SITE)
        return
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if request.path == _CONVERSATIONS or request.path.startswith(f"{_CONVERSATIONS}/"):
        headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"
        headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = hdrs.RETRY_AFTER
