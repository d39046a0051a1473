"""The intent model: sentence meaning, characters and words; first the main intent, then the sub-intent."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from bot.domain.heard import main_intent

CHARACTER_GRAMS = (1, 2, 3)
WORD_GRAMS = (1, 2)


def grams(text: str, words: Sequence[str]) -> Counter[str]:
    """Counts of character and word sequences; `c:` and `w:` keep them apart."""
    squeezed = "^" + text.replace(" ", "") + "$"
    found = Counter(f"c:{squeezed[i : i + n]}" for n in CHARACTER_GRAMS for i in range(len(squeezed) - n + 1))
    found.update(f"w:{'|'.join(words[i : i + n])}" for n in WORD_GRAMS for i in range(len(words) - n + 1))
    return found


class IntentModel:
    """Probabilities of all sub-intents for one message.

    Two linear models share the features: P(sub-intent) = P(main) · P(sub | main), so that a doubt between two
    sub-intents never becomes a doubt about what the customer came for.
    """

    def __init__(
        self,
        intents: list[str],
        vocabulary: dict[str, int],
        idf: np.ndarray,
        weights: np.ndarray,
        bias: np.ndarray,
        dense_scale: float,
    ) -> None:
        self.intents = intents
        self._mains = sorted({main_intent(intent) for intent in intents})
        self._main_of = np.array([self._mains.index(main_intent(intent)) for intent in intents])
        self._vocabulary = vocabulary
        self._idf = idf
        # rows: main intents first, then sub-intents; columns: sparse features, then the sentence vector
        self._weights = weights
        self._by_gram = np.ascontiguousarray(weights[:, : len(vocabulary)].T)
        self._by_meaning = np.ascontiguousarray(weights[:, len(vocabulary) :]) * dense_scale
        self._bias = bias
        self._dense_scale = dense_scale

    @classmethod
    def fit(
        cls, counts: Sequence[Counter[str]], vectors: np.ndarray, labels: Sequence[str],
        strength: tuple[float, float] = (1.0, 4.0), dense_scale: float = 2.0,
    ) -> "IntentModel":  # fmt: skip
        """Train on examples.

        Args:
            counts: the grams of each example.
            vectors: sentence vectors, shape (examples, 512).
            labels: sub-intent of each example.
            strength: inverse regularisation of the main and the sub model.
            dense_scale: weight of meaning against wording.
        """
        frequency = Counter(gram for count in counts for gram in count)
        vocabulary = {gram: i for i, gram in enumerate(sorted(g for g, n in frequency.items() if n >= 2))}
        idf = np.array([np.log((1 + len(counts)) / (1 + frequency[gram])) + 1 for gram in vocabulary], dtype=np.float32)
        sparse = _sparse_rows(counts, vocabulary, idf)
        features = hstack([sparse, csr_matrix(vectors * dense_scale)]).tocsr()
        intents = sorted(set(labels))
        mains = [main_intent(label) for label in labels]
        main_model = LogisticRegression(C=strength[0], max_iter=300, class_weight=None).fit(features, mains)
        weights = np.zeros((len(main_model.classes_) + len(intents), features.shape[1]), dtype=np.float32)
        bias = np.zeros(len(weights), dtype=np.float32)
        offset = len(main_model.classes_)
        weights[:offset], bias[:offset] = main_model.coef_, main_model.intercept_
        for main in main_model.classes_:
            rows = [i for i, m in enumerate(mains) if m == main]
            own = [labels[i] for i in rows]
            if len(set(own)) < 2:
                continue
            model = LogisticRegression(C=strength[1], max_iter=300).fit(features[rows], own)
            coefficients, intercepts = model.coef_, model.intercept_
            if len(model.classes_) == 2:
                coefficients, intercepts = (
                    np.vstack([-coefficients, coefficients]) / 2,
                    np.hstack([-intercepts, intercepts]) / 2,
                )
            for intent, row, start in zip(model.classes_, coefficients, intercepts, strict=True):
                weights[offset + intents.index(intent)], bias[offset + intents.index(intent)] = row, start
        return cls(intents, vocabulary, idf, weights, bias, dense_scale)

    def probabilities(self, count: Counter[str], vector: np.ndarray) -> np.ndarray:
        """Probability of each intent in `self.intents`; sums to 1."""
        scores = self._by_meaning @ vector + self._bias
        known = [(self._vocabulary[gram], n) for gram, n in count.items() if gram in self._vocabulary]
        if known:
            columns = np.array([column for column, _ in known])
            values = (1 + np.log(np.array([n for _, n in known], dtype=np.float32))) * self._idf[columns]
            scores = scores + (values / np.linalg.norm(values)) @ self._by_gram[columns]
        main = _softmax(scores[: len(self._mains)])
        result = np.zeros(len(self.intents))
        for i, probability in enumerate(main):
            own = self._main_of == i
            result[own] = probability * _softmax(scores[len(self._mains) :][own])
        return result

    def save(self, folder: Path) -> None:
        """Write the model as plain arrays and JSON: nothing in it can run."""
        np.savez(folder / "intent_model.npz", idf=self._idf, weights=self._weights, bias=self._bias)
        words = {"intents": self.intents, "vocabulary": list(self._vocabulary), "dense_scale": self._dense_scale}
        (folder / "intent_model.json").write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "IntentModel":
        """Read what `save` wrote."""
        arrays = np.load(folder / "intent_model.npz", allow_pickle=False)
        words = json.loads((folder / "intent_model.json").read_text(encoding="utf-8"))
        vocabulary = {gram: i for i, gram in enumerate(words["vocabulary"])}
        return cls(words["intents"], vocabulary, arrays["idf"], arrays["weights"], arrays["bias"], words["dense_scale"])


def _sparse_rows(counts: Sequence[Counter[str]], vocabulary: dict[str, int], idf: np.ndarray) -> csr_matrix:
    data: list[float] = []
    columns: list[int] = []
    ends = [0]
    for count in counts:
        known = [(vocabulary[gram], n) for gram, n in count.items() if gram in vocabulary]
        values = np.array([(1 + np.log(n)) * idf[column] for column, n in known], dtype=np.float32)
        length = float(np.linalg.norm(values)) or 1.0
        data.extend(values / length)
        columns.extend(column for column, _ in known)
        ends.append(len(columns))
    return csr_matrix((data, columns, ends), shape=(len(counts), len(vocabulary)), dtype=np.float32)


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()
