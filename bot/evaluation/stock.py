"""Stock Rasa on the same training sentences: its usual Chinese pipeline, each step in a process of its own.

Own processes, because our tokenizer teaches jieba the shop's words, and a process has only one jieba.
`python -m bot.evaluation.stock MODEL` reads a JSON list of texts and writes what stock makes of each, a line each.
"""

import asyncio
import hashlib
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.domain.errors import EngineFailure
from bot.domain.heard import main_intent
from bot.evaluation.measures import WARM_UP, Prediction
from bot.settings import ROOT

_BAR = re.compile(r"Epochs: .*?(\d+)/\d+ \[")


@dataclass(frozen=True)
class Trained:
    """A trained stock model and how long its training took."""

    model: Path
    seconds: float


def train(nlu: Path, epochs: int, cache: Path, report: Callable[[int], None]) -> Trained:
    """The stock model for the present sentences; trained now where there is none.

    Args:
        nlu: folder of training sentences.
        epochs: of DIET; Rasa's own default is 100.
        cache: where models are kept.
        report: told how many epochs are done, for a progress display.

    Raises:
        EngineFailure: Rasa could not train; the message says where it tells why.
    """
    config = yaml.safe_dump(_config(epochs), allow_unicode=True, sort_keys=False)
    digest = hashlib.sha256(config.encode())
    for file in sorted(nlu.rglob("*.yml")):
        digest.update(file.read_bytes())
    folder = (cache / f"stock-{digest.hexdigest()[:16]}").resolve()
    trained = folder / "trained.json"
    if not trained.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yml").write_text(config, encoding="utf-8")
        trained.write_text(json.dumps({"seconds": _train(nlu.resolve(), folder, report)}), encoding="utf-8")
    return Trained(folder / "stock.tar.gz", json.loads(trained.read_text(encoding="utf-8"))["seconds"])


def _config(epochs: int) -> dict[str, Any]:
    return {
        "recipe": "default.v1",
        "language": "zh",
        "assistant_id": "stock",
        "pipeline": [
            {"name": "JiebaTokenizer"},
            {"name": "CountVectorsFeaturizer"},
            {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
            {"name": "DIETClassifier", "epochs": epochs},
        ],
    }


def _train(nlu: Path, folder: Path, report: Callable[[int], None]) -> float:
    command = [sys.executable, "-m", "rasa", "train", "nlu", "--nlu", str(nlu), "--config", "config.yml",
               "--out", str(folder), "--fixed-model-name", "stock"]  # fmt: skip
    # Rasa's cache of trained components would make the seconds a lie; without INFO it draws no progress bar.
    environment = _environment(RASA_MAX_CACHE_SIZE="0", LOG_LEVEL="INFO")
    done, started = 0, time.perf_counter()
    with (
        (folder / "train.log").open("w", buffering=1, encoding="utf-8") as log,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
        ) as process,
    ):
        assert process.stdout
        for line in process.stdout:  # each step of the bar too: it ends in a carriage return
            log.write(line)
            if (bar := _BAR.match(line)) and int(bar[1]) > done:
                report(done := int(bar[1]))
    if process.returncode or not (folder / "stock.tar.gz").exists():
        raise EngineFailure(f"原装 Rasa 没有训练成功，原因见 {log.name}")
    return time.perf_counter() - started


def understand(model: Path, texts: Sequence[str]) -> Iterator[Prediction]:
    """What stock makes of each text, one after the other in a process of its own.

    Raises:
        EngineFailure: the process ended early; the message says where it tells why.
    """
    command = [sys.executable, "-m", "bot.evaluation.stock", str(model.resolve())]
    count = 0
    # The texts as a file, not a pipe: a process that ended before it had read everything would break one.
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as given,
        model.with_name("understand.log").open("w", encoding="utf-8") as log,
    ):
        json.dump(list(texts), given)
        given.seek(0)
        with subprocess.Popen(
            command, cwd=ROOT, env=_environment(), stdin=given, stdout=subprocess.PIPE, stderr=log, encoding="utf-8"
        ) as process:
            assert process.stdout
            for line in process.stdout:
                yield Prediction(**json.loads(line))
                count += 1
    if process.returncode or count != len(texts):
        raise EngineFailure(f"原装 Rasa 中途停了，原因见 {log.name}")


def _environment(**more: str) -> dict[str, str]:
    quiet = {"RASA_TELEMETRY_ENABLED": "false", "SQLALCHEMY_SILENCE_UBER_WARNING": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return {**os.environ, **quiet, "PYTHONUTF8": "1", **more}


async def _answer(model: str, texts: list[str]) -> None:
    import structlog
    from rasa.core.agent import Agent

    answers, sys.stdout = sys.stdout, sys.stderr  # whatever Rasa prints is no answer
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # as in our process
    agent = Agent.load(model)
    for text in WARM_UP:
        await agent.parse_message(text)
    for text in texts:
        started = time.perf_counter()
        parse = await agent.parse_message(text)
        milliseconds = (time.perf_counter() - started) * 1000
        print(json.dumps(asdict(_prediction(parse, milliseconds))), file=answers, flush=True)


def _prediction(parse: dict[str, Any], milliseconds: float) -> Prediction:
    """The main intent of Rasa's first one; it is as sure of it as of all that belong to it together, as ours is."""
    label = main_intent(parse["intent"]["name"] or "")
    alike = (float(rank["confidence"]) for rank in parse["intent_ranking"] if main_intent(rank["name"]) == label)
    return Prediction(label, min(sum(alike), 1.0), milliseconds)


if __name__ == "__main__":
    asyncio.run(_answer(sys.argv[1], json.load(sys.stdin)))
