"""The interface of 微信客服: pulling, sending, sessions, media, and the token that opens it (W3, W4, W5)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any

import aiohttp

from bot.adapters.channels.authorised import AuthorisedCalls, token_in
from bot.adapters.channels.calls import Calls, NoAnswer, Refusal
from bot.adapters.channels.kf.account import NAME, KfAccount
from bot.adapters.channels.kf.refusals import BAD_TOKEN, NO_FILE, TOO_BIG, words_of
from bot.adapters.channels.tokens import AccessTokens
from bot.domain.errors import MediaGone, TooLong
from bot.services.ports import Clock, UnitOfWorkFactory

MOST_PER_PAGE = 1000
AMR = 0
"""The form of voice messages; 1 would be Silk, which nobody can play."""
_AT_EXPIRY = timedelta()
"""Until then `gettoken` gives the same token again."""


class State(IntEnum):
    """Where a session is."""

    NEW = 0
    """The customer has written, and nobody has it."""
    ASSISTANT = 1
    """The interface answers: that is us."""
    QUEUED = 2
    """It waits for a person in 企业微信."""
    PERSON = 3
    """A person has it in 企业微信."""
    ENDED = 4
    """It is over, or has not begun: the customer has come in without writing."""


@dataclass(frozen=True)
class Servicing:
    """One 客服账号: what it is called, and whether our application may manage it."""

    open_kfid: str
    name: str
    may_manage: bool


class KfApi:
    """The interface for one company. An async context manager.

    Attributes:
        calls: what needs no token, such as the platform's time.
    """

    def __init__(self, account: KfAccount, uow: UnitOfWorkFactory, secret: str, clock: Clock) -> None:
        """Open nothing yet.

        Args:
            secret: the service's; access tokens are stored sealed with it.
        """
        self._account = account
        self.calls = Calls(account.api, "企业微信", (account.secret, account.token, account.aes_key))
        tokens = AccessTokens(uow, secret, clock, f"{NAME}:{account.corp_id}", self.ask_token, _AT_EXPIRY)
        self._authorised = AuthorisedCalls(self.calls, tokens, BAD_TOKEN)

    async def __aenter__(self) -> "KfApi":
        await self.calls.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.calls.__aexit__()

    async def ask_token(self) -> tuple[str, timedelta]:
        """An access token, and how long it lasts.

        Raises:
            NoToken: the platform gives none.
        """
        credentials = {"corpid": self._account.corp_id, "corpsecret": self._account.secret}
        return await token_in(self.calls.ask("GET", "/cgi-bin/gettoken", credentials), words_of)

    async def sync(self, open_kfid: str, token: str, cursor: str) -> tuple[list[Any], str, bool]:
        """What came to a 客服账号 after the cursor, where the next page begins, and whether there is one.

        Args:
            token: of the callback; without one the platform lets us ask seldom.
            cursor: where the last page ended; empty for everything of the last three days.

        Raises:
            NotSent, NoAnswer, Refusal: see there. ChannelFailure: no token in time.
        """
        where = {"cursor": cursor} if cursor else {}
        allowed = {"token": token} if token else {}
        asked = {**where, **allowed, "limit": MOST_PER_PAGE, "voice_format": AMR, "open_kfid": open_kfid}
        said = await self._authorised.ask("POST", "/cgi-bin/kf/sync_msg", asked)
        messages, following = said.get("msg_list", []), said.get("next_cursor", "")
        if not isinstance(messages, list) or not isinstance(following, str):
            raise NoAnswer("企业微信给出的消息读不懂")
        following = following or cursor
        return messages, following, said.get("has_more") == 1 and following != cursor

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send a message in a session.

        Raises:
            NotSent, NoAnswer, Refusal: see there. ChannelFailure: no token in time.
        """
        said = await self._authorised.ask("POST", "/cgi-bin/kf/send_msg", message)
        if "errcode" not in said:
            raise NoAnswer("企业微信没有说消息发出了没有")

    async def state(self, open_kfid: str, external_userid: str) -> State:
        """Where the customer's session is.

        Raises:
            NotSent, NoAnswer, Refusal: see there. ChannelFailure: no token in time.
        """
        asked = {"open_kfid": open_kfid, "external_userid": external_userid}
        said = await self._authorised.ask("POST", "/cgi-bin/kf/service_state/get", asked)
        try:
            return State(said["service_state"])
        except (KeyError, ValueError):
            raise NoAnswer("企业微信给出的会话状态读不懂") from None

    async def change_state(self, open_kfid: str, external_userid: str, state: State) -> None:
        """Move the customer's session, as far as the platform lets it go there.

        Raises:
            NotSent, NoAnswer, Refusal: see there. ChannelFailure: no token in time.
        """
        asked = {"open_kfid": open_kfid, "external_userid": external_userid, "service_state": state.value}
        await self._authorised.ask("POST", "/cgi-bin/kf/service_state/trans", asked)

    async def accounts(self) -> list[Servicing]:
        """The 客服账号 that our application sees.

        Raises:
            NotSent, NoAnswer, Refusal: see there. ChannelFailure: no token in time.
        """
        said = await self._authorised.ask("POST", "/cgi-bin/kf/account/list", {"offset": 0, "limit": 100})
        listed = said.get("account_list")
        return [
            Servicing(str(one.get("open_kfid")), str(one.get("name")), one.get("manage_privilege") is not False)
            for one in (listed if isinstance(listed, list) else [])
            if isinstance(one, dict)
        ]

    async def upload(self, content: bytes, name: str, type_: str, kind: str) -> str:
        """Give a file to the platform for three days; returns what it is called there.

        Args:
            kind: `image` or `file`.

        Raises:
            NotSent, NoAnswer, Refusal: see there. ChannelFailure: no token in time.
        """

        def form() -> aiohttp.FormData:
            filled = aiohttp.FormData(quote_fields=False)  # the customer reads the name as it is written here
            filled.add_field("media", content, filename=name, content_type=type_)
            return filled

        said = await self._authorised.ask("POST", "/cgi-bin/media/upload", form=form, type=kind)
        if not isinstance(said.get("media_id"), str):
            raise NoAnswer("企业微信没有收下文件")
        return str(said["media_id"])

    async def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        """A customer's file, in pieces.

        Raises:
            MediaGone: the platform no longer has it. TooLong: it would have to be fetched in parts.
            ChannelFailure: try again later.
        """
        try:
            async for piece in self._authorised.pieces("/cgi-bin/media/get", media_id=media_id):
                if isinstance(piece, bytes):
                    yield piece
        except Refusal as refusal:
            if refusal.number in NO_FILE:
                raise MediaGone(words_of(refusal)) from None
            if refusal.number == TOO_BIG:
                raise TooLong("文件超过 20 MB") from None
            raise
