"""How a person's conversation ends: back to the bot with consent, closed with a reason, or by silence (F7, F8, H1)."""

import uuid
from dataclasses import replace
from datetime import timedelta

from bot.domain.audit import Change
from bot.domain.conversation import Conversation, Owner, OwnerChange
from bot.domain.desk import BEST_SCORE, DeskRules, Rating
from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.message import Button, Reply, Sender
from bot.domain.person import Person
from bot.domain.scripts import ScriptBook
from bot.domain.text import mask
from bot.services.desk import Desk
from bot.services.handoff import Handoff
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

RETURN, STAY = frozenset({"回到小安"}), frozenset({"继续人工", "繼續人工"})
"""What the customer clicks, or says, when asked to go back to the bot (F7)."""
COMMENT = frozenset({"写几句", "寫幾句"})
"""What the customer clicks to answer the open question (H1)."""
INACTIVE = "inactive"
RATED_WITHIN = timedelta(days=7)
MOST_SUMMARY_CHARS = 2000
BATCH = 50


class Farewells:
    """Ends conversations, and hears what customers click at the end."""

    def __init__(
        self, uow: UnitOfWorkFactory, desk: Desk, handoff: Handoff, scripts: ScriptBook, rules: DeskRules, clock: Clock
    ) -> None:
        self._uow = uow
        self._desk = desk
        self._handoff = handoff
        self._scripts = scripts
        self._rules = rules
        self._clock = clock

    def ask_return(self, conversation_id: str, person: Person) -> Conversation:
        """Ask the customer whether the bot may go on (F7); asked once until answered.

        Raises:
            Conflict: it is not held by this person. NotFound, NotAllowed.
        """
        with self._uow() as uow:
            conversation = self._held(uow, conversation_id, person)
            if not conversation.return_asked:
                uow.desk.ask_return(conversation_id, True, self._clock())
                self._handoff.say(uow, conversation, [self._scripts.render("desk.return_asked")])
                self._audit(uow, conversation_id, person.name, "return_asked")
                uow.commit()
        return replace(conversation, return_asked=True)

    def close(self, conversation_id: str, person: Person, reason: str, summary: str) -> Conversation:
        """End it, with a goodbye that invites to rate (F8, H1).

        Raises:
            InvalidInput: no such reason, or no summary. Conflict: it is not held by this person. NotFound, NotAllowed.
        """
        if reason not in self._rules.reasons or reason == INACTIVE:
            raise InvalidInput("请从列表里选一个结束原因")
        summary = summary.strip()
        if not summary or len(summary) > MOST_SUMMARY_CHARS:
            raise InvalidInput(f"小结请写 1 到 {MOST_SUMMARY_CHARS} 个字")
        with self._uow() as uow:
            conversation = self._held(uow, conversation_id, person)
            closed = self._close(uow, conversation, reason, summary, person.name)
            uow.commit()
        return closed

    def end_silent(self) -> int:
        """A batch of what silence asks for: a question whether anything is left, and later the end (F8).

        Returns:
            How many conversations were spoken to or ended.
        """
        now = self._clock()
        shortest = min(self._rules.notice_after, self._rules.close_after)
        with self._uow() as uow:
            silent = uow.desk.silent_since(Owner.HUMAN, now - shortest, BATCH)
            quiet = uow.desk.silent_since(Owner.BOT, now - self._rules.bot_closes_after, BATCH)
            done = [self._after_silence(uow, conversation_id) for conversation_id in silent]
            done += [self._end_quietly(uow, conversation_id) for conversation_id in quiet]
            uow.commit()
        return sum(done)

    def hear(self, uow: UnitOfWork, conversation_id: str, text: str) -> bool:
        """Do what a click, or the awaited comment, says in the caller's commit; False where it is none (H1, F7)."""
        conversation = uow.conversations.lock(conversation_id)
        if conversation is None:
            return False
        if conversation.owner is Owner.HUMAN and conversation.return_asked and text.strip() in RETURN | STAY:
            self._answer_return(uow, conversation, agreed=text.strip() in RETURN)
            return True
        has_ended = bool(conversation.served_until) and conversation.owner is Owner.BOT
        return has_ended and self._hear_rating(uow, conversation, text.strip())

    def rate(self, conversation_id: str, score: int, comment: str = "") -> Rating:
        """The customer gives points and maybe a few words, once after each end (H1).

        Raises:
            NotFound: no such conversation. InvalidInput: no score from 1 to 5.
            Conflict: it goes on, ended too long ago, or was rated.
        """
        if not 1 <= score <= BEST_SCORE:
            raise InvalidInput(f"请给 1 到 {BEST_SCORE} 分")
        now = self._clock()
        with self._uow() as uow:
            conversation = uow.conversations.lock(conversation_id)
            if conversation is None:
                raise NotFound("没有这个会话，请刷新页面重新开始")
            ended = conversation.served_until
            if ended is None or conversation.owner is not Owner.BOT or now - ended > RATED_WITHIN:
                raise Conflict("这次会话现在不能评价，人工服务结束后的几天里可以")
            if self._of_this_end(uow, conversation):
                raise Conflict("您已经评价过了，谢谢您")
            rating = Rating(
                str(uuid.uuid4()), conversation.id, conversation.agent, score, now, comment.strip() or None
            )  # fmt: skip
            uow.ratings.add(rating, "customer", "评价", now)
            told = "desk.rated_well" if score >= 4 else "desk.rated_badly"
            self._tell(uow, conversation, "desk.comment_kept" if rating.comment else told)
            uow.commit()
        return rating

    def _held(self, uow: UnitOfWork, conversation_id: str, person: Person) -> Conversation:
        conversation = self._desk.locked(uow, conversation_id, person)
        if not conversation.is_held_by(person.name):
            raise Conflict("这个会话不在您手上，请先接入")
        return conversation

    def _close(self, uow: UnitOfWork, conversation: Conversation, reason: str, summary: str, by: str) -> Conversation:
        now = self._clock()
        closed = conversation.close(reason, summary, now)
        uow.conversations.save_owner(closed, OwnerChange(closed.id, closed.epoch, closed.owner, reason, now, by=by))
        uow.conversations.save_state(closed.id, None)
        goodbye = self._scripts.render("desk.goodbye", told=closed.epoch, buttons=self._scores())
        self._handoff.say(uow, closed, [goodbye])
        self._audit(uow, closed.id, by, "close", f"{self._rules.reasons[reason]}：{summary}")
        return closed

    def _after_silence(self, uow: UnitOfWork, conversation_id: str) -> bool:
        conversation, now = uow.conversations.lock(conversation_id), self._clock()
        said = [message for message in uow.desk.last_messages(conversation_id, 20) if not message.note]
        if conversation is None or conversation.owner is not Owner.HUMAN or conversation.waiting_since or not said:
            return False
        last = said[-1]
        if (last.source or {}).get("id") == "desk.still_there":
            if last.sent_at <= now - self._rules.close_after:
                self._close(uow, conversation, INACTIVE, "客户没有再回应，系统自动结束", "system")
                return True
        elif last.sent_at <= now - self._rules.notice_after:
            minutes = str(round(self._rules.close_after.total_seconds() / 60))
            asked = self._scripts.render("desk.still_there", told=last.seq, minutes=minutes)
            self._handoff.say(uow, conversation, [asked])
            return True
        return False

    def _end_quietly(self, uow: UnitOfWork, conversation_id: str) -> bool:
        conversation = uow.conversations.lock(conversation_id)
        if conversation is None or conversation.owner is not Owner.BOT or conversation.closed_at:
            return False
        if conversation.touched_at and conversation.touched_at >= self._clock() - self._rules.bot_closes_after:
            return False  # the customer came back while this waited for the conversation
        closed = conversation.close(INACTIVE, "", self._clock())
        change = OwnerChange(closed.id, closed.epoch, closed.owner, INACTIVE, self._clock(), by="system")
        uow.conversations.save_owner(closed, change)
        return True

    def _answer_return(self, uow: UnitOfWork, conversation: Conversation, agreed: bool) -> None:
        now = self._clock()
        if not agreed:
            uow.desk.ask_return(conversation.id, False, now)
            self._handoff.say(uow, conversation, [self._scripts.render("desk.return_refused")])
            refused = Reply("客户希望继续由人工接待", {"kind": "system", "id": "return_refused"})
            self._handoff.say(uow, conversation, [refused], note=True)
            return
        back = conversation.return_to_bot(now)
        change = OwnerChange(back.id, back.epoch, back.owner, "customer_consent", now, by="customer")
        uow.conversations.save_owner(back, change)
        uow.conversations.save_state(back.id, None)
        agreed_to = self._scripts.render("desk.return_agreed", told=back.epoch, buttons=self._scores())
        self._handoff.say(uow, back, [agreed_to], Sender.BOT)

    def _hear_rating(self, uow: UnitOfWork, conversation: Conversation, text: str) -> bool:
        now = self._clock()
        rating = next(iter(self._of_this_end(uow, conversation)), None)
        score = self._rules.ratings.get(text)
        if rating is None and score and now - (conversation.served_until or now) <= RATED_WITHIN:
            rating = Rating(str(uuid.uuid4()), conversation.id, conversation.agent, score, now)
            uow.ratings.add(rating, "customer", "评价", now)
            self._tell(uow, conversation, "desk.rated_well" if score >= 4 else "desk.rated_badly")
            return True
        if rating and rating.comment is None and text in COMMENT:
            uow.ratings.save(replace(rating, comment=""), "customer", "愿意写几句", now)
            self._tell(uow, conversation, "desk.comment_asked")
            return True
        if rating and rating.comment == "":
            uow.ratings.save(replace(rating, comment=text), "customer", "写了几句", now)
            self._tell(uow, conversation, "desk.comment_kept")
            return True
        return bool(rating and score)  # a second click on the same goodbye changes nothing

    def _scores(self) -> list[Button]:
        return [Button(words, words) for words in self._rules.ratings]

    def _of_this_end(self, uow: UnitOfWork, conversation: Conversation) -> list[Rating]:
        ended = conversation.served_until
        return [r for r in uow.ratings.find(conversation_id=conversation.id) if ended and r.at >= ended]

    def _tell(self, uow: UnitOfWork, conversation: Conversation, script: str) -> None:
        self._handoff.say(uow, conversation, [self._scripts.render(script, told=conversation.epoch)], Sender.BOT)

    def _audit(self, uow: UnitOfWork, conversation_id: str, by: str, action: str, reason: str = "") -> None:
        uow.trail.add(Change(self._clock(), by, f"conversation:{conversation_id}", action, mask(reason)))
