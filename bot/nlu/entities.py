"""Facts in a message: numbers, days, products, faults, places, wishes."""

from datetime import date
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from spacy.tokens import Doc

from bot.domain.traced import Traced
from bot.nlu.clock import today
from bot.nlu.finders.days import days, times
from bot.nlu.finders.found import Found
from bot.nlu.finders.goods import goods, models
from bot.nlu.finders.money import amounts
from bot.nlu.finders.numbers import numbers, quantities
from bot.nlu.finders.people import people
from bot.nlu.finders.places import places
from bot.nlu.finders.wishes import demands, symptoms
from bot.nlu.normaliser import read_normal
from bot.nlu.tokenizer import read_doc

_RIVALS = (
    {"phone", "order_number", "ticket_number", "model", "money", "quantity", "date", "duration"},
    {"address", "product", "brand", "symptom", "date", "time", "person", "quantity", "order_number"},
    {"product", "brand", "model", "symptom", "channel", "person"},
    {"demand", "symptom"},
    {"demand", "quantity"},
)
"""Types that would read the same characters differently: 「科技路12号」 holds no day."""


def find_facts(text: str, doc: Doc, said_on: date) -> list[Found]:
    """All facts of a text in the order said; of two that compete for the same characters, the longer one.

    Args:
        text: a message in normal form.
        doc: the same text, cut into words.
        said_on: the day in Shanghai on which it was said.
    """
    finders = (
        numbers(text), models(text), goods(text, doc), places(text), people(text, doc), amounts(text), quantities(text),
        times(text), days(text, said_on), symptoms(text, doc), demands(text),
    )  # fmt: skip
    at: list[set[Found]] = [set() for _ in text]
    for fact in (fact for finder in finders for fact in finder):
        rivals = {other for place in at[fact.start : fact.end] for other in place if _compete(other.kind, fact.kind)}
        if all(other.end - other.start < fact.end - fact.start for other in rivals):
            for rival in rivals:
                for place in at[rival.start : rival.end]:
                    place.discard(rival)
            for place in at[fact.start : fact.end]:
                place.add(fact)
    return sorted(set().union(*at), key=lambda fact: (fact.start, fact.end, fact.kind))


def _compete(one: str, other: str) -> bool:
    return one == other or any({one, other} <= rivals for rivals in _RIVALS)


_AS_WRITTEN = frozenset({"address", "time", "person"})
"""Facts that people will read: they stand as the customer wrote them."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class FactExtractor(GraphComponent, EntityExtractorMixin):
    """Adds the facts of a message as Rasa entities."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "FactExtractor":
        """Build the component."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the entities of each message."""
        for message in messages:
            normal = read_normal(message)
            facts = find_facts(normal.text, read_doc(message), today())
            entities = [as_entity(fact, normal) for fact in facts]
            message.set(ENTITIES, message.get(ENTITIES, []) + self.add_extractor_name(entities), add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Training needs no facts: they come from rules and the dictionary."""
        return training_data


def as_entity(fact: Found, normal: Traced) -> dict[str, Any]:
    """A Rasa entity: `start` and `end` in the message as it came, `normal` the same place in its normal form."""
    start, end = normal.span(fact.start, fact.end)
    value = normal.original[start:end] if fact.kind in _AS_WRITTEN else fact.value
    return {"entity": fact.kind, "value": value, "start": start, "end": end, "normal": [fact.start, fact.end]}
