"""What is promised for each kind of ticket, and by when (D1-D3, D8)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.adapters.content_files import load_promises
from bot.domain.errors import ContentError
from bot.domain.promise import read_promises
from bot.domain.ticket import Kind

GOOD: dict[str, dict[str, Any]] = {kind.value: {"answer_within_hours": 24, "clause": "D3"} for kind in Kind}


@pytest.mark.parametrize(
    ("kind", "hours", "clause"),
    [
        (Kind.REPAIR, 4, "D1"),
        (Kind.CALLBACK, 4, "D1"),
        (Kind.COMPLAINT, 24, "D2"),
        (Kind.RETURN_EXCHANGE, 24, "D3"),
        (Kind.SUGGESTION, 24, "D3"),
        (Kind.OUT_OF_STOCK, 24, "D3"),
    ],
)
def test_the_promise_is_the_standards(kind: Kind, hours: int, clause: str) -> None:
    """D1, D2, D3."""
    promise = load_promises()[kind]
    opened = datetime(2026, 11, 18, 23, tzinfo=UTC)
    assert promise.due_at(opened) - opened == timedelta(hours=hours)
    assert promise.clause == clause


@pytest.mark.parametrize("hours", [0, -1, "四", None, ""])
def test_a_promise_without_positive_hours_is_refused(hours: object) -> None:
    with pytest.raises(ContentError, match="repair"):
        read_promises({**GOOD, "repair": {"answer_within_hours": hours}})


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ContentError, match="visit"):
        read_promises({**GOOD, "visit": {"answer_within_hours": 1}})


def test_a_kind_without_a_promise_is_refused() -> None:
    """D8."""
    with pytest.raises(ContentError, match="complaint"):
        read_promises({name: entry for name, entry in GOOD.items() if name != "complaint"})
