"""Meaning as 512 numbers: the multilingual sentence encoder, loaded once a process."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.normaliser import normal_form, normal_text
from bot.nlu.sentence_model import SentenceModel

LONGEST = 400
"""Characters that are encoded; the wish of a longer message stands in its beginning."""


_REMEMBERED = 4096
"""Texts whose vectors are kept: the classifier, the knowledge search and a repeated phrase share one pass."""
_lately: OrderedDict[str, np.ndarray] = OrderedDict()
_encoding = Lock()


@cache
def _model() -> SentenceModel:
    return SentenceModel()


def encode(text: str) -> np.ndarray:
    """The unit vector of one text in normal form: shape (512,), float32."""
    return encode_all([text])[0]


def encode_all(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors of texts: shape (len(texts), 512), float32.

    Together they cost little more than one, which waits for the weights to come from memory.
    """
    if not texts:
        return np.zeros((0, 512), dtype=np.float32)
    with _encoding:
        found = {text: _lately[text] for text in texts if text in _lately}
        new = list(dict.fromkeys(text for text in texts if text not in found))
        if new:
            found.update(zip(new, _model().encode([text[:LONGEST] or " " for text in new]), strict=True))
        for text, vector in found.items():
            _lately[text] = vector
            _lately.move_to_end(text)
        while len(_lately) > _REMEMBERED:
            _lately.popitem(last=False)
    return np.array([found[text] for text in texts], dtype=np.float32)


def foresee(texts: Sequence[str]) -> None:
    """Encode messages, as they came, that are about to be understood one after the other."""
    encode_all([normal_form(text).text for text in texts])


def vector_of(message: Message) -> np.ndarray:
    """The sentence vector of a message; computed where no `SentenceEncoder` ran before."""
    for features in message.features or ():
        if features.type == FEATURE_TYPE_SENTENCE and features.is_dense():
            return np.asarray(features.features[0])
    return encode(normal_text(message))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoder(DenseFeaturizer, GraphComponent):
    """Adds the sentence vector to each message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Rasa's own option of a featurizer: the name that features carry."""
        return {"alias": None}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing can be set wrong."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "SentenceEncoder":
        """Build the component and load the encoder's weights now, not at the first message."""
        encode("你好")
        return cls(execution_context.node_name, config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Add features to the messages."""
        for message in messages:
            self._add(message, encode(normal_text(message)))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add features to all training examples in one pass."""
        examples = [example for example in training_data.training_examples if example.get(TEXT)]
        for example, vector in zip(examples, encode_all([normal_text(e) for e in examples]), strict=True):
            self._add(example, vector)
        return training_data

    def _add(self, message: Message, vector: np.ndarray) -> None:
        message.add_features(Features(vector[None, :], FEATURE_TYPE_SENTENCE, TEXT, self._identifier))
