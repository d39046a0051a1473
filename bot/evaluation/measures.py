"""Figures of what was expected and what was said: pure functions, shares between 0 and 1."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from bot.domain.heard import MAIN_INTENTS

SURE = 0.9
"""Confidence from which a wrong answer misleads: nothing downstream would doubt it."""
BINS = 10
WARM_UP = ("在不在呀", "东西还没有到", "屏幕上有一条线")
"""Understood before the clock starts, on each side."""


@dataclass(frozen=True)
class Case:
    """A message with the main intent that is right, and sometimes a second one that is right too."""

    text: str
    label: str
    alt: str | None = None

    def accepts(self, label: str) -> bool:
        """Whether this answer is right, leniently."""
        return label in (self.label, self.alt)


@dataclass(frozen=True)
class Prediction:
    """The main intent that one system named, how sure it was (0-1), and how long it took."""

    label: str
    confidence: float
    milliseconds: float


@dataclass(frozen=True)
class LabelFigures:
    """One label's figures; all strict but `lenient_recall`."""

    label: str
    count: int
    precision: float
    recall: float
    f1: float
    lenient_recall: float


@dataclass(frozen=True)
class Bin:
    """The messages answered with a confidence from `low` to `high`: how many, how sure on average, the share right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Figures:
    """All figures of one system on one set of messages.

    Attributes:
        strict, lenient: share that equals the label; that equals the label or the second one.
        macro_f1: mean F1 of the labels that occur among the right ones.
        sure_and_wrong: share of all messages that are wrong (leniently) with a confidence of `SURE` or more.
        lenient_error, strict_error: expected calibration error against either kind of right.
        median_ms, p99_ms: milliseconds per message.
        labels: in the order of `MAIN_INTENTS`, those that occur.
        confusion: row: right label, column: answer, both in the order of `MAIN_INTENTS`.
        bins: ten equal bins of confidence, against lenient right.
    """

    count: int
    strict: float
    lenient: float
    macro_f1: float
    sure_and_wrong: float
    lenient_error: float
    strict_error: float
    median_ms: float
    p99_ms: float
    labels: tuple[LabelFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    bins: tuple[Bin, ...]

    @property
    def worst_recall(self) -> float:
        """Recall (lenient) of the label that is found least."""
        return min(label.lenient_recall for label in self.labels)


def measure(cases: Sequence[Case], predictions: Sequence[Prediction]) -> Figures:
    """All figures of one system.

    Args:
        cases: at least one message.
        predictions: one for each case, in the same order.
    """
    strict = np.array([p.label == case.label for case, p in zip(cases, predictions, strict=True)])
    lenient = np.array([case.accepts(p.label) for case, p in zip(cases, predictions, strict=True)])
    confidence = np.array([p.confidence for p in predictions])
    milliseconds = [p.milliseconds for p in predictions]
    expected, said = [case.label for case in cases], [p.label for p in predictions]
    labels = _by_label(expected, said, lenient)
    return Figures(
        count=len(cases),
        strict=float(strict.mean()),
        lenient=float(lenient.mean()),
        macro_f1=float(np.mean([label.f1 for label in labels])),
        sure_and_wrong=float((~lenient & (confidence >= SURE)).mean()),
        lenient_error=calibration_error(confidence, lenient),
        strict_error=calibration_error(confidence, strict),
        median_ms=float(np.percentile(milliseconds, 50)),
        p99_ms=float(np.percentile(milliseconds, 99)),
        labels=labels,
        confusion=tuple(map(tuple, confusion_matrix(expected, said, labels=MAIN_INTENTS).tolist())),
        bins=reliability(confidence, lenient),
    )


def _by_label(expected: list[str], said: list[str], lenient: np.ndarray) -> tuple[LabelFigures, ...]:
    occurring = [label for label in MAIN_INTENTS if label in expected]
    columns = precision_recall_fscore_support(expected, said, labels=occurring, zero_division=0)
    return tuple(
        LabelFigures(label, int(count), float(precision), float(recall), float(f1), _share(lenient, expected, label))
        for label, precision, recall, f1, count in zip(occurring, *columns, strict=True)
    )


def _share(right: np.ndarray, expected: list[str], label: str) -> float:
    return float(right[[other == label for other in expected]].mean())


def reliability(confidence: np.ndarray, right: np.ndarray) -> tuple[Bin, ...]:
    """Ten equal bins of confidence; an empty one has zeros.

    Args:
        confidence: 0-1, shape (messages,).
        right: whether each answer was right, shape (messages,).
    """
    place = np.clip((confidence * BINS).astype(int), 0, BINS - 1)
    bins = []
    for i in range(BINS):
        inside = place == i
        means = (float(confidence[inside].mean()), float(right[inside].mean())) if inside.any() else (0.0, 0.0)
        bins.append(Bin(i / BINS, (i + 1) / BINS, int(inside.sum()), *means))
    return tuple(bins)


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Mean distance between confidence and share right, over the bins of `reliability`, weighted by their messages."""
    bins = reliability(confidence, right)
    return sum(b.count * abs(b.confidence - b.right) for b in bins) / len(confidence)


def worst(cases: Sequence[Case], predictions: Sequence[Prediction], most: int = 50) -> list[tuple[Case, Prediction]]:
    """The wrong answers (leniently), the surest first."""
    wrong = [(case, p) for case, p in zip(cases, predictions, strict=True) if not case.accepts(p.label)]
    return sorted(wrong, key=lambda pair: pair[1].confidence, reverse=True)[:most]


@dataclass(frozen=True)
class Retrieval:
    """Share of queries with a hit in the first place, among the first five; mean of 1 / place of the first hit."""

    count: int
    at_1: float
    at_5: float
    mrr: float


def retrieval(places: Iterable[int | None]) -> Retrieval:
    """Figures of a search.

    Args:
        places: of each query's first hit, counted from 1; None where there was none.
    """
    found = np.array([1 / place if place else 0.0 for place in places])
    if not len(found):
        return Retrieval(0, 0.0, 0.0, 0.0)
    return Retrieval(len(found), float((found == 1).mean()), float((found >= 1 / 5).mean()), float(found.mean()))
