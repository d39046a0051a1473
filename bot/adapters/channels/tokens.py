"""Access tokens of platforms: however many nodes there are, one asks for a new one, and all use it (W5)."""

import asyncio
import base64
import hashlib
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken

from bot.domain.errors import ChannelFailure
from bot.services.ports import Clock, UnitOfWorkFactory
from bot.services.ports.channels import StoredToken

log = logging.getLogger(__name__)

AHEAD = timedelta(minutes=4)
"""How long before its end a token is replaced: WeChat gives a new one in the last five minutes only."""
ASKING_LASTS = timedelta(seconds=15)
"""After this, one who asks is taken for dead."""
_LOOK_SECONDS = 0.1
_WAIT_SECONDS = 10.0


class AccessTokens:
    """The access token of one account of a platform."""

    def __init__(
        self, uow: UnitOfWorkFactory, secret: str, clock: Clock, account: str,
        ask: Callable[[], Awaitable[tuple[str, timedelta]]], ahead: timedelta = AHEAD,
    ) -> None:  # fmt: skip
        """Ask nobody yet.

        Args:
            secret: the service's; tokens are stored sealed with a key that is derived from it.
            account: what the token is stored under, such as `wechat:wx1234`.
            ask: asks the platform for a token and how long it lasts; raises `ChannelFailure`.
            ahead: how long before its end the platform gives another one; 0 where it only does so afterwards.
        """
        self._uow = uow
        key = hashlib.sha256(b"anfu access token\0" + secret.encode()).digest()
        self._seal = Fernet(base64.urlsafe_b64encode(key))
        self._clock = clock
        self._account = account
        self._ask = ask
        self._ahead = ahead
        self._known: StoredToken | None = None
        self._turn = asyncio.Lock()

    async def get(self) -> str:
        """A token that is good.

        Raises:
            ChannelFailure: the platform gives none.
        """
        known = self._known
        # While one of this node replaces it, the others go on with the old one.
        if known and self._clock() < known.expires_at - (timedelta() if self._turn.locked() else self._ahead):
            return known.value
        async with self._turn:
            return await self._current("")

    async def renew(self, bad: str) -> str:
        """Another token than the one that the platform does not take; who else has noticed has maybe asked for it.

        Raises:
            ChannelFailure: the platform gives none.
        """
        async with self._turn:
            return await self._current(bad)

    async def _current(self, bad: str) -> str:
        for _ in range(int(_WAIT_SECONDS / _LOOK_SECONDS)):
            holder = uuid.uuid4().hex
            may_ask, token = await asyncio.to_thread(self._look, holder, bad)
            if may_ask:
                return await self._replace(holder, token)
            if token:  # fresh, or good enough while another asks
                self._known = token
                return token.value
            await asyncio.sleep(_LOOK_SECONDS)
        raise ChannelFailure("等另一个节点换取 access_token 等得太久，稍后再试")

    def _look(self, holder: str, bad: str) -> tuple[bool, StoredToken | None]:
        """Whether this holder is to ask for a new token, and the old one where it is still good."""
        now = self._clock()
        with self._uow() as uow:
            may_ask = uow.platform_tokens.take_refresh(self._account, holder, now, now + ASKING_LASTS)
            # Read behind the lock: what another has just stored is seen, and nobody asks twice.
            token = self._opened(uow.platform_tokens.get(self._account), now, bad)
            if may_ask and token and now < token.expires_at - self._ahead:
                uow.platform_tokens.drop_refresh(self._account, holder)
                may_ask = False
            uow.commit()
        return may_ask, token

    async def _replace(self, holder: str, old: StoredToken | None) -> str:
        try:
            value, lasts = await self._ask()
        except BaseException as error:
            if old and isinstance(error, ChannelFailure):
                # Nobody asks again until this holder is taken for dead: that spares the platform.
                log.warning("no new access token for %s yet, going on with the old one", self._account)
                self._known = old
                return old.value
            await asyncio.to_thread(self._give_up, holder)
            raise
        self._known = StoredToken(value, self._clock() + lasts)
        await asyncio.to_thread(self._save, holder, self._known)
        return value

    def _save(self, holder: str, token: StoredToken) -> None:
        sealed = replace(token, value=self._seal.encrypt(token.value.encode()).decode())
        with self._uow() as uow:
            uow.platform_tokens.save(self._account, holder, sealed)
            uow.commit()

    def _give_up(self, holder: str) -> None:
        with self._uow() as uow:
            uow.platform_tokens.drop_refresh(self._account, holder)
            uow.commit()

    def _opened(self, stored: StoredToken | None, now: datetime, bad: str) -> StoredToken | None:
        """A stored token that is still good."""
        if stored is None or now >= stored.expires_at:
            return None
        try:
            value = self._seal.decrypt(stored.value.encode()).decode()
        except InvalidToken:
            return None  # sealed with another ANFU_SECRET
        return None if value == bad else StoredToken(value, stored.expires_at)
