"""Makes the summary for whoever takes a conversation over, out of what is stored (F6)."""

import json
from collections.abc import Mapping
from typing import Any

from bot.domain.briefing import Briefing, Entitlement, Known, Promise, brief
from bot.domain.dates import moment_in_words
from bot.domain.desk import Row
from bot.domain.routing import TriggerBook
from bot.domain.sla import State, Target
from bot.domain.ticket import Ticket
from bot.services.casework import Casework
from bot.services.customers import File
from bot.services.ports import Clock, UnitOfWorkFactory
from bot.services.promises import Promises

MOST_MESSAGES = 200
_OWED = {
    Target.FIRST_REPLY: "人工答复",
    Target.NEXT_REPLY: "人工答复",
    Target.RESOLUTION: "办结",
    Target.REFUND: "退款",
}
_RUNNING = (State.RUNNING, State.WARNED, State.BREACHED)


class Briefings:
    """Reads what a briefing is made of."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        casework: Casework,
        promises: Promises,
        labels: Mapping[str, Any],
        triggers: TriggerBook,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._casework = casework
        self._promises = promises
        self._labels = labels
        self._triggers = triggers
        self._clock = clock

    def of(self, row: Row, file: File) -> Briefing:
        """The summary of a conversation and its customer's file."""
        conversation = row.conversation
        with self._uow() as uow:
            messages = uow.desk.last_messages(conversation.id, MOST_MESSAGES)
            state = uow.conversations.state(conversation.id)
        reason = conversation.handover_reason
        return brief(
            Known(
                messages=messages,
                slots=_slots(state),
                tickets=file.tickets,
                labels=self._labels,
                customer=file.customer,
                emotion=conversation.emotion,
                signals=conversation.signals,
                reason=self._triggers.get(reason).name if reason else None,
                steps={ticket.number: self._casework.step_name(ticket) for ticket in file.tickets},
                promises=[promise for ticket in file.tickets for promise in self._owed(ticket)],
                entitlements=[
                    Entitlement(entitled.order.product.name, entitled.told.lines, entitled.told.clauses)
                    for entitled in file.orders
                    if entitled.told
                ],
            )
        )

    def _owed(self, ticket: Ticket) -> list[Promise]:
        now = self._clock()
        return [
            Promise(
                ticket.number,
                f"{moment_in_words(deadline.due_at, now)}前{_OWED[deadline.target]}{_late(deadline.state)}",
            )
            for deadline in self._promises.of(ticket, now)
            if deadline.state in _RUNNING
        ]


def _late(state: State) -> str:
    return "（已超时）" if state is State.BREACHED else ""


def _slots(state: bytes | None) -> dict[str, Any]:
    try:
        slots = json.loads(state)["slots"] if state else {}
    except (ValueError, KeyError, TypeError):
        return {}
    return slots if isinstance(slots, dict) else {}
