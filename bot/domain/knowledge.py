"""Articles that answer consultation questions, and when a match is good enough to say so (A11)."""

from collections.abc import Sequence
from dataclasses import dataclass

SURE = 0.64
"""Similarity from which an article is said as the answer."""
CLOSE = 0.42
"""Similarity from which an article is offered as “did you mean”."""


@dataclass(frozen=True)
class Article:
    """A reviewed answer: its title, how customers ask for it, which intents it serves, and where it comes from."""

    id: str
    title: str
    questions: tuple[str, ...]
    answer: str
    source: str
    intents: tuple[str, ...] = ()
    products: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """An article with its similarity to the question, between -1 and 1."""

    article: Article
    similarity: float


@dataclass(frozen=True)
class Finding:
    """What to do with a question: say `answer`, or ask which of `choices` was meant, or neither."""

    answer: Article | None = None
    choices: tuple[Article, ...] = ()


def judge(hits: Sequence[Hit], intent: str | None = None) -> Finding:
    """Decide from ranked hits; an article written for the understood intent needs less similarity.

    Args:
        hits: best first.
        intent: what the message was understood as, where that is certain.
    """
    lifted = sorted(hits, key=lambda hit: hit.similarity + _lift(hit, intent), reverse=True)
    if not lifted:
        return Finding()
    best = lifted[0]
    if best.similarity + _lift(best, intent) >= SURE:
        return Finding(answer=best.article)
    close = tuple(hit.article for hit in lifted[:3] if hit.similarity + _lift(hit, intent) >= CLOSE)
    return Finding(choices=close)


def _lift(hit: Hit, intent: str | None) -> float:
    return 0.10 if intent and intent in hit.article.intents else 0.0
