"""What a finder finds."""

from typing import NamedTuple


class Found(NamedTuple):
    """A fact: its type, its place in the normal form, and its value (text, or a number where it counts something)."""

    kind: str
    start: int
    end: int
    value: str | int | float
