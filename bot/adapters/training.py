"""Training the Rasa model, and knowing whether the trained one is still right."""

import contextlib
import hashlib
import io
import logging
from collections.abc import Callable
from pathlib import Path

from bot.adapters.example_files import read_examples
from bot.adapters.model_archive import manifest_of, remove, seal
from bot.domain.errors import ContentError

TRAINED_FROM = ("config.yml", "domain.yml", "data", "bot/nlu", "bot/domain/heard.py")
"""What a model depends on, relative to the project's root."""

_STEPS = {
    "Normaliser": "规范化文字",
    "ChineseTokenizer": "分词",
    "SentenceEncoder": "句子编码",
    "EmotionReader": "情绪模型",
    "IntentClassifier": "意图模型",
    "IntentRules": "对话规则",
}


def fingerprint(root: Path) -> str:
    """A hash of everything that the model is trained from: the same content, the same model."""
    digest = hashlib.sha256()
    for name in TRAINED_FROM:
        place = root / name
        files = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
        for file in files:
            if "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def model_path(root: Path, models_dir: Path) -> Path:
    """Where the model for the present content lies, trained or not."""
    return models_dir / f"anfu-{fingerprint(root)}.tar.gz"


def is_trained(model: Path) -> bool:
    """Whether the model lies there with its manifest, which training writes last: one without is no trained model."""
    return model.exists() and manifest_of(model).exists()


def train(root: Path, models_dir: Path, report: Callable[[str], None]) -> Path:
    """Train the model for the present content.

    Args:
        root: the Rasa project's root.
        models_dir: where to put the model and its manifest; older ones are removed, the newest kept.
        report: told of each step, for a progress display.

    Raises:
        ContentError: the training data, a dictionary or a word list is wrong; the message says where.
    """
    from rasa.engine.exceptions import GraphComponentException
    from rasa.model_training import train as rasa_train

    read_examples(root / "data/nlu")
    target = model_path(root, models_dir)
    remove(target)  # a manifest never stands for an archive that is being written
    progress = _Progress(report)
    watched = logging.getLogger("rasa.engine.training.hooks")
    level = watched.level
    watched.addHandler(progress)
    watched.setLevel(logging.INFO)
    watched.propagate = False
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            result = rasa_train(
                domain=str(root / "domain.yml"),
                config=str(root / "config.yml"),
                training_files=str(root / "data"),
                output=str(models_dir),
                fixed_model_name=target.name.removesuffix(".tar.gz"),
                force_training=True,
            )
    except GraphComponentException as error:
        if isinstance(error.__cause__, ContentError):
            raise error.__cause__ from None
        raise
    finally:
        watched.removeHandler(progress)
        watched.setLevel(level)
    if not result.model:
        raise ContentError("训练没有成功：请运行 .venv/bin/rasa data validate 查看哪一行有问题")
    seal(target)
    for old in models_dir.glob("anfu-*.tar.gz"):
        if old != target:
            remove(old)
    return target


class _Progress(logging.Handler):
    """Turns Rasa's log of training steps into words."""

    def __init__(self, report: Callable[[str], None]) -> None:
        super().__init__()
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        for name, words in _STEPS.items():
            if name in message and "Starting" in message:
                self._report(words)
