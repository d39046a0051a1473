"""The customer's own address behind proxies that we trust.

Anybody can write `X-Forwarded-For`; only what a proxy of ours has added to its end is known to be true. So it is read
from the right, as long as it was one of ours that speaks.
"""

import ipaddress
from collections.abc import Sequence

from aiohttp import web

from bot.gateway import keys
from bot.gateway.limits import address_key

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
FORWARDED = "X-Forwarded-For"


def read_networks(listed: str) -> tuple[Network, ...]:
    """Addresses and networks with commas between.

    Raises:
        ValueError: one of them is none.
    """
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in listed.split(",") if one.strip())
    except ValueError as error:
        raise ValueError(f"ANFU_TRUSTED_PROXIES 应是地址或网段，用逗号隔开，如 127.0.0.1,10.0.0.0/8：{error}") from None


def peer_of(request: web.Request) -> str:
    """The one who asks, as limits count them: a customer's own address, not that of the proxy that brings it."""
    told = ",".join(request.headers.getall(FORWARDED, []))
    return address_key(first_stranger(request.remote, told, request.app[keys.PROXIES]))


def first_stranger(peer: str | None, forwarded: str, proxies: Sequence[Network]) -> str | None:
    """Who asked the outermost of our proxies; the peer itself, where it is none of ours."""
    address = peer
    for told in reversed(forwarded.split(",")):
        if not _is_ours(address, proxies) or _read(told.strip()) is None:
            break
        address = told.strip()
    return address


def _is_ours(address: str | None, proxies: Sequence[Network]) -> bool:
    known = _read(address or "")
    return known is not None and any(known in network for network in proxies)


def _read(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = known.ipv4_mapped if isinstance(known, ipaddress.IPv6Address) else None
    return mapped or known
