"""What can be counted of a page's accessibility by looking at it in the browser (WCAG 2.1 AA).

`faults(page)` lists what is wrong with what is on the screen now: controls without a name, text without contrast, ids
used twice, references to nothing, pictures without a text, fields without a label.
"""

from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

LOOK = (Path(__file__).parent / "accessibility.js").read_text(encoding="utf-8")


def faults(page: Page) -> list[str]:
    """What is wrong with the page as it stands on the screen."""
    found: list[str] = page.evaluate(LOOK)
    return found


def faults_in_both_lights(page: Page) -> list[str]:
    """The same by day and by night."""
    found = []
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [f"{scheme}: {fault}" for fault in faults(page)]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found
