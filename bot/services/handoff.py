"""From the bot to the queue of people and back (F1-F7)."""

from collections.abc import Sequence

from bot.domain.conversation import Conversation, Need, Owner, OwnerChange
from bot.domain.errors import NotFound
from bot.domain.message import Message, Reply, Sender
from bot.domain.scripts import ScriptBook
from bot.services.ports import Clock, ScriptConverter, UnitOfWork

BACK_TO_BOT = frozenset(
    {"继续和小安聊", "繼續和小安聊", "取消排队", "取消排隊", "不转人工了", "回到机器人", "回到機器人"}
)
"""What a waiting customer says, or clicks, to consent to the bot again (F7)."""
CALL_ME = frozenset({"给我回电话", "給我回電話"})
"""What a waiting customer clicks for a callback in place of waiting (F5)."""
KEEP_WAITING = frozenset({"继续等", "繼續等"})
"""What a waiting customer clicks who would rather wait than be called (F5)."""


class Handoff:
    """Moves a conversation between bot and people, and tells the customer what happens."""

    def __init__(self, scripts: ScriptBook, clock: Clock, in_script: ScriptConverter) -> None:
        self._scripts = scripts
        self._clock = clock
        self._in_script = in_script

    def enqueue(
        self, uow: UnitOfWork, conversation: Conversation, reason: str, need: Need | None = None
    ) -> Conversation:
        """Put the conversation into the queue, in the caller's commit; one that has left the bot stays as it is."""
        now = self._clock()
        queued = conversation.queue_for_human(reason, now, need)
        if queued is not conversation:
            uow.conversations.save_owner(queued, OwnerChange(queued.id, queued.epoch, queued.owner, reason, now))
        return queued

    def queue(self, uow: UnitOfWork, conversation: Conversation, reason: str) -> Conversation:
        """The same, and tell the customer the place in it by who came first (F5); see `queueing` for the whole."""
        queued = self.enqueue(uow, conversation, reason)
        if queued is conversation:
            return conversation
        ahead = uow.conversations.queued_before(self._clock())
        told = (
            self._scripts.render("handover.queued", ahead=str(ahead))
            if ahead
            else self._scripts.render("handover.next")
        )
        self.say(uow, queued, [told])
        return queued

    def note_receipt(self, uow: UnitOfWork, conversation: Conversation, told: int, ahead: int | None = None) -> None:
        """Tell a waiting customer that the message is kept, and the place in the queue."""
        if ahead is None:
            ahead = uow.conversations.queued_before(conversation.queued_at or self._clock())
        if ahead:
            noted = self._scripts.render("handover.noted", told=told, ahead=str(ahead))
        else:
            noted = self._scripts.render("handover.noted_next", told=told)
        self.say(uow, conversation, [noted])

    def return_to_bot(self, uow: UnitOfWork, conversation: Conversation) -> Conversation:
        """Give a waiting conversation back to the bot because the customer asked for it (F7); forms start afresh."""
        if conversation.owner is not Owner.QUEUED:
            raise NotFound("会话不在排队中")
        back = conversation.return_to_bot(self._clock())
        change = OwnerChange(back.id, back.epoch, back.owner, "customer_consent", self._clock())
        uow.conversations.save_owner(back, change)
        uow.conversations.save_state(back.id, None)
        return back

    def reopen(self, uow: UnitOfWork, conversation: Conversation) -> Conversation:
        """The customer writes again after the end: the bot greets, and what was begun before begins afresh."""
        opened = conversation.reopen()
        uow.conversations.save_owner(
            opened, OwnerChange(opened.id, opened.epoch, opened.owner, "reopened", self._clock(), by="customer")
        )
        uow.conversations.save_state(opened.id, None)
        welcome = self._scripts.render("desk.welcome_back", told=opened.epoch)
        self.say(uow, opened, [welcome], Sender.BOT)
        return opened

    def say(
        self,
        uow: UnitOfWork,
        conversation: Conversation,
        replies: Sequence[Reply],
        sender: Sender = Sender.SYSTEM,
        note: bool = False,
    ) -> list[Message]:
        """Store sentences and put them on their way in the caller's commit (invariant 3)."""
        spoken = [reply.in_script(conversation.script, self._in_script) for reply in replies]
        stored = uow.messages.add(conversation.id, sender, spoken, self._clock(), note=note)
        if not note:
            uow.outbox.add(stored, conversation.channel, self._clock())
        return stored

    def say_as_agent(self, uow: UnitOfWork, conversation: Conversation, text: str, name: str) -> list[Message]:
        """A person's own words to the customer, with who said them."""
        return self.say(uow, conversation, [Reply(text, {"kind": "agent", "id": name})], Sender.AGENT)
