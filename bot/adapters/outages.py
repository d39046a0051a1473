"""What a database's errors mean to who asked: it is away, it is full, or the same again will do."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from bot.domain.errors import AnfuError, StorageFull, Undone, Unreachable

DEADLOCK = "40P01"
"""How PostgreSQL says that it has undone one of two that waited for each other."""
FULL = "53100"
_AWAY = ("08", "53", "57P", "25P03", "55P03")
"""How the codes begin with which PostgreSQL says that it cannot now, or has ended what took too long."""
_SQLITE_AWAY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}


def named(error: DBAPIError) -> AnfuError | None:
    """The error by its name; None where nobody foresaw it, such as a statement that is wrong."""
    code = getattr(error.orig, "pgcode", None) or ""
    lite = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the primary code, without its details
    if code == DEADLOCK:
        return Undone("两处同时在改，这一处没有改成，请再试一次")
    if code == FULL or lite == sqlite3.SQLITE_FULL:
        return StorageFull("服务器磁盘已满，这次没有存下，请稍后再试")
    if error.connection_invalidated or code.startswith(_AWAY) or lite in _SQLITE_AWAY:
        return Unreachable("数据库暂时没有回应，请稍后再试")
    return None
