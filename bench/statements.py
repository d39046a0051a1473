"""`python -m bench.statements`: what the database does for one turn on the website, statement by statement.

The server runs in this process with a bot that says one sentence; each turn goes from the customer's POST to the
answer on the customer's socket. Milliseconds are the driver's and the database's own, without SQLAlchemy's.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine

from bench.live import SECRET
from bench.quiet_server import OneSentence
from bot.bootstrap import build, use
from bot.commands.node import bind
from bot.commands.serve import running
from bot.settings import from_environment

POSTGRES = "postgresql://127.0.0.1:5432/test?user=root"
WARM_UP = 3
SETTLED_AFTER = 0.2
"""Seconds after an answer until nothing is done for its turn any more."""
LONGEST = 96


@dataclass
class Listener:
    """Notes what one database is asked, while it is told to."""

    turns: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    milliseconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    is_listening: bool = False

    def listen_to(self, database: Engine) -> None:
        """Hear every statement and every end of a transaction."""

        @event.listens_for(database, "before_cursor_execute")
        def _begin(connection: Any, _cursor: Any, _statement: str, _values: Any, _context: Any, _many: bool) -> None:
            connection.info["began"] = time.perf_counter()

        @event.listens_for(database, "after_cursor_execute")
        def _end(connection: Any, _cursor: Any, statement: str, _values: Any, _context: Any, _many: bool) -> None:
            self._note(_short(statement), 1000 * (time.perf_counter() - connection.info["began"]))

        for name in ("begin", "commit", "rollback"):
            event.listen(database, name, lambda _connection, name=name: self._note(name.upper()))

    def _note(self, what: str, milliseconds: float = 0.0) -> None:
        if self.is_listening:
            self.counts[what] += 1
            self.milliseconds[what] += milliseconds

    def table(self) -> str:
        """What there was in a turn, the most frequent first; what comes now and then is left out."""
        often = [(what, count / self.turns) for what, count in self.counts.most_common() if count >= self.turns / 2]
        lines = [f"| {each:.1f} | {self.milliseconds[what] / self.turns:.2f} | `{what}` |" for what, each in often]
        total = sum(each for what, each in often if what not in ("BEGIN", "COMMIT", "ROLLBACK"))
        spent = sum(self.milliseconds[what] for what, _ in often) / self.turns
        return "\n".join(
            ["| per turn | ms | |", "|---|---|---|", *lines, f"| {total:.1f} | {spent:.2f} | statements in all |"]
        )


def _short(statement: str) -> str:
    words = " ".join(statement.split())
    half = LONGEST // 2
    return words if len(words) <= LONGEST else f"{words[:half]} … {words[-half:]}"


@asynccontextmanager
async def postgres_schema() -> AsyncIterator[str]:
    """The address of a schema that is there while the block runs."""
    name, admin = f"anfu_bench_{uuid.uuid4().hex[:8]}", create_engine(POSTGRES, future=True)
    with admin.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    try:
        yield f"{POSTGRES}&options=-csearch_path%3D{name}"
    finally:
        with admin.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        admin.dispose()


async def measure(turns: int, database: str = "") -> Listener:
    """Run a server on a new database and take so many turns, one after the other."""
    os.environ["ANFU_SECRET"] = SECRET
    with tempfile.TemporaryDirectory() as folder:
        given = replace(
            from_environment(), data_dir=Path(folder), database=database, quiet_seconds=0.0,
            messages_per_minute=1_000_000, conversations_per_minute=1_000_000,
        )  # fmt: skip
        anfu, listener = build(given), Listener(turns)
        use(anfu)
        listener.listen_to(anfu.database)
        places = bind("127.0.0.1", 0)
        url = f"http://127.0.0.1:{places[0].getsockname()[1]}/api/v1/conversations"
        async with running(anfu, OneSentence(0, echoes=False), places), aiohttp.ClientSession() as http:
            async with http.post(url, json={"channel": "web"}) as response:
                opened = await response.json()
            talk, token = f"{url}/{opened['conversation_id']}", opened["token"]
            async with http.ws_connect(f"{talk}/socket", protocols=("anfu", token)) as ws:
                for turn in range(WARM_UP + turns):
                    listener.is_listening = turn >= WARM_UP
                    await _turn(http, ws, talk, token)
                listener.is_listening = False
        anfu.database.dispose()
    return listener


async def _turn(http: aiohttp.ClientSession, ws: aiohttp.ClientWebSocketResponse, talk: str, token: str) -> None:
    said = {"client_id": str(uuid.uuid4()), "text": "我的洗衣机坏了"}
    async with http.post(f"{talk}/messages", json=said, headers={"Authorization": f"Bearer {token}"}) as response:
        response.raise_for_status()
    senders: list[str] = []
    while "bot" not in senders:
        senders += [message["sender"] for message in json.loads((await ws.receive()).data)["messages"]]
    await asyncio.sleep(SETTLED_AFTER)


async def main() -> None:
    """Measure on SQLite, then on PostgreSQL where there is one, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=20)
    options = parser.parse_args()
    print("## SQLite\n", (await measure(options.turns)).table(), sep="\n")
    async with postgres_schema() as address:
        print("\n## PostgreSQL\n", (await measure(options.turns, address)).table(), sep="\n")


if __name__ == "__main__":
    asyncio.run(main())
