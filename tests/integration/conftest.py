"""Fixtures of the integration tests."""

import pytest

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


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: starts a real server")


__all__ = [
    "clock",
    "database",
    "empty_address",
    "empty_schema",
    "migrated_file",
    "migrated_schema",
    "open_conversation",
    "redis_address",
    "uow",
]
