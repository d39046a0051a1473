"""The key figures as rows: the same in the terminal and on the page."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from bot.evaluation.measures import Case, Figures, Prediction, Retrieval, measure

WRITTEN = "原文"
"""The name of the messages as they were written, beside their harder versions."""


@dataclass(frozen=True)
class Side:
    """One system: what it made of the messages as written, and its figures on each version of them by name."""

    name: str
    predictions: Sequence[Prediction]
    figures: Mapping[str, Figures]
    train_seconds: float | None = None

    @property
    def main(self) -> Figures:
        """The figures on the messages as written."""
        return self.figures[WRITTEN]


def side(
    name: str,
    versions: Mapping[str, Sequence[Case]],
    predictions: Iterable[Prediction],
    train_seconds: float | None = None,
) -> Side:
    """One system's figures.

    Args:
        name: what readers call it.
        versions: the messages by version, `WRITTEN` among them.
        predictions: for the messages of all versions, one version after the other.
        train_seconds: how long its training took, where known.
    """
    said = iter(list(predictions))
    answers = {version: list(islice(said, len(cases))) for version, cases in versions.items()}
    figures = {version: measure(cases, answers[version]) for version, cases in versions.items()}
    return Side(name, answers[WRITTEN], figures, train_seconds)


@dataclass(frozen=True)
class Row:
    """One figure: its title, its value on each side, and what is asked of it, where anything is."""

    title: str
    values: tuple[str, ...]
    wanted: str = ""


def rows(sides: Sequence[Side]) -> list[Row]:
    """The key figures of all sides."""

    def row(title: str, show: Callable[[Side], str], wanted: str = "") -> Row:
        return Row(title, tuple(show(side) for side in sides), wanted)

    harder = [version for version in sides[0].figures if version != WRITTEN]
    found = [
        row("准确率（宽松）", lambda side: percent(side.main.lenient), "≥ 87 %，目标 93 %"),
        row("准确率（严格）", lambda side: percent(side.main.strict), "≥ 78 %，目标 87 %"),
        row("宏平均 F1", lambda side: percent(side.main.macro_f1), "≥ 78 %，目标 87 %"),
        row("五类中最低的召回（宽松）", lambda side: percent(side.main.worst_recall), "≥ 82 %，目标 92 %"),
        row("把握 ≥ 90 % 却答错", lambda side: percent(side.main.sure_and_wrong), "≤ 3 %，目标 1 %"),
        row("校准误差（对宽松）", lambda side: percent(side.main.lenient_error), "≤ 5 %"),
        row("校准误差（对严格）", lambda side: percent(side.main.strict_error), "≤ 5 %"),
        row("每条毫秒，中位数", lambda side: f"{side.main.median_ms:.1f}", "≤ 6，目标 3"),
        row("每条毫秒，第 99 百分位", lambda side: f"{side.main.p99_ms:.1f}", "≤ 15，目标 8"),
        *(Row(f"{name}，准确率（宽松）", tuple(percent(s.figures[name].lenient) for s in sides)) for name in harder),
    ]
    if any(side.train_seconds is not None for side in sides):
        found.append(row("训练秒数", lambda side: "—" if side.train_seconds is None else f"{side.train_seconds:.0f}"))
    return found


def retrieval_rows(everything: Retrieval, reworded: Retrieval) -> list[Row]:
    """The figures of a search: of all queries, and of those that do not stand word for word among the candidates."""
    return [
        Row("问法数", (str(everything.count), str(reworded.count))),
        Row("Recall@1", (percent(everything.at_1), percent(reworded.at_1)), "≥ 50 %，目标 62 %"),
        Row("Recall@5", (percent(everything.at_5), percent(reworded.at_5)), "≥ 79 %，目标 88 %"),
        Row("MRR", (f"{everything.mrr:.3f}", f"{reworded.mrr:.3f}"), "≥ 0.63，目标 0.73"),
    ]


def percent(share: float) -> str:
    """A share as people read it: `81.3 %`."""
    return f"{share * 100:.1f} %"


def as_text(columns: Sequence[str], lines: Sequence[Row]) -> str:
    """A table for the terminal, in which a Chinese character is two columns wide."""
    cells = [["", *columns, "要求（第一列）" if len(columns) > 1 else "要求"]]
    cells += [[line.title, *line.values, line.wanted] for line in lines]
    widths = [max(_width(cell) for cell in column) for column in zip(*cells, strict=True)]
    return "\n".join(_aligned(line, widths).rstrip() for line in cells)


def _aligned(line: list[str], widths: list[int]) -> str:
    """Numbers to the right; the title and what is asked to the left."""
    title, *values, wanted = ((cell, " " * (width - _width(cell))) for cell, width in zip(line, widths, strict=True))
    return "   ".join(["".join(title), *(gap + cell for cell, gap in values), "".join(wanted)])


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
