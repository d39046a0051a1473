"""Tasks for the departments that carry out what was agreed (C6)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import Conflict


class Progress(StrEnum):
    """How far a task is."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Task:
    """What one department has to do for a ticket, and by when it acknowledges."""

    id: str
    ticket: str
    department: str
    what: str
    opened_by: str
    opened_at: datetime
    due_at: datetime
    state: Progress = Progress.OPEN
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    done_at: datetime | None = None
    result: str | None = None
    version: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nobody has to do anything more."""
        return self.state in (Progress.DONE, Progress.CANCELLED)

    def acknowledge(self, by: str, now: datetime) -> "Task":
        """The department takes it on; a second time says nothing new.

        Raises:
            Conflict: it was cancelled.
        """
        if self.state is Progress.CANCELLED:
            raise Conflict("这个任务已经取消，不用再处理")
        if self.state is not Progress.OPEN:
            return self
        return replace(self, state=Progress.ACKNOWLEDGED, acknowledged_by=by, acknowledged_at=now)

    def finish(self, by: str, result: str, now: datetime) -> "Task":
        """It is done.

        Raises:
            Conflict: it is over already.
        """
        if self.is_over:
            raise Conflict("这个任务已经办结或取消，请刷新后查看")
        taken = self.acknowledge(by, now)
        return replace(taken, state=Progress.DONE, done_at=now, result=result.strip() or "已办结")
