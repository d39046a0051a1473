"""A text that is rewritten step by step and still knows where each of its characters came from (B7)."""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Traced:
    """A rewritten text beside its original.

    Attributes:
        original: the text as it came.
        text: the text as it stands now.
        places: for each character of `text`, the half-open span of `original` that it stands for; never decreasing.
    """

    original: str
    text: str
    places: tuple[tuple[int, int], ...]

    @staticmethod
    def of(original: str) -> "Traced":
        """A text that nothing was done to yet."""
        return Traced(original, original, tuple((i, i + 1) for i in range(len(original))))

    @property
    def in_step(self) -> bool:
        """Whether each character stands for the one at the same place of the original."""
        return all(place == (i, i + 1) for i, place in enumerate(self.places)) and len(self.text) == len(self.original)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original the characters `start` to `end` of the text stand."""
        if start >= end or not self.places:
            return (0, 0)
        return self.places[start][0], self.places[end - 1][1]

    def words(self, start: int, end: int) -> str:
        """The characters `start` to `end` of the text as they were written."""
        return self.original[slice(*self.span(start, end))]

    def part(self, start: int, end: int) -> "Traced":
        """The characters `start` to `end`, still knowing where they came from."""
        return Traced(self.original, self.text[start:end], self.places[start:end])

    def sub(self, pattern: re.Pattern[str], rewrite: Callable[[re.Match[str]], str]) -> "Traced":
        """Rewrite each match; a new character stands for the whole match, or for its own one where lengths agree."""
        matches = [match for match in pattern.finditer(self.text) if match.end() > match.start()]
        return self.splice([(*match.span(), rewrite(match)) for match in matches])

    def each(self, rewrite: Callable[[str], str]) -> "Traced":
        """Rewrite character by character; a character may become none or several."""
        return self.splice([(i, i + 1, new) for i, old in enumerate(self.text) if (new := rewrite(old)) != old])

    def splice(self, changes: list[tuple[int, int, str]]) -> "Traced":
        """Put other characters in the place of spans.

        Args:
            changes: start, end, new text; in order, without overlap.
        """
        changes = [change for change in changes if self.text[change[0] : change[1]] != change[2]]
        if not changes:
            return self
        texts: list[str] = []
        places: list[tuple[int, int]] = []
        done = 0
        for start, end, new in changes:
            texts += self.text[done:start], new
            places += self.places[done:start]
            places += self.places[start:end] if len(new) == end - start else [self.span(start, end)] * len(new)
            done = end
        return Traced(self.original, "".join((*texts, self.text[done:])), (*places, *self.places[done:]))

    def strip(self) -> "Traced":
        """Without white space at the ends."""
        start = len(self.text) - len(self.text.lstrip())
        return self.part(start, max(start, len(self.text.rstrip())))
