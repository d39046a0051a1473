"""Two nodes on PostgreSQL and Redis, one of them beyond a line that can be cut."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.faults import faults
from tests.faults.__main__ import in_two_networks
from tests.faults.faults import SMALL, Outcome
from tests.faults.services import Missing, Network, OwnPostgres, OwnRedis
from tests.faults.world import World
from tests.integration.fixtures_database import missing

pytestmark = pytest.mark.slow


@dataclass
class Scene:
    """The installation, and what may be taken away from it."""

    world: World
    network: Network
    postgres: OwnPostgres
    redis: OwnRedis


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """All of it, running."""
    async with AsyncExitStack() as stack:
        try:
            network = stack.enter_context(Network())
            postgres = await stack.enter_async_context(OwnPostgres())
            redis = await stack.enter_async_context(OwnRedis())
        except Missing as what:
            missing(str(what))
        world = await stack.enter_async_context(in_two_networks(tmp_path, network, postgres, redis))
        yield Scene(world, network, postgres, redis)


def expect(outcome: Outcome) -> None:
    """Nothing is wrong."""
    assert not outcome.findings.violations, "\n".join(map(str, outcome.findings.violations))
    assert outcome.findings.checked, "nobody said a word"


async def test_with_anything_gone_for_a_while_two_nodes_lose_and_double_nothing(scene: Scene) -> None:
    """The database, Redis, the line between; a node that stands still past its lease; a clock an hour off."""
    size = replace(SMALL, visitors=4, away=2)
    expect(await faults.database_stopped(scene.world, size, scene.postgres))
    expect(await faults.redis_gone(scene.world, size, scene.redis))
    expect(await faults.network_cut(scene.world, replace(size, away=4), scene.network))
    expect(await faults.clock_jumps(scene.world, replace(size, away=1)))
    expect(await faults.node_stands_still(scene.world, replace(size, away=1)))
