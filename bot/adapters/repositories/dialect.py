"""What SQLite and PostgreSQL spell differently."""

from typing import Any

from sqlalchemy.engine import Connection


def insert_for(connection: Connection) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    return insert
