"""One machine with SQLite: whatever happens to it, what was acknowledged is kept and answered, once and in order.

The same with many more customers, and for longer: `make faults`.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults import faults
from tests.faults.faults import SMALL, Outcome
from tests.faults.services import Missing, SmallDisk
from tests.faults.world import World
from tests.integration.fixtures_database import missing

pytestmark = pytest.mark.slow

ENGINE_DEADLINE = 1.0


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[SmallDisk]:
    """A disk of its own, so that it can be full."""
    try:
        with SmallDisk(tmp_path / "disk", 64) as disk:
            yield disk
    except Missing as what:
        missing(str(what))


@pytest.fixture
async def world(disk: SmallDisk) -> AsyncIterator[World]:
    """The installation on that disk."""
    async with World(disk.folder, engine_deadline=ENGINE_DEADLINE) as world:
        yield world


def expect(outcome: Outcome) -> None:
    """Nothing is wrong."""
    assert not outcome.findings.violations, "\n".join(map(str, outcome.findings.violations))
    assert outcome.findings.checked, "nobody said a word"


async def test_killed_at_any_point_of_its_way_a_message_is_neither_lost_nor_doubled(world: World) -> None:
    """Invariants 1, 3 and 11, W1: kill -9 at every named point, website, WeChat, tickets, desk and notices alike."""
    expect(await faults.killed_everywhere(world, SMALL))


async def test_what_does_not_kill_it(world: World, disk: SmallDisk) -> None:
    """A full disk, a slow bot, lines without a goodbye, everything thrice and the wrong way round."""
    expect(await faults.disk_full(world, replace(SMALL, away=1), disk))
    expect(await faults.engine_slow(world, replace(SMALL, away=1), 2 * ENGINE_DEADLINE))
    expect(await faults.lines_go_silent(world, replace(SMALL, away=1)))
    expect(await faults.inbound_repeats(world, replace(SMALL, away=2)))


async def test_its_clock_is_an_hour_off_and_set_right_again(world: World) -> None:
    """What was stored by the wrong clock goes out now, and not an hour later."""
    expect(await faults.clock_jumps(world, replace(SMALL, away=2)))
