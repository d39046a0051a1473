"""The intent model: first the main intent, then the sub-intent (B)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.domain.heard import main_intent
from bot.nlu.features import Grams, Scorer, Vocabulary, softmax
from bot.nlu.model_files import load_arrays, save_arrays
from bot.nlu.softmax import fit_softmax

SHARPNESS = 1.6
"""By how much the main intent's scores are raised before they become probabilities. The model learns from sentences
written to be hard, near-miss pairs among them, and doubts itself more than real messages give reason to."""
MEANING = 1.5
"""Weight of meaning against wording and sound."""
MAIN_STRENGTH, SUB_STRENGTH = 1.0, 4.0
"""Inverse regularisation of both levels."""
FILE = "intent_model"


class IntentModel:
    """Probabilities of all sub-intents for one message.

    Two linear models share the features: P(sub-intent) = P(main) · P(sub | main), so that a doubt between two
    sub-intents never becomes a doubt about what the customer came for.
    """

    def __init__(self, intents: list[str], scorer: Scorer) -> None:
        self.intents = intents
        self._mains = sorted({main_intent(intent) for intent in intents})
        self._main_of = np.array([self._mains.index(main_intent(intent)) for intent in intents])
        # classes of the scorer: main intents first, then sub-intents
        self._scorer = scorer

    @classmethod
    def fit(cls, counts: Sequence[Grams], vectors: np.ndarray, labels: Sequence[str]) -> "IntentModel":
        """Train on examples.

        Args:
            counts: the grams of each example.
            vectors: sentence vectors, shape (examples, 512).
            labels: sub-intent of each example.
        """
        vocabulary = Vocabulary.of(counts)
        sparse, dense = vocabulary.matrix(counts), vectors * MEANING
        intents = sorted(set(labels))
        mains = [main_intent(label) for label in labels]
        names = sorted(set(mains))
        fitted = fit_softmax(sparse, dense, mains, MAIN_STRENGTH)
        weights = np.vstack([fitted.weights, np.zeros((len(intents), fitted.weights.shape[1]), dtype=np.float32)])
        bias = np.hstack([fitted.bias, np.zeros(len(intents), dtype=np.float32)])
        for main in names:
            rows = [i for i, m in enumerate(mains) if m == main]
            own = [labels[i] for i in rows]
            if len(set(own)) > 1:
                part = fit_softmax(sparse[rows], dense[rows], own, SUB_STRENGTH)
                places = [len(names) + intents.index(intent) for intent in part.classes]
                weights[places], bias[places] = part.weights, part.bias
        weights[:, sparse.shape[1] :] *= MEANING
        return cls(intents, Scorer(vocabulary, weights, bias))

    def probabilities(self, count: Grams, vector: np.ndarray) -> np.ndarray:
        """Probability of each intent in `self.intents`; sums to 1."""
        scores = self._scorer.scores(count, vector)
        mains = softmax(scores[: len(self._mains)] * SHARPNESS)
        subs = scores[len(self._mains) :]
        highest = np.full(len(self._mains), -np.inf)
        np.maximum.at(highest, self._main_of, subs)
        powers = np.exp(subs - highest[self._main_of])
        wholes = np.bincount(self._main_of, powers)
        return np.asarray(mains[self._main_of] * powers / wholes[self._main_of])

    def by_main(self, probabilities: np.ndarray) -> dict[str, float]:
        """The probability of each main intent."""
        wholes: list[float] = np.bincount(self._main_of, probabilities).tolist()
        return dict(zip(self._mains, wholes, strict=True))

    def save(self, folder: Path) -> None:
        """Write the model where `load` finds it."""
        save_arrays(folder, FILE, self._scorer, self.intents)

    @classmethod
    def load(cls, folder: Path) -> "IntentModel":
        """Read what `save` wrote."""
        scorer, intents = load_arrays(folder, FILE)
        return cls(intents, scorer)
