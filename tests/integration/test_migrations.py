"""Old databases come up to the newest form with what they hold, and go back, on SQLite and PostgreSQL."""

from itertools import pairwise

from sqlalchemy import text
from sqlalchemy.engine import Engine

from bot.adapters import schema
from bot.adapters.uow import UnitsOfWork, migrate, open_database
from bot.domain.conversation import Need, Owner
from bot.domain.ticket import Status
from tests.integration.filled_tables import Content, content, fill
from tests.integration.fixtures_database import KEYS

OLD_TICKETS = """
INSERT INTO tickets
  (number, kind, status, conversation_id, fields, phone, emotion, opened_at, promised_at, idempotency_key)
VALUES
  ('BX20261101-0001', 'repair', 'open', NULL, '{"symptom": "不脱水"}', '13800138000', 0,
   '2026-11-01 04:00:00.000000', '2026-11-01 08:00:00.000000', 'turn:1'),
  ('TS20261101-0001', 'complaint', 'closed', NULL, '{}', NULL, 0,
   '2026-11-01 04:00:00.000000', '2026-11-02 04:00:00.000000', 'turn:2')
"""
OLD_HISTORY = """
INSERT INTO ticket_history (number, position, at, actor, event, from_status, to_status, reason)
VALUES ('BX20261101-0001', 0, '2026-11-01 04:00:00.000000', 'customer', 'opened', NULL, 'open', '客户确认后登记'),
       ('TS20261101-0001', 0, '2026-11-01 04:00:00.000000', 'customer', 'opened', NULL, 'open', '客户确认后登记')
"""


def to(engine: Engine, revision: str) -> None:
    """Bring the tables to one revision, forward or back."""
    with engine.begin() as connection:
        schema.bring(connection, revision)


def test_tickets_of_the_former_form_go_on_in_the_new_one_and_back(empty_address: str) -> None:
    engine = open_database(empty_address, KEYS)
    to(engine, "0002")
    with engine.begin() as connection:
        connection.execute(text(OLD_TICKETS))
        connection.execute(text(OLD_HISTORY))
    migrate(engine)
    with UnitsOfWork(engine)() as uow:
        running, over = uow.tickets.get("BX20261101-0001"), uow.tickets.get("TS20261101-0001")
        assert [ticket.number for ticket in uow.tickets.next_due(10)] == ["BX20261101-0001"]
    assert running is not None and over is not None
    assert (running.step, running.status, running.due_at) == ("received", Status.OPEN, running.promised_at)
    assert (over.step, over.due_at) == ("closed", None)
    to(engine, "0002")
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM ticket_history")).scalar_one() == 2
    migrate(engine)
    engine.dispose()


OLD_CONVERSATION = """
INSERT INTO conversations
  (id, channel, external_id, opened_at, owner, epoch, queued_at, script, last_seq, unanswered)
VALUES ('c1', 'web', 'x', '2026-11-01 04:00:00.000000', 'queued', 1, '2026-11-01 04:01:00.000000', 'hans', 1, false)
"""
OLD_MESSAGE = """
INSERT INTO messages (id, conversation_id, seq, sender, text, buttons, sent_at, note, answered)
VALUES ('m1', 'c1', 1, 'customer', '请人工', '[]', '2026-11-01 04:00:30.000000', false, true)
"""
OLD_CHANGE = """
INSERT INTO conversation_history (conversation_id, epoch, owner, reason, at)
VALUES ('c1', 1, 'queued', 'asked', '2026-11-01 04:01:00.000000')
"""


def test_conversations_that_go_on_keep_what_was_said_and_their_place(empty_address: str) -> None:
    engine = open_database(empty_address, KEYS)
    to(engine, "0003")
    with engine.begin() as connection:
        for statement in (OLD_CONVERSATION, OLD_MESSAGE, OLD_CHANGE):
            connection.execute(text(statement))
    migrate(engine)
    with UnitsOfWork(engine)() as uow:
        waiting = uow.conversations.get("c1")
        said = [message.text for message in uow.messages.after("c1", 0)]
    assert waiting is not None and said == ["请人工"]
    assert waiting.owner is Owner.QUEUED and waiting.waiting_since == waiting.queued_at
    assert (waiting.touched_at, waiting.need) == (waiting.opened_at, Need())
    to(engine, "0003")
    with engine.begin() as connection:
        assert connection.execute(text("SELECT text FROM messages")).scalar_one() == "请人工"
    migrate(engine)
    engine.dispose()


# Every table with rows, every step down and up again


def only(columns: Content, found: Content) -> Content:
    """The tables and columns that the former has too."""
    return {table: {name: found[table][name] for name in names} for table, names in columns.items()}


def test_every_step_back_and_forward_leaves_what_it_does_not_concern_as_it_was(empty_address: str) -> None:
    engine = open_database(empty_address, KEYS)
    migrate(engine)
    fill(engine)
    full = content(engine)
    assert all(rows for columns in full.values() for rows in columns.values()), "a table is empty"
    numbers = [schema.EMPTY, *(step.number for step in schema.steps())]
    for newer, older in pairwise(reversed(numbers)):
        before = content(engine)
        to(engine, older)
        kept = content(engine)
        assert kept == only(kept, before), f"{newer} → {older} has lost something"
        to(engine, newer)
        assert only(kept, content(engine)) == kept, f"{older} → {newer} has lost something"
        to(engine, older)
        assert content(engine) == kept, f"{newer} → {older} has lost something the second time"
    assert content(engine) == {}
    engine.dispose()
