"""The table of the load, its goals, and its picture."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.load_systems import NAMES, STOCK, TITLES

Figures = dict[str, Any]
Goal = tuple[str, str, bool]
"""What was to be reached, what was, and whether that is enough."""

AT = 50
"""Customers at whose number the goals are told."""
PER_CORE, P50_MS, P99_MS, PART_OF_STOCK, OPEN_P99_MS, MEMORY_MB, SCALING = 8, 50, 200, 0.1, 500, 1024, 1.7


def report(found: dict[str, Any]) -> str:
    """The whole table as Markdown."""
    lines = [
        "# Anfu and stock Rasa under load",
        "",
        f"{found['at']} · {found['machine']} · load before the run {found['load_before']} · "
        f"{found['level_seconds']:g} s a level, the whole run {found['took_seconds']} s · "
        f"stock: DIET and TED with {found['stock_epochs']} epoch(s)",
        "",
        "![turns per second and turn times](load.svg)",
        "",
        "| goal | measured | |",
        "|---|---|---|",
        *(f"| {goal} | {measured} | {'met' if met else '**not met**'} |" for goal, measured, met in goals(found)),
        "",
        "| customers | turns/s | turns per CPU-s | p50 ms | p95 ms | p99 ms | CPU s | database CPU s | MB by process | "
        "errors | refused | silent | to a person | unanswered at the end | generator CPU s | stolen s |",
        "|---|" + "---:|" * 15,
    ]
    for name, levels in _systems(found):
        lines.append(f"| **{TITLES[name]}** |" + " |" * 15)
        lines += [_row(level) for level in levels["levels"]]
        if "pausing" in levels:
            lines.append(_row(levels["pausing"], " who pause a second"))
        if "open" in levels:
            lines.append(_row(levels["open"], " connected, 20 messages/s"))
    missing = [f"- {TITLES[name]}: not measured, {part['missing']}" for name, part in _all(found) if "missing" in part]
    return "\n".join([*lines, "", *missing, *([""] if missing else []), _READING])


def goals(found: dict[str, Any]) -> list[Goal]:
    """Each goal with what was measured; what was not measured is left out."""
    stock, stock_pausing = _level(found, STOCK, AT), found["systems"].get(STOCK, {}).get("pausing")
    listed: list[Goal] = []
    for name, part in _systems(found):
        if name != STOCK:
            own, pausing, still = _level(found, name, AT), part.get("pausing"), part.get("open")
            goals = [*_per_core(own, stock)] if own and stock else []
            goals += _times(pausing, stock_pausing, f"{AT} customers who pause a second") if pausing else ()
            goals += _times(own, stock, f"{AT} customers without a pause") if own else ()
            goals += _connected(still) if still else ()
            listed += [(f"{TITLES[name]}: {goal}", measured, met) for goal, measured, met in goals]
    one, two = _level(found, "postgresql-1", AT), _level(found, "postgresql-2", AT)
    return [*listed, *(_scaling(one, two, found["cores"]) if one and two else ())]


def _per_core(own: Figures, stock: Figures) -> Iterable[Goal]:
    ratio = own["turns_per_cpu_second"] / stock["turns_per_cpu_second"]
    yield f"turns per second and core ÷ stock's ≥ {PER_CORE}, {AT} customers", f"{ratio:.1f}", ratio >= PER_CORE


def _scaling(one: Figures, two: Figures, cores: int) -> Iterable[Goal]:
    """What a second process brings; all that runs for its turns shares the cores, and leaves it only so much."""
    ratio = two["turns_per_second"] / one["turns_per_second"]
    spent = two["cpu_seconds"] + two["database_cpu_seconds"] + two["generator_cpu_seconds"]
    most = cores * two["turns"] / spent / one["turns_per_second"]
    told = f"{ratio:.2f}; with database and customers on the same {cores} cores at most {most:.2f}"
    yield f"PostgreSQL + Redis: turns per second of 2 processes ÷ 1 ≥ {SCALING}, {AT} customers", told, ratio >= SCALING


def _times(own: Figures, stock: Figures | None, who: str) -> Iterable[Goal]:
    p50, p99 = own["p50_ms"], own["p99_ms"]
    met = p50 <= P50_MS and p99 <= P99_MS
    yield f"p50 / p99 ≤ {P50_MS} / {P99_MS} ms, {who}", f"{p50:.0f} / {p99:.0f} ms", met
    if stock:
        part = p99 / stock["p99_ms"]
        yield f"p99 ≤ 1/10 of stock's, {who}", f"{part:.2f} of {stock['p99_ms']:.0f} ms", part <= PART_OF_STOCK


def _connected(level: Figures) -> Iterable[Goal]:
    wrong, p99, most = level["errors"] + level["silent"] + level["refusals"], level["p99_ms"], max(level["memory_mb"])
    goal = f"{level['customers']:,} connected, 20 messages/s: p99 ≤ {OPEN_P99_MS} ms, no error"
    yield goal, f"p99 {p99:.0f} ms, {wrong} errors or refusals", p99 <= OPEN_P99_MS and not wrong
    yield "memory of a process with 1,000 live conversations ≤ 1 GB", f"{most:.0f} MB", most <= MEMORY_MB


def picture(found: dict[str, Any], file: Path) -> None:
    """Turns per second and turn times by the number of customers, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "anfu", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
    from matplotlib import pyplot

    drawing, (speed, times) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name, part in _systems(found):
        levels = part["levels"]
        customers = [level["customers"] for level in levels]
        (line,) = speed.plot(customers, [level["turns_per_second"] for level in levels], "o-", label=TITLES[name])
        answered = [level for level in levels if "p99_ms" in level]
        for percent, style in ((50, "o-"), (99, "^--")):
            times.plot(
                [level["customers"] for level in answered], [level[f"p{percent}_ms"] for level in answered], style,
                color=line.get_color(),
            )  # fmt: skip
    speed.set(xscale="log", yscale="log", xlabel="customers at once", ylabel="turns per second")
    times.set(xscale="log", yscale="log", xlabel="customers at once", ylabel="turn time, ms (— p50, - - p99)")
    speed.legend(fontsize=8)
    drawing.savefig(file, metadata={"Date": None})
    pyplot.close(drawing)


def _row(level: dict[str, Any], more: str = "") -> str:
    times = [f"{level[f'p{percent}_ms']:.0f}" if f"p{percent}_ms" in level else "–" for percent in (50, 95, 99)]
    values = [
        f"{level['customers']}{more}", f"{level['turns_per_second']:.1f}", f"{level['turns_per_cpu_second'] or 0:.1f}",
        *times, f"{level['cpu_seconds']:.1f}", f"{level['database_cpu_seconds']:.1f}",
        " + ".join(f"{megabytes:.0f}" for megabytes in level["memory_mb"]), level["errors"], level["refusals"],
        level["silent"], level["handed"], level["unanswered_at_end"], f"{level['generator_cpu_seconds']:.1f}",
        f"{level['stolen_seconds']:.1f}" if "stolen_seconds" in level else "–",
    ]  # fmt: skip
    return f"| {' | '.join(map(str, values))} |"


def _all(found: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    return ((name, found["systems"][name]) for name in NAMES if name in found["systems"])


def _systems(found: dict[str, Any]) -> Sequence[tuple[str, dict[str, Any]]]:
    return [(name, part) for name, part in _all(found) if "levels" in part]


def _level(found: dict[str, Any], name: str, customers: int) -> dict[str, Any] | None:
    levels = found["systems"].get(name, {}).get("levels", ())
    return next((level for level in levels if level["customers"] == customers and "p99_ms" in level), None)


_READING = """\
Every customer says the user turns of real dialogues, one after the other, and waits for the answer before the next; the
same turns in the same order for both. A turn lasts from the moment its message is posted until the first frame with
the answer has come. Who is still unanswered at the end, and has waited longer than half of the others, counts in the
percentiles with the time waited so far.

- **Anfu**: `anfu serve`; messages are posted and answers come by the socket, as with the widget; opening conversations
  and sockets is in the CPU seconds, not in the turn times. `ANFU_QUIET_SECONDS=0`, since stock has no quiet time; the
  default 0.4 s, which lets a customer finish typing, comes on top of each turn. Limits per minute are raised.
  The dialogues are played again and again, and Anfu remembers the vectors of texts that it has met: a text that nobody
  has said before costs some milliseconds more (bench/TURN_COST.md).
- **Stock Rasa**: `rasa run` and `rasa run actions`, the REST channel, kept-alive connections, tracker and locks in
  memory; the same sentences and rules as in bench/RESULTS.md, small actions. How fast it answers does not depend on its
  epochs; what it answers does.
- **to a person**: turns in which only the line for somebody who waits for a person came; they are not counted as turns.
  Who is handed to a person begins a new conversation with the next sentence. **silent**: an empty answer of stock.
  **refused**: 429 or 503 with Retry-After, tried again when it was time; the turn's time begins with the first try.
- CPU seconds are those of all processes of a side; PostgreSQL's and Redis's stand apart (of the whole servers, whoever
  else uses them). Turns per CPU-second are with a side's own processes. The customers have a process of their own on
  the same cores. **stolen**: processor seconds of all cores that the host gave to other machines meanwhile; where they
  are many, times are longer and turns fewer than they could be. Memory is Pss: what processes share is divided among
  them.
"""
