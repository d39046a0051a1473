"""`python -m tests.faults`: every fault with many customers, and whether anything was lost, doubled or out of order."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.faults import faults
from tests.faults.faults import FULL, Outcome, as_json, whole
from tests.faults.services import Missing, Network, OwnPostgres, OwnRedis, SmallDisk
from tests.faults.world import World

RESULTS = Path(__file__).resolve().parents[2] / "bench" / "results" / "faults.json"
DISK_MEGABYTES = 256
ENGINE_DEADLINE = 2.0
NO_WECHAT = {"ANFU_WECHAT_APP_ID": "", "ANFU_KF_CORP_ID": ""}
"""A node in another network does not reach the simulator: it leaves WeChat to the other one."""

Tell = Callable[[str], None]


async def one_node(folder: Path, tell: Tell) -> list[Outcome]:
    """One machine with SQLite on a small disk."""
    with SmallDisk(folder / "disk", DISK_MEGABYTES) as disk:
        async with World(disk.folder, engine_deadline=ENGINE_DEADLINE, tell=tell) as world:
            return [
                _told(tell, await faults.killed_everywhere(world, FULL)),
                _told(tell, await faults.disk_full(world, replace(FULL, away=10), disk)),
                _told(tell, await faults.engine_slow(world, replace(FULL, away=5), ENGINE_DEADLINE * 2)),
                _told(tell, await faults.lines_go_silent(world, replace(FULL, away=5))),
                _told(tell, await faults.inbound_repeats(world, FULL)),
                _told(tell, await faults.clock_jumps(world, replace(FULL, rounds=1, away=5))),
            ]


async def two_nodes(folder: Path, tell: Tell) -> list[Outcome]:
    """Two nodes on PostgreSQL and Redis, both of them in WeChat."""
    outcomes: list[Outcome] = []
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(OwnPostgres())
        redis = await stack.enter_async_context(OwnRedis())
        address = postgres.address(postgres.empty())
        world = World(
            folder, database=address, redis=redis.address(), nodes=2, engine_deadline=ENGINE_DEADLINE, tell=tell
        )  # fmt: skip
        await stack.enter_async_context(world)
        outcomes += [
            _told(tell, await faults.killed_everywhere(world, replace(FULL, rounds=1))),
            _told(tell, await faults.database_stopped(world, FULL, postgres)),
            _told(tell, await faults.redis_gone(world, FULL, redis)),
            _told(tell, await faults.clock_jumps(world, replace(FULL, rounds=1, away=5))),
            _told(tell, await faults.node_stands_still(world, replace(FULL, rounds=1, away=20))),
            _told(tell, await faults.inbound_repeats(world, replace(FULL, away=15))),
        ]
    return outcomes


async def two_networks(folder: Path, tell: Tell) -> list[Outcome]:
    """The same, with one node in a network of its own, whose line to database and Redis can be cut."""
    outcomes: list[Outcome] = []
    async with AsyncExitStack() as stack:
        network = stack.enter_context(Network())
        postgres = await stack.enter_async_context(OwnPostgres())
        redis = await stack.enter_async_context(OwnRedis())
        world = await stack.enter_async_context(in_two_networks(folder, network, postgres, redis, tell=tell))
        outcomes.append(_told(tell, await faults.network_cut(world, FULL, network)))
    return outcomes


def in_two_networks(
    folder: Path, network: Network, postgres: OwnPostgres, redis: OwnRedis, **more: Any
) -> World:  # fmt: skip
    """Two nodes, the second one beyond a line that can be cut."""
    name = postgres.empty()
    here, there = postgres.address(name), postgres.address(name, network.outside)
    beyond = {"namespace": network.name, "settings": {"ANFU_REDIS": redis.address(network.outside), **NO_WECHAT}}
    return World(
        folder, database=here, redis=redis.address(), nodes=2, node_database=(here, there), orders=({}, beyond),
        hosts=("127.0.0.1", network.inside), subscriber_host=network.near, engine_deadline=ENGINE_DEADLINE, **more,
    )  # fmt: skip


def _told(tell: Tell, outcome: Outcome) -> Outcome:
    tell(f"== {outcome.name} ×{outcome.faults}：{outcome.findings.sentence}（{outcome.seconds:.0f} s）")
    for violation in outcome.findings.violations[:20]:
        tell(f"   {violation.wrong}: {violation.what}")
    return outcome


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def run(tell: Tell) -> list[Outcome]:
    """Everything, one installation after the other."""
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="anfu-faults-") as folder:
        for number, scene in enumerate((one_node, two_nodes, two_networks)):
            tell(f"—— {(scene.__doc__ or '').strip()}")
            outcomes += await scene(_made(Path(folder) / str(number)), tell)
    return outcomes


def main() -> int:
    """Run everything and write the results; 1 where anything is wrong, 2 where something is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the results go, as JSON")
    options = parser.parse_args()
    began = time.monotonic()
    try:
        outcomes = asyncio.run(run(lambda what: print(f"{time.monotonic() - began:6.0f} s  {what}", flush=True)))
    except Missing as missing:
        print(f"缺少 {missing}，故障演练没有做", file=sys.stderr)
        return 2
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(as_json(outcomes) + "\n")
    found = whole(outcomes)
    print(found.sentence)
    return 1 if found.violations else 0


if __name__ == "__main__":
    sys.exit(main())
