"""From the times of single turns to the figures of a level of load."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BOT, HANDED, SILENT, FAILED = "bot", "handed", "silent", "failed"
"""How a turn ends: the bot answers; only the line for who waits for a person comes; an empty answer; an error."""


@dataclass(frozen=True)
class TurnTime:
    """One turn: when it ended (seconds of the load's own clock), how long it took (ms), and how it ended."""

    at: float
    ms: float
    end: str


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed (nearest rank).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values, no percentile")
    rank = max(1, math.ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]


def figures(turns: Sequence[TurnTime], begin: float, end: float, waiting_ms: Sequence[float]) -> dict[str, Any]:
    """The figures of the turns that ended within the time.

    Args:
        begin, end: seconds of the load's own clock.
        waiting_ms: how long those have waited who are unanswered at the end. Who has waited longer than half of the
            answered counts in the percentiles with the time so far: without them a system that answers few would look
            quick, and with those who have only just asked every system would.
    """
    within = [turn for turn in turns if begin <= turn.at <= end]
    ends = Counter(turn.end for turn in within)
    answered = [turn.ms for turn in within if turn.end == BOT]
    usual = percentile(answered, 50) if answered else 0.0
    times = answered + [ms for ms in waiting_ms if ms > usual]
    found: dict[str, Any] = {
        "seconds": round(end - begin, 2), "turns": ends[BOT], "handed": ends[HANDED], "silent": ends[SILENT],
        "errors": ends[FAILED], "unanswered_at_end": len(waiting_ms),
        "turns_per_second": round(ends[BOT] / (end - begin), 2),
    }  # fmt: skip
    percents = {f"p{percent}_ms": round(percentile(times, percent), 1) for percent in (50, 95, 99)} if times else {}
    return {**found, **percents, **({"max_ms": round(max(times), 1)} if times else {})}
