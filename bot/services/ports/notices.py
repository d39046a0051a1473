"""News on its way to departments and other systems."""

from datetime import datetime
from typing import Protocol

from bot.domain.notice import Fate, Notice
from bot.domain.webhook import Event


class Notices(Protocol):
    """Stored notices to departments and levels."""

    def add(self, notice: Notice) -> bool:
        """Put it on its way in this commit; False where one with its key is known."""
        ...

    def due(self, now: datetime, limit: int) -> list[Notice]: ...
    def get(self, notice_id: str) -> Notice | None: ...
    def of_state(self, state: Fate, limit: int) -> list[Notice]: ...
    def about(self, key: str) -> list[Notice]: ...
    def to(self, receiver: str, limit: int) -> list[Notice]: ...
    def save(self, notice: Notice) -> None: ...
    def settle(self, notice: Notice, claimed_until: datetime) -> None:
        """What became of one that was claimed until then; nothing is changed where it has been another's since."""
        ...


class Courier(Protocol):
    """Brings notices to departments."""

    async def deliver(self, notice: Notice) -> None:
        """Bring it.

        Raises:
            CourierFailure: it did not arrive; it is tried again later.
        """
        ...


class WebhookPosts(Protocol):
    """What happened, on its way to other systems in the commit in which it happened."""

    def post(self, webhook_id: str, event: Event) -> str:
        """Put one event on its way to one subscriber; gives the notice's id."""
        ...
