"""What the customer wants: one or several intents, the gravest first (B1-B6)."""

import re
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier as RasaIntentClassifier
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.domain.heard import main_intent
from bot.domain.text import has_words
from bot.nlu.clauses import clauses
from bot.nlu.encoder import SentenceEncoder, encode
from bot.nlu.intent_model import IntentModel, grams
from bot.nlu.normaliser import normal_text
from bot.nlu.tokenizer import ChineseTokenizer, chinese

UNDERSTANDING = "understanding"
UNKNOWN = "nlu_fallback"

_DANGER = re.compile(
    r"冒烟|着火|起火|火花|漏电|触电|电到|电了一下|麻手|煤气味|燃气味|漏煤气|漏燃气|天然气漏|燃气漏|煤气漏|爆炸|炸了|烧焦|焦糊味|糊味|受伤|流血|烫伤|割伤|中毒|晕倒"
)
_DISTRESS = re.compile(r"自杀|不想活|活不下去|轻生|跳楼")
_CHOSEN = re.compile(r"^我想了解:")
_SUPPOSED = re.compile(r"会不会|是否会|怕|担心|容易|可能会|有没有|防|安全吗|会漏电吗|会爆炸吗|避免")
_HUMAN = re.compile(
    r"^(?:请|帮我|麻烦|我要|快)?(?:转|找|要|换|接|叫)?一?(?:人工|真人|活人|客服人员)(?:客服|服务|座席|坐席)?[吧啊呢!。 ]*$|转人工|转接人工|找人工|要人工|叫人工|接人工|^0$"
)
HINTED = 0.1
"""Probability in the whole message from which a part's own main intent is believed."""
_GRAVITY = {"emergency": 0, "human": 1, "complaint": 2, "return_exchange": 3, "repair": 3, "consult": 5}
_SERVED = frozenset({"urge", "ticket_progress", "callback", "suggestion", "out_of_stock_notice"})


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
        return [ChineseTokenizer, SentenceEncoder]

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, model: IntentModel | None = None
    ) -> None:
        self._config = config
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
            return cls(config, model_storage, resource, IntentModel.load(folder))

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the model to all intent examples and store it."""
        examples = [e for e in training_data.intent_examples if e.get(TEXT)]
        counts = [grams(normal_text(e), _words(e)) for e in examples]
        vectors = np.array([_vector(e) for e in examples])
        self._model = IntentModel.fit(counts, vectors, [e.get(INTENT) for e in examples])
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set intent, ranking and `understanding` of each message."""
        for message in messages:
            self._understand(message)
        return messages

    def _understand(self, message: Message) -> None:
        assert self._model is not None, "IntentClassifier.process before train or load"
        text = normal_text(message)
        probabilities = self._model.probabilities(grams(text, _words(message)), _vector(message))
        order = np.argsort(probabilities)[::-1]
        ranking = [{"name": self._model.intents[i], "confidence": float(probabilities[i])} for i in order[:10]]
        mains = _by_main(self._model.intents, probabilities)
        top_main = max(mains, key=lambda name: mains[name])
        best = next(r for r in ranking if main_intent(str(r["name"])) == top_main)
        intents = [{**best, "text": text}]
        intents = _with_clauses(intents, self._clause_intents(text), mains, self._config["clause_from"])
        intents = _certain_by_words(text, intents)
        sure = bool(intents[0]["confidence"] == 1.0 or mains[top_main] >= self._config["unsure_below"]) and has_words(
            text
        )
        name = intents[0]["name"] if sure else UNKNOWN
        message.set(INTENT, {"name": name, "confidence": intents[0]["confidence"]}, add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        understanding = {
            "text": text,
            "intents": intents,
            "main_intent": main_intent(intents[0]["name"]),
            "main_confidence": mains[top_main],
            "sure": sure,
        }
        message.set(UNDERSTANDING, understanding, add_to_output=True)

    def _clause_intents(self, text: str) -> list[dict[str, Any]]:
        assert self._model is not None
        found = []
        for clause in clauses(text):
            words = [word.text for word in chinese()(clause) if not word.is_space]
            probabilities = self._model.probabilities(grams(clause, words), encode(clause))
            mains = _by_main(self._model.intents, probabilities)
            top = max(mains, key=lambda name: mains[name])
            best = max(
                (i for i, name in enumerate(self._model.intents) if main_intent(name) == top),
                key=lambda i: probabilities[i],
            )
            found.append({"name": self._model.intents[best], "confidence": mains[top], "text": clause})
        return found


def _words(message: Message) -> list[str]:
    return [token.text for token in message.get(TOKENS_NAMES[TEXT], ())]


def _vector(message: Message) -> np.ndarray:
    for features in message.features or ():
        if features.type == FEATURE_TYPE_SENTENCE and features.is_dense():
            return features.features[0]
    return encode(normal_text(message))


def _by_main(intents: list[str], probabilities: np.ndarray) -> dict[str, float]:
    mains: dict[str, float] = {}
    for intent, probability in zip(intents, probabilities, strict=True):
        mains[main_intent(intent)] = mains.get(main_intent(intent), 0.0) + float(probability)
    return mains


def _with_clauses(
    whole: list[dict[str, Any]], parts: list[dict[str, Any]], mains: dict[str, float], certain: float
) -> list[dict[str, Any]]:
    """The whole message's intent and what certain parts ask besides; the gravest leads (A2).

    A part counts where it is certain by itself and the whole message does not speak against it (`mains`).
    """
    lead = whole[0]
    requests: list[dict[str, Any]] = []
    for part in parts:
        is_request = main_intent(part["name"]) != "other" or part["name"] in _SERVED
        known = any(part["name"] == r["name"] or _same_matter(part["name"], r["name"]) for r in (lead, *requests))
        supported = mains[main_intent(part["name"])] >= HINTED
        if is_request and not known and supported and part["confidence"] >= certain:
            requests.append(part)
    if not requests:
        return whole
    if main_intent(lead["name"]) == "other" and lead["name"] not in _GRAVITY:
        return sorted(requests, key=_gravity)  # mere talk ("你好") gives way to the request beside it
    own = next((part["text"] for part in parts if part["name"] == lead["name"]), lead["text"])
    return sorted([{**lead, "text": own}, *requests], key=_gravity)


def _same_matter(one: str, other: str) -> bool:
    return main_intent(one) == main_intent(other) and main_intent(one) in ("repair", "return_exchange", "complaint")


def _gravity(intent: dict[str, Any]) -> int:
    name = intent["name"]
    return _GRAVITY.get(name, _GRAVITY.get(main_intent(name), 6))


def _certain_by_words(text: str, intents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Danger and the wish for a person need no model: they are heard always (B6, F1)."""
    if _DISTRESS.search(text) or (_DANGER.search(text) and not _SUPPOSED.search(text)):
        return [{"name": "emergency", "confidence": 1.0, "text": text}, *intents]
    if _HUMAN.search(text) and intents[0]["name"] not in ("bot_challenge",):
        return [{"name": "human", "confidence": 1.0, "text": text}, *(i for i in intents if i["name"] != "human")]
    if _CHOSEN.match(text):  # a clicked article
        return [{"name": "consult_service", "confidence": 1.0, "text": text}]
    return intents
