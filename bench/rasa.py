"""Stock Rasa's side: trained once for the same content, started as `rasa run` and `rasa run actions`."""

import hashlib
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.measure import BIN, CACHE, Command, environment, free_port, memory_mb, play, run, running
from bench.stock.actions import is_stock
from bot.settings import ROOT

STOCK = ROOT / "bench/stock"
DATA = (ROOT / "data/nlu", ROOT / "data/rules", STOCK / "data")


@dataclass(frozen=True)
class Trained:
    """A trained stock model and how long its training took."""

    model: Path
    seconds: float


def train(epochs: int, force: bool = False) -> Trained:
    """The stock model for the present content; trained now where there is none."""
    config = yaml.safe_load((STOCK / "config.yml").read_text("utf-8"))
    for component in (*config["pipeline"], *config["policies"]):
        if "epochs" in component:
            component["epochs"] = epochs
    written = {"config.yml": _yaml(config), "domain.yml": _yaml(_domain())}
    digest = hashlib.sha256("".join(written.values()).encode())
    for file in sorted(path for folder in DATA for path in folder.rglob("*.yml")):
        digest.update(file.read_bytes())
    folder = CACHE / f"stock-{digest.hexdigest()[:16]}"
    trained = folder / "trained.json"
    if force or not trained.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            (folder / name).write_text(text, "utf-8")
        data = [str(path) for path in DATA]
        command: Command = [BIN / "rasa", "train", "--force", "--config", folder / "config.yml", "--domain",
                   folder / "domain.yml", "--out", folder, "--fixed-model-name", "stock", "--data", *data]  # fmt: skip
        seconds = run(command, CACHE / "logs/stock-train.log", environment())
        trained.write_text(json.dumps({"seconds": seconds}))
    return Trained(folder / "stock.tar.gz", json.loads(trained.read_text())["seconds"])


def _domain() -> dict[str, Any]:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))
    domain |= yaml.safe_load((STOCK / "domain.yml").read_text("utf-8"))
    domain["actions"] = [name for name in domain["actions"] if is_stock(name)]
    return dict(domain)


def _yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, allow_unicode=True, sort_keys=False))


@contextmanager
def started(model: Path) -> Iterator[tuple[str, float, tuple[int, int]]]:
    """Both processes; gives the address, the seconds of the slower one to be ready (they start together in practice,
    so the actions' own start is not counted), and their pids."""
    port, actions_port = free_port(), free_port()
    endpoints = CACHE / "endpoints.yml"
    endpoints.write_text(f"action_endpoint:\n  url: http://127.0.0.1:{actions_port}/webhook\n")
    credentials = CACHE / "credentials.yml"
    credentials.write_text("rest:\n")
    actions: Command = [BIN / "rasa", "run", "actions", "--actions", "bench.stock.actions", "--port", str(actions_port)]
    server: Command = [BIN / "rasa", "run", "--model", model, "--port", str(port), "--interface", "127.0.0.1",
              "--enable-api", "--endpoints", endpoints, "--credentials", credentials]  # fmt: skip
    address, logs, env = f"http://127.0.0.1:{port}", CACHE / "logs", environment()
    with (
        running(actions, f"http://127.0.0.1:{actions_port}/health", logs / "stock-actions.log", env) as (helper, _),
        running(server, f"{address}/status", logs / "stock-run.log", env) as (pid, seconds),
    ):
        yield address, seconds, (pid, helper)


def start(epochs: int) -> dict[str, float]:
    """`rasa run` until /status says 200."""
    with started(train(epochs).model) as (_, seconds, pids):
        return {"seconds": seconds, "memory_mb": memory_mb(*pids)}


def turns(epochs: int) -> dict[str, Any]:
    """The dialogues through the REST channel."""
    with started(train(epochs).model) as (address, _, pids):

        def say(sender: str, text: str) -> list[str]:
            body = json.dumps({"sender": sender, "message": text}).encode()
            request = urllib.request.Request(
                f"{address}/webhooks/rest/webhook", body, {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=60) as response:
                return [reply.get("text", "") for reply in json.load(response)]

        played = play(say)
        played["memory_mb"] = memory_mb(*pids)
    return played
