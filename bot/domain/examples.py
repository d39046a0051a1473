"""Training sentences under examination: near-duplicates, contradictions, and what was taken from a measuring set."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

NEAR = 0.8
"""Share of common character pairs from which two sentences say nothing new beside each other."""
SHORTEST = 4
"""Characters from which a likeness counts; 「好的」 and 「嗯」 are everyone's."""


@dataclass(frozen=True)
class Example:
    """A training sentence with its intent and where it stands (`consult.yml:12`)."""

    text: str
    intent: str
    place: str


@dataclass(frozen=True)
class Finding:
    """A sentence and another one that it is too like; `kind` is `duplicate`, `contradiction` or `leak`."""

    kind: str
    example: Example
    other: str
    likeness: float


def squeezed(text: str) -> str:
    """Letters, digits and characters alone: what two sentences are compared by."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum()) or text.strip()


def examine(examples: Sequence[Example], measured: Iterable[str] = ()) -> list[Finding]:
    """What is wrong with training sentences.

    Args:
        examples: all of them.
        measured: sentences that a model will be measured on: nothing may be the same or nearly so.
    """
    findings: list[Finding] = []
    seen = _Likeness()
    for example in examples:
        twin = seen.nearest(example.text)
        if twin is not None:
            other, likeness = twin
            same = examples[other].intent == example.intent
            if likeness == 1.0 or same:
                kind = "duplicate" if same else "contradiction"
                findings.append(Finding(kind, example, f"{examples[other].place} {examples[other].text}", likeness))
        seen.add(example.text)
    test_set = _Likeness(measured)
    for example in examples:
        leaked = test_set.nearest(example.text)
        if leaked is not None:
            findings.append(Finding("leak", example, test_set.texts[leaked[0]], leaked[1]))
    return findings


class _Likeness:
    """Sentences that can be searched for the one most like another."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = []
        self._whole: dict[str, int] = {}
        self._pairs: list[frozenset[str]] = []
        self._holders: dict[str, list[int]] = defaultdict(list)
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        number = len(self.texts)
        self.texts.append(text)
        key = squeezed(text)
        self._whole.setdefault(key, number)
        pairs = _pairs(key)
        self._pairs.append(pairs)
        for pair in pairs:
            self._holders[pair].append(number)

    def nearest(self, text: str) -> tuple[int, float] | None:
        """Number and likeness (`NEAR` to 1) of the most alike sentence, None where all are different enough."""
        key = squeezed(text)
        if key in self._whole:
            return self._whole[key], 1.0
        if len(key) < SHORTEST:
            return None
        pairs = _pairs(key)
        common = Counter(number for pair in pairs for number in self._holders.get(pair, ()))
        alike = ((number, n / (len(pairs) + len(self._pairs[number]) - n)) for number, n in common.items())
        best = max(alike, key=lambda found: found[1], default=(0, 0.0))
        return best if best[1] >= NEAR else None


def _pairs(key: str) -> frozenset[str]:
    framed = f"^{key}$"
    return frozenset(framed[i : i + 2] for i in range(len(framed) - 1))


def describe(findings: Iterable[Finding]) -> Iterator[str]:
    """A line in Chinese for each finding: what it is, where, and what to do."""
    cures = {
        "duplicate": "与 {other} 几乎相同，请删去一句或换一种说法",
        "contradiction": "与 {other} 是同一句话却属于两个意图，请只留一个",
        "leak": "与评测语料“{other}”相同或几乎相同，请删去：评测语料不能用来训练",
    }
    for finding in findings:
        cure = cures[finding.kind].format(other=finding.other)
        yield f"{finding.example.place} {finding.example.intent}：“{finding.example.text}”{cure}"
