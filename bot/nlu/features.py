"""What the models see of a message: its wording and its sound as tf-idf, its meaning as a vector (B7)."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat

import numpy as np
from scipy.sparse import csr_matrix

from bot.nlu.sounds import sound

CHARACTER_GRAMS = (1, 2, 3)
WORD_GRAMS = (1, 2)
SEEN_FROM = 2
"""Examples that a gram must occur in."""

_UNKNOWN = -1

Grams = tuple[Counter[str], Counter[str]]
"""Counts of what is written and of how it sounds; each weighs the same."""


def grams(text: str, words: Sequence[str]) -> Grams:
    """Counts of character and word sequences (`c:`, `w:`), and of the sounds of characters (`s:`).

    Those of the latest texts are remembered: emotion and intent are read from the same.
    """
    return _grams(text, tuple(words))


@lru_cache(maxsize=64)
def _grams(text: str, words: tuple[str, ...]) -> Grams:
    squeezed = "^" + text.replace(" ", "") + "$"
    written = Counter(f"c:{squeezed[i : i + n]}" for n in CHARACTER_GRAMS for i in range(len(squeezed) - n + 1))
    written.update(f"w:{'|'.join(words[i : i + n])}" for n in WORD_GRAMS for i in range(len(words) - n + 1))
    sounds = [sound(character) for character in squeezed]
    heard = Counter(f"s:{'|'.join(sounds[i : i + n])}" for n in CHARACTER_GRAMS for i in range(len(sounds) - n + 1))
    return written, heard


class Vocabulary:
    """The grams that training saw, with their weights."""

    def __init__(self, names: Sequence[str], idf: np.ndarray) -> None:
        self.names = list(names)
        self.idf = idf
        self._columns = {gram: i for i, gram in enumerate(self.names)}

    @classmethod
    def of(cls, examples: Sequence[Grams]) -> "Vocabulary":
        """The grams of all examples that are not met by chance."""
        frequency = Counter(gram for written, heard in examples for gram in (*written, *heard))
        names = sorted(gram for gram, n in frequency.items() if n >= SEEN_FROM)
        return cls(names, np.array([np.log((1 + len(examples)) / (1 + frequency[n])) + 1 for n in names], np.float32))

    def weights(self, count: Counter[str]) -> tuple[np.ndarray, np.ndarray]:
        """Columns of the known grams and their tf-idf, of length 1 together."""
        places = np.fromiter(map(self._columns.get, count, repeat(_UNKNOWN)), np.int64, len(count))
        known = places != _UNKNOWN
        columns, often = places[known], np.fromiter(count.values(), np.float32, len(count))[known]
        values = (1 + np.log(often)) * self.idf[columns]
        return columns, values / (float(np.sqrt(values @ values)) or 1.0)

    def matrix(self, examples: Sequence[Grams]) -> csr_matrix:
        """One row of weights for each example."""
        data, columns, ends = [np.zeros(0, np.float32)], [np.zeros(0, np.int64)], [0]
        for example in examples:
            parts = [self.weights(part) for part in example]
            columns += [found for found, _ in parts]
            data += [values for _, values in parts]
            ends.append(ends[-1] + sum(len(found) for found, _ in parts))
        shape = (len(examples), len(self.names))
        return csr_matrix((np.concatenate(data), np.concatenate(columns), ends), shape=shape, dtype=np.float32)


class Scorer:
    """Linear scores of one message from its grams and its sentence vector.

    Args:
        weights: shape (classes, grams + 512); the vector's columns come last.
        bias: shape (classes,).
    """

    def __init__(self, vocabulary: Vocabulary, weights: np.ndarray, bias: np.ndarray) -> None:
        self.vocabulary = vocabulary
        self.bias = bias
        self._by_gram = np.ascontiguousarray(weights[:, : len(vocabulary.names)].T)
        self._by_meaning = np.ascontiguousarray(weights[:, len(vocabulary.names) :])

    @property
    def weights(self) -> np.ndarray:
        """The weights as they were given."""
        return np.hstack([self._by_gram.T, self._by_meaning])

    def scores(self, count: Grams, vector: np.ndarray) -> np.ndarray:
        """One score for each class."""
        scores = self._by_meaning @ vector + self.bias
        for part in count:
            columns, values = self.vocabulary.weights(part)
            if len(columns):
                scores = scores + values @ self._by_gram[columns]
        return np.asarray(scores)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities from scores; they sum to 1."""
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())
