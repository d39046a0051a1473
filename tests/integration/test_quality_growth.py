"""A hundred thousand reviews: sums, lists and the look for what has ended stay quick (H8)."""

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from bot.adapters.uow import UnitsOfWork
from bot.domain.quality.review import ReviewState
from bot.domain.quality.tally import Tally, tally

MANY = 100_000
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
N = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})"
ID = {"sqlite": "printf('{0}%07d', i)", "postgresql": "'{0}' || lpad(i::text, 7, '0')"}
DAY = {"sqlite": "date('2026-01-01', (i / 275) || ' days')", "postgresql": "date '2026-01-01' + i / 275"}
AT = {
    "sqlite": "datetime('2026-01-01', (i * 5) || ' minutes') || '.000000'",
    "postgresql": "timestamptz '2026-01-01Z' + i * interval '5 minutes'",
}


pytestmark = pytest.mark.timed


@pytest.fixture
def full(database: Engine) -> Engine:
    """A year of reviews of forty people, two rules failed in each."""
    with database.begin() as db:
        of = db.dialect.name
        conversation, review, at, day = ID[of].format("c"), ID[of].format("r"), AT[of], DAY[of]
        no = "0" if of == "sqlite" else "false"
        agent = "'人' || (i % 40)"
        db.execute(text(
            "INSERT INTO conversations (id, channel, external_id, opened_at, owner, epoch, script, priority, team,"
            " level, skills, emotion, signals, return_asked, touched_at, last_seq, unanswered, taken_at, closed_at,"
            " agent) "
            f"{N} SELECT {conversation}, 'web', 'e' || i, {at}, 'bot', 3, 'hans', 0, 'service', 'agent', '[]', 0, '[]',"
            f" {no}, {at}, 1, {no}, {at}, {at}, {agent} FROM n"
        ))  # fmt: skip
        db.execute(text(
            "INSERT INTO reviews (id, conversation_id, agent, team, begun_at, closed_at, day, inspected_at,"
            " rules_version, score, state, picked_for, version) "
            f"{N} SELECT {review}, {conversation}, {agent}, 'service', {at}, {at}, {day}, {at}, 1, i % 101,"
            " CASE i % 50 WHEN 0 THEN 'to_check' ELSE 'auto' END, '[]', 0 FROM n"
        ))  # fmt: skip
        for rule in ("greeting", "no_forbidden", "polite_close"):
            result = "ok" if rule == "no_forbidden" else "failed"
            db.execute(text(
                "INSERT INTO review_findings (review_id, rule, position, result, reason, evidence, agent, day) "
                f"{N} SELECT {review}, '{rule}', 0, '{result}', '…', '[]', {agent}, {day} FROM n"
            ))  # fmt: skip
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(text("VACUUM ANALYZE" if db.dialect.name == "postgresql" else "ANALYZE"))
    return database


def quickest(database: Engine, ask: Callable[..., object]) -> float:
    """Milliseconds of the quickest of ten; of SQLite, which works in this process, without the time of others."""
    clock = time.process_time if database.dialect.name == "sqlite" else time.perf_counter
    times = []
    for _ in range(10):
        began = clock()
        with UnitsOfWork(database)() as uow:
            ask(uow)
        times.append((clock() - began) * 1000)
    return min(times)


def year(uow: Any) -> Tally:
    """The sums of a year."""
    r = uow.reviews
    return tally(r.days(FIRST, LAST), r.agents(FIRST, LAST), r.failures(FIRST, LAST))


ASKED: dict[str, tuple[int, Callable[..., object]]] = {
    "a year of all": (250, year),
    "a month of all": (50, lambda uow: uow.reviews.days(date(2026, 3, 1), date(2026, 3, 31))),
    "a month of one": (20, lambda uow: uow.reviews.days(date(2026, 3, 1), date(2026, 3, 31), "人7")),
    "the newest": (20, lambda uow: uow.reviews.page(50)),
    "to check": (20, lambda uow: uow.reviews.page(50, state=ReviewState.TO_CHECK)),
    "somebody's": (20, lambda uow: uow.reviews.page(50, agent="人7")),
    "what has ended": (20, lambda uow: uow.reviews.to_inspect(50)),
    "what waits": (20, lambda uow: uow.reviews.counts()),
}


def test_a_hundred_thousand_reviews_are_summed_up_and_listed_quickly(full: Engine) -> None:
    with UnitsOfWork(full)() as uow:
        told = year(uow)
        assert (told.whole.reviews, told.failures["greeting"], len(told.agents)) == (MANY, MANY, 40)
    took = {name: quickest(full, ask) for name, (_, ask) in ASKED.items()}
    print({name: f"{milliseconds:.1f} ms" for name, milliseconds in took.items()})
    for name, milliseconds in took.items():
        assert milliseconds <= ASKED[name][0], f"{name}: {milliseconds:.1f} ms"
