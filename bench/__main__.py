"""`python -m bench`: turns, training, start and memory of Anfu and of stock Rasa, as one Markdown table."""

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from bench import ours, rasa
from bench.dialogues import dialogues
from bench.measure import summary
from bot.settings import ROOT

LATEST = ROOT / "bench/results/latest.json"
SAMPLE = ROOT / "bench/RESULTS.md"
PARTS = ("turns", "train", "start")


def main() -> int:
    """Measure what was asked for, print the table, keep the numbers."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="measure this part alone")
    parser.add_argument("--skip-stock", action="store_true", help="measure Anfu alone")
    parser.add_argument("--stock-epochs", type=int, default=100, metavar="N", help="of DIET and TED; Rasa's own is 100")
    parser.add_argument("--retrain-stock", action="store_true", help="time stock training anew, not from the cache")
    parser.add_argument("--write", action="store_true", help=f"also write {SAMPLE.relative_to(ROOT)}")
    options = parser.parse_args()
    found = measure(options)
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    LATEST.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    text = report(found)
    print(text)
    if options.write:
        SAMPLE.write_text(text, "utf-8")
    return 0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All numbers asked for; one side at a time, so that neither disturbs the other."""
    parts = [options.only] if options.only else PARTS
    epochs = None if options.skip_stock else options.stock_epochs
    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "load_before": round(os.getloadavg()[0], 2),
        "stock_epochs": epochs,
        "ours": {},
        "stock": {},
    }
    if "train" in parts:
        _say("training Anfu")
        found["ours"]["train"] = {"seconds": ours.train()}
    if epochs is not None:
        _say(f"stock Rasa's model ({epochs} epochs; trained once, then kept in bench/.cache)")
        seconds = rasa.train(epochs, force=options.retrain_stock).seconds
        if "train" in parts:
            found["stock"]["train"] = {"seconds": seconds}
    if "start" in parts:
        _say("starting Anfu")
        found["ours"]["start"] = ours.start()
        if epochs is not None:
            _say("starting stock Rasa")
            found["stock"]["start"] = rasa.start(epochs)
    if "turns" in parts:
        _say("Anfu's turns")
        found["ours"]["turns"] = _summarised(ours.turns())
        if epochs is not None:
            _say("stock Rasa's turns")
            found["stock"]["turns"] = _summarised(rasa.turns(epochs))
    return found


def _summarised(played: dict[str, Any]) -> dict[str, Any]:
    turns = played.pop("turns")
    kinds = {kind: summary(values) for kind, values in turns.items()}
    every = list(chain.from_iterable(turns.values()))
    return {**summary(every), "count": len(every), "kinds": kinds, **played}


def report(found: dict[str, Any]) -> str:
    """The table and what to know when reading it."""
    said = dialogues()
    turns, tickets = sum(len(d.texts) for d in said), sum(d.files_ticket for d in said)
    rows = [
        ("turn, median ms", "turns", "median_ms"),
        ("turn, p99 ms", "turns", "p99_ms"),
        ("turns per second", "turns", "per_second"),
        *((f"· {kind}, median ms", "turns", f"kinds/{kind}/median_ms") for kind in dict.fromkeys(d.kind for d in said)),
        (f"turns played until the end or a handover, of {turns}", "turns", "count"),
        (f"dialogues that ended in their ticket, of {tickets}", "turns", "tickets"),
        ("turns without an answer", "turns", "silent"),
        ("memory after the turns, MB", "turns", "memory_mb"),
        ("training, s", "train", "seconds"),
        ("first start to ready, s", "start", "first_seconds"),
        ("warm start to ready, s", "start", "seconds"),
        ("memory when ready, MB", "start", "memory_mb"),
    ]
    epochs = found["stock_epochs"]
    lines = [
        "# Anfu beside stock Rasa",
        "",
        f"{found['at']} · {found['machine']} · load before the run {found['load_before']}"
        + (f" · stock: DIET and TED with {epochs} epochs" if epochs is not None else " · stock skipped"),
        "",
        *(_FEW_EPOCHS if epochs not in (None, 100) else ()),
        "| | Anfu | stock Rasa | Anfu / stock |",
        "|---|---:|---:|---:|",
    ]
    for title, part, path in rows:
        own, other = (_number(found[side].get(part), path) for side in ("ours", "stock"))
        if own is not None or other is not None:
            ratio = f"{own / other:.3f}" if own and other else "–"
            lines.append(f"| {title} | {_shown(own)} | {_shown(other)} | {ratio} |")
    return "\n".join([*lines, "", _READING.format(turns=turns, dialogues=len(said))])


_FEW_EPOCHS = [
    "**A trial run:** with fewer epochs than Rasa's own 100, stock's training time and finished dialogues say nothing.",
    "",
]
_READING = """\
{turns} messages in {dialogues} dialogues, no two alike, one after the other; three unmeasured ones before.

- **Anfu**: text in → message stored → understood → actions → answer, state and outbox committed in SQLite on disk.
  Measured at the service, without the gateway; the quiet time that lets a customer finish typing is not in it.
- **Stock Rasa**: `rasa run` (REST channel, one local HTTP request a turn) and `rasa run actions`; the same sentences,
  rules, intents and names of actions; Rasa's own forms and slot mappings, a form validation, small actions.
  Conversations and tickets in memory; no emotion, no knowledge search, no database: it does less in a turn. `rasa run`
  alone is timed to be ready.
- A dialogue that Anfu hands to a person ends there. Dialogues that did not end in their ticket are listed in
  bench/results/latest.json (`unfinished`).
- Training time of stock is as measured when its model was trained (kept in bench/.cache). Memory is resident memory of
  all processes of a side: Anfu's one, stock's two. After the turns, Anfu's is that of the measuring process: engine,
  actions and database, without the gateway.
"""


def _number(part: dict[str, Any] | None, path: str) -> float | None:
    value: Any = part
    for key in path.split("/"):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
