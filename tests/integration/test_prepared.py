"""What runs past SQLAlchemy's own way gives the same rows, values and errors, on SQLite and PostgreSQL."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, MultipleResultsFound, NoResultFound

from bot.adapters import tables as t
from bot.adapters import uow as uow_module
from bot.adapters.repositories.prepared import Prepared, insert, update
from bot.adapters.uow import DatabaseUnitOfWork, UnitsOfWork
from bot.domain.errors import Conflict, Unreachable
from bot.domain.message import Button, Reply, Sender
from bot.services.ports import UnitOfWorkFactory
from tests.integration.fixtures_database import KEYS, NOON

REPLY = Reply(
    "您好，请问有什么可以帮您？", {"kind": "script", "key": "greeting.welcome"}, (Button("报修", "我要报修"),)
)
_m = t.messages.c
OF_CONVERSATION = select(t.messages).where(_m.conversation_id == bindparam("conversation")).order_by(_m.seq)


@pytest.fixture
def said(uow: UnitOfWorkFactory, open_conversation: Callable[[], str]) -> str:
    """A conversation in which both have spoken."""
    conversation_id = open_conversation()
    with uow() as work:
        work.messages.add(conversation_id, Sender.CUSTOMER, [Reply("洗衣机坏了", {})], NOON, dedupe_key="a")
        work.messages.add(conversation_id, Sender.BOT, [REPLY, REPLY], NOON + timedelta(seconds=1))
        work.commit()
    return conversation_id


def test_rows_are_those_of_the_same_statement_unprepared(database: Engine, said: str) -> None:
    values = {"conversation": said}
    with database.connect() as connection:
        plain: Any = connection.execute(OF_CONVERSATION, values)
        quick: Any = connection.execute(Prepared(OF_CONVERSATION), values)
        assert [list(row) for row in plain] == [list(row) for row in quick]
        mappings: Any = connection.execute(OF_CONVERSATION, values).mappings()
        assert [dict(row) for row in mappings] == quick.mappings().all()
        assert quick.mappings().first()["buttons"] == []
        assert quick.scalars().all() == [row[0] for row in quick]
        assert len(quick.all()) == 3


def test_one_and_none_mean_what_they_mean_elsewhere(database: Engine, said: str) -> None:
    with database.connect() as connection:
        three: Any = connection.execute(Prepared(OF_CONVERSATION), {"conversation": said})
        nothing: Any = connection.execute(Prepared(OF_CONVERSATION), {"conversation": "nobody"})
        counted: Any = connection.execute(Prepared(select(func.count()).select_from(t.messages)))
    assert counted.scalar_one() == counted.scalar() == counted.scalar_one_or_none() >= 3
    assert nothing.first() is nothing.scalar() is nothing.scalar_one_or_none() is nothing.one_or_none() is None
    with pytest.raises(MultipleResultsFound):
        three.one()
    with pytest.raises(NoResultFound):
        nothing.scalar_one()


def test_what_is_written_is_counted_and_read_back(database: Engine, said: str) -> None:
    with database.begin() as connection:
        assert update(connection, t.messages, {"conversation_id": said, "sender": "bot"}, {"note": True}) == 2
        assert update(connection, t.messages, {"conversation_id": "nobody"}, {"note": True}) == 0
        ids: Any = connection.execute(select(_m.id).where(_m.note)).scalars().all()
        forget = Prepared(t.messages.delete().where(_m.id == bindparam("message")))
        connection.execute(forget, [{"message": message} for message in ids])
        left: Any = connection.execute(OF_CONVERSATION, {"conversation": said}).scalars().all()
        assert len(left) == 1


def test_the_drivers_errors_come_with_the_same_names(database: Engine, uow: UnitOfWorkFactory, said: str) -> None:
    with database.connect() as connection:
        first: Any = connection.execute(OF_CONVERSATION, {"conversation": said}).mappings().first()
        with pytest.raises(IntegrityError) as refused:
            insert(connection, t.messages, {**first, "seq": 99})
        assert "洗衣机" not in str(refused.value)  # hidden: what customers write is in no error (E10)
    with uow() as work, pytest.raises(Conflict):
        work.messages.add(said, Sender.CUSTOMER, [Reply("洗衣机坏了", {})], NOON, dedupe_key="a")
    with database.connect() as connection, pytest.raises(DBAPIError, match="no_such"):
        connection.execute(Prepared(select(func.no_such())))


def test_a_value_that_is_not_given_is_named(database: Engine) -> None:
    with database.connect() as connection, pytest.raises(KeyError, match="conversation"):
        connection.execute(Prepared(OF_CONVERSATION), {})


def test_what_has_a_list_of_changing_length_cannot_be_prepared(database: Engine) -> None:
    with database.connect() as connection, pytest.raises(ValueError, match="not to be prepared"):
        connection.execute(Prepared(select(_m.id).where(_m.id.in_(bindparam("ids", expanding=True)))), {"ids": ["a"]})


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_power_cut_may_undo_does_not_wait_for_the_disk_and_all_else_does(database: Engine) -> None:
    work = UnitsOfWork(database)

    def level(uow: DatabaseUnitOfWork) -> int:
        return int(uow._connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    for _ in range(2):  # with the same connection again
        with work() as lasting:
            assert level(lasting) == 2
        with work.fleeting() as fleeting:
            assert level(fleeting) == 1
            fleeting.commit()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_fleeting_one_that_could_not_begin_leaves_no_connection_behind_that_forgets_the_disk(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uow_module, "_BUSY_SECONDS", 0.1)
    busy = uow_module.open_database(str(database.url), KEYS)
    work = UnitsOfWork(busy)
    with UnitsOfWork(database)(), pytest.raises(Unreachable), work.fleeting():
        pass
    with work() as lasting:
        assert lasting._connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
    busy.dispose()
