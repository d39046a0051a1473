"""What is kept longer than it is needed is cleared away, a little at a time; what the law asks for stays (E10)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import Engine

from bot.adapters.privacy_files import load_retention
from bot.adapters.tables import metadata
from bot.bootstrap import Anfu
from bot.domain.errors import ContentError
from bot.domain.retention import KINDS, Then, read_periods
from bot.domain.ticket import Kind
from tests.integration.fixtures_after_sales import Customer
from tests.integration.fixtures_database import Clock


def rows(database: Engine, table: str) -> int:
    """How many there are."""
    with database.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one())


def closed(anfu: Anfu, conversation_id: str) -> None:
    """The conversation ends now."""
    c = metadata.tables["conversations"]
    with anfu.database.begin() as connection:
        own = c.update().where(c.c.id == conversation_id)
        connection.execute(own.values(closed_at=anfu.clock(), state=b'{"slots": {}}', summary="修好了"))


def cleared(anfu: Anfu) -> dict[str, int]:
    """What one run clears away."""
    return {period.kind: count for period, count in anfu.retention.run() if count}


def test_a_conversation_loses_its_state_first_and_its_words_years_later(
    anfu: Anfu, customer: Customer, clock: Clock, database: Engine
) -> None:
    anfu.intake.accept(customer.conversation, "m1", "我家在文三路 18 号")
    closed(anfu, customer.conversation)
    assert cleared(anfu) == {}
    clock.advance(days=31)
    assert cleared(anfu) == {"states": 1}
    assert rows(database, "messages") == 2
    clock.advance(days=1100)
    assert {"messages", "conversations"} <= set(cleared(anfu))
    assert rows(database, "messages") == 0 and rows(database, "conversations") == 1
    assert cleared(anfu) == {}


def test_what_is_still_worked_on_stays(anfu: Anfu, customer: Customer, clock: Clock, database: Engine) -> None:
    ticket = customer.files(Kind.REPAIR, address="文三路 18 号")
    closed(anfu, customer.conversation)
    clock.advance(days=4000)
    cleared(anfu)
    assert anfu.ticketing.get(ticket.number).fields["address"] == "文三路 18 号"
    assert rows(database, "messages") > 0


def test_an_old_ticket_keeps_that_it_was_and_no_longer_whose(
    anfu: Anfu, customer: Customer, clock: Clock, database: Engine
) -> None:
    ticket = customer.files(Kind.CALLBACK, topic="发票")
    t = metadata.tables["tickets"]
    with database.begin() as connection:
        connection.execute(t.update().where(t.c.number == ticket.number).values(status="closed"))
    clock.advance(days=1826)
    assert cleared(anfu)["tickets"] >= 1
    kept = anfu.ticketing.get(ticket.number)
    assert (kept.kind, kept.fields, kept.phone) == (Kind.CALLBACK, {}, None)
    assert cleared(anfu) == {}


def test_the_clock_clears_a_batch_at_a_look_and_then_rests_for_a_day(
    anfu: Anfu, customer: Customer, clock: Clock, database: Engine
) -> None:
    closed(anfu, customer.conversation)
    clock.advance(days=31)
    assert dict((period.kind, old) for period, old in anfu.retention.preview())["states"] == 1
    for _ in range(2):
        assert anfu.retention.look() == 0
    assert dict((period.kind, old) for period, old in anfu.retention.preview())["states"] == 0
    closed(anfu, customer.conversation)
    clock.advance(hours=23)
    anfu.retention.look()
    with anfu.uow() as uow:
        assert uow.conversations.state(customer.conversation) is not None
    clock.advance(days=31)
    anfu.retention.look()
    with anfu.uow() as uow:
        assert uow.conversations.state(customer.conversation) is None


def test_what_we_ship_names_every_kind_with_its_reason() -> None:
    periods = load_retention()
    assert {period.kind for period in periods} == set(KINDS)
    assert all(period.basis and timedelta(days=period.days) for period in periods)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"days": 100}, "至少"), ({"then": "delete"}, "只能写"), ({"kind": "gold"}, "不认识"), ({"days": "x"}, "写错")],
)
def test_a_period_that_cannot_be_is_refused(change: dict[str, object], words: str) -> None:
    tickets = {"kind": "tickets", "name": "工单", "days": 1825, "then": Then.ANONYMISE, "basis": "三包"}
    with pytest.raises(ContentError, match=words):
        read_periods([{**tickets, **change}])


def test_a_kind_that_is_left_out_is_missed() -> None:
    with pytest.raises(ContentError, match="还缺"):
        read_periods([])


def test_nothing_of_the_trail_is_ever_cleared_away(
    anfu: Anfu, customer: Customer, clock: Clock, database: Engine
) -> None:
    customer.files()
    before = rows(database, "audit")
    clock.advance(days=9999)
    cleared(anfu)
    assert rows(database, "audit") == before
