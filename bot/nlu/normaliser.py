"""The form of a message that all further components work on (B7)."""

from functools import lru_cache
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.domain.numbers import in_digits
from bot.domain.text import half_width, squeezed, visible
from bot.domain.traced import Traced
from bot.nlu import spelling
from bot.nlu.chinese import in_simplified, script_of
from bot.nlu.spelling import in_standard_words, pictures_as_words, spelt_right

NORMAL = "normal_form"
LONGEST = 4000
"""Characters that are understood; many long bubbles at once are cut here, and stored whole."""


@lru_cache(maxsize=1024)
def normal_form(text: str) -> Traced:
    """The form that understanding works on: half width, lower case, in standard words and simplified characters, spelt
    right, numbers in digits, no shouting; each character knows its place in the text as it came.

    Args:
        text: a message as it was typed; what goes beyond `LONGEST` characters is left out.
    """
    plain = half_width(visible(Traced.of(text[:LONGEST]))).part(0, LONGEST)
    standard = in_standard_words(pictures_as_words(plain), traditional=script_of(plain.text) == "hant")
    return squeezed(in_digits(spelt_right(in_simplified(standard))))


def read_normal(message: Message) -> Traced:
    """The message's normal form; computed where no `Normaliser` ran before."""
    known = message.get(NORMAL)
    return known if known is not None else normal_form(message.get(TEXT) or "")


def normal_text(message: Message) -> str:
    """The text of the message's normal form."""
    return read_normal(message).text


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
        """Build the component and read the spelling files now, not at the first message."""
        spelling.load()
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
