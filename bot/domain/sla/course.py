"""How a matter went, as its deadlines see it: when each clock began, stood and ended (D7, invariants 5 and 6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.domain.actor import BOT, CUSTOMER, SYSTEM
from bot.domain.sla.policy import OVER, Case, Entry, Limit, Target

CANCELLED = "cancelled"

_WANTS_ANSWER = frozenset({"customer_said", "urged"})
_NO_STAFF = frozenset({CUSTOMER.name, BOT.name, SYSTEM.name})


def answers(entry: Entry) -> bool:
    """Whether a person of the company replied, or ended the matter: a result is an answer (invariant 6)."""
    return entry.actor not in _NO_STAFF and (entry.event == "reply" or _ends(entry))


def drops(entry: Entry) -> bool:
    """Whether no answer is owed any more: it was called off, or the customer says that it is settled."""
    return entry.to_status == CANCELLED or (entry.actor == CUSTOMER.name and _ends(entry))


def wants_answer(entry: Entry) -> bool:
    """Whether the customer waits for an answer from here: added something, urged, or reopened (B6, C7)."""
    return entry.event in _WANTS_ANSWER or (entry.actor == CUSTOMER.name and _reopens(entry))


def _ends(entry: Entry) -> bool:
    return entry.to_status in OVER and entry.from_status != entry.to_status


def _reopens(entry: Entry) -> bool:
    return entry.from_status in OVER and entry.to_status not in OVER


@dataclass(frozen=True)
class Run:
    """One running of a clock: from `started_at` until `ended_at`, or still.

    Attributes:
        kept: whether it ended because what was promised was done; otherwise nothing was owed any more.
    """

    started_at: datetime
    ended_at: datetime | None = None
    kept: bool = False


@dataclass(frozen=True)
class Stretch:
    """A span of time in which a clock ran, or stood because of the status that `standing` names."""

    begin: datetime
    end: datetime
    standing: str | None = None


class Course:
    """A matter as its history tells it up to a moment.

    Args:
        case: the matter. An entry that is dated before the one ahead of it counts as of that one's moment.
        now: aware; a clock that lags behind the history is taken for the history's last moment.
    """

    def __init__(self, case: Case, now: datetime) -> None:
        self._opened_at = last = case.opened_at
        self._entries: list[tuple[datetime, Entry]] = []
        for entry in case.history:
            last = max(last, entry.at)
            self._entries.append((last, entry))
        self.now = max(now, last)

    def runs(self, target: Target) -> Iterator[Run]:
        """Every running of the target's clock; only that of the next reply can begin more than once."""
        if target is Target.FIRST_REPLY:
            yield self._first_reply()
        elif target is Target.NEXT_REPLY:
            yield from self._next_replies()
        else:
            yield self._until_over(ends_with_refund=target is Target.REFUND)

    def stretches(self, run: Run, limit: Limit) -> list[Stretch]:
        """When the clock ran and when it stood, without a gap; a matter that was over and reopened stood meanwhile."""
        end = run.ended_at or self.now
        if not limit.stands_in:
            return [Stretch(run.started_at, end)]
        found: list[Stretch] = []
        begin, standing = run.started_at, None
        for at, entry in self._entries:
            status = entry.to_status if entry.to_status in limit.stands_in else None
            if run.ended_at and at >= run.ended_at:
                break
            if status != standing:
                if at > begin:
                    found.append(Stretch(begin, at, standing))
                begin, standing = max(at, begin), status
        return [*found, Stretch(begin, end, standing)]

    def _first_reply(self) -> Run:
        for at, entry in self._entries:
            if answers(entry) or drops(entry):
                return Run(self._opened_at, at, kept=answers(entry))
        return Run(self._opened_at)

    def _next_replies(self) -> Iterator[Run]:
        since: datetime | None = None
        for at, entry in self._entries:
            if since is None:
                since = at if wants_answer(entry) else None
            elif answers(entry) or drops(entry):
                yield Run(since, at, kept=answers(entry))
                since = None
        if since:
            yield Run(since)

    def _until_over(self, ends_with_refund: bool) -> Run:
        """Until the end that lasts: one that was reopened is none. A refund that was paid stays paid."""
        over = refunded = cancelled = None
        for at, entry in self._entries:
            if ends_with_refund and entry.event == "refunded":
                refunded = refunded or at
            if entry.to_status == CANCELLED:
                cancelled = at
                break
            over = (over or at) if entry.to_status in OVER else None
        ends = [end for end in (over, refunded) if end]
        return Run(self._opened_at, min(ends), kept=True) if ends else Run(self._opened_at, cancelled)
