"""Words: spaCy's Chinese with jieba and the shop's own dictionary."""

from functools import cache
from pathlib import Path
from typing import Any

import jieba
import spacy
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from spacy.language import Language
from spacy.tokens import Doc

from bot.domain.errors import ContentError
from bot.nlu.normaliser import normal_text

DICTIONARY = Path(__file__).parent / "dictionary"
ENTITY_TYPES = {"product", "brand", "symptom"}
DOC = "spacy_doc"


def read_dictionary(folder: Path = DICTIONARY) -> dict[str, tuple[str, str]]:
    """The shop's words: word → (type, canonical word), from lines `word type [canonical]`.

    Raises:
        ContentError: a line has no type; the message names file and line.
    """
    words: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            parts = line.split()
            if len(parts) not in (2, 3):
                raise ContentError(f"{path.name} 第 {number} 行应为“词 类型 [标准词]”：{line}")
            word = parts[0].lower()
            words[word] = (parts[1], parts[2] if len(parts) == 3 else word)
    return words


@cache
def chinese() -> Language:
    """spaCy's blank Chinese, cutting with jieba and marking products, brands and symptoms by dictionary."""
    jieba.setLogLevel("WARNING")
    jieba.initialize()
    dictionary = read_dictionary()
    for word in dictionary:
        jieba.add_word(word)
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": {"segmenter": "jieba"}}})
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        {"label": kind, "pattern": word, "id": canonical}
        for word, (kind, canonical) in dictionary.items()
        if kind in ENTITY_TYPES
    )
    return nlp


def read_doc(message: Message) -> Doc:
    """The message cut into words; done once a message."""
    doc = message.get(DOC)
    if doc is None:
        doc = chinese()(normal_text(message))
        message.set(DOC, doc)
    return doc


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
