"""Asking a customer for patience whose answer takes longer than usual: honestly, and once for each answer (A3)."""

from bot.domain.conversation import Owner
from bot.domain.message import Sender
from bot.domain.scripts import ScriptBook
from bot.services.again import again
from bot.services.handoff import Handoff
from bot.services.ports import UnitOfWorkFactory

SCRIPT = "turn.patience"
CHANNEL = "web"
"""On other people's platforms messages are few, and those have words of their own for it (W1, W2)."""


class Patience:
    """Says it, where the customer still waits for the bot and has not been told."""

    def __init__(self, uow: UnitOfWorkFactory, handoff: Handoff, scripts: ScriptBook) -> None:
        self._uow = uow
        self._handoff = handoff
        self._scripts = scripts

    def ask(self, conversation_id: str) -> bool:
        """Ask for patience, in the conversation's turn (invariant 3); however many nodes want to, it is said once.

        Returns:
            Whether it was said now.
        """
        return again(self._ask, conversation_id)

    def _ask(self, conversation_id: str) -> bool:
        with self._uow() as uow:
            conversation = uow.conversations.lock(conversation_id)
            waiting = uow.messages.unanswered(conversation_id)
            if conversation is None or not waiting:
                return False
            if conversation.channel != CHANNEL or conversation.owner is not Owner.BOT or conversation.closed_at:
                return False
            since = uow.messages.after(conversation_id, waiting[0].seq)
            if any((message.source or {}).get("id") == SCRIPT for message in since):
                return False
            self._handoff.say(uow, conversation, [self._scripts.render(SCRIPT, told=waiting[0].seq)], Sender.BOT)
            uow.commit()
        return True
