"""How the customer feels, as a Rasa component: a small model and the reviewed words (A2)."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.domain.emotion import EmotionWords, Level, feeling
from bot.domain.errors import ContentError
from bot.nlu.emotion_model import EmotionModel, Example, read_examples
from bot.nlu.encoder import SentenceEncoder, encode_all, vector_of
from bot.nlu.features import grams
from bot.nlu.gaps import without_facts
from bot.nlu.normaliser import normal_form, normal_text
from bot.nlu.tokenizer import ChineseTokenizer, words_in, words_of

WORDS = Path(__file__).parent.parent / "content" / "emotion.yml"
EXAMPLES = Path(__file__).parents[2] / "data" / "emotion"
EMOTION = "emotion"
_LETTER = re.compile(r"\w")
CALM_TALK = frozenset(
    [
        *("thanks", "praise", "greet", "goodbye", "affirm", "inform", "chitchat", "wait", "skip", "correct"),
        *("repair_booking", "repair_install", "consult_product", "consult_price", "consult_stock", "consult_promotion"),
        *("consult_usage", "consult_policy", "consult_invoice", "consult_installation", "consult_parts"),
        *("consult_membership", "consult_training", "consult_service"),
    ]
)
"""Intents whose examples show no anger."""


def read_words(path: Path = WORDS) -> EmotionWords:
    """The reviewed word lists.

    Raises:
        ContentError: the file is no YAML or lacks a list; the message names file and place.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        return EmotionWords(
            unhappy=tuple(raw["unhappy"]),
            angry=tuple(raw["angry"]),
            extreme=tuple(raw["extreme"]),
            coarse=tuple(raw["coarse"]),
            signals={name: tuple(listed) for name, listed in raw["signals"].items()},
            in_anger={name: tuple(listed) for name, listed in raw["in_anger"].items()},
            calming=tuple(raw["calming"]),
            innocent=tuple(raw["innocent"]),
        )
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        raise ContentError(
            f"{path.name} 第 {place.line + 1 if place else '?'} 行不是正确的 YAML，请检查缩进和引号：{error}"
        ) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ContentError(
            f"{path.name} 缺少或写错了 {error}：应有 unhappy、angry、extreme、coarse、signals、in_anger、"
            "calming、innocent。"
        ) from error


def learn(examples: Sequence[Example]) -> EmotionModel:
    """A model of these sentences."""
    texts = [normal_form(example.text).text for example in examples]
    counts = [grams(text, words_in(text)) for text in texts]
    return EmotionModel.fit(examples, counts, encode_all(texts))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class EmotionReader(GraphComponent):
    """Sets `emotion` of each message: level, its name, and the signals heard."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """No options: sentences and words are content."""
        return {}

    @classmethod
    def required_components(cls) -> list[type]:
        """Words and meaning come first; facts, where they are known, help."""
        return [ChineseTokenizer, SentenceEncoder]

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Rasa trains anew when the sentences change, which are no part of its own training data."""
        files = sorted(EXAMPLES.glob("*.yml"))
        return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()

    def __init__(
        self, words: EmotionWords, model_storage: ModelStorage, resource: Resource, model: EmotionModel | None = None
    ) -> None:
        self._words = words
        self._storage = model_storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "EmotionReader":
        """Build an untrained component and read the words."""
        return cls(read_words(), model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "EmotionReader":
        """Read the trained component."""
        with model_storage.read_from(resource) as folder:
            return cls(read_words(), model_storage, resource, EmotionModel.load(folder))

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the model to the sentences of data/emotion and to calm talk, and store it."""
        talk = [Example(e.get(TEXT), Level.CALM) for e in training_data.intent_examples if e.get(INTENT) in CALM_TALK]
        self._model = learn([*read_examples(EXAMPLES), *talk])
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the emotion of each message."""
        assert self._model is not None, "EmotionReader.process before train or load"
        for message in messages:
            text = normal_text(message)
            level, irony = self._model.read(grams(text, words_of(message)), vector_of(message))
            if not _LETTER.search(without_facts(text, message.get(ENTITIES) or ())):
                level = Level.CALM  # 「扫地机器人，13800138000」 answers a question and feels nothing
            felt = feeling(text, self._words, level, irony)
            told = {"label": felt.level.label, "level": int(felt.level), "signals": list(felt.signals)}
            message.set(EMOTION, told)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Intent examples need no emotion."""
        return training_data
