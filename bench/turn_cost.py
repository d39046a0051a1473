"""`python -m bench.turn_cost`: where the milliseconds of a turn go, and what turn 500 costs beside turn 5.

One customer after the other writes to the real services, with SQLite on disk and the trained model, in this process.
Each step's time is its own, without the steps inside it.
"""

import argparse
import asyncio
import json
import logging
import os
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import structlog

from bench.dialogues import dialogues
from bot.adapters.engine import RasaEngine
from bot.bootstrap import Anfu, build, use
from bot.commands.model import ensure_model, start_engine
from bot.domain.conversation import Owner
from bot.services.turns import Turns
from bot.settings import ROOT, Settings

RESULTS = ROOT / "bench/results/turn_cost.json"
SAMPLE = ROOT / "bench/TURN_COST.md"
LONG, CONVERSATIONS = 500, 2
"""How long the long conversations are, and how many of them there are."""
SPAN = 10
"""Turns about turn 5, and before turn 500, that are compared: one alone is mostly chance."""
SMALL_TALK = (
    "洗衣机多少钱，型号{}", "空调能不能开发票，单子是{}", "保修几年，我买了{}天", "运费要{}块吗", "你好，{}号客服在吗",
    "冰箱有几种，第{}款是什么", "积分{}能换什么", "电视怎么连网，试了{}次", "晚上{}点还有人吗", "谢谢，{}分",
)  # fmt: skip
"""Questions that open no form; the number makes each a new text, so that no memory of vectors helps."""


class Stopwatch:
    """Exclusive time of steps within steps, for each thread's own stack."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._stack: list[list[Any]] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the block's time for a step, and not for the one around it."""
        began = time.perf_counter()
        self._stack.append([name, 0.0])
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            _, inside = self._stack.pop()
            self.seconds[name] += spent - inside
            if self._stack:
                self._stack[-1][1] += spent

    def watch(self, owner: Any, method: str, name: str) -> None:
        """Count what a method takes."""
        original: Callable[..., Any] = getattr(owner, method)
        if asyncio.iscoroutinefunction(original):

            async def awaited(*args: Any, **options: Any) -> Any:
                with self.step(name):
                    return await original(*args, **options)

            setattr(owner, method, awaited)
            return

        def called(*args: Any, **options: Any) -> Any:
            with self.step(name):
                return original(*args, **options)

        setattr(owner, method, called)


class Bench:
    """The services with a stopwatch in them. One turn runs at a time, so one stack is enough for all threads."""

    def __init__(self, settings: Settings) -> None:
        self.anfu: Anfu = build(settings)
        use(self.anfu)
        self.engine: RasaEngine = start_engine(ensure_model(settings))
        self.anfu.knowledge.search("你好")
        self.turns = Turns(
            self.anfu.uow, self.engine, self.anfu.handoff, self.anfu.scripts, self.anfu.clock,
            queueing=self.anfu.queueing, fleeting=self.anfu.fleeting,
        )  # fmt: skip
        self.watch = Stopwatch()
        self._loop = asyncio.new_event_loop()

    def put_in_steps(self) -> None:
        """From now on each step is timed."""
        watch, dialogue = self.watch, self.engine._dialogue
        assert dialogue is not None
        watch.watch(self.anfu.intake, "accept", "store the message")
        watch.watch(self.turns, "_take", "take the conversation and its state")
        watch.watch(self.turns, "_keep", "store answer and state")
        watch.watch(self.engine, "_run", "read and write the state")
        watch.watch(dialogue, "_try", "forms and calls of actions")
        watch.watch(dialogue._model, "_predict_next_with_tracker", "rules")
        watch.watch(dialogue._model.action_endpoint, "run", "actions: decide, look up, choose words")
        runner = dialogue._model.graph_runner
        call = runner.call

        def timed(name: str, arguments: dict[str, Any]) -> Any:
            if not (part := _part_of(name)):
                return call(name, arguments)
            with watch.step(part):
                return call(name, arguments)

        runner.call = timed

    def turn(self, conversation_id: str, text: str) -> float:
        """Milliseconds of one turn, text in until the answer is stored."""
        began = time.perf_counter()
        with self.watch.step("threads and the rest"):
            self.anfu.intake.accept(conversation_id, str(uuid.uuid4()), text)
            self._loop.run_until_complete(self.turns.run(conversation_id))
        return 1000 * (time.perf_counter() - began)

    def owner(self, conversation_id: str) -> Owner:
        """Who holds the conversation."""
        with self.anfu.reading() as uow:
            conversation = uow.conversations.get(conversation_id)
        return conversation.owner if conversation else Owner.BOT

    def stop(self) -> None:
        """End the engine."""
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self.engine.stop()


def _part_of(node: str) -> str | None:
    parts = {
        "Normaliser": "understand: normal form", "ChineseTokenizer": "understand: words",
        "FactExtractor": "understand: facts", "SentenceEncoder": "understand: meaning",
        "EmotionReader": "understand: emotion", "IntentClassifier": "understand: intent",
    }  # fmt: skip
    return next((part for name, part in parts.items() if name in node and node.startswith("run_")), None)


def long_conversations(bench: Bench) -> tuple[list[float], list[float]]:
    """Milliseconds of the turns about turn 5, and of the last ones of a long conversation."""
    early: list[float] = []
    late: list[float] = []
    for number in range(CONVERSATIONS):
        conversation = bench.anfu.intake.open_conversation("web").id
        for turn in range(LONG):
            text = SMALL_TALK[turn % len(SMALL_TALK)].format(1000 * (number + 1) + turn)
            took = bench.turn(conversation, text)
            if turn < SPAN:
                early.append(took)
            elif turn >= LONG - SPAN:
                late.append(took)
    return early, late


def short_dialogues(bench: Bench) -> list[float]:
    """Milliseconds of each turn of the bench's dialogues."""
    took: list[float] = []
    for dialogue in dialogues():
        conversation = bench.anfu.intake.open_conversation("web").id
        for text in dialogue.texts:
            took.append(bench.turn(conversation, text))
            if bench.owner(conversation) is not Owner.BOT:
                break
    return took


def measure(settings: Settings) -> dict[str, Any]:
    """All figures."""
    bench = Bench(settings)
    for text in SMALL_TALK:
        bench.turn(bench.anfu.intake.open_conversation("web").id, text.format(0))
    early, late = long_conversations(bench)
    plain = short_dialogues(bench)
    bench.put_in_steps()
    bench.watch.seconds.clear()
    stepped = short_dialogues(bench)
    bench.stop()
    steps = {name: 1000 * seconds / len(stepped) for name, seconds in bench.watch.seconds.most_common()}
    return {
        "machine": f"{os.cpu_count()} cores", "turn_5_ms": median(early), "turn_500_ms": median(late),
        "median_ms": median(plain), "mean_ms": sum(plain) / len(plain), "turns": len(plain), "steps_ms": steps,
    }  # fmt: skip


def report(found: dict[str, Any]) -> str:
    """The tables."""
    steps: dict[str, float] = defaultdict(float, found["steps_ms"])
    whole = sum(steps.values())
    lines = [
        "# Where the milliseconds of a turn go", "",
        f"{found['turns']} turns of the bench's dialogues, one after the other; {found['machine']}, SQLite on disk. "
        f"Without the stopwatch: median {found['median_ms']:.1f} ms, mean {found['mean_ms']:.1f} ms. "
        "The steps are those of the same dialogues once more, with the vectors of their texts remembered: new vectors "
        "are most of the difference.", "",
        "| step | mean ms | share |", "|---|---:|---:|",
        *(f"| {name} | {ms:.2f} | {ms / whole:.0%} |" for name, ms in steps.items()), "",
        f"| in a conversation of {LONG} turns | median ms |", "|---|---:|",
        f"| turns 1 to {SPAN} | {found['turn_5_ms']:.1f} |",
        f"| turns {LONG - SPAN + 1} to {LONG} | {found['turn_500_ms']:.1f} |",
        f"| ratio (goal ≤ 1.2) | {found['turn_500_ms'] / found['turn_5_ms']:.2f} |", "",
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.turn_cost", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"also write {SAMPLE.relative_to(ROOT)}")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Settings(data_dir=Path(folder)))
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    text = report(found)
    print(text)
    if options.write:
        SAMPLE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
