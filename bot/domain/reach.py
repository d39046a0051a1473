"""How many messages may still go to a customer, and until when: what the platforms allow (W2, W3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.incoming import Did


@dataclass(frozen=True)
class Grant:
    """How many messages something that the customer does allows, and for how long."""

    most: int
    lasts: timedelta


@dataclass(frozen=True)
class Limits:
    """What a channel takes.

    Attributes:
        grants: what may be sent after what the customer did; empty where there is no limit.
        reserve: how many of the last ones are kept for people and for the handover.
        text_bytes: the longest text in UTF-8; 0 where there is no limit.
        merges: whether several of our sentences go out as one message.
        choices: how many buttons a message may have; 0 where buttons become words.
        sends_files: the kinds of file that go out as files; others go out as a link.
        repeats: whether the same parcel sent again arrives once.
        quiet_seconds: how long to wait for a further bubble before answering (A1); None for the service's own time.
        passive: whether messages wait until the customer asks for them, for want of a way to send.
    """

    grants: Mapping[Did, Grant]
    reserve: int = 0
    text_bytes: int = 0
    merges: bool = False
    choices: int = 0
    sends_files: frozenset[str] = frozenset()
    repeats: bool = False
    quiet_seconds: float | None = None
    passive: bool = False

    @property
    def counts(self) -> bool:
        """Whether messages are counted."""
        return bool(self.grants)


UNLIMITED = Limits({}, repeats=True)
"""A channel that is our own, such as the website."""


@dataclass(frozen=True)
class Opening:
    """A grant in force since the customer did something.

    Attributes:
        left: how many messages may still go; below 0 where others went that another opening allowed.
    """

    did: Did
    at: datetime
    until: datetime
    left: int


@dataclass(frozen=True)
class Reach:
    """What may still go to one customer.

    Whether the platform counts a message against one opening or another is its secret; so a message counts against
    all that are open, and may go while any has something left: never more than the platform allows.

    Attributes:
        has_left: the customer no longer follows.
        state: what the platform says of the session, where it has one (W3).
    """

    conversation_id: str
    openings: tuple[Opening, ...] = ()
    has_left: bool = False
    state: str = ""

    def opened(self, did: Did, at: datetime, limits: Limits) -> "Reach":
        """After what the customer did; an opening of the same kind begins anew."""
        if did is Did.LEFT and any(opening.at > at for opening in self.openings):
            return self  # they are back: the platform brings that they left once more, or late
        if did is Did.LEFT:
            return replace(self, openings=(), has_left=True)
        grant = limits.grants.get(did)
        if grant is None:
            return self
        if any(opening.did is did and opening.at > at for opening in self.openings):
            return self  # an older one that came late
        others = tuple(o for o in self.openings if o.did is not did)
        new = Opening(did, at, at + grant.lasts, grant.most)
        return replace(self, openings=(*others, new), has_left=False)

    def has_opened_since(self, earlier: "Reach") -> bool:
        """Whether the customer has done something that opens the way since it was like that."""
        return not {(o.did, o.at) for o in self.openings} <= {(o.did, o.at) for o in earlier.openings}

    def left(self, now: datetime) -> int:
        """How many messages may go now."""
        return max(0, *(opening.left for opening in self.openings if now < opening.until), 0)

    def until(self, now: datetime) -> datetime | None:
        """How long what is left may go; None where nothing may."""
        return max((o.until for o in self.openings if now < o.until and o.left > 0), default=None)

    def spent(self, now: datetime) -> "Reach":
        """One message fewer."""
        return self._changed(now, lambda opening: opening.left - 1)

    def returned(self, now: datetime, limits: Limits) -> "Reach":
        """The platform refused the message: it was not counted there, so it may not count here.

        What has opened since it was counted was never charged for it, and has no more than it began with.
        """
        return self._changed(now, lambda opening: min(opening.left + 1, limits.grants[opening.did].most))

    def used_up(self) -> "Reach":
        """The platform says that nothing more may go."""
        return replace(self, openings=tuple(replace(o, left=min(0, o.left)) for o in self.openings))

    def may_send(self, now: datetime, limits: Limits, is_reserved: bool) -> bool:
        """Whether a message may go now.

        Args:
            is_reserved: it is a person's word or the handover, which the reserve is kept for.
        """
        if not limits.counts:
            return True
        return not self.has_left and self.left(now) > (0 if is_reserved else limits.reserve)

    def _changed(self, now: datetime, left: Callable[[Opening], int]) -> "Reach":
        """With another count in each opening that is in force."""
        return replace(self, openings=tuple(replace(o, left=left(o)) if now < o.until else o for o in self.openings))
