"""The stands of the channels."""

from tests.integration.fixtures_database import clock, database, migrated_file, migrated_schema, uow

__all__ = ["clock", "database", "migrated_file", "migrated_schema", "uow"]
