"""Both platforms' state behind one clock. It is the judge of who uses them: it counts strictly, and by itself."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from bot.simulator.kf import Kf
from bot.simulator.media import MediaStore
from bot.simulator.official import Official
from bot.simulator.refusals import QUOTA, Refused

CHINA = timezone(timedelta(hours=8))
CALLS_A_DAY = 500_000
CALLS_KEPT = 300


@dataclass(frozen=True)
class Call:
    """One call of an interface: what the platform answered, and how long that took.

    Attributes:
        fault: what went wrong on purpose, so that the answer was another or none; empty where nothing did.
    """

    at: datetime
    path: str
    code: int
    took_ms: float
    fault: str = ""


class Platform:
    """Everything the platforms know.

    Attributes:
        daily_limit: how often one interface may be called in a day (45009).
        calls: the last calls of interfaces.
        version: grows with each change.
        on_change: told of each change.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.media = MediaStore(self.now)
        self.official = Official(self.now, self.media, self.changed)
        self.kf = Kf(self.now, clock, self.media, self.changed)
        self.daily_limit = CALLS_A_DAY
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.version = 0
        self.on_change: Callable[[], None] = lambda: None
        self._ahead = timedelta()
        self._called: Counter[tuple[date, str]] = Counter()

    def now(self) -> datetime:
        """The platform's time: the clock, and what it was moved ahead by."""
        return self.clock() + self._ahead

    def advance(self, by: timedelta) -> None:
        """What the platform remembers becomes older; calls go on to be dated by the clock, which the service shares."""
        self._ahead += by
        self.changed()

    @property
    def sent_beyond_quota(self) -> int:
        """How often a message was sent that no grant allowed; a good service keeps it at 0."""
        return self.official.sent_beyond_quota + self.kf.sent_beyond_quota

    @property
    def tokens_issued(self) -> int:
        """How often an access token was handed out, of both platforms."""
        return self.official.tokens.issued + self.kf.tokens.issued

    def count_call(self, path: str) -> None:
        """An interface is called.

        Raises:
            Refused: it was called too often today.
        """
        today = self.now().astimezone(CHINA).date(), path
        self._called[today] += 1
        if self._called[today] > self.daily_limit:
            raise Refused(QUOTA)

    def note(self, call: Call) -> None:
        """Keep a call in the log."""
        self.calls.append(call)
        self.changed()

    def changed(self) -> None:
        """Something is different from before."""
        self.version += 1
        self.on_change()
