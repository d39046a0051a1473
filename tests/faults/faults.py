"""The faults: each happens while everybody talks, and gives what the history says afterwards."""

import asyncio
import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp

from bot.domain.milestones import POINTS
from tests.faults.history import Findings, Violation, Wrong
from tests.faults.proxy import Proxy
from tests.faults.services import Network, OwnPostgres, OwnRedis, SmallDisk
from tests.faults.world import CLAIMS_LAST, Crowd, World

REACHED_WITHIN = 60.0
HONEST = frozenset({0, 429, 503, 507})
"""How a server that cannot may say so; 0 is that nobody is there."""
HOUR = timedelta(hours=1)
PAST_THE_LEASE = timedelta(seconds=45)


@dataclass(frozen=True)
class Size:
    """How much is done.

    Attributes:
        visitors: customers on the website. followers: in WeChat. agents: people of the company.
        rounds: how often it happens. away: for how many seconds things are gone. before: how many all is well before.
        messages: how many all customers of the website write at least.
    """

    visitors: int = 6
    followers: int = 2
    agents: int = 1
    rounds: int = 1
    away: float = 3.0
    before: float = 1.0
    messages: int = 0


SMALL = Size()
FULL = Size(visitors=16, followers=6, agents=2, rounds=2, away=30.0, before=5.0, messages=200)


@dataclass
class Outcome:
    """What became of one fault."""

    name: str
    findings: Findings
    refused: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    faults: int = 1
    """How many times it happened."""


async def happens(
    name: str, world: World, size: Size, fault: Callable[[], Coroutine[Any, Any, int | None]], *,
    crowd: Crowd | None = None, honest: bool = True,
) -> Outcome:  # fmt: skip
    """Let everybody talk, let it happen, and look.

    Args:
        fault: gives how many times it happened, None for once.
        honest: whether refusals with another status than `HONEST` are wrong.
    """
    began = time.monotonic()
    crowd = crowd or world.crowd(size.visitors, size.followers, size.agents)
    world.begin(crowd)
    await asyncio.sleep(size.before)
    times = await fault()
    while sum(len(visitor.said) for visitor in crowd.visitors) < size.messages:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    findings = await world.finish(crowd)
    dishonest = {status: count for status, count in crowd.refused.items() if status >= 500 and status not in HONEST}
    if honest and dishonest:
        findings += Findings(0, (Violation(Wrong.INVENTED, f"answers that blame nobody: {dishonest}"),))
    return Outcome(name, findings, crowd.refused, time.monotonic() - began, times or 1)


async def killed_everywhere(world: World, size: Size, points: tuple[str, ...] = tuple(POINTS)) -> Outcome:
    """kill -9 at every named point, one after the other; the process is started again at once."""
    missed: list[str] = []

    async def tour() -> int:
        for number, point in enumerate(points * size.rounds):
            # WeChat calls the first node alone.
            node = world.nodes[0 if point == "callback received" else number % len(world.nodes)]
            await node.up()
            node.dials.arm(point, times=1 + number // len(points))
            began = time.monotonic()
            if not await node.has_died(REACHED_WITHIN):
                node.dials.disarm()
                missed.append(point)
            world.time.pass_(CLAIMS_LAST)
            world.tell(f"{point}: {time.monotonic() - began:.1f} s")
        return len(points) * size.rounds

    outcome = await happens("kill -9 at every point", world, size, tour)
    not_reached = tuple(Violation(Wrong.INVENTED, f"nobody came by “{point}”") for point in missed)
    outcome.findings += Findings(0, not_reached)
    return outcome


async def database_stopped(world: World, size: Size, postgres: OwnPostgres) -> Outcome:
    """The database's machine loses its power, and comes back after a while."""

    async def stop() -> None:
        await postgres.stop()
        await asyncio.sleep(size.away)
        await postgres.start()

    return await happens("database stopped", world, size, stop)


async def database_cut(world: World, size: Size, line: Proxy) -> Outcome:
    """Every connection to the database breaks, and none can be made for a while."""

    async def cut() -> None:
        line.cut()
        await asyncio.sleep(size.away)
        line.heal()

    return await happens("database cut off", world, size, cut)


async def redis_gone(world: World, size: Size, own: OwnRedis) -> Outcome:
    """Redis dies, and comes back empty."""

    async def kill() -> None:
        own.kill()
        await asyncio.sleep(size.away)
        await own.start()

    return await happens("redis gone", world, size, kill)


async def disk_full(world: World, size: Size, disk: SmallDisk) -> Outcome:
    """Not a byte is left for database and attachments; then there is room again."""
    crowd = world.crowd(size.visitors, size.followers, size.agents)

    async def fill() -> None:
        await asyncio.to_thread(world.flush)
        await asyncio.to_thread(disk.fill)
        refused = lambda: crowd.refused[507] + crowd.refused[503] + crowd.refused[500]  # noqa: E731
        deadline = time.monotonic() + REACHED_WITHIN
        while not refused() and time.monotonic() < deadline:
            await asyncio.to_thread(disk.fill)
            await asyncio.sleep(0.1)
        await asyncio.sleep(size.away)
        await asyncio.to_thread(disk.clear)

    outcome = await happens("disk full", world, size, fill, crowd=crowd)
    if not (outcome.refused[507] or outcome.refused[503]):
        said = f"nobody was told that the disk is full: {dict(outcome.refused)}"
        outcome.findings += Findings(0, (Violation(Wrong.INVENTED, said),))
    return outcome


async def clock_jumps(world: World, size: Size) -> Outcome:
    """One node's clock is an hour ahead, then an hour behind, then right again; it dies with each of them."""
    node = world.nodes[-1]

    async def jump() -> int:
        for ahead in (HOUR, -HOUR, timedelta(0)) * size.rounds:
            node.dials.set_clock(ahead)
            await asyncio.sleep(size.away / 2)
            node.dials.arm("lease taken")
            await node.has_died(REACHED_WITHIN)
            await node.up()
        node.dials.set_clock(timedelta(0))
        return 2 * size.rounds

    crowd = world.crowd(size.visitors, size.followers, size.agents)
    return await happens("clock an hour off", world, size, jump, crowd=crowd)


async def engine_slow(world: World, size: Size, seconds: float) -> Outcome:
    """The bot takes longer than it may: customers hear an apology and get a person (F2)."""

    async def slow() -> None:
        for node in world.nodes:
            node.dials.slow_down(seconds)
        await asyncio.sleep(size.away + seconds)
        for node in world.nodes:
            node.dials.slow_down(0)

    return await happens("bot too slow", world, size, slow)


async def lines_go_silent(world: World, size: Size) -> Outcome:
    """Customers' lines go silent without a goodbye, as in a lift; the customers come back over another line."""
    async with Proxy(int(world.nodes[0].order.settings["ANFU_PORT"])) as line:
        is_silent = False
        crowd = world.crowd(
            size.visitors, 0, size.agents,
            address=lambda: world.nodes[0].url if is_silent else f"http://127.0.0.1:{line.port}",
        )  # fmt: skip

        async def silence() -> int:
            nonlocal is_silent
            for _ in range(size.rounds):
                line.silence()
                is_silent = True
                await asyncio.sleep(size.away)
                line.heal()
                is_silent = False
                await asyncio.sleep(1)
            return size.rounds

        return await happens("lines gone silent", world, size, silence, crowd=crowd)


async def network_cut(world: World, size: Size, network: Network) -> Outcome:
    """A node reaches neither database nor Redis, while customers still reach the node; then the line is whole again."""

    async def cut() -> None:
        network.cut()
        await asyncio.sleep(size.away)
        network.heal()

    return await happens("network cut", world, size, cut)


STOPS = ("lease taken", "engine asked", "turn understood", "before the ticket's commit", "before the answer's commit")


async def node_stands_still(world: World, size: Size) -> Outcome:
    """A node stands still for longer than its lease, with a turn in hand, and then goes on as if nothing had been.

    The time of the lease is let pass, so that nobody has to wait for it.
    """
    node = world.nodes[-1]

    async def stand_still() -> int:
        for point in STOPS * size.rounds:
            node.dials.arm(point, signal_=signal.SIGSTOP)
            if not await node.has_died(REACHED_WITHIN):
                node.dials.disarm()
                continue
            node.is_ready = False
            world.time.pass_(PAST_THE_LEASE)
            await asyncio.sleep(size.away)
            node.signal(signal.SIGCONT)
            node.is_ready = True
        return len(STOPS) * size.rounds

    return await happens("node stands still", world, size, stand_still)


async def inbound_repeats(world: World, size: Size) -> Outcome:
    """Everything comes several times, at the same time and the wrong way round."""
    crowd = world.crowd(size.visitors, size.followers, size.agents)
    for follower in crowd.followers:
        follower.repeats = True
    chance = random.Random(7)

    async def repeat() -> None:
        began = time.monotonic()
        while time.monotonic() - began < size.away:
            sent = [(visitor, said) for visitor in crowd.visitors for said in visitor.said[-6:]]
            chance.shuffle(sent)
            await asyncio.gather(*(_post(world, visitor.token, said) for visitor, said in sent for _ in range(2)))
            await asyncio.sleep(0.1)

    return await happens("inbound repeated and reordered", world, size, repeat, crowd=crowd)


async def _post(world: World, token: str, said: Any) -> None:
    path = f"{world.address()}/api/v1/conversations/{said.conversation}/messages"
    with suppress(aiohttp.ClientError, OSError, TimeoutError):
        async with world.http.post(
            path, json={"client_id": said.key, "text": said.text}, headers={"Authorization": f"Bearer {token}"}
        ) as response:
            if response.status in HONEST:
                return  # refused before anything was stored; the next round asks again
            answer = await response.json()
            assert said.seq in (None, answer.get("seq")), f"{said.text} is at {answer}, and was at {said.seq}"


def as_json(outcomes: list[Outcome]) -> str:
    """The results for a machine."""
    rows = [
        {
            "fault": outcome.name, "times": outcome.faults, "messages": outcome.findings.checked,
            **{wrong.name.lower(): outcome.findings.count(wrong) for wrong in Wrong},
            "refused": {str(status): count for status, count in sorted(outcome.refused.items())},
            "seconds": round(outcome.seconds, 1),
            "violations": [f"{one.wrong}: {one.what}" for one in outcome.findings.violations],
        }
        for outcome in outcomes
    ]  # fmt: skip
    return json.dumps({"faults": rows, "sentence": whole(outcomes).sentence}, ensure_ascii=False, indent=2)


def whole(outcomes: list[Outcome]) -> Findings:
    """Everything together."""
    return sum((outcome.findings for outcome in outcomes), Findings(0))
