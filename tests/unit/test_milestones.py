"""The named points on a message's way."""

import re
import timeit
from pathlib import Path

from bot.domain.milestones import POINTS, passing, watch

BOT = Path(__file__).resolve().parents[2] / "bot"
_PASSING = re.compile(r'\bpassing\("([^"]+)"\)')


def test_every_point_is_passed_somewhere_and_nothing_else_is() -> None:
    passed = [point for path in BOT.rglob("*.py") for point in _PASSING.findall(path.read_text())]
    assert set(passed) == set(POINTS)


def test_who_watches_sees_what_passes_and_nobody_watches_in_a_running_system() -> None:
    passing("message stored")
    seen: list[str] = []
    watch(seen.append)
    try:
        passing("message stored")
    finally:
        watch(None)
    passing("ticket stored")
    assert seen == ["message stored"]


def test_a_point_that_nobody_watches_costs_nothing_that_could_be_measured_in_a_turn() -> None:
    microseconds = min(timeit.repeat(lambda: passing("message stored"), number=10_000, repeat=5)) * 100
    assert microseconds < 10
