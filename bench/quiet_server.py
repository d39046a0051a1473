"""The whole server but the language model: `serve`'s own wiring with a bot that says one sentence."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from bot.bootstrap import build, use
from bot.commands.serve import _interrupted, _start_work
from bot.domain.message import Reply
from bot.services.ports import Answer, Turn
from bot.settings import from_environment

TEAM = tuple(f"客服{number:02d}" for number in range(1, 21))


class OneSentence:
    """Implements `ports.BotEngine`; 「转人工」 asks for a person."""

    ready = True

    def __init__(self, stalls_for: float) -> None:
        """Say it after so many seconds."""
        self._stalls_for = stalls_for

    async def answer(self, turn: Turn) -> Answer:
        """Say it."""
        await asyncio.sleep(self._stalls_for)
        handover = "asked" if "转人工" in turn.text else None
        return Answer((Reply("好的，记下了。", {"kind": "test"}),), b"", handover)


async def main() -> None:
    """Serve until told to stop; people of the company are there from the start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--stalls-for", type=float, default=0, help="seconds that the bot takes for each answer")
    options = parser.parse_args()
    given = replace(
        from_environment(), data_dir=options.data, port=options.port, conversations_per_minute=1_000_000,
        messages_per_minute=100_000,
    )  # fmt: skip
    anfu = build(given)
    use(anfu)
    with anfu.uow() as work:
        for name in TEAM:
            work.users.add(name, "agent", anfu.clock())
        work.commit()
    async with AsyncExitStack() as stack:
        await _start_work(anfu, OneSentence(options.stalls_for), stack)  # type: ignore[arg-type]
        print("ready", flush=True)
        await _interrupted()


if __name__ == "__main__":
    asyncio.run(main())
