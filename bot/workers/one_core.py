"""Keeps the process on one core.

Python lets one thread run at a time. Where the kernel spreads our threads over cores, each handing-over wakes another
core, which costs a quarter of a turn's processor time (`bench/LOAD.md`). What others run is theirs to place.
"""

import asyncio
import logging
import os
import random
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

LOOK_EVERY = 3.0
MUCH = 0.25
"""A core that others use so much less is worth the move, as a part of its time."""
_IDLE, _WAITING = 3, 4
"""Columns of `/proc/stat`: time in which a core did nothing."""

Busy = Mapping[int, float]
"""By core: seconds in which it did something, since the machine started."""


class OneCore:
    """One task that looks now and then whether another core is better; where cores cannot be chosen it does nothing."""

    def __init__(self, number: int | None = None) -> None:
        """`number`: which of several processes this is, so that each begins on a core of its own."""
        self._number = number
        self._cores: list[int] = []
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Choose a core among those that the process may use, and look after it."""
        if sys.platform == "linux":
            self._cores = sorted(os.sched_getaffinity(0))
        if len(self._cores) > 1:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Be on all of them again."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            _move_to(self._cores)

    async def _run(self) -> None:
        number = random.randrange(len(self._cores)) if self._number is None else self._number
        core = self._cores[number % len(self._cores)]
        _move_to([core])
        busy, own, at = _busy(), time.process_time(), time.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY * random.uniform(0.7, 1.3))
            busy_now, own_now, now = _busy(), time.process_time(), time.monotonic()
            others = {one: (busy_now[one] - busy.get(one, 0.0)) / (now - at) for one in self._cores if one in busy_now}
            if core in others:
                others[core] -= (own_now - own) / (now - at)
            better = better_core(core, others)
            # Two on the same core see the same: not both are to leave it.
            if better is not None and random.random() < 0.5:
                log.info("this process moves from core %d to core %d, which others use less", core, better)
                core = better
                _move_to([core])
            busy, own, at = busy_now, own_now, now


def better_core(mine: int, others: Mapping[int, float]) -> int | None:
    """The core to move to, or None.

    Args:
        others: by core, the part of its time that others use, 0 to 1; a core that is missing is gone.
    """
    if not others:
        return None
    best = min(others, key=lambda core: (others[core], core))
    return best if others.get(mine, 1.0 + MUCH) - others[best] >= MUCH else None


def _move_to(cores: list[int]) -> None:
    """Let all threads of the process run on these cores alone; those that they start do the same."""
    for thread in os.listdir("/proc/self/task"):
        with suppress(OSError):  # it has ended; or the core has gone, or somebody does not let us choose
            os.sched_setaffinity(int(thread), cores)


def _busy() -> Busy:
    ticks = os.sysconf("SC_CLK_TCK")
    found = {}
    for line in Path("/proc/stat").read_text().splitlines():
        name, *times = line.split()
        if name.startswith("cpu") and name != "cpu":
            spent = [int(value) for value in times[:8]]
            found[int(name[3:])] = (sum(spent) - spent[_IDLE] - spent[_WAITING]) / ticks
    return found
