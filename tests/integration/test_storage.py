"""What is stored comes back, in order, once, and the same on SQLite and PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import StatementError

from bot.adapters import tables
from bot.adapters.content_files import load_promises
from bot.adapters.uow import migrate, open_database
from bot.domain.conversation import Conversation, Owner, OwnerChange
from bot.domain.dates import SHANGHAI
from bot.domain.message import Button, Message, Reply, Sender
from bot.domain.order import Order, Product
from bot.domain.ticket import HistoryEntry, Kind, Status, Ticket
from bot.services.ports import UnitOfWork, UnitOfWorkFactory
from bot.services.ticketing import Ticketing
from tests.integration.fixtures_database import NOON, Clock

Open = Callable[[], str]
THREADS = 20


def at_once[T](*actions: Callable[[], T]) -> list[T]:
    """Run all actions in threads of their own; the first error is raised."""
    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result() for future in [pool.submit(action) for action in actions]]
