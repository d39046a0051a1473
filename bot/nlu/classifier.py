"""What the customer wants: one or several intents, the gravest first (B1-B6)."""

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier as RasaIntentClassifier
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.domain.heard import main_intent
from bot.domain.text import has_words
from bot.nlu.clauses import clauses
from bot.nlu.encoder import SentenceEncoder, encode, encode_all, vector_of
from bot.nlu.features import grams
from bot.nlu.feeling import EMOTION, EmotionReader
from bot.nlu.intent_model import IntentModel
from bot.nlu.judgement import (
    certain_by_facts,
    certain_by_words,
    complaint_by_tone,
    complaint_by_words,
    is_language,
    what_is_said,
    with_clauses,
    without_false_alarm,
    without_tags,
)
from bot.nlu.normaliser import normal_text, read_normal
from bot.nlu.second_reading import SecondReading
from bot.nlu.tokenizer import ChineseTokenizer, words_in, words_of

UNDERSTANDING = "understanding"
UNKNOWN = "nlu_fallback"
_CALM: dict[str, Any] = {"label": "calm", "level": 0, "signals": []}
HANDOVER_FROM = 0.5
"""Certainty from which a wish for a person that was not put in plain words ends the bot's part."""
CLEAR = 0.75
"""Probability of the likeliest main intent under which a message is read a second time."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(GraphComponent, RasaIntentClassifier):
    """Names the intents of a message, with how sure it is; a message that cannot be placed becomes `nlu_fallback`."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`unsure_below`: main intent probability under which nothing is acted on. `clause_from`: certainty that a
        part of a message needs to count as a request of its own."""
        return {"unsure_below": 0.45, "clause_from": 0.6}

    @classmethod
    def required_components(cls) -> list[type]:
        """Words and meaning come first."""
        return [ChineseTokenizer, SentenceEncoder, EmotionReader]

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        model: IntentModel | None = None,
        second_reading: SecondReading | None = None,
    ) -> None:
        self._config = config
        self._storage = model_storage
        self._resource = resource
        self._model = model
        self._second_reading = second_reading

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "IntentClassifier":
        """Build an untrained component."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "IntentClassifier":
        """Read the trained component."""
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, IntentModel.load(folder), SecondReading.load(folder))

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the model to all intent examples and store it."""
        examples = [e for e in training_data.intent_examples if e.get(TEXT)]
        counts = [grams(normal_text(e), words_of(e)) for e in examples]
        vectors = np.array([vector_of(e) for e in examples])
        self._model = IntentModel.fit(counts, vectors, [e.get(INTENT) for e in examples])
        self._second_reading = SecondReading.learn(normal_text(e) for e in examples)
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder)
            self._second_reading.save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set intent, ranking and `understanding` of each message."""
        for message in messages:
            self._understand(message)
        return messages

    def _understand(self, message: Message) -> None:
        assert self._model is not None, "IntentClassifier.process before train or load"
        normal = read_normal(message)
        text = normal.text
        probabilities = self._probabilities(message, text)
        order = np.argsort(probabilities)[::-1]
        ranking = [{"name": self._model.intents[i], "confidence": float(probabilities[i])} for i in order[:10]]
        mains = self._model.by_main(probabilities)
        top_main = max(mains, key=lambda name: mains[name])
        found = next(i for i in order if main_intent(self._model.intents[i]) == top_main)
        best = {"name": self._model.intents[found], "confidence": float(probabilities[found])}
        best = without_false_alarm(text, best, ranking)
        intents = [{**best, "text": text}]
        emotion = message.get(EMOTION) or _CALM
        intents = complaint_by_words(text, intents, ranking)
        intents = complaint_by_tone(intents, ranking, emotion["signals"])
        intents = with_clauses(intents, self._clause_intents(without_tags(text)), mains, self._config["clause_from"])
        intents = certain_by_words(text, intents)
        intents = certain_by_facts(text, intents, message.get(ENTITIES) or (), mains, calm=not emotion["level"])
        sure = has_words(text) and (
            bool(intents[0]["confidence"] == 1.0 or mains[top_main] >= self._config["unsure_below"])
            and is_language(text, intents[0], message.get(ENTITIES) or ())
            and (intents[0]["name"] != "human" or intents[0]["confidence"] >= HANDOVER_FROM)
        )
        name, main = intents[0]["name"] if sure else UNKNOWN, main_intent(intents[0]["name"])
        message.set(INTENT, {"name": name, "confidence": intents[0]["confidence"]}, add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        understanding = {
            "text": text,
            "places": None if normal.in_step else [list(place) for place in normal.places],
            "intents": intents,
            "main_intent": main,
            "main_confidence": mains[top_main] if main == top_main else intents[0]["confidence"],
            "sure": sure,
            "emotion": emotion,
        }
        message.set(UNDERSTANDING, understanding, add_to_output=True)

    def _probabilities(self, message: Message, text: str) -> np.ndarray:
        """Of all intents; numbers and addresses say what a request is about, not what it asks for, and are left out."""
        assert self._model is not None and self._second_reading is not None
        spoken = what_is_said(text, message.get(ENTITIES) or ())
        if spoken == text:
            first = self._model.probabilities(grams(text, words_of(message)), vector_of(message))
        else:
            first = self._read(spoken)
        doubt = self._surest(first)
        if doubt < CLEAR and (guess := self._second_reading.of(spoken)) != spoken:
            second = self._read(guess)
            return second if self._surest(second) > doubt else first
        return first

    def _surest(self, probabilities: np.ndarray) -> float:
        assert self._model is not None
        return max(self._model.by_main(probabilities).values())

    def _read(self, text: str) -> np.ndarray:
        assert self._model is not None
        return self._model.probabilities(grams(text, words_in(text)), encode(text))

    def _clause_intents(self, text: str) -> list[dict[str, Any]]:
        assert self._model is not None
        found = []
        parts = clauses(text)
        for clause, vector in zip(parts, encode_all(parts), strict=True):
            probabilities = self._model.probabilities(grams(clause, words_in(clause)), vector)
            mains = self._model.by_main(probabilities)
            top = max(mains, key=lambda name: mains[name])
            best = max(
                (i for i, name in enumerate(self._model.intents) if main_intent(name) == top),
                key=lambda i: probabilities[i],
            )
            found.append({"name": self._model.intents[best], "confidence": mains[top], "text": clause})
        return found
