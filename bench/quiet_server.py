"""The whole server but the language model: `serve`'s own wiring with a bot that says one sentence."""

import argparse
import asyncio
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.bootstrap import build, use
from bot.commands.node import bind
from bot.commands.serve import (
    KILL_AFTER,
    STOP_WITHIN,
    add_child_options,
    give_up_after,
    given_places,
    interrupted,
    running,
)
from bot.commands.workers import watch_over
from bot.domain.message import Reply
from bot.services.ports import Answer, Turn
from bot.settings import Settings, from_environment

TEAM = tuple(f"客服{number:02d}" for number in range(1, 21))


@dataclass
class OneSentence:
    """Implements `ports.BotEngine`; 「转人工」 asks for a person.

    Attributes:
        stalls_for: seconds that it takes for each answer. echoes: it says what it heard instead.
    """

    stalls_for: float
    echoes: bool
    ready: bool = True

    async def answer(self, turn: Turn) -> Answer:
        """Say it."""
        await asyncio.sleep(self.stalls_for)
        handover = "asked" if "转人工" in turn.text else None
        words = f"您说的是：{turn.text}" if self.echoes else "好的，记下了。"
        return Answer((Reply(words, {"kind": "test"}),), b"", handover)


def main() -> int:
    """Serve until told to stop; people of the company are there from the start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("port", type=int)
    add_child_options(parser)
    parser.add_argument("--stalls-for", type=float, default=0, help="seconds that the bot takes for each answer")
    parser.add_argument("--echoes", action="store_true", help="the bot says what it heard")
    parser.add_argument("--workers", type=int, default=1, help="so many processes")
    options = parser.parse_args()
    given = replace(
        from_environment(), data_dir=options.data, port=options.port, conversations_per_minute=1_000_000,
        messages_per_minute=100_000,
    )  # fmt: skip
    engine = OneSentence(options.stalls_for, options.echoes)
    places = given_places(options.places) if options.places else bind(given.host, given.port)
    if options.workers > 1 and not options.places:
        command = [sys.executable, "-m", "bench.quiet_server", *sys.argv[1:]]
        return watch_over(command, options.workers, places, KILL_AFTER + given.drain_seconds)
    asyncio.run(_serve(given, engine, places, options.parent))
    return 0


async def _serve(given: Settings, engine: OneSentence, places: Sequence[socket.socket], parent: int | None) -> None:
    anfu = build(given)
    use(anfu)
    with anfu.uow() as work:
        for name in TEAM:
            if work.users.get(name) is None:
                work.users.add(name, "agent", anfu.clock())
        work.commit()
    async with running(anfu, engine, places):
        print("ready", flush=True)
        await interrupted(parent)
        give_up_after(given.drain_seconds + STOP_WITHIN)


if __name__ == "__main__":
    sys.exit(main())
