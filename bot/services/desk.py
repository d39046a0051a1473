"""What people do with conversations at the desk: take, say, note, hand on, watch (F4-F6, A4)."""

import logging
from datetime import datetime

from bot.domain.actor import LEVEL_NAMES, Role
from bot.domain.audit import Change
from bot.domain.conversation import Conversation, Need, Owner, OwnerChange
from bot.domain.desk import DeskRules, Row, View, may_look
from bot.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from bot.domain.message import Message, Reply, Sender
from bot.domain.milestones import passing
from bot.domain.person import Person
from bot.domain.scripts import ScriptBook
from bot.domain.sla import Deadline, State, Target
from bot.domain.text import mask
from bot.domain.ticket import Ticket
from bot.domain.transfer import Whither, towards
from bot.domain.wording import forbidden_in
from bot.services.casework import Casework
from bot.services.handoff import Handoff
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.promises import Promises
from bot.services.reaching import NO_CONTENT, Reaching

log = logging.getLogger(__name__)

MOST_CHARS = 2000
MOST_DRAFT_CHARS = 4000


class Desk:
    """The work of people in conversations. Every change is for who may look at the conversation, and is audited."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        handoff: Handoff,
        casework: Casework,
        promises: Promises,
        scripts: ScriptBook,
        rules: DeskRules,
        clock: Clock,
        reaching: Reaching | None = None,
    ) -> None:
        self._uow = uow
        self._handoff = handoff
        self._casework = casework
        self._promises = promises
        self._scripts = scripts
        self.rules = rules
        self.reaching = reaching or Reaching({}, NO_CONTENT, clock)
        self._clock = clock

    def page(
        self, view: View, person: Person, words: str, before: datetime | None, limit: int, behind: str | None = None
    ) -> tuple[list[Row], dict[str, int], dict[tuple[str, str], int]]:
        """A page of a list, how many stand in each list, and what this person has not read."""
        with self._uow() as uow:
            rows = uow.desk.page(view, person, words, before, limit, behind)
            unread = uow.desk.unread([row.conversation.id for row in rows], [person.name])
            return rows, uow.desk.counts(person), unread

    def take(self, conversation_id: str, person: Person) -> Conversation:
        """Take over from the queue or the bot; supervisors also from another person.

        Raises:
            Conflict: somebody else has it, or it is closed. NotFound: there is none. NotAllowed: not theirs to take.
        """
        with self._uow() as uow:
            conversation = self.locked(uow, conversation_id, person)
            if not person.fits(conversation.need):
                raise NotAllowed(_who_may(conversation.need))
            is_others = conversation.owner is Owner.HUMAN and not conversation.is_held_by(person.name)
            if is_others and not person.actor.reaches(Role.SUPERVISOR):
                raise Conflict(f"{conversation.agent}正在接待这位客户，请先和{conversation.agent}商量，或请主管转接")
            taken = conversation.take(person.name, self._clock())
            if taken is not conversation:
                reason = "taken_over" if is_others else "taken"
                self._change(uow, conversation, taken, reason, person)
                told = self._scripts.render("desk.joined", told=taken.epoch, agent=person.name)
                self._handoff.say(uow, taken, [told])
                uow.commit()
        passing("conversation taken")
        return taken

    def barge(self, conversation_id: str, person: Person) -> Conversation:
        """A supervisor speaks in a conversation that somebody else keeps holding; it is noted for all to see.

        Raises:
            NotFound, NotAllowed: there is none; only supervisors and above. Conflict: nobody holds it.
        """
        _require_leader(person)
        with self._uow() as uow:
            conversation = self.locked(uow, conversation_id, person)
            if conversation.owner is not Owner.HUMAN:
                raise Conflict("现在没有人在接待，请直接接入")
            source = {"kind": "barge", "id": person.name}
            self._handoff.say(uow, conversation, [Reply(f"{person.name}加入了会话", source)], note=True)
            self._audit(uow, conversation.id, "barge", person)
            uow.commit()
        return conversation

    def say(
        self, conversation_id: str, person: Person, client_id: str, text: str, in_spite_of: str = "", source: str = ""
    ) -> tuple[Message, bool]:
        """Say something to the customer; the same `client_id` again says nothing twice.

        Args:
            in_spite_of: why a 忌语 is said all the same; without it that is refused with better words (A4).
            source: which suggestion it was made of.

        Returns:
            The message, and whether it is new.

        Raises:
            InvalidInput: empty, too long, or a 忌语. Conflict: it is not held by this person. OutOfReach: the platform
                lets nothing through to the customer. NotFound, NotAllowed.
        """
        text = _words(text)
        found = forbidden_in(text, self._scripts.forbidden)
        if found and not in_spite_of.strip():
            better = "；".join(f"“{one.phrase}”是忌语（{one.why}），可以改说：{one.better}" for one in found)
            raise InvalidInput(better)
        with self._uow() as uow:
            conversation = self.locked(uow, conversation_id, person)
            if known := self.said_before(uow, conversation, person, client_id):
                return known, False
            said = Reply(text, {"kind": "agent", "id": person.name} | ({"suggested": source} if source else {}))
            message = self.speak(uow, conversation, person, client_id, said)
            if found:
                phrases = "、".join(one.phrase for one in found)
                self._audit(uow, conversation_id, "said_in_spite", person, f"{phrases}：{in_spite_of.strip()}")
            uow.commit()
        passing("desk reply stored")
        return message, True

    def said_before(
        self, uow: UnitOfWork, conversation: Conversation, person: Person, client_id: str
    ) -> Message | None:
        """What this person has sent under that `client_id`."""
        return uow.messages.by_dedupe_key(conversation.id, _key(person, client_id))

    def speak(
        self, uow: UnitOfWork, conversation: Conversation, person: Person, client_id: str, said: Reply
    ) -> Message:
        """Put a person's word into the conversation and on its way; it meets what its tickets were promised.

        Raises:
            Conflict: it is not held by this person. OutOfReach: the platform lets nothing through (W2).
        """
        self._require_voice(uow, conversation, person)
        self.reaching.require(uow, conversation)
        now, key = self._clock(), _key(person, client_id)
        (message,) = uow.messages.add(conversation.id, Sender.AGENT, [said], now, dedupe_key=key)
        uow.outbox.add([message], conversation.channel, now)
        for ticket in uow.tickets.of_conversation(conversation.id):
            self._meet_promise(uow, ticket, said.text, person)
        return message

    def note(
        self, conversation_id: str, person: Person, client_id: str, text: str, kind: str = "note"
    ) -> tuple[Message, str | None]:
        """Write something that only colleagues read; the same `client_id` again writes nothing twice.

        Args:
            kind: `note`, or `whisper` for a supervisor's word to who holds the conversation.

        Returns:
            It, and who holds the conversation.
        """
        text = _words(text)
        if kind == "whisper":
            _require_leader(person)
        with self._uow() as uow:
            conversation = self.locked(uow, conversation_id, person)
            holder = conversation.agent if conversation.owner is Owner.HUMAN else None
            if known := uow.messages.by_dedupe_key(conversation_id, _key(person, client_id)):
                return known, None
            written = Reply(text, {"kind": kind, "id": person.name})
            (message,) = uow.messages.add(
                conversation_id, Sender.AGENT, [written], self._clock(), _key(person, client_id), note=True
            )
            uow.commit()
        return message, holder

    def transfer(self, conversation_id: str, person: Person, whither: Whither, reason: str) -> Conversation:
        """Hand on to a person, a team or a level: the reason stays as a note, the customer is told, the place is kept.

        Raises:
            InvalidInput: nobody of that name. Conflict: it is not this person's to hand on. NotFound, NotAllowed.
        """
        reason = _words(reason)
        with self._uow() as uow:
            conversation = self.locked(uow, conversation_id, person)
            self._require_voice(uow, conversation, person, or_waiting=True)
            now = self._clock()
            colleague = uow.users.get(whither.name) if whither.kind == "person" else None
            following, where = towards(conversation, whither, colleague, self.rules.teams, now)
            self._change(uow, conversation, following, "transferred", person, note=f"{where}：{reason}")
            note = Reply(f"转给{where}：{reason}", {"kind": "transfer", "id": person.name})
            uow.messages.add(conversation_id, Sender.AGENT, [note], now, note=True)
            told = self._scripts.render("desk.transferred", told=following.epoch, where=where)
            self._handoff.say(uow, following, [told])
            uow.commit()
        return following

    def read(self, conversation_id: str, person: Person, seq: int) -> bool:
        """The person has read up to `seq`."""
        with self._uow() as uow:
            self.seen(uow, conversation_id, person)
            changed = uow.desk.mark_read(conversation_id, person.name, seq)
            uow.commit()
        return changed

    def keep_draft(self, conversation_id: str, person: Person, text: str) -> None:
        """Keep what the person has begun to write, for any browser of theirs."""
        if len(text) > MOST_DRAFT_CHARS:
            raise InvalidInput(f"草稿最多保存 {MOST_DRAFT_CHARS} 个字")
        with self._uow() as uow:
            self.seen(uow, conversation_id, person)
            uow.desk.keep_draft(conversation_id, person.name, text)
            uow.commit()

    def seen(self, uow: UnitOfWork, conversation_id: str, person: Person) -> Conversation:
        """A conversation that the person may look at.

        Raises:
            NotFound: there is none. NotAllowed: it is another team's; the attempt is logged.
        """
        return self._allowed(uow.conversations.get(conversation_id), conversation_id, person)

    def locked(self, uow: UnitOfWork, conversation_id: str, person: Person) -> Conversation:
        """The same, for change in this unit of work."""
        return self._allowed(uow.conversations.lock(conversation_id), conversation_id, person)

    def _allowed(self, found: Conversation | None, conversation_id: str, person: Person) -> Conversation:
        if found is None:
            raise NotFound("没有这个会话，请回到列表重新选择")
        if not may_look(person, found):
            log.warning("%s was refused conversation %s of team %s", person.name, conversation_id, found.need.team)
            raise NotAllowed("这个会话属于别的小组或上级，请找主管")
        return found

    def _require_voice(
        self, uow: UnitOfWork, conversation: Conversation, person: Person, or_waiting: bool = False
    ) -> None:
        """The person holds the conversation, or is a leader who has joined it."""
        if conversation.is_held_by(person.name) or (or_waiting and conversation.owner is Owner.QUEUED):
            return
        if conversation.owner is not Owner.HUMAN:
            raise Conflict("这个会话不在您手上，请先接入再说话")
        if not (person.actor.reaches(Role.SUPERVISOR) and (or_waiting or self._has_joined(uow, conversation, person))):
            raise Conflict(f"{conversation.agent}正在接待这位客户；要说话请先接手或加入")

    def _has_joined(self, uow: UnitOfWork, conversation: Conversation, person: Person) -> bool:
        """Whether the leader has joined since the present holder took it."""
        notes = uow.messages.after(conversation.id, 0, notes=True)
        since, joined = conversation.taken_at or conversation.opened_at, {"kind": "barge", "id": person.name}
        return any(note.note and note.source == joined and note.sent_at >= since for note in notes)

    def _meet_promise(self, uow: UnitOfWork, ticket: Ticket, text: str, person: Person) -> None:
        """A person's word in the conversation is the answer that its open tickets were promised (invariant 6)."""
        now = self._clock()
        if not ticket.is_over and any(_awaits_reply(deadline) for deadline in self._promises.of(ticket, now)):
            locked = self._casework.locked(uow, ticket.number)
            self._casework.keep(uow, locked.note("reply", person.name, mask(text), now))

    def _change(
        self, uow: UnitOfWork, before: Conversation, after: Conversation, reason: str, person: Person, note: str = ""
    ) -> None:
        change = OwnerChange(after.id, after.epoch, after.owner, reason, self._clock(), after.agent, person.name)
        uow.conversations.save_owner(after, change)
        was = {"owner": before.owner.value, "agent": before.agent}
        became = {"owner": after.owner.value, "agent": after.agent}
        uow.trail.add(Change(self._clock(), person.name, f"conversation:{after.id}", reason, mask(note), was, became))

    def _audit(self, uow: UnitOfWork, conversation_id: str, action: str, person: Person, reason: str = "") -> None:
        change = Change(self._clock(), person.name, f"conversation:{conversation_id}", action, mask(reason), {}, {})
        uow.trail.add(change)


def _words(text: str) -> str:
    text = text.strip()
    if not text or len(text) > MOST_CHARS:
        raise InvalidInput(f"请写 1 到 {MOST_CHARS} 个字")
    return text


def _awaits_reply(deadline: Deadline) -> bool:
    return (
        deadline.target in (Target.FIRST_REPLY, Target.NEXT_REPLY)
        and deadline.state in (State.RUNNING, State.WARNED, State.BREACHED)
    )  # fmt: skip


def _key(person: Person, client_id: str) -> str:
    """Keeps what a person sent apart from what the customer, or a colleague, sent under the same id."""
    return f"{person.name}:{client_id}"


def _require_leader(person: Person) -> None:
    if not person.actor.reaches(Role.SUPERVISOR):
        raise NotAllowed("这里需要主管或以上级别，请找主管")


def _who_may(need: Need) -> str:
    return f"这个会话要由{LEVEL_NAMES.get(need.level, '主管')}或以上级别、对应小组的同事接入"
