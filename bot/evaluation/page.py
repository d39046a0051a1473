"""One HTML file with everything to look at: figures, confusions, calibration, and the surest errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.domain.heard import MAIN_INTENTS
from bot.evaluation.measures import Case, Prediction
from bot.evaluation.neighbours import Sentence
from bot.evaluation.table import Side, percent, rows
from bot.settings import ROOT

NAMES = {"consult": "咨询", "repair": "报修", "return_exchange": "退换货", "complaint": "投诉", "other": "其他"}
_TOKENS = ROOT / "bot/gateway/static/tokens.css"
"""The palette, type and spacing that all pages share; copied into the page, which is one file."""


@dataclass(frozen=True)
class Error:
    """A wrong answer with the training sentences nearest to the message."""

    case: Case
    prediction: Prediction
    nearest: Sequence[Sentence]


def render(source: str, measured_on: str, sides: Sequence[Side], errors: Sequence[Error]) -> str:
    """The page.

    Args:
        source: name of the file that was measured on.
        measured_on: the day, as readers write it.
        sides: our system first.
        errors: of our system, the surest first.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    return environment.get_template("page.html").render(
        source=source,
        measured_on=measured_on,
        sides=sides,
        rows=rows(sides),
        errors=errors,
        labels=MAIN_INTENTS,
        names=NAMES,
        tokens=Markup(_TOKENS.read_text(encoding="utf-8")),
    )
