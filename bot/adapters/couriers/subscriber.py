"""Events to other systems that subscribed: signed like notices to departments, and never into our own network."""

import asyncio
import errno
import socket
from collections.abc import Callable, Collection
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver

from bot.adapters.couriers.webhook import ANSWER_WITHIN, WebhookCourier
from bot.domain.errors import CourierFailure, InvalidInput
from bot.domain.notice import Notice
from bot.domain.webhook import is_inside
from bot.services.ports import Clock


class SubscriberCourier(WebhookCourier):
    """Brings events to subscribers.

    Args:
        address_of: where a subscription's events go now; None where it is gone.
        trusted: hosts of our own network that may be told.
    """

    def __init__(
        self,
        address_of: Callable[[str], str | None],
        trusted: Collection[str],
        secret: str,
        clock: Clock,
        timeout: float = ANSWER_WITHIN,
    ) -> None:
        super().__init__({}, secret, clock, timeout)
        self._address_of = address_of
        self._trusted = trusted

    async def _receiver(self, notice: Notice) -> tuple[str, str]:
        try:
            address = await asyncio.to_thread(self._address_of, notice.to)
        except InvalidInput as error:
            raise CourierFailure(str(error)) from error
        if address is None:
            raise CourierFailure("这个订阅已经删除，不再发送")
        return "订阅方", address

    def _connector(self) -> aiohttp.BaseConnector:
        return aiohttp.TCPConnector(resolver=_OpenInternet(self._trusted), use_dns_cache=False)


class _OpenInternet(AbstractResolver):
    """Finds addresses, and refuses those of our own network: what was checked is what is connected to."""

    def __init__(self, trusted: Collection[str]) -> None:
        self._resolver = aiohttp.ThreadedResolver()
        self._trusted = trusted

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[Any]:
        """The host's addresses.

        Raises:
            OSError: there is none, or one is inside.
        """
        found = await self._resolver.resolve(host, port, family)
        if host.lower() not in self._trusted and any(is_inside(str(place["host"])) for place in found):
            raise OSError(errno.EACCES, f"{host} 指向本机或内网，不发送")
        return list(found)

    async def close(self) -> None:
        """Nothing is kept open."""
        await self._resolver.close()
