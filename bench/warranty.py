"""`python -m bench.warranty`: how long one decision of the statute calculator takes, over its truth table."""

import gc
import json
import statistics
import time
from pathlib import Path

from bot.adapters.warranty_files import load_law
from bot.domain.warranty.case import Case
from bot.domain.warranty.decide import decide

TABLE = Path(__file__).parent.parent / "tests" / "data" / "warranty_cases.jsonl"


def measure(rounds: int = 20) -> list[float]:
    """Milliseconds of each decision, reasons included; every case `rounds` times."""
    law = load_law()
    rows = [json.loads(line)["input"] for line in TABLE.read_text(encoding="utf-8").splitlines()]
    cases = [law.resolve(Case.from_json(row)) for row in rows]
    for case in cases:
        decide(case, law)
    taken = []
    gc.disable()
    for _ in range(rounds):
        for case in cases:
            started = time.perf_counter()
            decide(case, law)
            taken.append((time.perf_counter() - started) * 1000)
    gc.enable()
    return taken


def main() -> None:
    """Print the median and the 99th percentile."""
    taken = measure()
    percentiles = statistics.quantiles(taken, n=100)
    print(f"{len(taken)} decisions: p50 {percentiles[49]:.3f} ms, p99 {percentiles[98]:.3f} ms")


if __name__ == "__main__":
    main()
