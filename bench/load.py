"""`python -m bench.load [dialogues.jsonl]`: real dialogues played by 1 to 1,000 customers at once.

Against Anfu on SQLite, Anfu on PostgreSQL and Redis, and stock Rasa; in less than ten minutes, training not counted.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import rasa
from bench.load_customers import Job
from bench.load_report import picture, report
from bench.load_systems import NAMES, STOCK, TITLES, Missing, System, system
from bot.settings import ROOT

DIALOGUES = ROOT.parent / "shared/eval/dialogues_dev.jsonl"
RESULTS = ROOT / "bench/results/load.json"
TABLE = ROOT / "bench/LOAD.md"
PICTURE = ROOT / "bench/load.svg"
CUSTOMERS = (1, 10, 50, 200, 1000)
SECONDS, WARM_UP = 13.0, 3.0
PAUSING, PAUSE = 50, 1.0
"""Customers who read and type for so many seconds, on the average, between answer and next message."""
CONNECTED, MESSAGES_PER_SECOND, OPEN_SECONDS = 1000, 20.0, 25.0
"""Customers who are there and say something now and then."""
IDLE_PERCENT, IDLE_LIMIT = 10.0, 45.0


def main() -> int:
    """Measure what was asked for, keep the figures, print the table."""
    options = _options()
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    if not options.report:
        RESULTS.write_text(json.dumps(measure(options), ensure_ascii=False, indent=1) + "\n", "utf-8")
    found = json.loads(RESULTS.read_text("utf-8"))
    text = report(found)
    print(text)
    if options.write:
        TABLE.write_text(text, "utf-8")
        picture(found, PICTURE)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument(
        "dialogues", type=Path, nargs="?", default=DIALOGUES,
        help='a JSON-lines file, {"turns": [{"role": "user", "text": …}, …]} on each line; its texts are kept nowhere',
    )  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES), help="these systems alone")
    parser.add_argument("--customers", type=int, nargs="+", default=list(CUSTOMERS), help="how many at once")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="each level is measured so long")
    parser.add_argument("--skip-open", action="store_true", help="not the 1,000 who say something now and then")
    parser.add_argument("--stock-epochs", type=int, default=1, metavar="N", help="turn speed does not depend on it")
    parser.add_argument("--report", action="store_true", help="the table of the last results, without measuring")
    parser.add_argument("--write", action="store_true", help="also write bench/LOAD.md and bench/load.svg")
    options = parser.parse_args()
    if not options.report and not options.dialogues.exists():
        parser.error(f"there is no {options.dialogues}: name a file of dialogues")
    return options


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures asked for, one system after the other."""
    _prepare_models(options)
    began = time.monotonic()
    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "stock_epochs": options.stock_epochs,
        "level_seconds": options.seconds,
        "systems": {},
    }
    for name in options.only:
        _say(f"{TITLES[name]}: starting")
        try:
            with system(name, options.stock_epochs) as running:
                found["systems"][name] = _measured(running, name, options)
        except (Missing, RuntimeError) as error:  # the others are measured all the same
            _say(f"{TITLES[name]}: not measured, {error}")
            found["systems"][name] = {"missing": str(error).partition("\n")[0]}
    found["took_seconds"] = round(time.monotonic() - began)
    return found


def _prepare_models(options: argparse.Namespace) -> None:
    if STOCK in options.only:
        _say(f"stock's model ({options.stock_epochs} epochs; trained once, then kept in bench/.cache)")
        rasa.train(options.stock_epochs)
    if set(options.only) - {STOCK}:
        subprocess.run([sys.executable, "-m", "bot", "train"], cwd=ROOT, check=True, stdout=sys.stderr)


def _measured(running: System, name: str, options: argparse.Namespace) -> dict[str, Any]:
    memory = running.memory()
    levels = []
    for customers in options.customers:
        job = Job(running.url, running.speaks, str(options.dialogues), customers, WARM_UP, options.seconds)
        levels.append(_level(running, name, job))
    job = Job(running.url, running.speaks, str(options.dialogues), PAUSING, WARM_UP, options.seconds, pause=PAUSE)
    found: dict[str, Any] = {"memory_mb_at_start": memory, "levels": levels, "pausing": _level(running, name, job)}
    if not options.skip_open and name != STOCK:
        job = Job(
            running.url, running.speaks, str(options.dialogues), CONNECTED, WARM_UP, OPEN_SECONDS, MESSAGES_PER_SECOND
        )  # fmt: skip
        found["open"] = _level(running, name, job)
    return found


def _level(running: System, name: str, job: Job) -> dict[str, Any]:
    """Wait until the system is at rest, let the customers at it, and read what it uses meanwhile."""
    _wait_until_idle(running)
    pace = f", {job.rate:g} messages/s" if job.rate else f", pausing {job.pause:g} s" if job.pause else ""
    _say(f"{TITLES[name]}: {job.customers} customers{pace}")
    command = [sys.executable, "-m", "bench.load_customers", job.as_json()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as customers:
        assert customers.stdout
        _expect("connected", customers.stdout.readline())
        _expect("begin", customers.stdout.readline())
        before = running.use()
        _expect("end", customers.stdout.readline())
        after, memory = running.use(), running.memory()
        found: dict[str, Any] = json.loads(customers.stdout.readline())
    own = after.own - before.own
    found |= {
        "cpu_seconds": round(own, 2), "database_cpu_seconds": round(after.databases - before.databases, 2),
        "stolen_seconds": round(after.stolen - before.stolen, 2), "memory_mb": memory,
        "turns_per_cpu_second": round(found["turns"] / own, 2) if own else None,
    }  # fmt: skip
    _say(f"  {found['turns_per_second']} turns/s, p50 {found.get('p50_ms')} ms, p99 {found.get('p99_ms')} ms")
    return found


def _expect(word: str, line: str) -> None:
    if line.strip() != word:
        raise SystemExit(f"the customers' process failed before it was to say “{word}”; see its errors above")


def _wait_until_idle(running: System) -> None:
    """What a level before has left undone must not count in the next one."""
    began = time.monotonic()
    while time.monotonic() - began < IDLE_LIMIT:
        before = running.use()
        time.sleep(0.5)
        if 100 * (running.use().own - before.own) / 0.5 < IDLE_PERCENT:
            return


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
