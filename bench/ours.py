"""Anfu's side. `python -m bench.ours` plays the dialogues in this process and prints JSON."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

from bench.measure import CACHE, environment, free_port, memory_mb, play, run, running
from bot.domain.conversation import Owner
from bot.settings import ROOT, Settings

MODELS = CACHE / "ours"


def train(force: bool = True) -> float:
    """Train from nothing in a process of its own; returns seconds."""
    command = [sys.executable, "-m", "bot", "train", *(["--force"] if force else [])]
    return run(command, CACHE / "logs/ours-train.log", environment(ANFU_MODELS_DIR=str(MODELS)))


def start() -> dict[str, float]:
    """`bot serve` until /readyz says 200: with an empty data directory, and again with the same one."""
    train(force=False)
    with tempfile.TemporaryDirectory() as data_dir:
        first, _ = _start_once(data_dir)
        seconds, memory = _start_once(data_dir)
    return {"seconds": seconds, "first_seconds": first, "memory_mb": memory}


def _start_once(data_dir: str) -> tuple[float, float]:
    port = free_port()
    command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--data-dir", data_dir]
    url = f"http://127.0.0.1:{port}/readyz"
    with running(
        command, url, CACHE / "logs/ours-serve.log", environment(ANFU_MODELS_DIR=str(MODELS), ANFU_DATABASE="")
    ) as (pid, seconds):
        return seconds, memory_mb(pid)


def turns() -> dict[str, Any]:
    """The dialogues through the real Turns service, in a process of its own."""
    train(force=False)
    log = CACHE / "logs/ours-turns.log"
    with log.open("w") as errors:
        result = subprocess.run(
            [sys.executable, "-m", "bench.ours"], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=errors
        )
    if result.returncode:
        raise RuntimeError(f"bench.ours failed, see {log}:\n{log.read_text()[-1500:]}")
    played: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return played


def _play_here(settings: Settings) -> dict[str, Any]:
    from bot.bootstrap import build, use
    from bot.commands.model import ensure_model, start_engine
    from bot.services.turns import Turns

    anfu = build(settings)
    use(anfu)
    engine = start_engine(ensure_model(settings))
    anfu.knowledge.search("你好")  # as `serve` does at start
    service = Turns(anfu.uow, engine, anfu.handoff, anfu.scripts, anfu.clock, queueing=anfu.queueing)

    def say(sender: str, text: str) -> list[str]:
        conversation_id = opened[sender]
        accepted = anfu.intake.accept(conversation_id, str(uuid.uuid4()), text)
        loop.run_until_complete(service.run(conversation_id))
        with anfu.uow() as uow:
            news = uow.messages.after(conversation_id, accepted.message.seq)
        return [message.text for message in news if message.sender != "customer"]

    def handed_over(sender: str) -> bool:
        conversation_id = opened[sender]
        with anfu.uow() as uow:
            conversation = uow.conversations.get(conversation_id)
        return conversation is not None and conversation.owner is not Owner.BOT

    class OpenedWhenNeeded(dict[str, str]):
        def __missing__(self, sender: str) -> str:
            self[sender] = anfu.intake.open_conversation("web").id
            return self[sender]

    opened = OpenedWhenNeeded()
    loop = asyncio.new_event_loop()
    try:
        played = play(say, handed_over)
        played["memory_mb"] = memory_mb(os.getpid())
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        engine.stop()
    return played


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(_play_here(Settings(data_dir=Path(folder), models_dir=MODELS))))
