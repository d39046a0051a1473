"""Connections to PostgreSQL are asked only now and then whether they still lead anywhere; broken ones are replaced."""

from collections.abc import Callable

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from bot.adapters import uow
from bot.adapters.uow import UnitsOfWork, reading
from bot.services.ports import UnitOfWorkFactory

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def break_connections(database: Engine) -> None:
    """What a restart of the server, or a firewall, does to those that nobody uses just now."""
    with database.connect() as connection:
        process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    admin = create_engine(database.url, future=True)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({process}, 30000)")
    admin.dispose()


@pytest.mark.parametrize("factory", [UnitsOfWork, reading])
def test_who_comes_after_a_pause_gets_a_connection_that_works(
    database: Engine, factory: Callable[[Engine], UnitOfWorkFactory], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = factory(database)
    with work() as before:
        before.users.all()
    break_connections(database)
    monkeypatch.setattr(uow, "_TRUSTED_SECONDS", 0.0)  # the pause is over
    with work() as after:
        assert after.users.all() == []
