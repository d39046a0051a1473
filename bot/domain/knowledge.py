"""Articles that answer consultation questions, and when a match is good enough to say so (A11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

SURE = 0.8
"""Probability from which an article is said as the answer."""
WORTH_ASKING = 0.5
"""Probability that one of the articles answers, from which the customer is asked “did you mean”."""
WORTH_OFFERING = 0.05
"""Probability from which an article stands among those offered."""

NO_ARTICLE = 0.47
"""Similarity at which an article is as likely to answer as that none does."""
SHARPNESS = 5
"""How fast a lead in similarity becomes a lead in probability; near the top a small one says as much as a big one."""


@dataclass(frozen=True)
class Article:
    """A reviewed answer: its title, how customers ask for it, which intents it serves, and where it comes from.

    Attributes:
        valid_from: first day on which it holds; None where it always did.
        valid_until: last day on which it holds; None where no end is known.
    """

    id: str
    title: str
    questions: tuple[str, ...]
    answer: str
    source: str
    intents: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None

    def holds_on(self, day: date | None) -> bool:
        """Whether the article holds on that day; on no day in particular, any does."""
        return day is None or (self.valid_from or day) <= day <= (self.valid_until or day)


@dataclass(frozen=True)
class Hit:
    """An article with its similarity to the question, between 0 and 1."""

    article: Article
    similarity: float


@dataclass(frozen=True)
class Finding:
    """What to do with a question: say `answer`, or ask which of `choices` was meant, or neither."""

    answer: Article | None = None
    choices: tuple[Article, ...] = ()


def judge(hits: Sequence[Hit], intent: str | None = None, product: str | None = None) -> Finding:
    """Decide from the ten or so nearest articles; one written for the understood intent needs less similarity.

    Args:
        hits: best first.
        intent: what the message was understood as, where that is certain.
        product: id of the product that the conversation is about, where one is.
    """
    fits = [(hit.similarity + _lift(hit.article, intent, product), hit.article) for hit in hits]
    ranked = sorted(fits, key=lambda fit: fit[0], reverse=True)
    chances = probabilities([fit for fit, _ in ranked])
    if chances and chances[0] >= SURE:
        return Finding(answer=ranked[0][1])
    if sum(chances) < WORTH_ASKING:
        return Finding()
    likely = [article for (_, article), chance in zip(ranked, chances, strict=True) if chance >= WORTH_OFFERING]
    return Finding(choices=tuple(likely[:3]))


def probabilities(similarities: Sequence[float]) -> list[float]:
    """How likely each article answers, where at most one does: near rivals share, and what is left is for none."""
    odds = [(_odds(similarity) / _odds(NO_ARTICLE)) ** SHARPNESS for similarity in similarities]
    return [odd / (1 + sum(odds)) for odd in odds]


def _odds(similarity: float) -> float:
    within = min(max(similarity, 0.0), 0.99)
    return within / (1 - within)


def _lift(article: Article, intent: str | None, product: str | None) -> float:
    for_intent = 0.05 if intent and intent in article.intents else 0.0
    is_for_another = product and article.products and product not in article.products
    return for_intent - (0.06 if is_for_another else 0.0)
