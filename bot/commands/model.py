"""The trained model and the engine around it, for the commands that need them."""

import fcntl
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.settings import ROOT, Settings

if TYPE_CHECKING:
    from bot.adapters.engine import RasaEngine


def ensure_model(settings: Settings, force: bool = False) -> Path:
    """The model for the present content; trained now, with a progress display, where there is none."""
    from bot.adapters.training import model_path

    path = model_path(ROOT, settings.models_dir)
    if path.exists() and not force:
        return path
    with _alone(settings.models_dir):
        return path if path.exists() and not force else _trained(settings)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of several that start at once one trains; the others wait for its model."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "training.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _trained(settings: Settings) -> Path:
    from bot.adapters.training import train

    started = time.monotonic()

    def report(step: str) -> None:
        print(f"  [{time.monotonic() - started:5.1f} 秒] {step}", file=sys.stderr, flush=True)

    print("正在训练模型（内容没有变化时只需一次）…", file=sys.stderr, flush=True)
    path = train(ROOT, settings.models_dir, report)
    report(f"完成：{path.name}")
    return path


def start_engine(model: Path) -> "RasaEngine":
    """A loaded engine whose actions run in this process."""
    from rasa_sdk.executor import ActionExecutor

    from bot.adapters.engine import RasaEngine
    from bot.nlu.chinese import script_of

    executor = ActionExecutor()
    executor.register_package("actions")
    logging.getLogger("rasa_sdk").setLevel("ERROR")
    engine = RasaEngine(model, executor.run, script_of)
    engine.start()
    return engine
