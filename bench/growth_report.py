"""The growth table: what each thing costs at each size, and what is not flat."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

FLAT, SMALL_MS = 2.0, 3.0
"""Up to so many times the cost of the smallest size is flat; so is what takes no more than that at any size."""
TITLES = {
    "conversations": "Past conversations (ms)", "tickets": "Past tickets (ms)",
    "articles": "Articles (ms)", "sockets": "Idle sockets of customers",
    "agents": "Open desks of agents",
}  # fmt: skip


def report(found: dict[str, Any]) -> str:
    """The whole table as Markdown."""
    lines = ["# What growth costs", "", f"{found['at']} · {found['machine']}", "", "![growth](growth.svg)", ""]
    for axis, title in TITLES.items():
        for where, sizes in found.get(axis, {}).items():
            lines += [f"## {title}" + (f", {where}" if axis in ("conversations", "tickets") else ""), ""]
            lines += _table(sizes)
            lines.append("")
    return "\n".join([*lines, _READING])


def _table(sizes: Mapping[str, Mapping[str, float]]) -> Iterable[str]:
    ordered = sorted(sizes, key=int)
    yield f"| | {' | '.join(f'{int(size):,}' for size in ordered)} | growth |"
    yield "|---|" + "---:|" * (len(ordered) + 1)
    for what in sizes[ordered[0]]:
        costs = [sizes[size].get(what) for size in ordered]
        yield f"| {what} | {' | '.join(map(_shown, costs))} | {_growth([c for c in costs if c is not None])} |"


def _growth(costs: Sequence[float]) -> str:
    if len(costs) < 2:
        return "–"
    if is_flat(costs):
        return "flat"
    return f"**× {costs[-1] / costs[0]:.1f}**" if costs[0] else "**grows**"


def is_flat(costs: Sequence[float]) -> bool:
    """Whether the cost at the largest size is about that at the smallest, or small at any rate."""
    return costs[-1] <= max(FLAT * costs[0], SMALL_MS)


def _shown(cost: float | None) -> str:
    return "–" if cost is None else f"{cost:.1f}" if cost < 100 else f"{cost:.0f}"


def picture(found: dict[str, Any], file: Path) -> None:
    """What takes longest at the largest size, by the size of the past, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "anfu", "font.size": 8, "axes.grid": True, "grid.alpha": 0.3})
    from matplotlib import pyplot

    panels = [
        (f"{axis}, {where}", sizes)
        for axis in ("conversations", "tickets")
        for where, sizes in found.get(axis, {}).items()
    ]
    if not panels:
        return
    drawing, places = pyplot.subplots(1, len(panels), figsize=(5 * len(panels), 4.5), layout="constrained")
    for place, (title, sizes) in zip(places if len(panels) > 1 else [places], panels, strict=True):
        ordered = sorted(sizes, key=int)
        largest = sizes[ordered[-1]]
        for what in sorted(largest, key=lambda name: -largest[name])[:MOST_LINES]:
            place.plot([int(s) for s in ordered], [sizes[s][what] for s in ordered], "o-", label=what, linewidth=1)
        place.set(xscale="log", yscale="log", xlabel=f"past {title}", ylabel="ms")
        place.legend(fontsize=6)
    drawing.savefig(file, metadata={"Date": None})
    pyplot.close(drawing)


MOST_LINES = 9

_READING = """\
The past is copied from rows that the services wrote, with ids, customers and times of their own, over two years: seven
messages a conversation with a state of 1.2 kB, one in ten served by a person and inspected; one ticket in fifty still
worked on. What is live is the same at every size: 60 conversations with the bot, 20 in the queue, 20 with a person.
Each figure is the median of seven runs through the services (one run less warm), with the statistics of the database
up to date. **flat**: at the largest size no more than twice the cost of the smallest, or at most 3 ms. Chores are what
the clock does every five seconds, with nothing left to do. Articles are searched without encoding the question, which
takes the same for any number. Desks: 2 conversations each, at most 100; idle CPU is that of the whole server.
"""
