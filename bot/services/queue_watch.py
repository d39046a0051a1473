"""What time asks of the queue: find a person, tell who waits, and rescue who was left alone (F2, F5)."""

from dataclasses import replace

from bot.domain.conversation import Conversation, Owner, OwnerChange
from bot.domain.message import Reply, Sender
from bot.domain.person import Person
from bot.domain.routing import Mode, Place, Told, Waiting, assign, has_left, wait_in_words
from bot.domain.scripts import ScriptBook
from bot.services.batches import each
from bot.services.handoff import Handoff
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.queueing import Queueing
from bot.services.standing import Standing
from bot.services.triggers import Triggers

BATCH = 100
SYSTEM = "system"
NO_ANSWER = "no_answer_3_minutes"
ASSIGNED, AGENT_GONE = "assigned", "agent_gone"


class QueueWatch:
    """The chores of the clock. Each does a batch and says how much that was; done again, it does nothing twice."""

    def __init__(
        self, uow: UnitOfWorkFactory, handoff: Handoff, queueing: Queueing, triggers: Triggers, standing: Standing,
        scripts: ScriptBook, clock: Clock,
    ) -> None:  # fmt: skip
        self._uow = uow
        self._handoff = handoff
        self._queueing = queueing
        self._triggers = triggers
        self._standing = standing
        self._policy = standing.policy
        self._scripts = scripts
        self._clock = clock
        self._started = clock()

    def assign(self) -> int:
        """Give the waiting to people who are ready, in the teams that work so."""
        ordered, _, people = self._standing.read()
        waiting = [one for one in ordered if self._policy.mode_of(one.need.team) is Mode.ASSIGN]
        given = {one.id: (one, person) for one, person in assign(waiting, people, self._clock())}
        done = 0

        def give(conversation_id: str) -> None:
            nonlocal done
            done += self._give(*given[conversation_id])

        each(given, give)
        return done

    def _give(self, one: Waiting, person: Person) -> bool:
        """Give a conversation to a person; False where another node was first, or the person has no time any more."""
        with self._uow() as uow:
            conversation, now = uow.conversations.lock(one.id), self._clock()
            if conversation is None or conversation.owner is not Owner.QUEUED or conversation.epoch != one.epoch:
                return False
            chosen = uow.users.lock(person.name)
            if chosen is None or not replace(chosen, load=uow.routing.load_of(chosen.name)).takes_new(now):
                return False
            taken = conversation.take(chosen.name, now)
            self._change(uow, taken, ASSIGNED)
            self._handoff.say(uow, taken, [self._scripts.render("desk.joined", told=taken.epoch, agent=chosen.name)])
            uow.commit()
        return True

    def tell(self) -> int:
        """Tell who waits what has changed: the place, and after three minutes that a callback is possible."""
        waiting, places, _ = self._standing.read()
        due = {one.id: (one, places[one.id]) for one in waiting if self._has_news(one, places[one.id])}
        return each(list(due)[:BATCH], lambda conversation_id: self._tell(*due[conversation_id]))

    def _has_news(self, one: Waiting, place: Place) -> bool:
        return one.told is None or self._owes_offer(one.told) or self._has_moved(one, one.told, place)

    def _owes_offer(self, told: Told) -> bool:
        return not told.callback_offered and self._clock() - told.entered_at >= self._policy.callback_after

    def _has_moved(self, one: Waiting, told: Told, place: Place) -> bool:
        """Whether the place is so much better that it is worth a message; not too often, nor where messages are few."""
        return (
            one.channel in self._policy.tell_in
            and told.position - place.position >= max(1, told.position // 5)
            and self._clock() - told.at >= self._policy.tell_every
        )

    def _tell(self, one: Waiting, place: Place) -> None:
        with self._uow() as uow:
            conversation, now = uow.conversations.lock(one.id), self._clock()
            if conversation is None or conversation.owner is not Owner.QUEUED or conversation.epoch != one.epoch:
                return
            if uow.routing.told(one.id, one.epoch) != one.told:
                return  # another node was first
            if one.told is None:  # somebody handed it on, and told so
                uow.routing.tell(one.id, one.epoch, Told(now, place.position, now))
            elif self._owes_offer(one.told):
                self._triggers.note(uow, NO_ANSWER, one.id, "agent")
                uow.routing.tell(one.id, one.epoch, Told(one.told.entered_at, place.position, now, True))
                self._handoff.say(uow, conversation, [self._scripts.render("handover.offer_callback", told=one.epoch)])
            else:
                uow.routing.tell(one.id, one.epoch, replace(one.told, position=place.position, at=now))
                self._handoff.say(uow, conversation, [self._moved(place)])
            uow.commit()

    def _moved(self, place: Place) -> Reply:
        if not place.ahead:
            return self._scripts.render("handover.moved_next")
        ahead = str(place.ahead)
        if place.wait is None:
            return self._scripts.render("handover.moved", told=place.position, ahead=ahead)
        return self._scripts.render(
            "handover.moved_wait", told=place.position, ahead=ahead, wait=wait_in_words(place.wait)
        )

    def rescue(self) -> int:
        """A person for who has had no answer of the bot for three minutes (F2); turns of before a restart run first."""
        before = self._clock() - self._policy.bot_silent_after
        if self._started > before:
            return 0
        with self._uow() as uow:
            silent = uow.routing.silent_bots(before, BATCH)
        return each(silent, self._rescue)

    def _rescue(self, conversation_id: str) -> None:
        with self._uow() as uow:
            conversation = uow.conversations.lock(conversation_id)
            waiting = uow.messages.unanswered(conversation_id)
            if conversation is None or conversation.owner is not Owner.BOT or not waiting:
                return
            uow.messages.mark_answered(conversation_id, waiting[-1].seq)
            said = self._scripts.render("handover.silent", told=waiting[-1].seq)
            self._handoff.say(uow, conversation, [said])
            self._queueing.enter(uow, conversation, NO_ANSWER, detail="bot")
            uow.commit()

    def hand_on(self) -> int:
        """Other people for the conversations of those who have left; after a restart desks get time to come back."""
        before = self._clock() - self._policy.gone_after
        if self._started > before:
            return 0
        with self._uow() as uow:
            left = uow.routing.left_behind(before, BATCH)
        return each(left, self._hand_on)

    def _hand_on(self, conversation_id: str) -> None:
        with self._uow() as uow:
            conversation, now = uow.conversations.lock(conversation_id), self._clock()
            if conversation is None or conversation.owner is not Owner.HUMAN or conversation.agent is None:
                return
            agent = conversation.agent
            if not has_left(uow.users.get(agent), conversation, now, self._policy.gone_after):
                return
            need = conversation.need if conversation.need.wanted != agent else replace(conversation.need, wanted=None)
            queued = conversation.hand_on(need, now)
            self._change(uow, queued, AGENT_GONE)
            note = Reply(f"{agent}不在线，会话已转回排队，请别的同事接着办", {"kind": "routing", "id": AGENT_GONE})
            uow.messages.add(queued.id, Sender.SYSTEM, [note], now, note=True)
            self._handoff.say(uow, queued, [self._scripts.render("handover.agent_gone", told=queued.epoch)])
            place = self._queueing.place_of(uow, queued)
            uow.routing.tell(queued.id, queued.epoch, Told(now, place.position, now))
            uow.commit()

    def _change(self, uow: UnitOfWork, after: Conversation, reason: str) -> None:
        change = OwnerChange(after.id, after.epoch, after.owner, reason, self._clock(), after.agent, SYSTEM)
        uow.conversations.save_owner(after, change)
