"""Calls that need an access token: with a new one, once, where the platform no longer takes it (W4, W5)."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from bot.adapters.channels.calls import Calls, Form, NotSent, Refusal
from bot.adapters.channels.tokens import AccessTokens
from bot.domain.errors import ChannelFailure

_LONGEST_SECONDS = 24 * 60 * 60


class NoToken(NotSent):
    """The platform gave no access token, so that nothing could be asked."""


async def token_in(
    asked: Awaitable[dict[str, Any]], words_of: Callable[[Refusal], str]
) -> tuple[str, timedelta]:  # fmt: skip
    """The access token that the platform answers with, and how long it lasts.

    Args:
        words_of: what a refusal means to the operator.

    Raises:
        NoToken: the platform gives none.
    """
    try:
        said = await asked
    except Refusal as refusal:
        raise NoToken(f"没有换到 access_token：{words_of(refusal)}") from None
    except ChannelFailure as failure:
        raise NoToken(f"没有换到 access_token：{failure}") from None
    token, seconds = said.get("access_token"), said.get("expires_in")
    if not (isinstance(token, str) and token and isinstance(seconds, int) and 0 < seconds <= _LONGEST_SECONDS):
        raise NoToken("没有换到 access_token：平台的回答读不懂")
    return token, timedelta(seconds=seconds)


class AuthorisedCalls:
    """Calls one platform with our token."""

    def __init__(self, calls: Calls, tokens: AccessTokens, bad_token: Collection[int]) -> None:
        """Take the way and the tokens.

        Args:
            bad_token: with which numbers the platform says that a token is none any more.
        """
        self._calls = calls
        self._tokens = tokens
        self._bad_token = bad_token

    async def ask(
        self, method: str, path: str, body: Any = None, form: Form | None = None, **params: str
    ) -> dict[str, Any]:
        """What the platform answers.

        Raises:
            NotSent, NoAnswer, Refusal: see there. ChannelFailure: no token in time.
        """
        token = await self._tokens.get()
        try:
            return await self._calls.ask(method, path, {"access_token": token, **params}, body, form)
        except Refusal as refusal:
            if refusal.number not in self._bad_token:
                raise
        token = await self._tokens.renew(token)
        return await self._calls.ask(method, path, {"access_token": token, **params}, body, form)

    async def pieces(self, path: str, **params: str) -> AsyncGenerator[bytes | dict[str, Any], None]:
        """A file in pieces; or one JSON object, where the platform answers with that.

        Raises:
            NotSent, NoAnswer, Refusal, MediaGone: see there. ChannelFailure: no token in time.
        """
        url, token = self._calls.api + path, await self._tokens.get()
        try:
            async with aclosing(self._calls.pieces(url, {"access_token": token, **params})) as pieces:
                async for piece in pieces:
                    yield piece
            return
        except Refusal as refusal:  # comes before any piece
            if refusal.number not in self._bad_token:
                raise
        token = await self._tokens.renew(token)
        async with aclosing(self._calls.pieces(url, {"access_token": token, **params})) as pieces:
            async for piece in pieces:
                yield piece
