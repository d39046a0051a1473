"""`python -m bench.capacity`: from one machine to a hundred million customers, simulated with the measured times.

Turns come at random; each takes a core of any machine for a while, and first come is first served. How long turns wait
with so many machines, with one machine lost, and with one part of the database lost, comes of playing that through.
"""

import argparse
import heapq
import json
import math
import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from bench.load_figures import percentile
from bot.services.ports import LEASE
from bot.settings import ROOT

LOAD = ROOT / "bench/results/load.json"
GROWTH = ROOT / "bench/results/growth.json"
PLAN = ROOT / "docs/capacity.md"
PICTURE = ROOT / "docs/capacity.svg"
BEGIN, END = "<!-- bench.capacity: begin -->", "<!-- bench.capacity: end -->"

CUSTOMERS = (10**4, 10**5, 10**6, 10**7, 10**8)
TURNS_SIMULATED = 20_000
WAIT_GOAL_SECONDS = 0.2
"""What 99 of 100 turns may wait for a core, with one machine lost too."""
DATABASE_CORES, DATABASE_SHARE = 16, 0.6
"""Cores of a database machine, and what of them is used at the most."""
FAILOVER_SECONDS = 30.0
"""Until another machine has taken a lost database's place."""
SPREAD = 0.5
"""How unequal turns are: the standard deviation of the logarithm of their times."""


@dataclass(frozen=True)
class Traffic:
    """How customers come.

    Attributes:
        conversations_a_month: of one customer, on the average.
        turns: of a conversation.
        minutes: that a conversation's page stays open.
        peak_hour: that part of a day's conversations comes in its busiest hour.
        campaign: how many times that on the busiest day of the year.
    """

    conversations_a_month: float = 0.1
    turns: float = 6.6
    minutes: float = 8.0
    peak_hour: float = 0.12
    campaign: float = 5.0

    def turns_a_second(self, customers: int) -> float:
        """In the busiest hour of the busiest day."""
        a_day = customers * self.conversations_a_month / 30
        return a_day * self.peak_hour * self.campaign * self.turns / 3600

    def sockets(self, customers: int) -> float:
        """Open at that time."""
        return self.turns_a_second(customers) / self.turns * self.minutes * 60


@dataclass(frozen=True)
class Measured:
    """What one turn, one socket and one conversation cost.

    Attributes:
        turn_seconds: processor time of a turn, in the service's own processes.
        database_seconds: the same in PostgreSQL and Redis.
        process_mb: memory of a process with 1,000 live conversations.
        socket_kb: memory of a socket.
        stored_kb: what a conversation takes on the disk.
        cores: of the machine that was measured, and of those that are planned with.
    """

    turn_seconds: float
    database_seconds: float
    process_mb: float
    socket_kb: float
    stored_kb: float
    cores: int


def measured(load: dict[str, Any], growth: dict[str, Any]) -> Measured:
    """The figures of PostgreSQL and Redis with the most processes, at the load where a turn costs most.

    Raises:
        KeyError: it was not measured.
    """
    ours = [load["systems"].get(name, {}) for name in ("postgresql-2", "postgresql-1")]
    system = next((part for part in ours if "levels" in part), None)
    if system is None:
        raise KeyError("postgresql")
    levels = [level for level in system["levels"] if level["turns"]]
    full = [*levels, *([system["open"]] if "open" in system else [])]
    sockets, stored = growth["sockets"]["gateway"], growth["conversations"]["postgresql"]
    return Measured(
        turn_seconds=max(level["cpu_seconds"] / level["turns"] for level in levels),
        database_seconds=max(level["database_cpu_seconds"] / level["turns"] for level in levels),
        process_mb=max(max(level["memory_mb"]) for level in full),
        socket_kb=_largest(sockets)["kilobytes each"],
        stored_kb=_largest(stored)[STORED],
        cores=load["cores"],
    )


STORED = "disk, kB a conversation"


def _largest(sizes: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = sizes[max(sizes, key=int)]
    return found


def arrivals(rate: float, count: int, seed: int = 1) -> list[float]:
    """Moments at which turns come, independently, so many a second on the average."""
    chance = random.Random(seed)
    return list(accumulate(chance.expovariate(rate) for _ in range(count)))


def times(mean: float, count: int, seed: int = 2) -> list[float]:
    """How long turns take: most are short, a few long."""
    chance = random.Random(seed)
    return [chance.lognormvariate(math.log(mean) - SPREAD**2 / 2, SPREAD) for _ in range(count)]


def waits(came: Sequence[float], takes: Sequence[float], cores: int, lost: int = 0, at: float = 0.0) -> list[float]:
    """How long each turn waits for its core, first come first served.

    Args:
        cores: at the beginning.
        lost: so many of them end at the moment `at`, and do not come back. What they had in hand is begun anew by the
            others once its lease is over; that counts as waiting.
    """
    free = [0.0] * cores
    heapq.heapify(free)
    waited, has_lost = [], False
    for arrived, taking in zip(came, takes, strict=True):
        if lost and not has_lost and arrived >= at:
            has_lost = True
            free = sorted(free)[: cores - lost]  # those that would have been free last had turns in hand
            heapq.heapify(free)
        begins = max(arrived, free[0])
        waited.append(begins - arrived)
        heapq.heapreplace(free, begins + taking)
    if has_lost:
        in_hand = [
            place
            for place, (arrived, waiting, taking) in enumerate(zip(came, waited, takes, strict=True))
            if arrived + waiting <= at < arrived + waiting + taking
        ]
        for place in in_hand[:lost]:
            waited[place] += LEASE.total_seconds()
    return waited


def machines_for(rate: float, mean: float, cores: int) -> int:
    """The fewest machines with which 99 of 100 turns wait no longer than the goal, one machine being lost."""
    came, takes = arrivals(rate, TURNS_SIMULATED), times(mean, TURNS_SIMULATED)
    working = max(1, math.ceil(rate * mean / cores))
    while percentile(waits(came, takes, working * cores), 99) > WAIT_GOAL_SECONDS:
        working += 1
    return working + 1


@dataclass(frozen=True)
class Step:
    """One order of magnitude of the plan. Seconds, unless it says otherwise."""

    customers: int
    turns_a_second: float
    messages_a_second: float
    sockets: float
    stored_gb_a_month: float
    machines: int
    memory_gb: float
    databases: int
    wait_p99: float
    wait_p99_one_lost: float
    longest_one_lost: float
    customers_of_a_lost_database: float
    waiting_at_a_lost_database: float


def step(customers: int, traffic: Traffic, cost: Measured) -> Step:
    """Plan for so many customers, at the busiest hour of the year."""
    rate = traffic.turns_a_second(customers)
    machines = machines_for(rate, cost.turn_seconds, cost.cores)
    databases = max(1, math.ceil(rate * cost.database_seconds / (DATABASE_CORES * DATABASE_SHARE)))
    came, takes = arrivals(rate, TURNS_SIMULATED), times(cost.turn_seconds, TURNS_SIMULATED)
    cores, middle = machines * cost.cores, came[len(came) // 2]
    whole = waits(came, takes, cores)
    one_lost = waits(came, takes, cores, lost=cost.cores, at=middle)
    sockets = traffic.sockets(customers)
    memory = machines * cost.cores * cost.process_mb / 1024 + sockets * cost.socket_kb / 2**20
    return Step(
        customers=customers, turns_a_second=rate, messages_a_second=2 * rate, sockets=sockets,
        stored_gb_a_month=customers * traffic.conversations_a_month * cost.stored_kb / 2**20,
        machines=machines, memory_gb=memory, databases=databases,
        wait_p99=percentile(whole, 99), wait_p99_one_lost=percentile(one_lost[len(came) // 2 :], 99),
        longest_one_lost=max(one_lost), customers_of_a_lost_database=1 / databases,
        waiting_at_a_lost_database=rate / databases * FAILOVER_SECONDS,
    )  # fmt: skip


def table(steps: Sequence[Step]) -> str:
    """The plan's table, in the words of those who read it."""
    columns: Sequence[tuple[str, Callable[[Step], str]]] = (
        ("客户数", lambda s: f"{s.customers:,}"),
        ("轮/秒", lambda s: _rounded(s.turns_a_second)),
        ("条/秒", lambda s: _rounded(s.messages_a_second)),
        ("长连接", lambda s: f"{s.sockets:,.0f}"),
        ("每月存储", lambda s: _gigabytes(s.stored_gb_a_month)),
        ("机器（台）", lambda s: f"{s.machines:,}"),
        ("内存合计", lambda s: _gigabytes(s.memory_gb)),
        ("数据库分区", lambda s: str(s.databases)),
        ("排队 p99", lambda s: _milliseconds(s.wait_p99)),
        ("坏一台后 p99", lambda s: _milliseconds(s.wait_p99_one_lost)),
        ("坏一台时最久", lambda s: f"{s.longest_one_lost:.0f} 秒"),
        ("坏一个分区：等待的客户", lambda s: f"{s.customers_of_a_lost_database:.0%}"),
        ("恢复时积压的轮数", lambda s: f"{s.waiting_at_a_lost_database:,.0f}"),
    )
    return "\n".join(
        [
            f"| {' | '.join(title for title, _ in columns)} |",
            "|" + "---:|" * len(columns),
            *(f"| {' | '.join(show(one) for _, show in columns)} |" for one in steps),
        ]
    )


def section(traffic: Traffic, cost: Measured, steps: Sequence[Step], at: str, machine: str) -> str:
    """Everything of the plan that is computed."""
    per_core, lease = 1 / cost.turn_seconds, LEASE.total_seconds()
    return f"""\
实测（{at}，{machine}）：一轮在服务进程里用 {1000 * cost.turn_seconds:.1f} 毫秒处理器时间，每核每秒 {per_core:.0f} 轮；
PostgreSQL 与 Redis 另用 {1000 * cost.database_seconds:.1f} 毫秒。一个进程带 1000 个会话占 {cost.process_mb:.0f} MB，
一条长连接 {cost.socket_kb:.0f} kB，一次会话在磁盘上 {cost.stored_kb:.0f} kB（含索引）。

假设：每位客户每月 {traffic.conversations_a_month:g} 次会话，每次 {traffic.turns:g} 轮、开着 {traffic.minutes:g} 分钟；
一天的 {traffic.peak_hour:.0%} 在最忙的一小时，大促那天是平日的 {traffic.campaign:g} 倍。下表是大促最忙的一小时；
机器按 {cost.cores} 核、每核一个进程算，数据库机器按 {DATABASE_CORES} 核、用到 {DATABASE_SHARE:.0%} 算。

{table(steps)}

“机器”是坏一台以后 99% 的轮次排队仍不超过 {1000 * WAIT_GOAL_SECONDS:.0f} 毫秒的最少台数。坏一台时，它手上的几轮要等租约
（{lease:.0f} 秒）到期由别的机器重做，一条也不丢。一个分区坏了，{FAILOVER_SECONDS:.0f} 秒后备机接上，
只有落在这个分区的客户要等。

![机器与排队](capacity.svg)
"""


def picture(traffic: Traffic, cost: Measured, file: Path) -> None:
    """How long turns wait by the number of machines, for each order of magnitude, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "anfu", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
    from matplotlib import pyplot

    drawing, place = pyplot.subplots(figsize=(8, 4), layout="constrained")
    for customers in CUSTOMERS:
        points = list(_curve(traffic.turns_a_second(customers), cost))
        place.plot([m for m, _ in points], [1000 * w for _, w in points], "o-", label=f"{customers:,} customers")
    place.axhline(1000 * WAIT_GOAL_SECONDS, color="grey", linestyle="--", linewidth=1)
    place.set(
        xscale="log", yscale="symlog", ylim=(0, None), xlabel=f"machines of {cost.cores} cores",
        ylabel="p99 wait for a core, ms",
    )  # fmt: skip
    place.legend(fontsize=8)
    drawing.savefig(file, metadata={"Date": None})
    pyplot.close(drawing)


def _curve(rate: float, cost: Measured) -> Iterator[tuple[int, float]]:
    came, takes = arrivals(rate, TURNS_SIMULATED), times(cost.turn_seconds, TURNS_SIMULATED)
    fewest = max(1, math.ceil(rate * cost.turn_seconds / cost.cores))
    for machines in range(fewest, machines_for(rate, cost.turn_seconds, cost.cores) + 1):
        yield machines, percentile(waits(came, takes, machines * cost.cores), 99)


def _rounded(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def _gigabytes(value: float) -> str:
    return f"{value:.1f} GB" if value < 1000 else f"{value / 1024:.1f} TB"


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} 毫秒"


def main() -> int:
    """Plan with what was measured last."""
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put it into docs/capacity.md, with its picture")
    options = parser.parse_args()
    try:
        load, growth = (json.loads(file.read_text("utf-8")) for file in (LOAD, GROWTH))
        cost = measured(load, growth)
    except (OSError, KeyError) as error:
        parser.error(f"first measure with `python -m bench.load` and `python -m bench.growth`: {error!r}")
    traffic = Traffic()
    steps = [step(customers, traffic, cost) for customers in CUSTOMERS]
    text = section(traffic, cost, steps, load["at"][:10], load["machine"].replace("cores", "核"))
    print(text)
    if options.write:
        plan = PLAN.read_text("utf-8")
        kept = re.compile(f"({re.escape(BEGIN)}\n).*({re.escape(END)})", re.DOTALL)
        PLAN.write_text(kept.sub(lambda found: f"{found[1]}{text}{found[2]}", plan), "utf-8")
        picture(traffic, cost, PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
