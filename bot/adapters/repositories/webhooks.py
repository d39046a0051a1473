"""What happened, put on its way to those who subscribed, in the commit in which it happened (invariant 3)."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.notices import NoticeRows
from bot.adapters.repositories.prepared import Prepared
from bot.domain.audit import Change
from bot.domain.notice import Notice, Way
from bot.domain.webhook import Event, Standing, event_of_change

_SUBSCRIBERS = Prepared(select(t.webhooks.c.id, t.webhooks.c.events).where(t.webhooks.c.state == Standing.ACTIVE.value))


class WebhookPosts:
    """Implements `ports.Happenings`: collects what happens, and posts it with the commit."""

    def __init__(self, connection: Connection, notices: NoticeRows) -> None:
        self._db = connection
        self._notices = notices
        self._happened: list[Event] = []

    def note(self, *events: Event | None) -> None:
        """This happened, if the unit of work commits."""
        self._happened += [event for event in events if event]

    def flush(self, changes: Iterable[Change]) -> None:
        """Post everything to whoever wants it; `changes` are the lines that this commit adds to the audit trail."""
        self.note(*map(event_of_change, changes))
        if not self._happened:
            return
        subscribers = self._db.execute(_SUBSCRIBERS).all()
        for event in self._happened:
            for webhook_id, events in subscribers:
                if event.topic.value in events:
                    self.post(webhook_id, event)
        self._happened.clear()

    def post(self, webhook_id: str, event: Event) -> str:
        """Put one event on its way to one subscriber; returns the notice's id."""
        notice_id = str(uuid.uuid4())
        self._notices.add(
            Notice(
                id=notice_id, key=f"hook:{notice_id}", way=Way.HOOK, to=webhook_id, subject=event.topic.value,
                body={"event": event.topic.value, "at": event.at.isoformat(), "data": dict(event.data)},
                created_at=event.at, due_at=event.at,
            )
        )  # fmt: skip
        return notice_id
