"""Questions that no article answered: what the bot asks its colleagues (A11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ALIKE = 0.7
"""Cosine from which two questions ask the same."""


class State(StrEnum):
    """Whether colleagues have dealt with a question."""

    OPEN = "open"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


@dataclass(frozen=True)
class Question:
    """What a customer asked in vain.

    Attributes:
        text: the customer's words in normal form, phone and order numbers masked (E10).
        intent: what they were understood as.
        offered: ids of the articles that were shown as “did you mean”.
        answered_by: id of the article that answers it now, where one does.
    """

    id: int
    conversation_id: str
    text: str
    intent: str
    offered: tuple[str, ...]
    asked_at: datetime
    state: State = State.OPEN
    answered_by: str | None = None


@dataclass(frozen=True)
class Cluster:
    """Questions that ask the same; the first is in their middle and stands for them."""

    questions: tuple[Question, ...]

    @property
    def wordings(self) -> tuple[str, ...]:
        """The different ways in which it was asked, the most typical first."""
        return tuple(dict.fromkeys(question.text for question in self.questions))


def cluster(questions: Sequence[Question], likeness: Sequence[Sequence[float]]) -> list[Cluster]:
    """Group questions by meaning, the biggest group first.

    Greedy: the question that most others are like stands in the middle of the first group; then again with what is
    left. Of equals the earlier one wins, so that the same questions always give the same groups.

    Args:
        questions: in the order asked.
        likeness: cosine of every two of them, shape (n, n).
    """
    alike = [{j for j, cosine in enumerate(row) if cosine >= ALIKE} | {i} for i, row in enumerate(likeness)]
    left = set(range(len(questions)))
    clusters = []
    while left:
        middle = max(sorted(left), key=lambda i: len(alike[i] & left))
        others = sorted(alike[middle] & left - {middle}, key=lambda j: -likeness[middle][j])
        clusters.append(Cluster(tuple(questions[i] for i in (middle, *others))))
        left -= alike[middle]
    return clusters
