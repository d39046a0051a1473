"""A turn costs the database the same, however long the conversation is."""

import asyncio
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.adapters.characters import in_script
from bot.adapters.content_files import load_scripts
from bot.adapters.uow import UnitsOfWork, reading
from bot.domain.message import Reply, Sender
from bot.services.handoff import Handoff
from bot.services.intake import Intake
from bot.services.turns import Turns
from tests.integration.fixtures_database import Clock
from tests.integration.test_turns import Actor

EARLY, LATE = 5, 500
MOST_MORE = 1.2


class Talk:
    """A customer, and everything of the service that touches the database between their word and the answer."""

    def __init__(self, database: Engine, clock: Clock) -> None:
        self.uow, self.clock, self.turn = UnitsOfWork(database), clock, 0
        self.reading, scripts = reading(database), load_scripts()
        self.intake = Intake(self.uow, scripts, clock)
        self.turns = Turns(self.uow, Actor(), Handoff(scripts, clock, in_script), scripts, clock)
        self.id = self.intake.open_conversation("web").id

    def take_turn(self) -> None:
        """The customer writes, is answered, and reads."""
        self.turn += 1
        said = self.intake.accept(self.id, str(uuid.uuid4()), f"第 {self.turn} 句").message
        assert asyncio.run(self.turns.run(self.id))
        with self.reading() as work:
            news = work.messages.news(self.id, said.seq)
        assert news and [message.text for message in news.messages] == [f"答：第 {self.turn} 句"]

    def grow_to(self, turns: int) -> None:
        """So many turns have been taken, quickly."""
        with self.uow() as work:
            for _ in range(turns - self.turn):
                work.messages.add(self.id, Sender.CUSTOMER, [Reply("还有一句", {})], self.clock(), str(uuid.uuid4()))
                work.messages.add(self.id, Sender.BOT, [Reply("好的，记下了。" * 10, {"kind": "test"})], self.clock())
            work.messages.mark_answered(self.id, 10**6)
            work.commit()
        self.turn = turns


@pytest.fixture
def talk(database: Engine, clock: Clock) -> Talk:
    return Talk(database, clock)


@contextmanager
def counting_steps(database: Engine) -> Iterator[list[int]]:
    """How many steps SQLite's machine makes: what a statement costs, whatever else the computer does."""
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    def listen(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(step, 1)

    event.listen(database, "checkout", listen)
    yield steps
    event.remove(database, "checkout", listen)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_five_hundredth_turn_costs_what_the_fifth_cost(talk: Talk, database: Engine) -> None:
    costs = []
    for turn in (EARLY, LATE):
        talk.grow_to(turn)
        with counting_steps(database) as steps:
            talk.take_turn()
        costs.append(steps[0])
    assert 0 < costs[1] <= MOST_MORE * costs[0], costs


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_no_statement_of_a_turn_reads_rows_that_it_does_not_want(talk: Talk, database: Engine) -> None:
    talk.grow_to(LATE)
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    seen: dict[str, object] = {}

    def note(_connection: object, _cursor: object, statement: str, values: Any, _context: object, many: bool) -> None:
        if not statement.startswith("INSERT"):
            seen.setdefault(statement, values[0] if many else values)

    event.listen(database, "before_cursor_execute", note)
    talk.take_turn()
    event.remove(database, "before_cursor_execute", note)
    assert sum(" messages" in statement for statement in seen) >= 4
    with database.connect() as connection:
        for statement, values in seen.items():
            plan = [str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN ANALYZE {statement}", values)]
            removed = [int(step.rpartition(":")[2]) for step in plan if "Rows Removed" in step]
            assert sum(removed) <= EARLY, "\n".join([statement, *plan])
