"""Counting reviews: by day, by person, by rule (H8)."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Count:
    """Some reviews: how many there are, how many of them have a score, and the sum of these."""

    reviews: int
    scored: int
    total: int

    @property
    def average(self) -> float | None:
        """The average score, to a tenth; None where none has one."""
        return round(self.total / self.scored, 1) if self.scored else None

    def __add__(self, other: "Count") -> "Count":
        return Count(self.reviews + other.reviews, self.scored + other.scored, self.total + other.total)


@dataclass(frozen=True)
class Tally:
    """All of a time.

    Attributes:
        days: in order; days without a review are left out.
        failures: by rule, the most frequent first.
        failures_of: by person, then by rule.
    """

    whole: Count
    days: Mapping[date, Count]
    agents: Mapping[str, Count]
    failures: Mapping[str, int]
    failures_of: Mapping[str, Mapping[str, int]]


def tally(
    days: Mapping[date, Count], agents: Mapping[str, Count], failures: Mapping[tuple[str, str], int]
) -> Tally:  # fmt: skip
    """Put together what was counted; `failures` by person and rule."""
    by_rule: Counter[str] = Counter()
    by_agent: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (agent, rule), count in failures.items():
        by_rule[rule] += count
        by_agent[agent][rule] = count
    return Tally(
        whole=sum(days.values(), Count(0, 0, 0)),
        days=dict(sorted(days.items())),
        agents=dict(sorted(agents.items())),
        failures=dict(by_rule.most_common()),
        failures_of=dict(by_agent),
    )
