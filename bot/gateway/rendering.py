"""Pages made on the server: templates read once at start, and the headers that a page behind a link carries."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.domain.dates import SHANGHAI, day_in_words
from bot.gateway import keys

_TEMPLATES = Path(__file__).parent / "templates"
_BEHIND_LINKS = ("/a/", "/t/", "/f/", "/d/", "/b/")

HEADERS: Mapping[str, str] = {
    hdrs.CACHE_CONTROL: "no-store",
    hdrs.CONTENT_SECURITY_POLICY: "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
"""The address of such a page is a secret: it is neither kept, nor found, nor told to the next site."""


def load_templates() -> Environment:
    """All templates, read and compiled now; what a page is not given raises."""
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in templates.list_templates():
        templates.get_template(name)
    return templates


def is_behind_link(request: web.Request) -> bool:
    """Whether a page of ours is asked for, which answers in HTML whatever happens, and whose path is a secret."""
    return request.path.startswith(_BEHIND_LINKS)


def page(
    request: web.Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> web.Response:
    """A page from a template."""
    html = request.app[keys.TEMPLATES].get_template(template).render(values)
    return web.Response(status=status, text=html, content_type="text/html", headers={**HEADERS, **(headers or {})})


def in_full(moment: datetime) -> str:
    """A moment as a document dates it: `2026 年 11 月 23 日 18:30`."""
    local = moment.astimezone(SHANGHAI)
    return f"{day_in_words(local.date())} {local:%H:%M}"
