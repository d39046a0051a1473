"""Which reviews people check by hand: the same ones, whoever asks and whenever (H8)."""

import hashlib
from datetime import date

from bot.domain.quality.book import Sampling
from bot.domain.quality.finding import Finding, Result

LOW_SCORE, LOW_RATING, EXCUSED, CHANCE, WEEKLY = "low_score", "low_rating", "excused", "chance", "weekly"


def lot(conversation_id: str, agent: str, day: date) -> float:
    """A number in [0, 1) that belongs to a person's part of a conversation in a month: nobody chooses it."""
    drawn = hashlib.sha256(f"{day:%Y-%m}:{conversation_id}:{agent}".encode()).digest()
    return int.from_bytes(drawn[:6], "big") / 2**48


def reasons_to_check(
    sampling: Sampling, chance: float, score: int | None, findings: tuple[Finding, ...]
) -> tuple[str, ...]:
    """Why people should look at a review; empty where they need not.

    Args:
        chance: its `lot`.
    """
    excused = any(f.rule == "no_forbidden" and f.result is Result.OK and f.evidence for f in findings)
    told = {
        LOW_SCORE: score is not None and score < sampling.score_below,
        EXCUSED: sampling.excused and excused,
        CHANCE: chance < sampling.share,
    }
    return tuple(reason for reason, holds in told.items() if holds)
