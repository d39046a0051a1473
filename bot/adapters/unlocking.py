"""The key of all marks: made once in a database, kept in it under a data key, read at the first connection (E10).

Opening it shows at the start, not at the first message, whether the data keys here are those of the database.
"""

import os
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from bot.adapters.sealing import Keyring, Marks
from bot.adapters.tables.sealed import Sealing, sealing_of

_READ = "SELECT marks FROM seals WHERE id = 1"
_KEY_BYTES = 32


def give_keys(engine: Engine, keyring: Keyring | None) -> None:
    """What this engine seals and opens with.

    Raises:
        NoKey: at the first connection, where the keys are not those of the database.
    """
    sealing = Sealing(keyring)
    engine.dialect.anfu_sealing = sealing

    @event.listens_for(engine, "connect")
    def _find(connection: Any, _record: Any) -> None:
        if sealing.keyring and sealing.marks is None and (sealed := _read(connection, engine)):
            sealing.marks = _marks(sealing.keyring, sealed)


def make_marks(connection: Connection) -> None:
    """Make the key of all marks where there is none; nothing where this engine has no data keys."""
    sealing = sealing_of(connection.dialect)
    if sealing.keyring is None or sealing.marks:
        return
    sealed = connection.exec_driver_sql(_READ).scalar()
    if sealed is None:
        sealed = sealing.keyring.seal_text(os.urandom(_KEY_BYTES).hex())
        connection.exec_driver_sql(f"INSERT INTO seals (id, marks) VALUES (1, '{sealed}')")
    sealing.marks = _marks(sealing.keyring, sealed)


def _read(connection: Any, engine: Engine) -> str | None:
    cursor = connection.cursor()
    try:
        cursor.execute(_READ)
        row = cursor.fetchone()
    except engine.dialect.dbapi.Error:
        row = None  # an older form of the tables, or none yet: `migrate` makes it
    finally:
        cursor.close()
        connection.rollback()
    return row[0] if row else None


def _marks(keyring: Keyring, sealed: str) -> Marks:
    return Marks(bytes.fromhex(keyring.open_text(sealed)))
