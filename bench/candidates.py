"""Intent models compared on the same training sentences: `python -m bench.candidates FILE`.

FILE holds labelled messages as `anfu evaluate` takes them, a JSON object a line: `text`, `label`, sometimes `alt`.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.intent_models import Model, Seen, Train, candidates, learn_from, see
from bot.adapters.example_files import read_examples
from bot.domain.errors import AnfuError
from bot.domain.examples import Example
from bot.domain.heard import MAIN_INTENTS
from bot.evaluation.files import messages, read_lines
from bot.evaluation.measures import Case, Figures, Prediction, measure
from bot.nlu.intent_model import SHARPNESS
from bot.settings import ROOT

TABLE = ROOT / "bench/CANDIDATES.md"
NLU = ROOT / "data/nlu"


def compare(examples: Sequence[Example], cases: Sequence[Case], chosen: Mapping[str, Train]) -> str:
    """The table of the chosen candidates.

    Args:
        examples: the training sentences, at least `intent_models.NEIGHBOURS` of them and two main intents.
        cases: the messages to measure on, at least one.
        chosen: candidates by name, some of `candidates`.
    """
    _say(f"features of {len(examples)} sentences and {len(cases)} messages")
    training, asked = learn_from(examples), see(case.text for case in cases)
    lines = [_HEAD]
    for name, train in chosen.items():
        _say(name)
        started = time.perf_counter()
        model = train(training)
        seconds = time.perf_counter() - started
        lines.append(_row(name, measure(cases, _predictions(model, asked)), seconds))
    return "\n".join(lines)


def _predictions(model: Model, asked: Sequence[Seen]) -> list[Prediction]:
    model(asked[0])  # before the clock starts
    predictions = []
    for seen in asked:
        started = time.perf_counter()
        probabilities = model(seen)
        milliseconds = (time.perf_counter() - started) * 1000
        best = int(np.argmax(probabilities))
        predictions.append(Prediction(MAIN_INTENTS[best], float(probabilities[best]), milliseconds))
    return predictions


def _row(name: str, figures: Figures, seconds: float) -> str:
    worst = min(figures.labels, key=lambda label: label.lenient_recall)
    cells = [
        *(f"{share:.3f}" for share in (figures.lenient, figures.strict, figures.macro_f1)),
        f"{worst.lenient_recall:.3f} {worst.label}",
        *(f"{share:.3f}" for share in (figures.lenient_error, figures.sure_and_wrong)),
        f"{seconds:.1f}",
        f"{figures.median_ms:.2f}",
    ]
    return f"| {name} | " + " | ".join(cells) + " |"


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


_HEAD = """\
| model | lenient | strict | macro-F1 | worst recall | calibration error | sure and wrong | training, s | ms a message |
|---|---:|---:|---:|---:|---:|---:|---:|---:|"""
_REPORT = """\
# Intent models on the same sentences

Made by `python -m bench.candidates FILE`; FILE holds labelled messages.

{at} · {machine} · load before the run {load:.2f} · {examples} training sentences, {cases} messages

{table}

- All models see the features of our normaliser, tokenizer and encoder, and answer in one process, without the rules of
  `bot/nlu/classifier.py`. Nothing was trained on FILE. One run of each, with a fixed seed.
- Lenient: the second label of a message is right too; so count worst recall (of a main intent), calibration error (ten
  bins) and sure and wrong (a share of all messages, with a confidence of 0.9 or more). Strict and macro-F1: the first
  label alone. From {cases} messages, a share near 0.9 is known to about ± {noise:.3f} (95 %).
- A model that names sub-intents is as sure of a main intent as of all that belong to it. The linear models share
  their strength, and the sharpness that ours was given, {sharpness}. The settings of ours and of the fine-tuned encoder
  were chosen with development messages in view; those of the SVM, the neighbours and DIET are the usual ones.
- DIET takes no sentence without tokens: the sentence vector stands for its only token too. No sparse features.
- Training and the median ms a message are of the model alone: features are computed once before and not counted. The
  SVM's training includes the five-fold cross-validation that its probabilities need.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for and print the table; without `arguments`, the command line's."""
    parser = argparse.ArgumentParser(prog="python -m bench.candidates", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--diet-epochs", type=int, default=100, metavar="N", help="default 100")
    parser.add_argument("--write", action="store_true", help=f"also write {TABLE.relative_to(ROOT)}")
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    try:
        cases, examples = messages(read_lines(options.file)), read_examples(NLU)
    except AnfuError as error:
        sys.exit(str(error))
    report = _REPORT.format(
        at=datetime.now(UTC).isoformat(timespec="minutes"),
        machine=f"{os.cpu_count()} cores, Python {platform.python_version()}",
        load=load,
        examples=len(examples),
        cases=len(cases),
        table=compare(examples, cases, candidates(options.diet_epochs)),
        noise=1.96 * (0.9 * 0.1 / len(cases)) ** 0.5,
        sharpness=SHARPNESS,
    )
    print(report, end="")
    if options.write:
        TABLE.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
