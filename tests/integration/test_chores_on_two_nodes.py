"""What time asks for is done once, though two nodes set out to do it at the same moment."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

from bot.bootstrap import Anfu, build
from bot.domain.message import Message
from bot.domain.person import Presence
from bot.domain.ticket import Kind
from bot.workers.clockwork import Chore
from tests.integration.fixtures_after_sales import Customer, carried_out, offered
from tests.integration.fixtures_database import Clock
from tests.integration.served import Served, here

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

WAITS_WITHIN_SECONDS = 60


@pytest.fixture
def nodes(anfu: Anfu, clock: Clock, tmp_path: Path) -> tuple[Anfu, Anfu]:
    """Two, that began long ago."""
    other = build(anfu.settings, clock, anfu.content)
    clock.advance(minutes=10)
    return anfu, other


def at_once(database: Engine, table: str, chores: Sequence[Chore]) -> None:
    """Each has read what is due, and waits for the same rows, before any goes on."""
    with ThreadPoolExecutor(len(chores)) as pool, database.connect() as holder:
        with holder.begin():
            holder.execute(text(f"SELECT 1 FROM {table} FOR UPDATE"))
            running = [pool.submit(chore) for chore in chores]
            until = time.monotonic() + WAITS_WITHIN_SECONDS
            while how_many_wait(holder) < len(chores):
                assert not any(one.done() for one in running), "a chore found nothing to do, or did not wait"
                assert time.monotonic() < until, "they do not wait for the rows"
                time.sleep(0.02)
        for one in running:
            one.result(WAITS_WITHIN_SECONDS)


def how_many_wait(holder: Connection) -> int:
    """How many sessions wait for this one, or for another that does."""
    own = int(holder.execute(text("SELECT pg_backend_pid()")).scalar_one())
    asked = text("SELECT pid, pg_blocking_pids(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    blocked = {pid: set(by) for pid, by in holder.execute(asked)}
    waiting, found = {own}, {own}
    while found:
        found = {pid for pid, by in blocked.items() if by & waiting} - waiting
        waiting |= found
    return len(waiting) - 1


def heard(anfu: Anfu, conversation_id: str) -> list[str]:
    """The scripts of what the customer was told."""
    with anfu.uow() as uow:
        said: list[Message] = uow.messages.after(conversation_id, 0)
    return [str(message.source["id"]) for message in said if message.source and "id" in message.source]


def offer_callback(anfu: Anfu, clock: Clock) -> str:
    here(anfu, "小李", Presence.BUSY)
    served = Served(anfu, clock).customer("转人工").queued()
    anfu.queue_watch.tell()
    clock.advance(seconds=181)
    return served.id


def bot_is_silent(anfu: Anfu, clock: Clock) -> str:
    served = Served(anfu, clock).customer("在吗")
    clock.advance(seconds=181)
    return served.id


def agent_goes(anfu: Anfu, clock: Clock) -> str:
    here(anfu, "小李")
    served = Served(anfu, clock).customer("转人工").queued().taken()
    clock.advance(seconds=5)
    here(anfu, "小李", Presence.OFF)
    clock.advance(seconds=60)
    return served.id


def agent_is_ready(anfu: Anfu, clock: Clock) -> str:
    served = Served(anfu, clock).customer("转人工").queued()
    here(anfu, "小李")
    return served.id


def customer_is_silent(anfu: Anfu, clock: Clock) -> str:
    here(anfu, "小李")
    served = Served(anfu, clock).customer("转人工").queued().taken().agent("您好，请问型号是？")
    clock.advance(hours=1)
    return served.id


def promise_is_broken(anfu: Anfu, clock: Clock) -> str:
    customer = Customer(anfu)
    ticket = customer.files(Kind.REPAIR, symptom="不脱水")
    assert ticket.promised_at
    clock.now = ticket.promised_at
    clock.advance(seconds=1)
    return customer.conversation


def followup_is_due(anfu: Anfu, clock: Clock) -> str:
    customer = Customer(anfu)
    carried_out(anfu, customer.files())
    clock.advance(hours=25)
    return customer.conversation


def offer_lapses(anfu: Anfu, clock: Clock) -> str:
    customer = Customer(anfu)
    offered(anfu, customer.files())
    clock.advance(days=8)
    return customer.conversation


@pytest.mark.parametrize(
    ("happens", "chore", "table", "told"),
    [
        (offer_callback, lambda anfu: anfu.queue_watch.tell, "conversations", "handover.offer_callback"),
        (bot_is_silent, lambda anfu: anfu.queue_watch.rescue, "conversations", "handover.silent"),
        (agent_goes, lambda anfu: anfu.queue_watch.hand_on, "conversations", "handover.agent_gone"),
        (agent_is_ready, lambda anfu: anfu.queue_watch.assign, "conversations", "desk.joined"),
        (customer_is_silent, lambda anfu: anfu.farewells.end_silent, "conversations", "desk.still_there"),
        (promise_is_broken, lambda anfu: anfu.watch.look, "tickets", "sla.broken"),
        (followup_is_due, lambda anfu: anfu.followups.say_due, "tickets", "followup.satisfaction"),
        (offer_lapses, lambda anfu: anfu.resolutions.expire, "tickets", "agreement.lapsed"),
    ],
    ids=lambda value: value.__name__ if callable(value) and value.__name__ != "<lambda>" else "",
)
def test_the_customer_is_told_once(
    nodes: tuple[Anfu, Anfu], database: Engine, clock: Clock, happens: Callable[[Anfu, Clock], str],
    chore: Callable[[Anfu], Chore], table: str, told: str,
) -> None:  # fmt: skip
    conversation_id = happens(nodes[0], clock)
    before = heard(nodes[0], conversation_id).count(told)
    at_once(database, table, [chore(node) for node in nodes])
    assert heard(nodes[0], conversation_id).count(told) == before + 1
    assert all(chore(node)() == 0 for node in nodes), "nothing is left to do"


def test_a_conversation_is_inspected_once(nodes: tuple[Anfu, Anfu], database: Engine, clock: Clock) -> None:
    """H8."""
    here(nodes[0], "小李")
    served = Served(nodes[0], clock).well()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda node: node.inspection.look(), nodes))
    with database.connect() as connection:
        reviews = text("SELECT count(*) FROM reviews WHERE conversation_id = :id")
        assert connection.execute(reviews, {"id": served.id}).scalar_one() == 1


def test_a_conversation_that_wakes_while_two_nodes_end_it_goes_on(
    nodes: tuple[Anfu, Anfu], database: Engine, clock: Clock
) -> None:
    """Each has read that it was silent for a day; the customer's word comes before either can end it."""
    served = Served(nodes[0], clock).customer("你好")
    with nodes[0].uow() as uow:
        uow.messages.mark_answered(served.id, 99)
        uow.commit()
    clock.advance(hours=25)
    with ThreadPoolExecutor(2) as pool:
        with database.begin() as writer:
            row = {"id": served.id, "at": clock()}
            writer.execute(text("UPDATE conversations SET touched_at = :at WHERE id = :id"), row)
            ending = [pool.submit(node.farewells.end_silent) for node in nodes]
            until = time.monotonic() + WAITS_WITHIN_SECONDS
            while how_many_wait(writer) < len(nodes):
                assert time.monotonic() < until
                time.sleep(0.02)
        assert [one.result(WAITS_WITHIN_SECONDS) for one in ending] == [0, 0]
    with nodes[0].uow() as uow:
        conversation = uow.conversations.get(served.id)
    assert conversation
    assert conversation.closed_at is None
