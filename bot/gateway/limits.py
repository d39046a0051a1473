"""How much one conversation, or one address, may ask for in a minute (flooding)."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MINUTE = 60.0
MOST_KEYS = 100_000
"""Buckets that one limiter remembers, about 20 MB; beyond that the one longest unused is forgotten."""


@dataclass
class _Bucket:
    tokens: float
    at: float


class Limiter:
    """A token bucket per key. A bucket idle for a minute is full again, which is the same as none: it is forgotten."""

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        """Allow `per_minute` at once and on average.

        Args:
            per_minute: at least 1.
            now: seconds that never run backwards.

        Raises:
            ValueError: `per_minute` is below 1, which would let nobody in.
        """
        if per_minute < 1:
            raise ValueError("a limit per minute must be at least 1")
        self._capacity = float(per_minute)
        self._per_second = per_minute / _MINUTE
        self._now = now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str) -> float:
        """Use one of the key's allowance.

        Returns:
            0 where it was granted, else the seconds until the next one is.
        """
        now = self._now()
        self._forget_idle(now)
        bucket = self._buckets.setdefault(key, _Bucket(self._capacity, now))
        self._buckets.move_to_end(key)
        bucket.tokens = min(self._capacity, bucket.tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._per_second
        bucket.tokens -= 1
        return 0.0

    def __len__(self) -> int:
        return len(self._buckets)

    def _forget_idle(self, now: float) -> None:
        # Least recently used first: the first busy one ends the search.
        while self._buckets and now - next(iter(self._buckets.values())).at >= _MINUTE:
            self._buckets.popitem(last=False)
        while len(self._buckets) >= MOST_KEYS:
            self._buckets.popitem(last=False)


def seldom(
    do: Callable[[str], None], seconds: float, now: Callable[[], float] = time.monotonic
) -> Callable[[str], None]:
    """The same for a key at most once in so many seconds; what comes sooner is dropped."""
    done: OrderedDict[str, float] = OrderedDict()

    def call(key: str) -> None:
        moment = now()
        while done and moment - next(iter(done.values())) >= seconds:
            done.popitem(last=False)
        if key not in done:
            done[key] = moment
            do(key)

    return call


def address_key(remote: str | None) -> str:
    """The peer that an address stands for: an IPv4 address, or the /64 network that one IPv6 customer owns whole."""
    try:
        address = ipaddress.ip_address((remote or "").partition("%")[0])
    except ValueError:
        return remote or "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address.ipv4_mapped)
    return str(address)
