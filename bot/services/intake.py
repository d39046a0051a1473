"""A customer's message arrives: stored once, acknowledged at once (A3, W1, invariants 1 and 11)."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.domain.conversation import Conversation, Owner
from bot.domain.errors import Conflict, InvalidInput, TooLong
from bot.domain.incoming import EMPTY, Did, Incoming
from bot.domain.message import Message, Reply, Sender
from bot.domain.milestones import passing
from bot.domain.pause import Pause
from bot.domain.reach import Limits, Reach
from bot.domain.scripts import ScriptBook
from bot.domain.text import MAX_MESSAGE_CHARS, clean
from bot.services.again import again
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

GO_ON = frozenset({"继续", "繼續"})
"""What a customer writes for an answer that a channel without a way to send could not bring (W1)."""
GREET_AGAIN_AFTER = timedelta(hours=1)
"""Who comes in again so soon after the last word needs no second greeting."""
ANSWERED_WITHIN = timedelta(seconds=30)
"""What was held back goes with the answer that comes by then, or alone."""
REMEMBER_EVENTS = timedelta(days=3)
"""No platform sends an event again after so long."""
FORGET_EVERY = timedelta(hours=1)
_CHOICE = re.compile(r"([0-9]{1,9})-([0-9]{1,2})")


@dataclass(frozen=True)
class Accepted:
    """A stored message; `fresh` is False where the same one had come before."""

    message: Message
    fresh: bool


@dataclass(frozen=True)
class Received:
    """What became of something that came in from a platform.

    Attributes:
        conversation_id: empty where it belongs to none.
        fresh: False where the same had come before.
        wants_turn: there is a message to be answered.
    """

    conversation_id: str
    fresh: bool
    wants_turn: bool = False


class Intake:
    """Opens conversations and stores what customers send."""

    def __init__(self, uow: UnitOfWorkFactory, scripts: ScriptBook, clock: Clock) -> None:
        self._uow = uow
        self._scripts = scripts
        self._clock = clock
        self._forgot = Pause()

    def open_conversation(self, channel: str, external_id: str | None = None) -> Conversation:
        """Begin a conversation with the greeting that says a bot is speaking (A15)."""
        now = self._clock()
        conversation = Conversation(str(uuid.uuid4()), channel, external_id or str(uuid.uuid4()), now)
        with self._uow() as uow:
            uow.conversations.add(conversation)
            self._greet(uow, conversation)
            uow.commit()
        return conversation

    def accept(self, conversation_id: str, client_id: str, text: str) -> Accepted:
        """Store a message; the same `client_id` again gives the same message, nothing twice.

        Raises:
            InvalidInput: there is nothing in it. TooLong: longer than `MAX_MESSAGE_CHARS`.
            NotFound: no such conversation.
        """
        if len(text) > MAX_MESSAGE_CHARS:
            raise TooLong(f"一条消息最多 {MAX_MESSAGE_CHARS} 个字，请分几条发送")
        text = clean(text)
        if not text:
            raise InvalidInput("消息是空的，请写下您想说的话")
        now = self._clock()
        said = [Reply(text, source={})]
        try:
            with self._uow() as uow:
                (message,) = uow.messages.add(conversation_id, Sender.CUSTOMER, said, now, dedupe_key=client_id)
                passing("before the message's commit")
                uow.commit()
        except Conflict:
            # That it has come before is seldom, and nobody else pays for asking first.
            if known := self._known(conversation_id, client_id):
                return Accepted(known, fresh=False)
            raise
        passing("message stored")
        return Accepted(message, fresh=True)

    def receive(self, channel: str, limits: Limits, incoming: Incoming) -> Received:
        """Store what came in from a platform, in the customer's one conversation there; the same again changes nothing.

        Args:
            limits: what may be sent after it (W2).
        """

        def store() -> Received:
            with self._uow() as uow:
                received = self.store(uow, channel, limits, incoming)
                passing("before the message's commit")
                uow.commit()
            passing("message stored")
            return received

        return again(store)

    def store(self, uow: UnitOfWork, channel: str, limits: Limits, incoming: Incoming) -> Received:
        """The same in the caller's commit."""
        now = self._clock()
        opened = Conversation(str(uuid.uuid4()), channel, incoming.external_id, now)
        conversation = uow.conversations.lock_of(opened, or_open=bool(incoming.text) or incoming.greets)
        if conversation is None:
            return Received("", fresh=False)  # who was never here has left again
        if self._is_known(uow, conversation, incoming):
            return Received(conversation.id, fresh=False)
        had_left = self._note_reach(uow, conversation, limits, incoming).has_left
        is_new = conversation.id == opened.id
        if is_new or (incoming.greets and self._wants_greeting(uow, conversation, had_left)):
            # The first answer takes the greeting along: messages are few (W2).
            self._greet(uow, conversation, with_the_answer=limits.merges and bool(incoming.text))
        if not incoming.text:
            return Received(conversation.id, fresh=True)
        message = self._store_message(uow, conversation, incoming)
        if limits.passive and message.text in GO_ON and uow.outbox.waiting(conversation.id):
            uow.messages.mark_answered(conversation.id, message.seq)
            return Received(conversation.id, fresh=True)
        return Received(conversation.id, fresh=True, wants_turn=True)

    def still_looking(self) -> str:
        """What a customer reads whose answer takes longer than a channel lets us wait (W1)."""
        return self._scripts.render("channel.still_looking").text

    def want_pull(self, channel: str, account: str, token: str) -> None:
        """A platform says that one of its accounts has more to fetch."""
        with self._uow() as uow:
            uow.pulls.want(channel, account, token, self._clock())
            uow.commit()

    def forget_events(self) -> int:
        """Once an hour, clear away what no platform sends again.

        Returns:
            Always 0: there is nothing to go on with.
        """
        now = self._clock()
        if not self._forgot.lasts(now):
            self._forgot.begin(now, FORGET_EVERY)
            with self._uow() as uow:
                uow.seen_events.forget_before(now - REMEMBER_EVENTS)
                uow.commit()
        return 0

    def _known(self, conversation_id: str, client_id: str) -> Message | None:
        with self._uow() as uow:
            return uow.messages.by_dedupe_key(conversation_id, client_id)

    def _is_known(self, uow: UnitOfWork, conversation: Conversation, incoming: Incoming) -> bool:
        if incoming.text:
            return uow.messages.by_dedupe_key(conversation.id, incoming.key) is not None
        return not uow.seen_events.note(conversation.id, incoming.key, self._clock())

    def _note_reach(self, uow: UnitOfWork, conversation: Conversation, limits: Limits, incoming: Incoming) -> Reach:
        """What the customer did opens the way for some messages, and lets go what was held back.

        Returns:
            How it was before.
        """
        before, now = uow.reaches.get(conversation.id), self._clock()
        after = before.opened(incoming.did, min(incoming.at, now), limits)
        if after != before:
            uow.reaches.save(after)
            if incoming.did is not Did.LEFT:
                is_with_person = conversation.owner is Owner.HUMAN
                uow.outbox.release(conversation.id, now if is_with_person else now + ANSWERED_WITHIN)
        return before

    def _wants_greeting(self, uow: UnitOfWork, conversation: Conversation, had_left: bool) -> bool:
        """Who comes in again after a while is greeted again, unless a greeting or more still waits to go out."""
        last = conversation.touched_at or conversation.opened_at
        was_away = had_left or self._clock() - last >= GREET_AGAIN_AFTER
        return was_away and conversation.owner is Owner.BOT and not uow.outbox.waiting(conversation.id)

    def _greet(self, uow: UnitOfWork, conversation: Conversation, with_the_answer: bool = False) -> None:
        now = self._clock()
        said = uow.messages.add(conversation.id, Sender.BOT, [self._scripts.render("greeting.welcome")], now)
        uow.outbox.add(said, conversation.channel, now + ANSWERED_WITHIN if with_the_answer else now)

    def _store_message(self, uow: UnitOfWork, conversation: Conversation, incoming: Incoming) -> Message:
        """What they said; what is too long for one message goes on in the next: nobody can be asked to shorten it."""
        now = self._clock()
        text = self._chosen(uow, conversation, incoming) or clean(incoming.text) or EMPTY
        source = {"kind": "empty"} if text == EMPTY else _cleaned(incoming.source)
        pieces = [Reply(text[at : at + MAX_MESSAGE_CHARS], source) for at in range(0, len(text), MAX_MESSAGE_CHARS)]
        (message,) = uow.messages.add(conversation.id, Sender.CUSTOMER, pieces[:1], now, dedupe_key=incoming.key)
        uow.messages.add(conversation.id, Sender.CUSTOMER, pieces[1:], now)
        if incoming.media:
            uow.fetches.add(message, conversation.channel, incoming.media, now)
        return message

    def _chosen(self, uow: UnitOfWork, conversation: Conversation, incoming: Incoming) -> str | None:
        """What the clicked button says; None where none of ours was clicked."""
        named = _CHOICE.fullmatch(incoming.choice)
        if named is None:
            return None
        seq, number = map(int, named.groups())
        asked = uow.messages.at(conversation.id, seq)
        buttons = asked.buttons if asked and asked.sender is not Sender.CUSTOMER else ()
        return buttons[number].payload if number < len(buttons) else None


def _cleaned(source: Mapping[str, Any]) -> dict[str, Any]:
    """What belongs to a message, its words as harmless as the message itself."""
    return {
        name: clean(value)[:MAX_MESSAGE_CHARS] if isinstance(value, str) else value for name, value in source.items()
    }
