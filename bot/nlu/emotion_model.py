"""The emotion model: how angry a message sounds, and whether its praise is meant (A2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bot.domain.emotion import Level
from bot.domain.errors import ContentError
from bot.nlu.features import Grams, Scorer, Vocabulary, softmax
from bot.nlu.model_files import load_arrays, save_arrays
from bot.nlu.softmax import fit_softmax

MEANING = 1.5
STRENGTH = 5.0
FILE = "emotion_model"
_CLASSES = [level.label for level in Level]
_SARCASM = "sarcasm"
_PLAIN = "plain"
_KEYS = {"emotion", "examples", _SARCASM}


@dataclass(frozen=True)
class Example:
    """A training sentence: its level, and whether it says the opposite of what it means."""

    text: str
    level: Level
    sarcastic: bool = False


def read_examples(folder: Path) -> Iterator[Example]:
    """The sentences of `data/emotion/*.yml`.

    Raises:
        ContentError: a file is no YAML, lacks its level or sentences, or none is there; the message names the file.
    """
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise ContentError(f"{folder} 里没有情绪例句（*.yml），请从代码库恢复 data/emotion 文件夹。")
    for path in paths:
        raw = _read_file(path)
        for key in ("examples", _SARCASM):
            for number, line in enumerate(str(raw.get(key) or "").splitlines(), start=1):
                if not line.startswith("- ") or not line[2:].strip():
                    raise ContentError(f"{path.name} 的 {key} 第 {number} 行应为“- 例句”，现在是：{line[:40]}")
                yield Example(line[2:].strip(), Level[raw["emotion"].upper()], key == _SARCASM)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f"第 {place.line + 1} 行" if place else ""
        raise ContentError(f"{path.name} {line}不是正确的 YAML，请检查缩进和引号：{error}") from error
    if not isinstance(raw, dict) or raw.get("emotion") not in _CLASSES or set(raw) - _KEYS or not raw.get("examples"):
        raise ContentError(
            f"{path.name} 应有 emotion（{'、'.join(_CLASSES)} 之一）和 examples，可有 sarcasm，不应有别的字段。"
        )
    return raw


class EmotionModel:
    """Probabilities of the four levels, and of sarcasm, for one message."""

    def __init__(self, scorer: Scorer) -> None:
        # classes of the scorer: the four levels, then plain and sarcastic
        self._scorer = scorer

    @classmethod
    def fit(cls, examples: Sequence[Example], counts: Sequence[Grams], vectors: np.ndarray) -> "EmotionModel":
        """Train on examples with their grams and sentence vectors, shape (examples, 512)."""
        vocabulary = Vocabulary.of(counts)
        sparse, dense = vocabulary.matrix(counts), vectors * MEANING
        level = fit_softmax(sparse, dense, [str(int(example.level)) for example in examples], STRENGTH)
        tones = [_SARCASM if example.sarcastic else _PLAIN for example in examples]
        tone = fit_softmax(sparse, dense, tones, STRENGTH)
        assert tone.classes == [_PLAIN, _SARCASM]
        weights = np.vstack([level.weights, tone.weights])
        weights[:, sparse.shape[1] :] *= MEANING
        return cls(Scorer(vocabulary, weights, np.hstack([level.bias, tone.bias])))

    def read(self, count: Grams, vector: np.ndarray) -> tuple[Level, float]:
        """The level, and the probability (0-1) that the words mean their opposite.

        The level is the highest that the message is more likely than not to reach: between calm and furious, a doubt
        is no fury.
        """
        scores = self._scorer.scores(count, vector)
        reached = softmax(scores[: len(Level)])[::-1].cumsum()[::-1]
        return Level(int((reached[1:] >= 0.5).sum())), float(softmax(scores[len(Level) :])[1])

    def save(self, folder: Path) -> None:
        """Write the model where `load` finds it."""
        save_arrays(folder, FILE, self._scorer, [*_CLASSES, _PLAIN, _SARCASM])

    @classmethod
    def load(cls, folder: Path) -> "EmotionModel":
        """Read what `save` wrote."""
        return cls(load_arrays(folder, FILE)[0])
