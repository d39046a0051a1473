"""The website: customers read stored messages by `after=seq`, so delivery is to wake who waits."""

from bot.domain.message import Message
from bot.services.ports import Wakeups


class WebChannel:
    """Implements `ports.Channel` for the website and the terminal."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups

    async def deliver(self, message: Message) -> None:
        """Wake the conversation's readers; they fetch what they have not seen."""
        await self._wakeups.publish(message.conversation_id)
