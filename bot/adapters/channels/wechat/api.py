"""WeChat's API for 公众号: messages, typing, media, and the token that opens it (W2, W4, W5)."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import aiohttp
from yarl import URL

from bot.adapters.channels.authorised import AuthorisedCalls, token_in
from bot.adapters.channels.calls import ANSWER_WITHIN, Calls, NoAnswer, Refusal
from bot.adapters.channels.tokens import AccessTokens
from bot.adapters.channels.wechat.account import NAME, WeChatAccount
from bot.adapters.channels.wechat.refusals import BAD_TOKEN, NO_FILE, words_of
from bot.domain.errors import MediaGone
from bot.services.ports import Clock, UnitOfWorkFactory

_FILE_HOST = "qq.com"
_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}


class WeChatApi:
    """The API of one account. An async context manager.

    Attributes:
        calls: what needs no token, such as the platform's time.
    """

    def __init__(
        self, account: WeChatAccount, uow: UnitOfWorkFactory, secret: str, clock: Clock, timeout: float = ANSWER_WITHIN
    ) -> None:
        """Open nothing yet.

        Args:
            secret: the service's; access tokens are stored sealed with it.
        """
        self._account = account
        self.calls = Calls(account.api, "微信", (account.secret, account.token, account.aes_key), timeout)
        tokens = AccessTokens(uow, secret, clock, f"{NAME}:{account.app_id}", self.ask_token)
        self._authorised = AuthorisedCalls(self.calls, tokens, BAD_TOKEN)

    async def __aenter__(self) -> "WeChatApi":
        await self.calls.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.calls.__aexit__()

    async def ask_token(self) -> tuple[str, timedelta]:
        """An access token, and how long it lasts; none that is in use loses its force by it.

        Raises:
            NoToken: the platform gives none.
        """
        credentials = {
            "grant_type": "client_credential", "appid": self._account.app_id, "secret": self._account.secret,
        }  # fmt: skip
        return await token_in(self.calls.ask("POST", "/cgi-bin/stable_token", body=credentials), words_of)

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send a 客服消息.

        Raises:
            NotSent, NoAnswer, Refusal: see there. ChannelFailure: no token in time.
        """
        said = await self._authorised.ask("POST", "/cgi-bin/message/custom/send", body=message)
        if "errcode" not in said:
            raise NoAnswer("微信没有说消息发出了没有")

    async def show_typing(self, openid: str) -> None:
        """Show “对方正在输入…” to a customer.

        Raises:
            ChannelFailure: it could not be shown.
        """
        await self._authorised.ask(
            "POST", "/cgi-bin/message/custom/typing", body={"touser": openid, "command": "Typing"}
        )

    async def upload_image(self, content: bytes, type_: str) -> str:
        """Give an image to the platform for three days; returns what it is called there.

        Raises:
            NotSent, NoAnswer, Refusal: see there. ChannelFailure: no token in time.
        """

        def form() -> aiohttp.FormData:
            filled = aiohttp.FormData()
            filled.add_field("media", content, filename=f"image.{_SUFFIXES[type_]}", content_type=type_)
            return filled

        said = await self._authorised.ask("POST", "/cgi-bin/media/upload", form=form, type="image")
        if not isinstance(said.get("media_id"), str):
            raise NoAnswer("微信没有收下图片")
        return str(said["media_id"])

    async def fetch(self, media_id: str) -> AsyncGenerator[bytes, None]:
        """A customer's file, in pieces.

        Raises:
            MediaGone: the platform no longer has it. ChannelFailure: try again later.
        """
        address = ""  # of a video the platform only tells where it lies
        try:
            async with aclosing(self._authorised.pieces("/cgi-bin/media/get", media_id=media_id)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, bytes):
                        yield piece
                    elif not (address := str(piece.get("video_url", ""))):
                        raise NoAnswer("微信没有给出文件，稍后再试")
        except Refusal as refusal:
            if refusal.number in NO_FILE:
                raise MediaGone(words_of(refusal)) from None
            raise
        if address:
            async with aclosing(self.calls.pieces(self._trusted(address))) as pieces:
                async for piece in pieces:
                    if not isinstance(piece, bytes):
                        raise MediaGone("微信给出的地址上没有视频")
                    yield piece

    def _trusted(self, address: str) -> str:
        """Where a video lies: with the API itself, or with the platform, and then over HTTPS.

        Raises:
            MediaGone: it lies elsewhere.
        """
        try:
            url = URL(address)
            is_its_own = url.origin() == URL(self.calls.api).origin()
        except ValueError:
            raise MediaGone("微信给出的视频地址读不懂") from None
        if is_its_own:
            return address
        host = url.host or ""
        if host != _FILE_HOST and not host.endswith("." + _FILE_HOST):
            raise MediaGone("微信给出的视频不在它自己的服务器上，没有下载")
        return str(url.with_scheme("https").with_port(None))
