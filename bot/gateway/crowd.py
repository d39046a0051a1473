"""How many may be held open at a time by one address, so that nobody takes the places of all the others."""

import ipaddress
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bot.gateway.errors import too_many

AGAIN_AFTER_SECONDS = 10.0
SHARE = 5
"""One address gets at most a fifth of all places."""
_LOCAL_V6 = ipaddress.ip_network("::/64")
"""Where `::1` is, and nobody else."""


class Crowd:
    """Who is inside, by key; nothing is remembered of who has left."""

    def __init__(self, most: int) -> None:
        """Let in `most` of one key at a time."""
        self._most = most
        self._inside: Counter[str] = Counter()

    @contextmanager
    def enter(self, key: str) -> Iterator[None]:
        """Be inside while the block runs.

        An address of this very machine is not counted: it is a proxy that was not named as one (`trusted_proxies`), and
        stands for everybody.

        Raises:
            Refused: 429, too many of the same are inside.
        """
        if is_this_machine(key):
            yield
            return
        if self._inside[key] >= self._most:
            raise too_many(AGAIN_AFTER_SECONDS)
        self._inside[key] += 1
        try:
            yield
        finally:
            self._inside[key] -= 1
            if not self._inside[key]:
                del self._inside[key]

    def __len__(self) -> int:
        return len(self._inside)


def is_this_machine(key: str) -> bool:
    """Whether an address, as limits count it, is one of the machine itself."""
    try:
        network = ipaddress.ip_network(key)
    except ValueError:
        return False
    return network.is_loopback or network == _LOCAL_V6
