"""What is stored of a person, across everything."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from bot.domain.privacy import Erasure, Scope


class Personal(Protocol):
    """All tables, seen as what they hold of one person (E10)."""

    def scope_of(self, who: str) -> Scope:
        """What belongs to a person; `who` is a phone, or the id of a customer, a conversation or a ticket."""
        ...

    def running_tickets(self, scope: Scope) -> Sequence[str]:
        """Tickets that are still worked on."""
        ...

    def files(self, scope: Scope) -> Sequence[tuple[str, str, str]]:
        """Id, digest and name of the files."""
        ...

    def rows(self, scope: Scope) -> dict[str, list[dict[str, Any]]]:
        """Every row that belongs to the person, by table."""
        ...

    def erase(self, erasure: Erasure) -> list[tuple[int, str]]:
        """Delete or make anonymous; number and hash of the trail's entries whose content was taken away."""
        ...

    def erasures(self) -> Sequence[Erasure]:
        """Whom we have forgotten."""
        ...


class Expired(Protocol):
    """What is kept no longer (`domain.retention.KINDS`)."""

    def count(self, kind: str, before: datetime) -> int: ...
    def clear(self, kind: str, before: datetime, limit: int) -> int:
        """Clear away up to `limit` rows of each table; how many that were."""
        ...


class ErasureLog(Protocol):
    """The same beside the database, for the day when an older database is restored."""

    def append(self, erasure: Erasure) -> None: ...
    def read(self) -> Sequence[Erasure]: ...


class Consents(Protocol):
    """Who was told how we deal with personal data, and agreed."""

    def told(self, conversation_id: str, version: str, channel: str, at: datetime) -> bool:
        """The customer is told; False where that version was told before."""
        ...

    def given(self, conversation_id: str, at: datetime) -> None:
        """Personal data came after the notice: that counts as consent, unless there is one already."""
        ...

    def withdraw(self, conversation_ids: Sequence[str], at: datetime) -> int:
        """The customer does not agree any more; how many consents that were."""
        ...
