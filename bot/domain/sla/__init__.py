"""Service levels: what is promised on a matter, by when, and how that is worked out (D1-D8, E4, A6)."""

from bot.domain.sla.deadlines import Deadline, State, deadlines, level_after, next_due, next_event
from bot.domain.sla.explain import explain
from bot.domain.sla.policy import Case, Entry, Limit, Policy, Rule, Target, Unit, Warn, Within, promise

__all__ = [
    "Case", "Deadline", "Entry", "Limit", "Policy", "Rule", "State", "Target", "Unit", "Warn", "Within", "deadlines",
    "explain", "level_after", "next_due", "next_event", "promise",
]  # fmt: skip
