"""One clock for all nodes of an installation: the database's.

Leases, claims and promises compare moments that different nodes have stored. Were each to trust its own machine, one
whose clock is an hour ahead would take everybody's leases for expired, and call customers forgotten who wrote just now.
"""

import time
from datetime import UTC, datetime

from sqlalchemy import extract, func, select
from sqlalchemy.engine import Engine

_EPOCH = select(extract("epoch", func.clock_timestamp()))
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""It goes on while a machine sleeps, and does not jump when somebody sets its clock."""


class DatabaseClock:
    """PostgreSQL's clock, read now and then and carried on by the machine's steady one in between."""

    def __init__(self, database: Engine) -> None:
        self._database = database
        self._ahead = 0.0
        self.look()

    def __call__(self) -> datetime:
        """The moment, in UTC."""
        return datetime.fromtimestamp(time.clock_gettime(_STEADY) + self._ahead, UTC)

    def look(self) -> int:
        """Read it anew, for steady clocks drift, and the database may have moved to another machine.

        Returns:
            Always 0: there is nothing to go on with.
        """
        with self._database.connect() as connection:
            connection.execute(select(1))  # the connection is there: what is timed is the reading alone
            asked = time.clock_gettime(_STEADY)
            told = float(connection.execute(_EPOCH).scalar_one())
            answered = time.clock_gettime(_STEADY)
        self._ahead = told - (asked + answered) / 2
        return 0
