"""Fetching what customers of 微信客服 sent: the callback only says that there is something (W3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.adapters.channels.calls import Refusal
from bot.adapters.channels.kf.account import NAME, KfAccount
from bot.adapters.channels.kf.api import KfApi
from bot.adapters.channels.kf.messages import read_page
from bot.adapters.channels.kf.refusals import BAD_PULL_TOKEN, words_of
from bot.domain.errors import ChannelFailure
from bot.services.ports import Clock
from bot.services.ports.channels import Page

BEFORE_US = timedelta(hours=1)
"""How far the very first pull looks back. The platform begins three days ago: somebody else has answered that."""
_SINCE = "|"
"""Stands between the moment from which on we look and the platform's cursor, until the first pull has ended."""


class KfPuller:
    """Implements `ports.Puller`; the channel that shares the interface opens it."""

    channel = NAME

    def __init__(self, account: KfAccount, api: KfApi, clock: Clock) -> None:
        self.limits = account.limits
        self._api = api
        self._clock = clock

    async def pull(self, account: str, token: str, cursor: str) -> Page:
        """What came to a 客服账号 after the cursor; empty, it stands for when we were connected.

        Raises:
            ChannelFailure: try again later.
        """
        since, _, position = cursor.rpartition(_SINCE)
        if not cursor:
            since = str(int((self._clock() - BEFORE_US).timestamp()))
        page = await self._page(account, token, position)
        return _without_the_past(page, since) if since else page

    async def _page(self, account: str, token: str, position: str) -> Page:
        try:
            return read_page(*await self._synced(account, token, position))
        except Refusal as refusal:
            raise ChannelFailure(f"没有取到微信客服的消息：{words_of(refusal)}") from None

    async def _synced(self, account: str, token: str, position: str) -> tuple[list[Any], str, bool]:
        try:
            return await self._api.sync(account, token, position)
        except Refusal as refusal:
            if refusal.number != BAD_PULL_TOKEN or not token:
                raise
        return await self._api.sync(account, "", position)  # seldom allowed, but nothing else is left


def _without_the_past(page: Page, since: str) -> Page:
    """The page without what came before we were connected; the moment goes on with the cursor to the last page."""
    moment = datetime.fromtimestamp(int(since), UTC)
    ours = tuple(incoming for incoming in page.incoming if incoming.at >= moment)
    cursor = f"{since}{_SINCE}{page.cursor}" if page.has_more else page.cursor
    return replace(page, incoming=ours, cursor=cursor)
