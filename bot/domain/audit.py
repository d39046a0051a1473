"""The trail of changes: who, when, why, from what to what; each entry holds the hash of the one before (D6)."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

FIRST = "0" * 64
"""Stands for the entry before the first."""
ERASE = "erase"
"""The action whose entry says which others have lost their content, as a person asked (E10)."""


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        subject: kind and id of what was changed, such as `ticket:TS20261125-0001`.
        action: what was done to it, such as `step`.
        before, after: the values that differ; personal ones masked (E10).
    """

    at: datetime
    actor: str
    subject: str
    action: str
    reason: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A change in its place in the chain; `seq` counts from 1."""

    seq: int
    change: Change
    previous: str
    hash: str


def link(seq: int, previous: str, change: Change) -> Entry:
    """The entry that follows the one with hash `previous`."""
    return Entry(seq, change, previous, _hash(seq, previous, change))


def first_broken(
    entries: Iterable[Entry], previous: str = FIRST, seq: int = 0, head: tuple[int, str] | None = None
) -> int | None:
    """The number of the first entry that was changed, or that stands where another was taken away; None if all hold.

    Args:
        entries: in order.
        previous, seq: hash and number of the entry before them.
        head: number and hash of the last entry, kept apart; without it, entries taken away at the end are not missed.

    An entry without its content stands where a later one, which is whole, names its number and hash (`ERASE`).
    """
    blank: dict[int, str] = {}
    for entry in entries:
        seq += 1
        if entry.seq != seq or entry.previous != previous:
            return seq
        if entry.hash != _hash(seq, previous, entry.change):
            if not _is_blank(entry.change):
                return seq
            blank[seq] = entry.hash
        elif entry.change.action == ERASE:
            for number, hash_ in entry.change.after.get("entries", ()):
                if blank.get(number) == hash_:
                    del blank[number]
        previous = entry.hash
    if blank:
        return min(blank)
    return seq + 1 if head is not None and head != (seq, previous) else None


def _is_blank(change: Change) -> bool:
    return not change.reason and not change.before and set(change.after) == {"erased"}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values that two states of one thing do not share."""
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return {n: before[n] for n in names if n in before}, {n: after[n] for n in names if n in after}


def _hash(seq: int, previous: str, change: Change) -> str:
    told = [
        seq, previous, change.at.astimezone(UTC).isoformat(), change.actor, change.subject, change.action,
        change.reason, change.before, change.after,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
