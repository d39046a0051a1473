"""How the customer feels, as a Rasa component (A2)."""

from pathlib import Path
from typing import Any

import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.domain.emotion import EmotionWords, Level, read_emotion
from bot.nlu.classifier import UNDERSTANDING, IntentClassifier
from bot.nlu.normaliser import normal_text

WORDS = Path(__file__).parent.parent / "content" / "emotion.yml"


def read_words(path: Path = WORDS) -> EmotionWords:
    """The reviewed word lists."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    return EmotionWords(
        levels={Level[name.upper()]: tuple(listed) for name, listed in raw["levels"].items()},
        signals={name: tuple(listed) for name, listed in raw["signals"].items()},
        calming=tuple(raw["calming"]),
        innocent=tuple(raw["innocent"]),
    )


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class EmotionReader(GraphComponent):
    """Adds level and signals to the understanding of a message."""

    def __init__(self, words: EmotionWords) -> None:
        self._words = words

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "EmotionReader":
        """Build the component and read the words."""
        return cls(read_words())

    @classmethod
    def required_components(cls) -> list[type]:
        """It completes what the classifier wrote."""
        return [IntentClassifier]

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the emotion of each message."""
        for message in messages:
            emotion = read_emotion(normal_text(message), self._words)
            told: dict[str, Any] = {
                "label": emotion.level.label,
                "level": int(emotion.level),
                "signals": list(emotion.signals),
            }
            message.set(UNDERSTANDING, {**(message.get(UNDERSTANDING) or {}), "emotion": told}, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing to learn: the words are reviewed by people."""
        return training_data
