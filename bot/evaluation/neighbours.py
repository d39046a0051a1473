"""The training sentences nearest in meaning: why a message was taken for what it is not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml


@dataclass(frozen=True)
class Sentence:
    """A training sentence and its intent."""

    text: str
    intent: str


def read_training(folder: Path) -> list[Sentence]:
    """All training sentences below a folder of Rasa's NLU files."""
    return [sentence for path in sorted(folder.rglob("*.yml")) for sentence in _read_file(path)]


def _read_file(path: Path) -> Iterator[Sentence]:
    for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
        if "intent" in entry:
            for line in entry["examples"].splitlines():
                yield Sentence(line.removeprefix("- ").strip(), entry["intent"])


def nearest(
    texts: list[str], sentences: list[Sentence], encode_all: Callable[[list[str]], np.ndarray], most: int = 3
) -> list[list[Sentence]]:
    """The nearest training sentences of each text, nearest first.

    Args:
        texts: messages.
        sentences: the training sentences.
        encode_all: gives unit vectors, shape (texts, dimensions).
        most: how many for each.
    """
    similarities = encode_all(texts) @ encode_all([sentence.text for sentence in sentences]).T
    best = np.argsort(-similarities, axis=1)[:, :most]
    return [[sentences[i] for i in row] for row in best]
