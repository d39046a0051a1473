"""The one way into the queue of people: which rule asks, who is needed, and what the customer is told (F2-F5)."""

from collections.abc import Callable
from dataclasses import replace

from bot.domain.conversation import Conversation, Owner
from bot.domain.dates import moment_in_words
from bot.domain.emotion import Level
from bot.domain.message import Reply
from bot.domain.routing import SAFETY_FIRST, Does, Place, Situation, Told, need_of, wait_in_words
from bot.domain.scripts import ScriptBook
from bot.services.handoff import Handoff
from bot.services.ports import Answer, Clock, Turn, UnitOfWork
from bot.services.standing import Standing
from bot.services.ticketing import tickets_of
from bot.services.triggers import Triggers

THIRD_VISIT = "third_visit_24h_dissatisfied"
_QUESTION = "ask."
"""How the ids of a form's questions begin."""


class Queueing:
    """Brings conversations into the queue."""

    def __init__(
        self, handoff: Handoff, triggers: Triggers, standing: Standing, scripts: ScriptBook, clock: Clock,
        simplified: Callable[[str], str],
    ) -> None:  # fmt: skip
        self._handoff = handoff
        self._triggers = triggers
        self._standing = standing
        self._scripts = scripts
        self._clock = clock
        self._simplified = simplified

    def hear(self, turn: Turn) -> Answer | None:
        """What leaves no doubt goes to a person without asking the engine, such as a stolen account (F2)."""
        text = self._simplified(turn.text)
        for trigger in self._triggers.book:
            if trigger.does is Does.TRANSFER and trigger.says and trigger.is_heard_in(text):
                said = self._scripts.render(trigger.says, told=turn.last_seq)
                return Answer((said,), turn.state or b"", handover=trigger.id)
        return None

    def judge(self, uow: UnitOfWork, conversation: Conversation, answer: Answer) -> Answer:
        """Keep what was heard in an answered turn, and see whether a rule asks for a person that the dialogue missed.

        Returns:
            The answer to be given: the same, or with a handover, and without the question that nobody need answer now.
        """
        emotion, signals = max(answer.emotion, conversation.emotion), {*answer.signals, *conversation.signals}
        if (emotion, signals) != (conversation.emotion, set(conversation.signals)):
            uow.conversations.save_feeling(conversation.id, emotion, sorted(signals))
        for trigger in answer.fired:
            self._triggers.note(uow, trigger, conversation.id)
        if answer.handover or not answer.emotion or not self._comes_too_often(uow, conversation, answer):
            return answer
        trigger_ = self._triggers.book.get(THIRD_VISIT)
        kept = [reply for reply in answer.replies if not str(reply.source.get("id")).startswith(_QUESTION)]
        said = [self._scripts.render(trigger_.says, emotion=Level(answer.emotion))] if trigger_.says else []
        return replace(answer, replies=(*kept, *said), handover=THIRD_VISIT)

    def enter(
        self, uow: UnitOfWork, conversation: Conversation, reason: str, answer: Answer | None = None, detail: str = ""
    ) -> Conversation:
        """Put the conversation into the queue and tell the customer the place in it (F5), in the caller's commit.

        Args:
            reason: the rule that asks for a person.
            answer: what was heard in the turn that leads here.
            detail: which way of the rule it was.
        """
        trigger = self._triggers.book.get(reason)
        need = need_of(trigger, self._situation(uow, conversation, answer), self._standing.policy)
        queued = self._handoff.enqueue(uow, conversation, reason, need)
        if queued is conversation:
            return conversation
        self._triggers.note(uow, reason, queued.id, detail)
        now, place = self._clock(), self.place_of(uow, queued)
        told = Told(now, place.position, now, callback_offered=place.opens_at is not None)
        uow.routing.tell(queued.id, queued.epoch, told)
        self._handoff.say(uow, queued, [self._arrival(queued, place)])
        return queued

    def place_of(self, uow: UnitOfWork, conversation: Conversation) -> Place:
        """The place of a waiting conversation now."""
        return self._standing.place_of(uow, conversation)

    def note_receipt(self, uow: UnitOfWork, conversation: Conversation, told: int) -> None:
        """Tell a waiting customer that the message is kept, and the place in the queue."""
        self._handoff.note_receipt(uow, conversation, told, self.place_of(uow, conversation).ahead)

    def _arrival(self, conversation: Conversation, place: Place) -> Reply:
        render, told = self._scripts.render, conversation.epoch
        if place.opens_at:
            if conversation.need.priority >= SAFETY_FIRST:
                return render("handover.closed_danger", told=told)
            opens_at = moment_in_words(place.opens_at, self._clock())
            return render("handover.closed", told=told, opens_at=opens_at)
        if not place.ahead:
            return render("handover.next", told=told)
        ahead = str(place.ahead)
        if place.wait is None:
            return render("handover.queued", told=told, ahead=ahead)
        return render("handover.queued_wait", told=told, ahead=ahead, wait=wait_in_words(place.wait))

    def _situation(self, uow: UnitOfWork, conversation: Conversation, answer: Answer | None) -> Situation:
        now = self._clock()
        heard = answer or Answer((), b"")
        tickets = tickets_of(uow, conversation.id)
        return Situation(
            emotion=max(heard.emotion, conversation.emotion),
            signals=tuple(sorted({*heard.signals, *conversation.signals})),
            matter=heard.matter,
            script=heard.script or conversation.script,
            visits=self._visits(uow, conversation, heard),
            is_late=any(not t.is_over and t.due_at is not None and t.due_at < now for t in tickets),
            needs_care=uow.routing.needs_care(conversation.customer_id),
        )

    def _comes_too_often(self, uow: UnitOfWork, conversation: Conversation, answer: Answer) -> bool:
        return conversation.owner is Owner.BOT and self._visits(uow, conversation, answer) >= (
            self._standing.policy.visits
        )

    def _visits(self, uow: UnitOfWork, conversation: Conversation, answer: Answer) -> int:
        since = self._clock() - self._standing.policy.visits_within
        return uow.routing.visits(conversation, answer.phone, since)
