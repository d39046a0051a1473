"""What customers read about their personal data (E10)."""

from aiohttp import web

from bot.domain.consent import WORKING_DAYS
from bot.gateway import keys
from bot.gateway.rendering import page

_OF_STAFF = frozenset({"sign_in_failures", "sessions", "drafts"})
"""Kinds that tell of people of the company, not of customers."""


async def privacy_page(request: web.Request) -> web.Response:
    """What we keep, for how long, and what customers may ask for."""
    office = request.app[keys.OFFICE]
    periods = [period for period in office.retention.periods if period.kind not in _OF_STAFF]
    return page(request, "privacy.html", notice=office.consent.notice, periods=periods, days=WORKING_DAYS)
