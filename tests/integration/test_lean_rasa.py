"""A process that answers has no TensorFlow in it; one that wants it all the same is told so."""

import subprocess
import sys

from tests.integration.fixtures_database import ROOT

ANSWERING = """
import asyncio, sys
from bot.commands.model import ensure_model, start_engine
from bot.domain.errors import EngineFailure
from bot.settings import from_environment

engine = start_engine(ensure_model(from_environment()))
heard = asyncio.run(engine.understand("洗衣机坏了，想约人来修"))
assert heard["intent"]["name"].startswith("repair"), heard
assert "tensorflow" not in sys.modules and "keras" not in sys.modules

from rasa.utils.tensorflow.models import RasaModel
try:
    RasaModel(random_seed=1)
except EngineFailure as error:
    assert "config.yml" in str(error)
else:
    raise AssertionError("a model without TensorFlow was made")

import tensorflow
assert tensorflow.constant(1).numpy() == 1  # who needs it still gets the real one
engine.stop()
print("as told")
"""


def test_the_engine_answers_without_tensorflow() -> None:
    ended = subprocess.run([sys.executable, "-c", ANSWERING], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.stdout.strip().endswith("as told"), ended.stderr[-2000:]
