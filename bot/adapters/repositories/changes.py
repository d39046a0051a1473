"""What a unit of work changes, noted while it does, for whom it concerns once it has committed."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.conversation import Conversation, Owner
from bot.domain.message import Message
from bot.services.ports import Change, Committed


class Changes:
    """Begins with none."""

    def __init__(self) -> None:
        self._owners: dict[str, Owner] = {}
        self._said: dict[str, list[Message]] = {}
        self._touched: dict[str, datetime] = {}
        self._sends = False

    def stands(self, conversation: Conversation) -> None:
        """So it stands until the commit, for it is locked, unless this unit of work moves it."""
        self._owners[conversation.id] = conversation.owner

    def moved(self, conversation: Conversation, at: datetime) -> None:
        """It has another owner, or another agent."""
        self._owners[conversation.id] = conversation.owner
        self._touched[conversation.id] = at

    def said(self, messages: Sequence[Message], at: datetime) -> None:
        """This was said in a conversation; private notes among it stay private (invariant 9)."""
        conversation_id = messages[0].conversation_id
        self._said.setdefault(conversation_id, []).extend(message for message in messages if not message.note)
        self._touched[conversation_id] = at

    def sends(self) -> None:
        """There is something to send."""
        self._sends = True

    def committed(self) -> Committed | None:
        """All of it; None where there is nothing of the kind."""
        if not self._touched and not self._sends:
            return None
        changes = tuple(
            Change(conversation_id, tuple(self._said.get(conversation_id, ())), at, self._owners.get(conversation_id))
            for conversation_id, at in self._touched.items()
        )
        return Committed(changes, self._sends)
