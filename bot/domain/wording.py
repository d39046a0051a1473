"""忌语: phrases that no one may say to a customer, each with a better wording (A4)."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Forbidden:
    """A phrase, why it hurts, and what to say in its place."""

    phrase: str
    why: str
    better: str


def forbidden_in(text: str, forbidden: Sequence[Forbidden]) -> list[Forbidden]:
    """Every forbidden phrase that the text contains, in the list's order."""
    return [entry for entry in forbidden if entry.phrase in text]
