"""Open questions to rows and back."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.adapters.repositories.prepared import Prepared
from bot.domain.questions import Question, State

_COLUMNS = ("conversation_id", "text", "intent", "offered", "asked_at", "state")


@cache
def _add_once(insert: Any) -> Prepared:
    return Prepared(insert(t.open_questions).on_conflict_do_nothing(), _COLUMNS)


class QuestionRows:
    """Implements `ports.Questions`; each call is a transaction of its own."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        """`begin` gives transactions, which end with their block."""
        self._begin = begin

    def add(self, conversation_id: str, text: str, intent: str, offered: Sequence[str], at: datetime) -> None:
        """Store a question; the same words of the same conversation are stored once."""
        values = {
            "conversation_id": conversation_id, "text": text, "intent": intent, "offered": list(offered),
            "asked_at": at, "state": State.OPEN.value,
        }  # fmt: skip
        with self._begin() as db:
            db.execute(_add_once(insert_for(db)), values)

    def get(self, question_id: int) -> Question | None:
        """The question, or None."""
        return next(iter(self._read(t.open_questions.c.id == question_id)), None)

    def open(self, conversation_id: str | None = None) -> list[Question]:
        """Those that wait for colleagues, of one conversation or of all, in the order asked."""
        q = t.open_questions.c
        where = q.state == State.OPEN.value
        return self._read(where if conversation_id is None else where & (q.conversation_id == conversation_id))

    def close(self, ids: Collection[int], state: State, answered_by: str | None = None) -> None:
        """Take questions off the list; what is closed already stays as it is."""
        q = t.open_questions.c
        close = t.open_questions.update().where(q.id.in_(ids), q.state == State.OPEN.value)
        with self._begin() as db:
            db.execute(close.values(state=state.value, answered_by=answered_by))

    def _read(self, where: Any) -> list[Question]:
        with self._begin() as db:
            rows = db.execute(select(t.open_questions).where(where).order_by(t.open_questions.c.id)).mappings().all()
        return [_question(row) for row in rows]


def _question(row: Mapping[str, Any]) -> Question:
    return Question(
        id=row["id"], conversation_id=row["conversation_id"], text=row["text"], intent=row["intent"],
        offered=tuple(row["offered"]), asked_at=row["asked_at"], state=State(row["state"]),
        answered_by=row["answered_by"],
    )  # fmt: skip
