"""Which conversations are one customer's."""

from datetime import datetime
from typing import Protocol

from bot.domain.binding import Offer


class Bindings(Protocol):
    """Conversations that their customer has joined, and offers to be joined."""

    def offer(self, offer: Offer) -> None:
        """Store an offer; an open one of the same conversation is void."""
        ...

    def find_offer(self, code_digest: str) -> Offer | None:
        """The newest offer with this code; `use` decides who gets it."""
        ...

    def use(self, offer_id: str, now: datetime) -> bool:
        """Whether the offer was open until now; of two who take it up one gets True."""
        ...

    def note_wrong(self, conversation_id: str, now: datetime) -> None:
        """A wrong code was tried in the conversation."""
        ...

    def wrong_since(self, since: datetime, conversation_id: str | None = None) -> int:
        """How many wrong codes were tried, in one conversation or in all."""
        ...

    def forget_before(self, offers: datetime, wrong: datetime) -> None:
        """Clear away offers that expired, and wrong codes that were tried, before these moments."""
        ...

    def take_turn(self) -> None:
        """Wait until nobody else joins or parts conversations, and let nobody until this unit of work ends."""
        ...

    def bind(self, conversation_id: str, group_id: str, now: datetime) -> None: ...
    def unbind(self, conversation_id: str) -> bool: ...
    def group_of(self, conversation_id: str) -> str | None: ...
    def members(self, group_id: str) -> list[str]: ...
    def together_with(self, conversation_id: str) -> list[str]:
        """The conversation itself and those that are bound to it."""
        ...

    def forget(self, conversation_id: str) -> None:
        """Remove all that is known of how a customer is found in other channels: binding, offers and reach."""
        ...
