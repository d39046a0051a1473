"""Personal data is asked for once we have said what for; who wants it back, or gone, is heard (E10)."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.audit import Change
from bot.domain.consent import WORKING_DAYS, PrivacyNotice, Wish, tells_of_a_person, wish_in
from bot.domain.conversation import Conversation, Owner
from bot.domain.message import Reply, Sender
from bot.domain.scripts import ScriptBook
from bot.domain.ticket import Kind
from bot.services.handoff import Handoff
from bot.services.ports import Clock, UnitOfWork
from bot.services.ticketing import Ticketing

_TOPICS = {Wish.COPY: "个人信息：客户要一份副本", Wish.DELETE: "个人信息：客户要求删除，或撤回同意"}


class Consent:
    """Says the notice once in a conversation, and files what customers ask for."""

    def __init__(
        self, handoff: Handoff, scripts: ScriptBook, ticketing: Ticketing, notice: PrivacyNotice, link: str,
        clock: Clock,
    ) -> None:  # fmt: skip
        """`link` is where the page of the notice is."""
        self.notice = notice
        self._handoff = handoff
        self._scripts = scripts
        self._ticketing = ticketing
        self._link = link
        self._clock = clock

    def with_notice(
        self, uow: UnitOfWork, conversation: Conversation, text: str, replies: Sequence[Reply]
    ) -> Sequence[Reply]:
        """The bot's answer, with the notice before the first question for personal data, or after the first such data.

        Args:
            text: what the customer said.
        """
        now, tells = self._clock(), tells_of_a_person(text)
        asking = next((at for at, reply in enumerate(replies) if reply.source.get("id") in self.notice.asks), None)
        if not replies or (asking is None and not tells):
            return replies
        if uow.consents.told(conversation.id, self.notice.version, conversation.channel, now):
            place = asking or 0
            return [*replies[:place], self._joined(replies[place]), *replies[place + 1 :]]
        if tells:
            uow.consents.given(conversation.id, now)
        return replies

    def hear(self, uow: UnitOfWork, conversation_id: str, text: str) -> bool:
        """File the wish for a copy or for deletion in the caller's commit; False where a text asks for neither."""
        wish = wish_in(text)
        conversation = uow.conversations.lock(conversation_id) if wish else None
        if wish is None or conversation is None:
            return False
        now = self._clock()
        key = f"{wish}:{conversation_id}:{now:%Y%m%d}"
        ticket = uow.tickets.by_key(key) or self._ticketing.open_in(
            uow, Kind.CALLBACK, {"topic": _TOPICS[wish]}, key, conversation_id
        )
        if wish is Wish.DELETE:
            uow.consents.withdraw(uow.bindings.together_with(conversation_id), now)
            uow.trail.add(
                Change(now, "customer", f"conversation:{conversation_id}", "consent_withdrawn", "客户要求删除")
            )
        said = self._scripts.render(f"privacy.{wish}_asked", number=ticket.number, days=str(WORKING_DAYS))
        sender = Sender.BOT if conversation.owner is Owner.BOT else Sender.SYSTEM
        self._handoff.say(uow, conversation, [said], sender)
        return True

    def _joined(self, reply: Reply) -> Reply:
        """One bubble: elsewhere they are few (W2)."""
        notice = self._scripts.render("privacy.notice", rotation=self._clock().minute, link=self._link)
        source = {**reply.source, "notice": {**notice.source, "of": self.notice.version}}
        return replace(reply, text=f"{notice.text}\n{reply.text}", source=source)
