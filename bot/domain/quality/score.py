"""The score: which part of what could be done well was done well."""

from collections.abc import Iterable, Mapping

from bot.domain.quality.book import Rule
from bot.domain.quality.finding import Finding, Result


def score(findings: Iterable[Finding], rules: Mapping[str, Rule]) -> int | None:
    """0-100: the weight of what was done well among all that applied, capped where a veto rule failed.

    Returns:
        None where no rule applied.
    """
    applied = [(rules[f.rule], f.result) for f in findings if f.result is not Result.NOT_APPLICABLE]
    possible = sum(rule.weight for rule, _ in applied)
    if not possible:
        return None
    reached = round(100 * sum(rule.weight for rule, result in applied if result is Result.OK) / possible)
    caps = [rule.cap for rule, result in applied if result is Result.FAILED and rule.cap is not None]
    return min([reached, *caps])
