"""Words: spaCy's Chinese with jieba and the shop's own dictionary."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import spacy
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from spacy.language import Language
from spacy.tokens import Doc, Span

from bot.nlu import words
from bot.nlu.normaliser import normal_text

ENTITY_TYPES = {"product", "brand", "symptom", "channel"}
DOC = "spacy_doc"


@cache
def chinese() -> Language:
    """spaCy's blank Chinese, cutting with jieba and marking products, brands and symptoms by dictionary."""
    words.load()
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": {"segmenter": "jieba"}}})
    nlp.add_pipe("shop_words")
    return nlp


@Language.factory("shop_words")
class _ShopWords:
    """Marks the longest of the shop's words that begin and end where words do.

    It does what spaCy's entity ruler does, which counts its patterns anew at each message: 0.2 ms with 9,000 of them.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        self._words = {word: known for word, known in words.read_dictionary().items() if known[0] in ENTITY_TYPES}
        self._longest = max(map(len, self._words))

    def __call__(self, doc: Doc) -> Doc:
        doc.ents = tuple(self._found(doc))
        return doc

    def _found(self, doc: Doc) -> Iterator[Span]:
        text, starts = doc.text, [token.idx for token in doc]
        ends = [token.idx + len(token) for token in doc]
        first = 0
        while first < len(starts):
            last = first
            while last + 1 < len(ends) and ends[last + 1] - starts[first] <= self._longest:
                last += 1
            while last >= first and text[starts[first] : ends[last]] not in self._words:
                last -= 1
            if last >= first:
                kind, canonical = self._words[text[starts[first] : ends[last]]]
                yield Span(doc, first, last + 1, label=kind, span_id=canonical)
            first = max(first, last) + 1


def read_doc(message: Message) -> Doc:
    """The message cut into words; done once a message."""
    doc = message.get(DOC)
    if doc is None:
        doc = chinese()(normal_text(message))
        message.set(DOC, doc)
    return doc


def words_in(text: str) -> list[str]:
    """The words of a text in normal form."""
    return [word.text for word in chinese()(text) if not word.is_space]


def words_of(message: Message) -> list[str]:
    """The words of a message."""
    return [token.text for token in message.get(TOKENS_NAMES[TEXT], ())]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class ChineseTokenizer(Tokenizer):
    """Rasa's tokens from the words of spaCy and jieba, without the white space that jieba keeps."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Rasa's own options of a tokenizer: intents are names, never cut."""
        return {"intent_tokenization_flag": False, "intent_split_symbol": "_", "token_pattern": None}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "ChineseTokenizer":
        """Build the component and load the dictionary now, not at the first message."""
        chinese()
        return cls(config)

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """The words of one attribute of the message."""
        doc = read_doc(message) if attribute == TEXT else chinese()(str(message.get(attribute) or ""))
        return [Token(word.text, word.idx) for word in doc if not word.is_space]
