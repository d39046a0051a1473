"""Lists of tickets that people keep under a name: their own, and those that a supervisor shares."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.domain.actor import Role
from bot.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from bot.domain.person import Person
from bot.domain.ticket_view import LONGEST_NAME, MOST_COLUMNS, Sort, TicketView, read_filter
from bot.services.ports import Clock, UnitOfWorkFactory

MOST_OWN = 50
MOST_SHARED = 50


class TicketViews:
    """Keeps lists with a name."""

    def __init__(self, uow: UnitOfWorkFactory, columns: Sequence[str], clock: Clock) -> None:
        """Keep lists.

        Args:
            columns: what can be shown of a ticket.
        """
        self._uow = uow
        self._columns = columns
        self._clock = clock

    def of(self, person: Person) -> list[TicketView]:
        """A person's own lists, then those that others share."""
        with self._uow() as uow:
            own = uow.ticket_views.find(limit=MOST_OWN, owner=person.name, is_removed=False)
            shared = uow.ticket_views.find(limit=MOST_SHARED, is_shared=True, is_removed=False)
        return own + [view for view in shared if view.owner != person.name]

    def keep(
        self, person: Person, name: str, filters: Mapping[str, Any], sort: Sort, columns: Sequence[str], shared: bool
    ) -> TicketView:
        """Keep a list.

        Raises:
            InvalidInput: a filter or column that is none, or a name that is too long.
            NotAllowed: only supervisors share. Conflict: one has as many as one can have, or one of this name.
        """
        if shared and not person.actor.reaches(Role.SUPERVISOR):
            raise NotAllowed("共享列表要主管或以上级别来建，您可以先存成自己的")
        if not name or len(name) > LONGEST_NAME:
            raise InvalidInput(f"列表名要有 1 到 {LONGEST_NAME} 个字")
        if len(columns) > MOST_COLUMNS:
            raise InvalidInput(f"最多显示 {MOST_COLUMNS} 列")
        if unknown := [column for column in columns if column not in self._columns]:
            raise InvalidInput(f"没有这样的列：{'、'.join(unknown[:5])}")
        now = self._clock()
        view = TicketView(
            str(uuid.uuid4()), name, person.name, shared, read_filter(filters).as_json(), sort, tuple(columns), now
        )
        with self._uow() as uow:
            own = uow.ticket_views.find(owner=person.name, is_removed=False)
            if any(other.name == name for other in own):
                raise Conflict(f"您已经有叫“{name}”的列表，请换个名字，或先删掉旧的")
            if len(own) >= MOST_OWN:
                raise Conflict(f"最多存 {MOST_OWN} 个列表，请先删掉用不上的")
            uow.ticket_views.add(view, person.name, name, now)
            uow.commit()
        return view

    def remove(self, person: Person, view_id: str) -> None:
        """Take a list away.

        Raises:
            NotFound: there is none, or it is somebody else's own. NotAllowed: somebody else shares it.
        """
        now = self._clock()
        with self._uow() as uow:
            view = uow.ticket_views.get(view_id)
            if view is None or view.is_removed or (view.owner != person.name and not view.is_shared):
                raise NotFound("没有这个列表，请刷新后再看")
            if view.owner != person.name and not person.actor.reaches(Role.SUPERVISOR):
                raise NotAllowed(f"这个列表是 {view.owner} 共享的，只有本人和主管可以删")
            uow.ticket_views.save(replace(view, is_removed=True), person.name, "删除", now)
            uow.commit()
