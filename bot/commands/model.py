"""The trained model and the engine around it, for the commands that need them."""

import fcntl
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.domain.errors import EngineFailure
from bot.settings import ROOT, Settings

if TYPE_CHECKING:
    from rasa_sdk.executor import ActionExecutor

    from bot.adapters.engine import RasaEngine


def ensure_model(settings: Settings, force: bool = False) -> Path:
    """The model for the present content; trained now, with a progress display, where there is none.

    Raises:
        EngineFailure: there is none, and the folder cannot be written; or what lies there is not to be trusted.
        ContentError: the training data is wrong.
    """
    from bot.adapters.model_archive import require_trusted
    from bot.adapters.training import is_trained, model_path

    path = model_path(ROOT, settings.models_dir)
    if force or not is_trained(path):
        with _alone(settings.models_dir):
            if force or not is_trained(path):
                _train(settings)
    require_trusted(path, settings.models_dir)
    return path


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of several that start at once one trains; the others wait for its model.

    Raises:
        EngineFailure: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        lock = (folder / "training.lock").open("w")
    except OSError as error:
        raise EngineFailure(
            f"模型文件夹 {folder} 里没有可用的模型，也写不进去（{error.strerror}）。请在能写的地方运行 anfu train，"
            "再把模型和同名的 .sha256 文件一起放进来"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _train(settings: Settings) -> None:
    from bot.adapters.lean_rasa import without_tensorflow

    started = time.monotonic()

    def report(step: str) -> None:
        print(f"  [{time.monotonic() - started:5.1f} 秒] {step}", file=sys.stderr, flush=True)

    print("正在训练模型（内容没有变化时只需一次）…", file=sys.stderr, flush=True)
    with without_tensorflow():
        from bot.adapters.training import train

        path = train(ROOT, settings.models_dir, report)
    report(f"完成：{path.name}")


def start_engine(model: Path) -> "RasaEngine":
    """A loaded engine whose actions run in this process.

    Raises:
        EngineFailure: the model is not to be trusted, or cannot be loaded.
    """
    from threadpoolctl import threadpool_limits

    from bot.adapters.lean_rasa import without_tensorflow

    with without_tensorflow():
        from bot.adapters.engine import RasaEngine
        from bot.nlu.chinese import script_of
        from bot.nlu.encoder import foresee

        engine = RasaEngine(model, own_actions().actions, script_of, foresee)
        engine.start()
    # A message is too little to share among cores: the others would spin beside it, at twice the processor time a turn.
    threadpool_limits(1, user_api="blas")
    return engine


def own_actions() -> "ActionExecutor":
    """Knows the actions of `actions/` alone: rasa_sdk would take whatever this process has imported."""
    from rasa_sdk import Action
    from rasa_sdk.executor import ActionExecutor
    from rasa_sdk.utils import all_subclasses

    logging.getLogger("rasa_sdk").setLevel("ERROR")
    executor = ActionExecutor()
    executor.register_package("actions")
    executor.actions.clear()
    for action in all_subclasses(Action):
        if action.__module__.partition(".")[0] == "actions":
            executor.register_action(action())
    return executor
