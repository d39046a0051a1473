"""Articles that answer consultation questions, and when a match is good enough to say so (A11)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.domain.errors import ContentError

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
        version: `r3` for the third revision that staff published; None as the file has it.
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
    version: str | None = None

    @property
    def said(self) -> str:
        """What the customer reads: the answer, and what it rests on (A11)."""
        return f"{self.answer}\n（依据：{self.source}）"

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


_ARTICLE_TEXTS = ("id", "title", "answer", "source")
_ARTICLE_LISTS = ("questions", "intents", "products")
_ARTICLE_DAYS = ("valid_from", "valid_until")


def read_article(entry: Any, place: str, version: str | None = None) -> Article:
    """An article from its YAML or JSON form.

    Raises:
        ContentError: a field is missing or wrong; `place` says where it stands.
    """
    if not isinstance(entry, dict):
        raise ContentError(f"{place}：一篇文章要写 id、title、questions、answer、source，每项一行")
    where = f"{place}：文章 {entry.get('id', '（无 id）')}"
    if unknown := set(entry) - {*_ARTICLE_TEXTS, *_ARTICLE_LISTS, *_ARTICLE_DAYS}:
        raise ContentError(f"{where} 有不认识的字段 {'、'.join(sorted(map(str, unknown)))}，请改正或删去")
    for name in _ARTICLE_TEXTS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise ContentError(f"{where} 的 {name} 没有写，或不是文字：请补上，数字和日期要加引号")
    if "questions" not in entry:
        raise ContentError(f"{where} 没有 questions：请写上客户会怎么问，只有标题就写 []")
    text = {name: entry[name].strip() for name in _ARTICLE_TEXTS}
    listed = {name: texts_in(entry.get(name, []), f"{where} 的 {name}") for name in _ARTICLE_LISTS}
    first, last = (_day(entry.get(name), f"{where} 的 {name}") for name in _ARTICLE_DAYS)
    if first and last and last < first:
        raise ContentError(f"{where} 的 valid_until 早于 valid_from，请改正")
    return Article(
        id=text["id"], title=text["title"], questions=listed["questions"], answer=text["answer"],
        source=text["source"], intents=listed["intents"], products=listed["products"],
        valid_from=first, valid_until=last, version=version,
    )  # fmt: skip


def article_body(article: Article) -> dict[str, Any]:
    """An article in its JSON form: `read_article` makes the same of it."""
    days = {"valid_from": article.valid_from, "valid_until": article.valid_until}
    return {
        "id": article.id, "title": article.title, "intents": list(article.intents),
        "questions": list(article.questions), "answer": article.answer, "source": article.source,
        "products": list(article.products), **{name: day.isoformat() for name, day in days.items() if day},
    }  # fmt: skip


def _day(value: Any, where: str) -> date | None:
    if isinstance(value, str):  # JSON has no dates
        with suppress(ValueError):
            return date.fromisoformat(value)
    if value is not None and (isinstance(value, datetime) or not isinstance(value, date)):
        raise ContentError(f"{where} 应是日期，如 2026-11-23，不加引号")
    return value


def texts_in(values: Any, where: str) -> tuple[str, ...]:
    """A list of texts.

    Raises:
        ContentError: it is something else.
    """
    if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
        raise ContentError(f"{where} 应是列表，每行一条“- 文字”，数字和日期要加引号")
    return tuple(values)
