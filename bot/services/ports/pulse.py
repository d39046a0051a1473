"""What an operator watches."""

from datetime import datetime
from typing import Protocol

from bot.domain.pulse import Pulse, Tables


class Pulses(Protocol):
    """How the service is doing."""

    def at(self, now: datetime) -> Pulse:
        """Count what waits and what is late at a moment, without going through what there is."""
        ...

    def tables(self) -> Tables:
        """Whether the tables have the form that this version of the program knows."""
        ...
