"""What all tables share: one metadata, and times that are aware UTC."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, MetaData, TypeDecorator

from bot.domain.dates import as_utc

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    }
)  # fmt: skip


class UTCTime(TypeDecorator):
    """An aware moment, stored in UTC; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Refuse naive times; store UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError("naive time: pass aware UTC")
        return None if value is None else as_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Give aware UTC back."""
        return None if value is None else as_utc(value)
