"""A text without some of its facts: what is said besides."""

from collections.abc import Iterable
from typing import Any


def without_facts(
    text: str, entities: Iterable[dict[str, Any]], kinds: frozenset[str] | None = None, filler: str = ""
) -> str:
    """The text with `filler` in the place of facts of these kinds, or of all.

    Args:
        text: a message in normal form.
        entities: as `FactExtractor` gives them, each with its place in that form.
    """
    parts: list[str] = []
    done = 0
    for start, end in sorted(entity["normal"] for entity in entities if kinds is None or entity["entity"] in kinds):
        if start >= done:
            parts += text[done:start], filler
        done = max(done, end)
    return "".join((*parts, text[done:]))
