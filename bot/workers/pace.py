"""How fast turns are answered while more wait than run, and how many may wait so that nobody waits too long."""

WAIT_AT_MOST = 10.0
"""Seconds within which everybody who is let in should be answered."""
FIRST_GUESS = 0.05
"""Seconds from one answer to the next, before any was measured: twenty a second on one machine."""
WEIGHT = 0.05
"""How much one turn moves the running mean: about the last twenty count."""


class Pace:
    """The seconds from one end of a turn to the next, as a running mean over the times in which others wait.

    While nobody waits the ends say how often customers write, and nothing of how fast they could be answered.
    """

    def __init__(self, least: int, most: int) -> None:
        """Nothing is measured yet.

        Args:
            least, most: the room is never below or above; conversations.
        """
        self.seconds = FIRST_GUESS
        self._least = least
        self._most = most
        self._last: float | None = None

    def ended(self, now: float, others_wait: bool) -> None:
        """A turn has ended.

        Args:
            now: seconds that never run backwards.
        """
        if self._last is not None:
            self.seconds += (now - self._last - self.seconds) * WEIGHT
        self._last = now if others_wait else None

    @property
    def room(self) -> int:
        """How many may wait."""
        return max(self._least, min(self._most, round(WAIT_AT_MOST / max(self.seconds, 1e-6))))
