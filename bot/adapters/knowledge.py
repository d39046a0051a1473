"""Articles by meaning and by characters: near to how customers ask for them, and holding what the question says."""

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import date
from math import log1p
from pathlib import Path
from threading import Lock

import numpy as np

from bot.domain.knowledge import Article, Hit

IN_ANSWER = 0.7
"""What a character of the question counts that stands in an article's answer but in none of its wordings."""
SHORTLIST = 1000
"""Articles that are compared wording by wording; of a larger base, those that a coarse look finds nearest."""
COARSE = 64
"""Numbers that the coarse look keeps of a vector's 512."""
MOST_KEPT = 4
"""Files of vectors that stay in the cache."""
PRIOR = 100
"""Wordings that weigh against the common direction: a base of a few articles hardly has one."""

Encoders = tuple[Callable[[str], np.ndarray], Callable[[list[str]], np.ndarray]]
"""What makes a vector of one text, and what makes vectors of many."""

_LEAD_IN = re.compile(r"^(?:另外|还有(?=,)|顺便|请问|麻烦|我?想?问一?下|我?想问|[你您]好|[,。! ])+")
"""What leads in to a question, in normal form, and asks nothing."""
_CHARACTER = re.compile(r"\w")
_NOWHERE = np.empty(0, dtype=np.int32)


class MeaningIndex:
    """Implements `ports.KnowledgeIndex`."""

    def __init__(self, articles: Sequence[Article], vectors: np.ndarray, encode: Callable[[str], np.ndarray]) -> None:
        """Take the articles with the unit vectors of all their wordings, shape (wordings, 512), in their order."""
        self._articles = articles
        self._encode = encode
        self._as_encoded = vectors
        counts = np.array([len(_wordings(article)) for article in articles], dtype=np.int64)
        self._ends = np.cumsum(counts)
        self._starts = self._ends - counts
        # What all wordings share (shop talk, the form of a question) tells no article from another.
        self._common = vectors.sum(axis=0) / (len(vectors) + PRIOR)
        self._vectors = _unit(vectors - self._common)
        self._coverage = Coverage([(" ".join(_wordings(article)), article.answer) for article in articles])
        self._axes, self._coarse = self._coarse_vectors() if len(articles) > SHORTLIST else (None, None)

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
        stored = _file_of(wordings, cache) if cache else None
        if stored and stored.exists():
            return cls(articles, np.load(stored, allow_pickle=False), encode)
        vectors = encode_all(wordings)
        if stored:
            _keep(vectors, stored)
        return cls(articles, vectors, encode)

    def renewed(
        self, articles: Sequence[Article], encode_all: Callable[[list[str]], np.ndarray], cache: Path | None = None
    ) -> "MeaningIndex":
        """An index of other articles, for which only the wordings that this one lacks are encoded."""
        known = {wording: row for row, wording in enumerate(w for a in self._articles for w in _wordings(a))}
        wordings = [wording for article in articles for wording in _wordings(article)]
        new = [wording for wording in dict.fromkeys(wordings) if wording not in known]
        rows = known | {wording: len(self._as_encoded) + n for n, wording in enumerate(new)}
        vectors = np.concatenate([self._as_encoded, encode_all(new)]) if new else self._as_encoded
        vectors = vectors[[rows[wording] for wording in wordings]]
        if cache:
            _keep(vectors, _file_of(wordings, cache))
        return MeaningIndex(articles, vectors, self._encode)

    def search(self, question: str, most: int = 5, today: date | None = None) -> list[Hit]:
        """The articles most similar to the question, best first (A11).

        Args:
            question: in normal form.
            most: hits at most.
            today: leaves out what does not hold on that day.
        """
        if not self._articles:
            return []
        bare = _LEAD_IN.sub("", question) or question
        meaning = _unit(self._encode(bare) - self._common)
        covered = self._coverage.of(bare)
        near = self._shortlist(meaning, covered, max(most, SHORTLIST))
        similarities = (self._nearness(meaning, near) + covered[near]) / 2
        ranked = ((self._articles[near[i]], float(similarities[i])) for i in np.argsort(-similarities, kind="stable"))
        hits = (Hit(article, min(similarity, 1.0)) for article, similarity in ranked if article.holds_on(today))
        return [hit for hit, _ in zip(hits, range(most), strict=False)]

    def titled(self, title: str) -> Hit | None:
        """The article of exactly that title: what a customer clicked."""
        return next((Hit(article, 1.0) for article in self._articles if article.title == title), None)

    def _nearness(self, meaning: np.ndarray, near: np.ndarray) -> np.ndarray:
        """The cosine of each article's nearest wording, and by a third of the next: one alone may be near by chance."""
        counts = self._ends[near] - self._starts[near]
        firsts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        owner = np.repeat(np.arange(len(near)), counts)
        rows = np.arange(len(owner)) + np.repeat(self._starts[near] - firsts, counts)
        vectors = self._vectors if len(rows) == len(self._vectors) else self._vectors[rows]
        cosines = vectors @ meaning
        sorted_cosines = cosines[np.lexsort((-cosines, owner))]
        seconds = firsts + np.minimum(counts - 1, 1)
        return np.clip((2 * sorted_cosines[firsts] + sorted_cosines[seconds]) / 3, 0.0, 1.0)

    def _shortlist(self, meaning: np.ndarray, covered: np.ndarray, most: int) -> np.ndarray:
        """Numbers of the articles to look at closely, ascending."""
        if self._coarse is None or most >= len(self._articles):
            return np.arange(len(self._articles))
        coarse = self._coarse @ _unit(meaning @ self._axes) + covered
        return np.sort(np.argpartition(-coarse, most)[:most])

    def _coarse_vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """The main axes of the articles' mean vectors, shape (512, COARSE), and the articles along them."""
        means = np.add.reduceat(self._vectors, self._starts, axis=0)
        axes = np.linalg.eigh(means.T @ means)[1][:, -COARSE:]
        return axes, _unit(means @ axes)


class LivingIndex:
    """Implements `ports.KnowledgeIndex` for articles that change while they are searched; encodes at first use."""

    def __init__(
        self, articles: Sequence[Article], encoders: Callable[[], Encoders], cache: Path | None = None
    ) -> None:
        """Take the articles, and what gives the encoder of one text and that of many."""
        self._articles = articles
        self._encoders = encoders
        self._cache = cache
        self._index: MeaningIndex | None = None
        self._changing = Lock()

    @property
    def articles(self) -> Sequence[Article]:
        """Those that are found."""
        return self._articles

    def search(self, question: str, most: int = 5, today: date | None = None) -> list[Hit]:
        """The articles most similar to the question, best first (A11)."""
        return self._current().search(question, most, today)

    def titled(self, title: str) -> Hit | None:
        """The article of exactly that title: what a customer clicked."""
        return next((Hit(article, 1.0) for article in self._articles if article.title == title), None)

    def learn(self, articles: Sequence[Article]) -> None:
        """Have these articles from now on; who searches meanwhile finds the old ones."""
        with self._changing:
            if self._index is not None and list(articles) != list(self._articles):
                self._index = self._index.renewed(articles, self._encoders()[1], self._cache)
            self._articles = articles

    def _current(self) -> MeaningIndex:
        if self._index is None:
            with self._changing:
                self._index = self._index or MeaningIndex.build(self._articles, *self._encoders(), self._cache)
        return self._index


class Coverage:
    """How much of a question stands in each of some articles, by characters; a rare character counts more."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        """Take the wordings and the answer of each article."""
        self._articles = len(texts)
        self._asked = _holders([_characters(wordings) for wordings, _ in texts])
        self._answered = _holders([_characters(answer) - _characters(wordings) for wordings, answer in texts])

    def of(self, question: str) -> np.ndarray:
        """The share of the question that each article covers: shape (articles,), between 0 and 1, float32."""
        covered = np.zeros(self._articles, dtype=np.float32)
        whole = 0.0
        for character in sorted(_characters(question)):
            asked, answered = self._asked.get(character, _NOWHERE), self._answered.get(character, _NOWHERE)
            weight = log1p(self._articles / (1 + len(asked) + len(answered)))
            covered[asked] += weight
            covered[answered] += IN_ANSWER * weight
            whole += weight
        return covered / whole if whole else covered


def _holders(texts: Sequence[set[str]]) -> dict[str, np.ndarray]:
    """The numbers of the texts that hold each character."""
    holders: dict[str, list[int]] = {}
    for number, characters in enumerate(texts):
        for character in characters:
            holders.setdefault(character, []).append(number)
    return {character: np.array(numbers, dtype=np.int32) for character, numbers in holders.items()}


def _file_of(wordings: Sequence[str], cache: Path) -> Path:
    digest = hashlib.sha256("\n".join(wordings).encode()).hexdigest()[:20]
    return cache / f"knowledge-{digest}.npy"


def _keep(vectors: np.ndarray, path: Path) -> None:
    """Keep what took seconds to compute; of those before, which nobody may need again, a few."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, vectors)
    for old in sorted(path.parent.glob("knowledge-*.npy"), key=_age)[:-MOST_KEPT]:
        old.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _wordings(article: Article) -> list[str]:
    return [article.title, *article.questions]


def _characters(text: str) -> set[str]:
    return set(_CHARACTER.findall(text.lower()))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """The vectors at length 1, float32; a vector without length stays as it is."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
