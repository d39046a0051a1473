"""Articles by meaning: every title and question as a vector, compared with one matrix product."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bot.domain.knowledge import Article, Hit


class MeaningIndex:
    """Implements `ports.KnowledgeIndex`."""

    def __init__(self, articles: Sequence[Article], vectors: np.ndarray, encode: Callable[[str], np.ndarray]) -> None:
        self._articles = articles
        self._owner = [i for i, article in enumerate(articles) for _ in _wordings(article)]
        self._vectors = vectors
        self._encode = encode

    @classmethod
    def build(
        cls,
        articles: Sequence[Article],
        encode: Callable[[str], np.ndarray],
        encode_all: Callable[[list[str]], np.ndarray],
        cache: Path | None = None,
    ) -> "MeaningIndex":
        """Encode all wordings, or read them from `cache` where the articles have not changed."""
        wordings = [wording for article in articles for wording in _wordings(article)]
        digest = hashlib.sha256("\n".join(wordings).encode()).hexdigest()[:20]
        stored = cache / f"knowledge-{digest}.npy" if cache else None
        if stored and stored.exists():
            return cls(articles, np.load(stored, allow_pickle=False), encode)
        vectors = encode_all(wordings)
        if stored:
            stored.parent.mkdir(parents=True, exist_ok=True)
            np.save(stored, vectors)
        return cls(articles, vectors, encode)

    def search(self, question: str, most: int = 5) -> list[Hit]:
        """The articles nearest in meaning, best first; each once, by its nearest wording."""
        if not len(self._vectors):
            return []
        similarities = self._vectors @ self._encode(question)
        best: dict[int, float] = {}
        for i in np.argsort(similarities)[::-1]:
            best.setdefault(self._owner[i], float(similarities[i]))
            if len(best) == most:
                break
        return [Hit(self._articles[i], similarity) for i, similarity in best.items()]

    def titled(self, title: str) -> Hit | None:
        """The article of exactly that title: what a customer clicked."""
        return next((Hit(article, 1.0) for article in self._articles if article.title == title), None)


def _wordings(article: Article) -> list[str]:
    return [article.title, *article.questions]
