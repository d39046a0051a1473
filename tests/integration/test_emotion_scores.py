"""How well the emotion of a message is read, on sentences that were written apart from the training (A2)."""

import json
from pathlib import Path

import pytest
from sklearn.metrics import f1_score

from bot.adapters.example_files import read_examples as intent_examples
from bot.domain.emotion import Emotion, Level, feeling
from bot.nlu.emotion_model import Example, read_examples
from bot.nlu.encoder import encode
from bot.nlu.features import grams
from bot.nlu.feeling import CALM_TALK, EXAMPLES, learn, read_words
from bot.nlu.normaliser import normal_form
from bot.nlu.tokenizer import words_in

ROOT = Path(__file__).parents[2]
LEVELS_FLOOR = 0.80
SIGNAL_FLOORS = {"threat": 0.85, "safety": 0.75, "special_care": 0.68, "sarcasm": 0.65}


@pytest.fixture(scope="module")
def measured() -> list[tuple[dict, Emotion]]:
    """Each test message with what is felt in it."""
    talk = [Example(e.text, Level.CALM) for e in intent_examples(ROOT / "data" / "nlu") if e.intent in CALM_TALK]
    model, words = learn([*read_examples(EXAMPLES), *talk]), read_words()
    rows = []
    for line in (ROOT / "tests" / "data" / "emotion.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = normal_form(row["text"]).text
        level, irony = model.read(grams(text, words_in(text)), encode(text))
        rows.append((row, feeling(text, words, level, irony)))
    return rows


def test_the_level_is_right_often_enough(measured: list[tuple[dict, Emotion]]) -> None:
    score = f1_score([row["level"] for row, _ in measured], [int(felt.level) for _, felt in measured], average="macro")
    print(f"macro-F1 of the four levels, {len(measured)} messages: {score:.3f}")
    assert len(measured) >= 400
    assert score >= LEVELS_FLOOR


@pytest.mark.parametrize("signal", sorted(SIGNAL_FLOORS))
def test_each_signal_is_heard_often_enough(measured: list[tuple[dict, Emotion]], signal: str) -> None:
    """F3, A13."""
    said = [signal in row["signals"] for row, _ in measured]
    score = f1_score(said, [signal in felt.signals for _, felt in measured])
    print(f"F1 of {signal}, {sum(said)} messages: {score:.3f}")
    assert score >= SIGNAL_FLOORS[signal]


def test_calm_customers_are_hardly_ever_taken_for_furious_ones(measured: list[tuple[dict, Emotion]]) -> None:
    """A2: an apology for nothing irritates; extreme anger would call a person."""
    assert [row["text"] for row, felt in measured if row["level"] == 0 and felt.level is Level.EXTREME] == []
