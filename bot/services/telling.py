"""Telling a customer news of a ticket in the conversation where it was opened (D8)."""

from collections.abc import Sequence

from bot.domain.conversation import Owner
from bot.domain.emotion import Level
from bot.domain.errors import Conflict
from bot.domain.message import Button, Sender
from bot.domain.scripts import ScriptBook
from bot.domain.ticket import Ticket
from bot.services.handoff import Handoff
from bot.services.ports import UnitOfWork


class Telling:
    """Says scripts about tickets, in the commit of what they tell of."""

    def __init__(self, scripts: ScriptBook, handoff: Handoff) -> None:
        self._scripts = scripts
        self._handoff = handoff

    def tell(
        self, uow: UnitOfWork, ticket: Ticket, script: str, *, buttons: Sequence[Button] = (), **values: str
    ) -> bool:
        """Say a script to the ticket's customer; False where the ticket came from no conversation."""
        conversation = uow.conversations.lock(ticket.conversation_id) if ticket.conversation_id else None
        if conversation is None:
            return False
        reply = self._scripts.render(
            script, emotion=Level(ticket.emotion), told=len(ticket.history), seed=0, rotation=None, buttons=buttons,
            number=ticket.number, **values,
        )  # fmt: skip
        # While people hold the conversation the bot has no voice in it (invariant 2).
        sender = Sender.BOT if conversation.owner is Owner.BOT else Sender.SYSTEM
        self._handoff.say(uow, conversation, [reply], sender)
        return True

    def say_as(self, uow: UnitOfWork, ticket: Ticket, text: str, name: str) -> bool:
        """Bring a staff member's own words to the customer; False where there is no conversation.

        Raises:
            Conflict: somebody else is talking with the customer, and two voices would be one too many (F4).
        """
        conversation = uow.conversations.lock(ticket.conversation_id) if ticket.conversation_id else None
        if conversation is None:
            return False
        if conversation.owner is Owner.HUMAN and not conversation.is_held_by(name):
            holder = conversation.agent
            raise Conflict(f"{holder}正在接待这位客户，请把答复交给{holder}来说，或先接手会话")
        self._handoff.say_as_agent(uow, conversation, text, name)
        return True
