"""Fixtures of the integration tests."""

from tests.integration.fixtures_after_sales import anfu, customer
from tests.integration.fixtures_database import (
    clock,
    database,
    empty_address,
    empty_schema,
    migrated_file,
    migrated_schema,
    open_conversation,
    redis_address,
    uow,
)

__all__ = [
    "anfu",
    "clock",
    "customer",
    "database",
    "empty_address",
    "empty_schema",
    "migrated_file",
    "migrated_schema",
    "open_conversation",
    "redis_address",
    "uow",
]
