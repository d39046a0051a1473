"""A turn: what the customer said since the last answer is understood and answered, once (invariants 1-3, 11)."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.domain import concern
from bot.domain.conversation import Conversation, Owner
from bot.domain.errors import EngineFailure
from bot.domain.message import Message, Reply, Sender
from bot.domain.milestones import passing
from bot.domain.scripts import ScriptBook
from bot.domain.text import has_words
from bot.services.again import again
from bot.services.handoff import BACK_TO_BOT, CALL_ME, KEEP_WAITING, Handoff
from bot.services.ports import LEASE, Answer, BotEngine, Clock, Turn, UnitOfWork, UnitOfWorkFactory
from bot.services.queueing import Queueing

log = logging.getLogger(__name__)

HearClick = Callable[[UnitOfWork, str, str], bool]
"""Deals with a text that is the click on a ticket's button; False where it is none."""
WithNotice = Callable[[UnitOfWork, Conversation, str, Sequence[Reply]], Sequence[Reply]]
"""What is said, with what has to be said beside it (E10)."""


class Turns:
    """Runs turns; at most one in flight per conversation."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        engine: BotEngine,
        handoff: Handoff,
        scripts: ScriptBook,
        clock: Clock,
        hear_click: HearClick = lambda uow, conversation_id, text: False,
        queueing: Queueing | None = None,
        with_notice: WithNotice = lambda uow, conversation, text, replies: replies,
        fleeting: UnitOfWorkFactory | None = None,
    ) -> None:
        """Take what is needed.

        Args:
            queueing: knows the rules and the people; without it who asks for a person just gets in line.
            fleeting: units of work that need not outlast a power cut; without it those of `uow`.
        """
        self._uow = uow
        self._fleeting = fleeting or uow
        self._engine = engine
        self._handoff = handoff
        self._scripts = scripts
        self._clock = clock
        self._hear_click = hear_click
        self._queueing = queueing
        self._with_notice = with_notice
        self._holder = str(uuid.uuid4())

    async def run(self, conversation_id: str) -> bool:
        """Answer everything that waits in a conversation.

        Returns:
            False where another node holds the conversation now; True where nothing waits any more.
        """
        held, turn = await asyncio.to_thread(again, self._take, conversation_id)
        try:
            while turn:
                concern.turn_id.set(turn.id)
                answer = await self._answer(turn)
                turn = await asyncio.to_thread(again, self._keep, turn, answer)
        except BaseException:
            await asyncio.to_thread(self._release, conversation_id)
            raise
        return held

    def _take(self, conversation_id: str) -> tuple[bool, Turn | None]:
        """Take the conversation's lease and its first turn; without a turn the lease is given back at once."""
        with self._fleeting() as uow:  # a lost lease is taken again, and what is answered here is answered again
            taken = self._lease(uow, conversation_id)
            turn = self._next(uow, *taken) if taken else None
            uow.commit()
        passing("lease taken")
        return taken is not None, turn

    def _keep(self, turn: Turn, answer: Answer) -> Turn | None:
        """Answer, state, change of owner and outbox in one commit; then the next turn, if more has come meanwhile."""
        with self._uow() as uow:
            # Who hung past the lease has lost the turn: another one runs it, with what has come since.
            held = uow.conversations.lock_held(turn.conversation_id, self._holder)
            more = bool(held and self._store(uow, *held, turn, answer))
            # The lease begins anew, so that it outlasts the next turn's deadline too, unless another has it now.
            taken = self._lease(uow, turn.conversation_id) if more else None
            following = self._next(uow, *taken) if taken else None
            passing("before the answer's commit")
            uow.commit()
        passing("answer stored")
        return following

    def _lease(self, uow: UnitOfWork, conversation_id: str) -> tuple[Conversation, bytes | None] | None:
        """Take the right to run the conversation's turns; None where another node has it."""
        now = self._clock()
        return uow.conversations.take_lease(conversation_id, self._holder, now, now + LEASE)

    def _release(self, conversation_id: str) -> None:
        with self._uow() as uow:
            uow.conversations.drop_lease(conversation_id, self._holder)
            uow.commit()

    def _next(self, uow: UnitOfWork, conversation: Conversation, state: bytes | None) -> Turn | None:
        """The next turn for the engine; what waits for people, or has no words, is dealt with here."""
        waiting = uow.messages.unanswered(conversation.id)
        if not waiting:
            uow.conversations.drop_lease(conversation.id, self._holder)
            return None
        if len(waiting) == 1 and self._hear_click(uow, conversation.id, waiting[0].text):
            return self._after(uow, waiting[0])
        if conversation.closed_at:
            conversation, state = self._handoff.reopen(uow, conversation), None
        text = "\n".join(message.text for message in waiting if not (is_file(message) or is_empty(message)))
        if conversation.owner is Owner.QUEUED and waiting[-1].text in CALL_ME:
            return _turn(self._handoff.return_to_bot(uow, conversation), waiting, text, state=None)
        if conversation.owner is Owner.BOT and has_words(text):
            return _turn(conversation, waiting, text, state)
        self._answer_without_engine(uow, conversation, waiting)
        return self._after(uow, waiting[-1])

    def _after(self, uow: UnitOfWork, answered: Message) -> Turn | None:
        """What comes next where everything up to a message was dealt with."""
        uow.messages.mark_answered(answered.conversation_id, answered.seq)
        conversation, state = uow.conversations.lock_with_state(answered.conversation_id)
        return self._next(uow, conversation, state) if conversation else None

    def _answer_without_engine(self, uow: UnitOfWork, conversation: Conversation, waiting: list[Message]) -> None:
        told = waiting[-1].seq
        if conversation.owner is Owner.QUEUED and waiting[-1].text in BACK_TO_BOT:
            back = self._handoff.return_to_bot(uow, conversation)
            self._handoff.say(uow, back, [self._scripts.render("handover.back_to_bot", told=told)], Sender.BOT)
        elif conversation.owner is Owner.QUEUED and waiting[-1].text in KEEP_WAITING:
            self._handoff.say(uow, conversation, [self._scripts.render("handover.waits_on", told=told)])
        elif conversation.owner is Owner.QUEUED:
            (self._queueing or self._handoff).note_receipt(uow, conversation, told)
        elif conversation.owner is Owner.BOT:
            self._handoff.say(uow, conversation, [self._scripts.render(_wordless(waiting), told=told)], Sender.BOT)

    async def _answer(self, turn: Turn) -> Answer:
        try:
            if self._queueing and (at_once := self._queueing.hear(turn)):
                return at_once
            passing("engine asked")
            answer = await self._engine.answer(turn)
            if not answer.replies and not answer.handover:
                raise EngineFailure(f"turn {turn.id}: nothing was said")
            return answer
        except Exception:
            # Never silence: an apology, and a person takes over (F2).
            log.exception("turn failed", extra={"turn_id": turn.id})
            apology = self._scripts.render("handover.failure", told=turn.last_seq)
            return Answer((apology,), turn.state or b"", handover="failure")

    def _store(self, uow: UnitOfWork, conversation: Conversation, last_seq: int, turn: Turn, answer: Answer) -> bool:
        """Store the answer and give the lease back; returns whether more waits to be answered.

        Args:
            last_seq: of the conversation now.
        """
        more = False
        if last_seq != turn.last_seq:  # something was said meanwhile; who answers says something, too
            waiting = uow.messages.unanswered(turn.conversation_id)
            more = bool(waiting) and waiting[-1].seq > turn.last_seq
            if not waiting or _turn_id(waiting) != turn.id:
                # This node hung past its lease, and another has answered.
                uow.conversations.drop_lease(turn.conversation_id, self._holder)
                return bool(waiting)
        if conversation.epoch != turn.epoch:
            # A person took over meanwhile: what the bot would have said becomes a note for them.
            uow.messages.mark_answered(turn.conversation_id, turn.last_seq)
            uow.conversations.drop_lease(turn.conversation_id, self._holder)
            self._handoff.say(uow, conversation, answer.replies, Sender.BOT, note=True)
            return more
        uow.messages.end_turn(turn.conversation_id, turn.last_seq, answer.state or None, self._holder)
        if answer.script and answer.script != conversation.script:
            uow.conversations.save_script(turn.conversation_id, answer.script)
            conversation = replace(conversation, script=answer.script)
        if self._queueing:
            answer = self._queueing.judge(uow, conversation, answer)
        replies = self._with_notice(uow, conversation, turn.text, answer.replies)
        self._handoff.say(uow, conversation, replies, Sender.BOT)
        if answer.handover and self._queueing:
            self._queueing.enter(uow, conversation, answer.handover, answer)
        elif answer.handover:
            self._handoff.queue(uow, conversation, answer.handover)
        return more


def is_file(message: Message) -> bool:
    """Whether a customer's message is a file, here or still with a platform: there is nothing in it to understand."""
    return bool(message.source) and (message.source or {}).get("kind") in ("attachment", "media", "unsupported")


def is_empty(message: Message) -> bool:
    """Whether nothing could be read in a customer's message."""
    return (message.source or {}).get("kind") == "empty"


def _wordless(waiting: list[Message]) -> str:
    """The script that answers what has no words."""
    if not all(map(is_file, waiting)):
        return "input.no_words"
    last = waiting[-1].source or {}
    if last.get("kind") == "unsupported":
        return "channel.unsupported"
    return "channel.voice_unheard" if last.get("media") == "voice" else "attachment.received"


def _turn(conversation: Conversation, waiting: list[Message], text: str, state: bytes | None) -> Turn:
    return Turn(
        id=_turn_id(waiting),
        conversation_id=conversation.id,
        text=text,
        epoch=conversation.epoch,
        state=state,
        last_seq=waiting[-1].seq,
    )


def _turn_id(waiting: list[Message]) -> str:
    """The first unanswered message names the turn: it stays the first until its answer is stored, crash or not."""
    return f"{waiting[0].conversation_id}:{waiting[0].seq}"
