"""The intent models that `python -m bench.candidates` compares: each a function from training sentences to a model."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.svm import SVC

from bot.domain.examples import Example
from bot.domain.heard import MAIN_INTENTS, main_intent
from bot.nlu import encoder
from bot.nlu.features import Grams, Scorer, Vocabulary, grams, softmax
from bot.nlu.intent_model import MAIN_STRENGTH, MEANING, SHARPNESS, IntentModel
from bot.nlu.normaliser import normal_form
from bot.nlu.softmax import fit_softmax
from bot.nlu.tokenizer import words_in

NEIGHBOURS = 15
SEED = 1


class Seen(NamedTuple):
    """One message's features: normal form, grams, sentence vector (512,), the encoder's pooled tokens (512,)."""

    text: str
    grams: Grams
    vector: np.ndarray
    pooled: np.ndarray


Model = Callable[[Seen], np.ndarray]
"""Probabilities of `MAIN_INTENTS` for a message."""


class Training(NamedTuple):
    """The training sentences' features; all sentence vectors, shape (sentences, 512); sub-intents and main intents."""

    seen: Sequence[Seen]
    vectors: np.ndarray
    intents: Sequence[str]
    mains: Sequence[str]


Train = Callable[[Training], Model]


class _Tap:
    """Stands for the encoder's first dense layer, and keeps what comes to it."""

    __array_ufunc__ = None  # so that numpy leaves `array @ tap` to the tap

    def __init__(self, weights: np.ndarray) -> None:
        self.weights = weights
        self.met: list[np.ndarray] = []

    def __rmatmul__(self, pooled: np.ndarray) -> np.ndarray:
        self.met.append(pooled)
        return np.asarray(pooled @ self.weights)


def see(texts: Iterable[str]) -> list[Seen]:
    """The features of each text, from one pass of the encoder."""
    normal = [normal_form(text).text for text in texts]
    layers = encoder._model()
    tap = layers.d0 = _Tap(layers.d0)
    try:
        vectors = layers.encode([text[: encoder.LONGEST] or " " for text in normal])  # each once more: all meet the tap
    finally:
        layers.d0 = tap.weights
    counts = [grams(text, words_in(text)) for text in normal]
    return [Seen(*row) for row in zip(normal, counts, vectors, np.vstack(tap.met), strict=True)]


def learn_from(examples: Sequence[Example]) -> Training:
    """What the models are trained on."""
    seen = see(example.text for example in examples)
    intents = [example.intent for example in examples]
    return Training(seen, np.array([one.vector for one in seen]), intents, list(map(main_intent, intents)))


def linear(training: Training, written: bool, heard: bool, meaning: bool) -> Model:
    """One softmax regression over main intents, on the features named."""
    width = training.vectors.shape[1] if meaning else 0

    def kept(count: Grams) -> Grams:
        return count[0] if written else Counter(), count[1] if heard else Counter()

    counts = [kept(seen.grams) for seen in training.seen]
    vocabulary = Vocabulary.of(counts)
    dense = training.vectors[:, :width] * MEANING
    fitted = fit_softmax(vocabulary.matrix(counts), dense, list(training.mains), MAIN_STRENGTH)
    scorer, places = Scorer(vocabulary, fitted.weights, fitted.bias), _places(fitted.classes)
    return lambda seen: _spread(
        places, softmax(scorer.scores(kept(seen.grams), seen.vector[:width] * MEANING) * SHARPNESS)
    )


def ours(training: Training) -> Model:
    """The model of `bot/nlu/intent_model.py`."""
    model = IntentModel.fit([seen.grams for seen in training.seen], training.vectors, training.intents)
    places = _places(map(main_intent, model.intents))
    return lambda seen: _spread(places, model.probabilities(seen.grams, seen.vector))


def kernel_machine(training: Training) -> Model:
    """scikit-learn's RBF SVM with its own settings; probabilities by its cross-validation."""
    model = SVC(probability=True, random_state=SEED).fit(training.vectors, training.mains)
    places = _places(model.classes_)
    return lambda seen: _spread(places, model.predict_proba(seen.vector[None, :])[0])


def neighbours(training: Training) -> Model:
    """The votes of the nearest sentences, each weighing its cosine."""
    vectors, places = training.vectors, _places(training.mains)

    def probabilities(seen: Seen) -> np.ndarray:
        cosines = vectors @ seen.vector
        nearest = np.argpartition(cosines, -NEIGHBOURS)[-NEIGHBOURS:]
        votes = _spread(places[nearest], np.maximum(cosines[nearest], 1e-6))
        return np.asarray(votes / votes.sum())

    return probabilities


def fine_tuned(training: Training, epochs: int = 4, rate: float = 3e-4, drop: float = 0.1) -> Model:
    """The encoder's dense layers, from its own weights, trained further under a softmax over main intents."""
    import tensorflow as tf  # type: ignore[import-untyped]

    keras, own = tf.keras, encoder._model()
    keras.utils.set_random_seed(SEED)
    places = _places(training.mains)

    def layer(name: str) -> tf.keras.layers.Layer:
        weights = getattr(own, name)
        start = keras.initializers.Constant(weights)
        return keras.layers.Dense(weights.shape[1], use_bias=False, kernel_initializer=start)

    def dropped(values: tf.Tensor) -> tf.Tensor:
        return keras.layers.Dropout(drop)(values)

    given = keras.Input((own.d0.shape[0],))
    pooled = dropped(given)
    middle = tf.nn.relu(layer("p1")(pooled) + layer("d1")(dropped(tf.nn.relu(layer("d0")(pooled)))))
    top = tf.nn.tanh(layer("p3")(middle) + layer("d3")(dropped(tf.nn.relu(layer("d2")(middle)))))
    vector = tf.math.l2_normalize(top, axis=1)
    scores = keras.layers.Dense(len(MAIN_INTENTS), kernel_regularizer=keras.regularizers.L2(1e-4))(dropped(vector * 12))
    model = keras.Model(given, scores)
    steps = keras.optimizers.schedules.CosineDecay(rate, epochs * len(places) // 64 + 1)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile(keras.optimizers.Adam(steps), loss)
    inputs, targets = np.array([seen.pooled for seen in training.seen]), np.eye(len(MAIN_INTENTS))[places]
    model.fit(inputs, targets, batch_size=64, epochs=epochs, verbose=0)
    answer = tf.function(lambda values: tf.nn.softmax(model(values, training=False)))
    return lambda seen: answer(tf.constant(seen.pooled[None, :]))[0].numpy()


def both(training: Training) -> Model:
    """The mean of ours and the fine-tuned encoder."""
    one, other = ours(training), fine_tuned(training)
    return lambda seen: (one(seen) + other(seen)) / 2


def diet(training: Training, epochs: int) -> Model:
    """Rasa's DIET on the sentence vector, as the sentence and as its only token; sub-intents as labels."""
    from rasa.engine.graph import ExecutionContext, GraphSchema
    from rasa.engine.storage.local_model_storage import LocalModelStorage
    from rasa.engine.storage.resource import Resource
    from rasa.nlu.classifiers.diet_classifier import DIETClassifier
    from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, FEATURE_TYPE_SEQUENCE, INTENT, INTENT_RANKING_KEY, TEXT
    from rasa.shared.nlu.training_data.features import Features
    from rasa.shared.nlu.training_data.message import Message
    from rasa.shared.nlu.training_data.training_data import TrainingData

    def message(seen: Seen, **more: str) -> Message:
        kinds = (FEATURE_TYPE_SENTENCE, FEATURE_TYPE_SEQUENCE)  # DIET takes no sentence without a sequence of tokens
        name = encoder.SentenceEncoder.__name__
        return Message({TEXT: seen.text, **more}, features=[Features(seen.vector[None], k, TEXT, name) for k in kinds])

    def probabilities(seen: Seen) -> np.ndarray:
        (asked,) = classifier.process([message(seen)])
        ranking = asked.get(INTENT_RANKING_KEY)
        return _spread(_places(main_intent(r["name"]) for r in ranking), [r["confidence"] for r in ranking])

    options = {"epochs": epochs, "entity_recognition": False, "ranking_length": 0, "random_seed": SEED}
    examples = [message(seen, **{INTENT: intent}) for seen, intent in zip(training.seen, training.intents, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        classifier = DIETClassifier.create(
            DIETClassifier.get_default_config() | options,
            LocalModelStorage.create(Path(folder)),
            Resource("diet"),
            ExecutionContext(GraphSchema({})),
        )
        classifier.train(TrainingData(examples))
    return probabilities


def candidates(diet_epochs: int) -> dict[str, Train]:
    """All candidates in the order of the table."""
    return {
        "characters and words": partial(linear, written=True, heard=False, meaning=False),
        "characters, words, sounds": partial(linear, written=True, heard=True, meaning=False),
        "sentence encoder": partial(linear, written=False, heard=False, meaning=True),
        "encoder, characters, words": partial(linear, written=True, heard=False, meaning=True),
        "**ours:** encoder, characters, words, sounds; two levels": ours,
        "RBF SVM on the encoder": kernel_machine,
        f"{NEIGHBOURS} nearest neighbours by the encoder": neighbours,
        "encoder's upper layers fine-tuned": fine_tuned,
        "mean of ours and fine-tuned": both,
        f"Rasa's DIET on the encoder, {diet_epochs} epochs": partial(diet, epochs=diet_epochs),
    }


def _places(mains: Iterable[str]) -> np.ndarray:
    return np.array([MAIN_INTENTS.index(main) for main in mains])


def _spread(places: np.ndarray, values: Sequence[float] | np.ndarray) -> np.ndarray:
    """The sum of the values in each place of `MAIN_INTENTS`."""
    return np.bincount(places, values, len(MAIN_INTENTS))
