"""Databases for the tests of what operators do."""

from tests.integration.fixtures_database import empty_address, empty_schema, redis_address

__all__ = ["empty_address", "empty_schema", "redis_address"]
