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


def judge(hits: Sequence[Hit], intent: str | None = None, product: str | None = None) -> Finding:
    """Decide from ranked hits; an article written for the understood intent needs less similarity.

    Args:
        hits: best first.
        intent: what the message was understood as, where that is certain.
        product: id of the product that the conversation is about, where one is.
    """
    fits = {hit.article.id: hit.similarity + _lift(hit.article, intent, product) for hit in hits}
    lifted = sorted(hits, key=lambda hit: fits[hit.article.id], reverse=True)
    if not lifted:
        return Finding()
    if fits[lifted[0].article.id] >= SURE:
        return Finding(answer=lifted[0].article)
    return Finding(choices=tuple(hit.article for hit in lifted[:3] if fits[hit.article.id] >= CLOSE))


def _lift(article: Article, intent: str | None, product: str | None) -> float:
    for_intent = 0.10 if intent and intent in article.intents else 0.0
    is_for_another = product and article.products and product not in article.products
    return for_intent - (0.12 if is_for_another else 0.0)
