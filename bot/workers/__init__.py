"""Loops around the use cases."""

from typing import Protocol


class Worker(Protocol):
    """A loop that is started and stopped with the service."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
