"""The form of a message that all further components work on (B7)."""

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.domain.text import clean, normalise
from bot.nlu.chinese import simplified

NORMAL = "normal_text"
LONGEST = 4000
"""Characters that are understood; many long bubbles at once are cut here, and stored whole."""


def normal_form(text: str) -> str:
    """Cleaned, half width, simplified, lower case, without shouting repeats."""
    return normalise(simplified(clean(text[:LONGEST])))


def normal_text(message: Message) -> str:
    """The message's normal form; computed where no `Normaliser` ran before."""
    known = message.get(NORMAL)
    return known if known is not None else normal_form(message.get(TEXT) or "")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class Normaliser(GraphComponent):
    """Puts the normal form beside the original text, so that `rasa shell` behaves as the server does."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "Normaliser":
        """Build the component."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the normal form of each message."""
        for message in messages:
            message.set(NORMAL, normal_form(message.get(TEXT) or ""))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Set the normal form of each training example."""
        self.process(training_data.training_examples)
        return training_data
