"""Models as plain arrays and JSON: nothing in them can run."""

import json
from pathlib import Path

import numpy as np

from bot.nlu.features import Scorer, Vocabulary


def save_arrays(folder: Path, name: str, scorer: Scorer, classes: list[str]) -> None:
    """Write a scorer and the names of its classes as `name.npz` and `name.json`."""
    np.savez(folder / f"{name}.npz", idf=scorer.vocabulary.idf, weights=scorer.weights, bias=scorer.bias)
    words = {"classes": classes, "vocabulary": scorer.vocabulary.names}
    (folder / f"{name}.json").write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")


def load_arrays(folder: Path, name: str) -> tuple[Scorer, list[str]]:
    """Read what `save_arrays` wrote."""
    arrays = np.load(folder / f"{name}.npz", allow_pickle=False)
    words = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return Scorer(Vocabulary(words["vocabulary"], arrays["idf"]), arrays["weights"], arrays["bias"]), words["classes"]
