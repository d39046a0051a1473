"""What each way of finding a question gives, and what the search costs: `python -m bench.retrieval FILE`.

FILE holds pairs of a question as asked and as stored, a JSON object a line: `paraphrase`, `question`, `group`. Every
stored question is a candidate and every one of the same group a hit; the asked wording itself is no candidate.
"""

import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from bot.adapters.content_files import load_articles
from bot.adapters.knowledge import Coverage, MeaningIndex
from bot.domain.knowledge import Article
from bot.evaluation.files import Pair, pairs, read_lines
from bot.nlu.encoder import encode, encode_all
from bot.nlu.normaliser import normal_form
from bot.nlu.sounds import sound
from bot.nlu.words import cut, read_dictionary

LARGE = 100_000
"""Synthetic articles of the large base, each with a title and one question."""


class Ways:
    """Score matrices, asked × stored, of each way to compare."""

    def __init__(self, asked: Sequence[str], stored: Sequence[str]) -> None:
        self.asked, self.stored = asked, stored
        self.asked_vectors, self.stored_vectors = encode_all(list(asked)), encode_all(list(stored))
        self.standard = {word: canonical for word, (_, canonical) in read_dictionary().items()}

    def table(self) -> Iterable[tuple[str, np.ndarray]]:
        """Each way's name and scores."""
        encoder = self.asked_vectors @ self.stored_vectors.T
        centred = self._without_axes(0)
        characters = self._tf_idf(lambda text: _grams(text, (1, 2)))
        words = self._tf_idf(self._words)
        sounds = self._tf_idf(lambda text: _grams([sound(c) for c in text], (1, 2)))
        coverage = Coverage([(text, "") for text in self.stored])
        covered = np.stack([coverage.of(text) for text in self.asked])
        yield "sentence encoder", encoder
        yield "characters 1–2, tf-idf", characters
        yield "characters 1–3, tf-idf", self._tf_idf(lambda text: _grams(text, (1, 2, 3)))
        yield "words with the dictionary's synonyms folded, tf-idf", words
        yield "sounds 1–2, tf-idf", sounds
        yield "coverage by characters", covered
        yield "encoder without its mean", centred
        yield "encoder without its mean and first axis", self._without_axes(1)
        yield "encoder without its mean and 3 first axes", self._without_axes(3)
        yield "encoder whitened (128 axes, power ½)", self._whitened(128, 0.5)
        yield "encoder + characters, 1 : 1", encoder + characters
        yield "centred + characters, 2 : 1", 2 * centred + characters
        yield "centred + characters, 1 : 1", centred + characters
        yield "centred + words, 2 : 1", 2 * centred + words
        yield "centred + sounds, 2 : 1", 2 * centred + sounds
        yield "centred + characters + words, 2 : 1 : 1", 2 * centred + characters + words
        yield "ranks of centred and characters fused (k = 20)", _ranks(centred) + _ranks(characters)
        yield "**centred + coverage, as the search does**", centred + covered

    def _words(self, text: str) -> Sequence[str]:
        return [self.standard.get(word, word) for word in cut(text)]

    def _without_axes(self, axes: int) -> np.ndarray:
        mean = self.stored_vectors.mean(axis=0)
        first = np.linalg.svd(self.stored_vectors - mean, full_matrices=False)[2][:axes]
        asked, stored = (v - mean - (v - mean) @ first.T @ first for v in (self.asked_vectors, self.stored_vectors))
        return _unit(asked) @ _unit(stored).T

    def _whitened(self, axes: int, power: float) -> np.ndarray:
        mean = self.stored_vectors.mean(axis=0)
        _, lengths, directions = np.linalg.svd(self.stored_vectors - mean, full_matrices=False)
        whitening = directions[:axes].T * lengths[:axes] ** -power
        return _unit((self.asked_vectors - mean) @ whitening) @ _unit((self.stored_vectors - mean) @ whitening).T

    def _tf_idf(self, terms: Callable[[str], Sequence[str]]) -> np.ndarray:
        counts = [Counter(terms(text)) for text in self.stored]
        frequency = Counter(term for count in counts for term in count)
        places = {term: i for i, term in enumerate(frequency)}
        idf = np.array([np.log((1 + len(counts)) / (1 + n)) + 1 for n in frequency.values()])
        stored = _rows(counts, places, idf)
        return np.asarray((_rows([Counter(terms(text)) for text in self.asked], places, idf) @ stored.T).toarray())


def measure(asked_pairs: Sequence[Pair]) -> str:
    """The table of all ways: Recall@1, Recall@5 and MRR, with the halves by group apart."""
    asked = [normal_form(pair.asked).text for pair in asked_pairs]
    groups: dict[str, set[str]] = {}
    for pair in asked_pairs:
        groups.setdefault(normal_form(pair.stored).text, set()).add(pair.group)
    stored = list(groups)
    hit = np.array([[pair.group in groups[text] for text in stored] for pair in asked_pairs])
    own = np.array([[text == question for text in stored] for question in asked])
    order = {group: i for i, group in enumerate(dict.fromkeys(pair.group for pair in asked_pairs))}
    half = np.array([order[pair.group] % 2 for pair in asked_pairs])
    lines = [
        f"{len(asked_pairs)} questions asked, {len(stored)} stored.",
        "",
        "| way | R@1 | R@5 | MRR | one half: R@1 | R@5 | MRR | other half: R@1 | R@5 | MRR "
        "| own wording kept: R@1 | R@5 | MRR |",
        "|---|" + "---:|" * 12,
    ]
    for name, scores in Ways(asked, stored).table():
        places = _places(np.where(own, -np.inf, scores), hit & ~own)
        kept = _places(scores, hit)
        found = (places, places[half == 0], places[half == 1], kept)
        figures = [figure for which in found for figure in _recall(which)]
        lines.append(f"| {name} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")
    return "\n".join(lines)


def cost() -> str:
    """Milliseconds of one search beside encoding, and memory, on our articles and on a large synthetic base."""
    articles = load_articles()
    questions = [question for article in articles for question in article.questions]
    encode("你好")  # the encoder's own memory is not the index's
    rows = [
        "| articles | wordings | search, median ms | p95 ms | peak memory of building it, MB |",
        "|---:|---:|---:|---:|---:|",
    ]
    for base in (articles, _synthetic(articles, LARGE)):
        wordings = sum(1 + len(article.questions) for article in base)
        before = _memory_mb()
        index = MeaningIndex.build(base, encode, encode_all if len(base) == len(articles) else _near(questions))
        memory = _memory_mb() - before
        taken = []
        for question in random.Random(5).sample(questions, 200):
            encode(question)  # known from now on: what is measured is the search
            started = time.perf_counter()
            index.search(question, 10)
            taken.append((time.perf_counter() - started) * 1000)
        middle, slow = np.percentile(taken, [50, 95])
        rows.append(f"| {len(base)} | {wordings} | {middle:.2f} | {slow:.2f} | {memory:.0f} |")
    return "\n".join(rows)


def _synthetic(articles: Sequence[Article], count: int) -> list[Article]:
    """Articles whose texts are mixed from ours."""
    chance = random.Random(3)
    titles = [article.title for article in articles]
    questions = [question for article in articles for question in article.questions]
    sentences = [sentence for article in articles for sentence in article.answer.split("。") if sentence]
    return [
        Article(
            str(i), chance.choice(titles), (chance.choice(questions),), "。".join(chance.sample(sentences, 3)), "合成"
        )
        for i in range(count)
    ]


def _near(questions: Sequence[str]) -> Callable[[list[str]], np.ndarray]:
    """Stands for encoding 200,000 wordings, which takes minutes: vectors of real questions, each pushed at random."""
    known = encode_all(list(questions))
    chance = np.random.default_rng(3)

    def vectors(texts: list[str]) -> np.ndarray:
        pushed = known[chance.integers(len(known), size=len(texts))]
        pushed += chance.standard_normal(pushed.shape, dtype=np.float32) / 50
        return _unit(pushed)

    return vectors


def _places(scores: np.ndarray, hit: np.ndarray) -> np.ndarray:
    """Where the best hit stands, for each question."""
    best = np.where(hit, scores, -np.inf).max(axis=1, keepdims=True)
    return np.asarray((scores > best).sum(axis=1) + 1)[hit.any(axis=1)]


def _recall(places: np.ndarray) -> tuple[float, float, float]:
    return float((places == 1).mean()), float((places <= 5).mean()), float((1 / places).mean())


def _ranks(scores: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (20 + (-scores).argsort(axis=1).argsort(axis=1)))


def _grams(symbols: Sequence[str], lengths: Sequence[int]) -> list[str]:
    edged = ["^", *symbols, "$"]
    return ["".join(edged[i : i + n]) for n in lengths for i in range(len(edged) - n + 1)]


def _rows(counts: Sequence[Counter[str]], places: dict[str, int], idf: np.ndarray) -> csr_matrix:
    """Tf-idf rows of length 1."""
    known = [[(places[term], n) for term, n in count.items() if term in places] for count in counts]
    columns = np.array([column for row in known for column, _ in row], dtype=np.int32)
    values = np.array([1 + np.log(n) for row in known for _, n in row]) * idf[columns]
    matrix = csr_matrix((values, columns, np.cumsum([0, *map(len, known)])), shape=(len(counts), len(places)))
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)))
    return csr_matrix(matrix.multiply(1 / np.where(lengths > 0, lengths, 1)))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


_REPORT = """\
# Finding the right question

Made by `python -m bench.retrieval FILE`; FILE holds pairs of a question as asked and as stored.

{found}

The asked wording itself is no candidate, but in the last three columns, where it may stand among the stored ones and is
found at once. The halves, by group, show how steady a difference is; both were seen while ways were tried, so neither
is an untouched test. Nothing was trained on the file.

{cost}

One search beside encoding the question. The small base is ours; the large one is mixed from its texts, with vectors
of its questions pushed at random, and is searched by a coarse look (64 numbers an article) before the exact one.
"""


if __name__ == "__main__":
    # The cost first: a peak of memory is seen only while it is the highest so far.
    searched = cost()
    print(_REPORT.format(found=measure(pairs(read_lines(Path(sys.argv[1])))), cost=searched))
