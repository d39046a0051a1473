"""Which day it is for 「昨天」 and 「上周六」; who wires a process may pass its own clock."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from bot.domain.dates import local_day

_now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731


def use_clock(now: Callable[[], datetime]) -> None:
    """From now on, read days relative to this clock."""
    global _now
    _now = now


def today() -> date:
    """The day in Shanghai."""
    return local_day(_now())
