"""A wait that is kept in memory."""

from datetime import datetime, timedelta


class Pause:
    """Lasts from one moment to another.

    It is over too where the clock shows a time before its beginning: the clock was ahead then and has been set right,
    and the end that it gave is far from now.
    """

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._until: datetime | None = None

    def begin(self, now: datetime, length: timedelta) -> datetime:
        """Pause from now on; returns until when."""
        self._since, self._until = now, now + length
        return self._until

    def lasts(self, now: datetime) -> bool:
        """Whether it is not over yet."""
        return self._since is not None and self._until is not None and self._since <= now < self._until
