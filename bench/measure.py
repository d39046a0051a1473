"""What both sides share: timing turns, starting and stopping processes, reading their memory."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bench.dialogues import WARM_UP, dialogues
from bot.settings import ROOT

CACHE = ROOT / "bench/.cache"
BIN = ROOT / ".venv/bin"
START_LIMIT = 180.0
TICKET = re.compile(r"[A-Z]{2}\d{8}-\d{4}")

Command = Sequence[str | Path]
Say = Callable[[str, str], list[str]]
"""Sends one text in one conversation; returns what was answered."""


def play(say: Say, handed_over: Callable[[str], bool] = lambda sender: False) -> dict[str, Any]:
    """Play all dialogues, a message at a time; returns milliseconds by kind of dialogue, and what came of them.

    A dialogue ends where it is handed to a person: what follows is only noted, which would make turns look cheap.
    """
    for text in WARM_UP.texts:
        say("warm-up", text)
    turns: dict[str, list[float]] = {}
    tickets = silent = 0
    unfinished: list[dict[str, Any]] = []
    for number, dialogue in enumerate(dialogues()):
        answers: list[str] = []
        sender = f"{dialogue.kind}-{number}"
        for text in dialogue.texts:
            if handed_over(sender):
                break
            started = time.perf_counter()
            answers = say(sender, text)
            turns.setdefault(dialogue.kind, []).append((time.perf_counter() - started) * 1000)
            silent += not answers
        if dialogue.files_ticket and any(TICKET.search(answer) for answer in answers):
            tickets += 1
        elif dialogue.files_ticket:
            unfinished.append({"texts": dialogue.texts, "last_answers": answers})
    return {"turns": turns, "tickets": tickets, "silent": silent, "unfinished": unfinished}


def summary(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile and turns per second of turns made one after the other."""
    return {
        "median_ms": median(milliseconds),
        "p99_ms": quantiles(milliseconds, n=100, method="inclusive")[98],
        "per_second": 1000 * len(milliseconds) / sum(milliseconds),
    }


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**more: str) -> dict[str, str]:
    """The environment of what is measured: quiet, offline, without Rasa's cache of trained components."""
    quiet = {
        "RASA_TELEMETRY_ENABLED": "false",
        "RASA_MAX_CACHE_SIZE": "0",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    return {**os.environ, **quiet, **more}


def run(command: Command, log: Path, env: Mapping[str, str]) -> float:
    """Run a command to its end; returns its seconds.

    Raises:
        RuntimeError: it failed; the message ends with the last lines of its log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    with log.open("w") as output:
        result = subprocess.run(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)
    if result.returncode:
        raise RuntimeError(f"{command} failed, see {log}:\n{log.read_text()[-1500:]}")
    return time.perf_counter() - started


@contextmanager
def running(command: Command, url: str, log: Path, env: Mapping[str, str]) -> Iterator[tuple[int, float]]:
    """A server as a process of its own; gives its pid and the seconds until `url` answered 200; stops it at the end."""
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        while not _answers(url):
            if process.poll() is not None or time.perf_counter() - started > START_LIMIT:
                raise RuntimeError(f"{command} did not start, see {log}:\n{log.read_text()[-1500:]}")
            time.sleep(0.05)
        yield process.pid, time.perf_counter() - started
    finally:
        # The process leads a session of its own, so this ends what it started and nothing else.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def memory_mb(*pids: int) -> float:
    """Resident memory of processes and all their children, from /proc."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            parents[int(status.parent.name)] = (int(fields["PPid"]), int(fields.get("VmRSS", "0 kB").split()[0]))
        except (OSError, ValueError, KeyError):
            continue  # it has ended meanwhile
    family = set(pids)
    while more := {pid for pid, (parent, _) in parents.items() if parent in family} - family:
        family |= more
    return sum(parents[pid][1] for pid in family if pid in parents) / 1024
