"""A customer's message arrives: stored once, acknowledged at once (A3, invariants 1 and 11)."""

import uuid
from dataclasses import dataclass

from bot.domain.conversation import Conversation
from bot.domain.errors import InvalidInput, NotFound, TooLong
from bot.domain.message import Message, Reply, Sender
from bot.domain.scripts import ScriptBook
from bot.domain.text import MAX_MESSAGE_CHARS, clean
from bot.services.ports import Clock, UnitOfWorkFactory


@dataclass(frozen=True)
class Accepted:
    """A stored message; `fresh` is False where the same one had come before."""

    message: Message
    fresh: bool


class Intake:
    """Opens conversations and stores what customers send."""

    def __init__(self, uow: UnitOfWorkFactory, scripts: ScriptBook, clock: Clock) -> None:
        self._uow = uow
        self._scripts = scripts
        self._clock = clock

    def open_conversation(self, channel: str, external_id: str | None = None) -> Conversation:
        """Begin a conversation with the greeting that says a bot is speaking (A15)."""
        now = self._clock()
        conversation = Conversation(str(uuid.uuid4()), channel, external_id or str(uuid.uuid4()), now)
        with self._uow() as uow:
            uow.conversations.add(conversation)
            greeting = uow.messages.add(conversation.id, Sender.BOT, [self._scripts.render("greeting.welcome")], now)
            uow.outbox.add(greeting, channel, now)
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
        with self._uow() as uow:
            if uow.conversations.lock(conversation_id) is None:
                raise NotFound("没有这个会话，请刷新页面重新开始")
            if known := uow.messages.by_dedupe_key(conversation_id, client_id):
                return Accepted(known, fresh=False)
            said = [Reply(text, source={})]
            (message,) = uow.messages.add(conversation_id, Sender.CUSTOMER, said, now, dedupe_key=client_id)
            uow.commit()
        return Accepted(message, fresh=True)
