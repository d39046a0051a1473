"""Access tokens as the platforms give and take them back (W5)."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.simulator.refusals import TOKEN_EXPIRED, TOKEN_MISSING, Refused

LASTS = timedelta(seconds=7200)
OVERLAP = timedelta(minutes=5)
"""How long before its end a token is renewed, and how long the old one goes on working beside the new one."""
FORCED_EVERY = timedelta(seconds=30)
FORCED_A_DAY = 20
"""`force_refresh` beyond these gives the token that is there."""

_numbers = itertools.count(1)


@dataclass
class _Token:
    value: str
    until: datetime
    is_dead: bool = False


class Tokens:
    """The tokens of one account.

    Attributes:
        issued: how often one was handed out, the same again included.

    Args:
        invalid: the code for a token that was never given, or was replaced.
    """

    def __init__(self, name: str, now: Callable[[], datetime], invalid: int) -> None:
        self.issued = 0
        self._name = name
        self._now = now
        self._invalid = invalid
        self._given: dict[str, _Token] = {}
        self._current: dict[str, _Token] = {}
        self._forced: list[datetime] = []

    def stable(self, force: bool = False) -> tuple[str, int]:
        """`/cgi-bin/stable_token`: the same until five minutes before its end; forced, the old one dies at once."""
        current = self._current.get("stable")
        if force and self._may_force():
            self._forced.append(self._now())
            if current:
                current.is_dead = True
            current = None
        if current is None or current.until - self._now() < OVERLAP:
            current = self._make("stable")
        return self._hand_out(current)

    def plain(self) -> tuple[str, int]:
        """`/cgi-bin/token`: a new one each time; the one before works for five more minutes."""
        if before := self._current.get("plain"):
            before.until = min(before.until, self._now() + OVERLAP)
        return self._hand_out(self._make("plain"))

    def kept(self) -> tuple[str, int]:
        """`/cgi-bin/gettoken`: the same until it ends."""
        current = self._current.get("kept")
        if current is None or current.until <= self._now():
            current = self._make("kept")
        return self._hand_out(current)

    def check(self, value: str) -> None:
        """Whether a token opens the account.

        Raises:
            Refused: none was given, it is not one of ours, it was replaced, or its time is over.
        """
        if not value:
            raise Refused(TOKEN_MISSING)
        token = self._given.get(value)
        if token is None or token.is_dead:
            raise Refused(self._invalid)
        if token.until <= self._now():
            raise Refused(TOKEN_EXPIRED)

    def owns(self, value: str) -> bool:
        """Whether it was ever given out here."""
        return value in self._given

    def expire(self) -> None:
        """All that were given out end now."""
        for token in self._given.values():
            token.until = min(token.until, self._now())

    def _may_force(self) -> bool:
        now = self._now()
        today = [at for at in self._forced if now - at < timedelta(days=1)]
        return len(today) < FORCED_A_DAY and (not today or now - today[-1] >= FORCED_EVERY)

    def _make(self, kind: str) -> _Token:
        token = _Token(f"{self._name}-{kind}-{next(_numbers):06}", self._now() + LASTS)
        self._given[token.value] = self._current[kind] = token
        return token

    def _hand_out(self, token: _Token) -> tuple[str, int]:
        self.issued += 1
        return token.value, int((token.until - self._now()).total_seconds())
