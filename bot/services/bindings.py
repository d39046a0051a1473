"""One customer on the website and in WeChat: joined by a code or a link that only they can have, never by guess (E10).

Of two conversations that are joined, that in WeChat is locked before that on the website, so that a code and a link
that are used at once wait for each other. Who parts in the midst of a turn holds one lock before: of two of these, one
may have to give way, and is tried again.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.audit import Change
from bot.domain.binding import (
    MOST_TOGETHER,
    MOST_WRONG,
    MOST_WRONG_BY_ALL,
    VALID_FOR,
    WRONG_WITHIN,
    Offer,
    Refusal,
    Wish,
    command_in,
    digest,
    new_code,
    new_long_code,
)
from bot.domain.channel import WEBSITE
from bot.domain.conversation import Conversation, Owner
from bot.domain.errors import Conflict, NotAllowed, NotFound
from bot.domain.message import Reply, Sender
from bot.domain.scripts import ScriptBook
from bot.services.again import again
from bot.services.handoff import Handoff
from bot.services.links import Links
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

SITE = WEBSITE
"""The channel where a code is given out and a link is opened; the others take codes and give out links."""
REMEMBER_OFFERS = timedelta(days=1)
"""For so long who comes too late is told so."""
MINUTES = str(round(VALID_FOR.total_seconds() / 60))
BY_BINDING = "绑定时一起确认客户身份"
"""Why a conversation has its customer's file, where another conversation has brought it."""


@dataclass(frozen=True)
class Given:
    """A code that was given out, and until when it may be used."""

    code: str
    expires_at: datetime


class Bindings:
    """Joins conversations of one customer, and parts them."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        handoff: Handoff,
        scripts: ScriptBook,
        links: Links,
        clock: Clock,
        channels: Collection[str],
    ) -> None:
        """Join the website with these channels, which are connected; without any, nothing is said of binding."""
        self.channels = tuple(channels)
        self._uow = uow
        self._handoff = handoff
        self._scripts = scripts
        self._links = links
        self._clock = clock

    def offer(self, conversation_id: str) -> Given:
        """A code that joins this conversation with the one in which it is typed; an earlier one is void.

        Raises:
            NotFound: there is no such conversation.
        """
        with self._uow() as uow:
            conversation = _locked(uow, conversation_id)
            code = new_code()
            while (other := uow.bindings.find_offer(digest(code))) and other.is_open(self._clock()):
                code = new_code()  # no two open offers have one code
            given = Given(code, self._offer(uow, conversation, code))
            uow.commit()
        return given

    def take_up_link(self, conversation_id: str, token: str) -> None:
        """Join a conversation on the website with the one that gave out the link.

        Raises:
            Conflict: they are not joined; the message says why. NotFound: no such conversation, or not our link.
        """
        try:
            code = self._links.read("binding", token, self._clock())
        except NotAllowed:
            raise Conflict(self._render(_script_of(Refusal.EXPIRED)).text) from None
        if refusal := again(self._take_up_code, conversation_id, code):
            raise Conflict(self._render(_script_of(refusal)).text)

    def hear(self, uow: UnitOfWork, conversation_id: str, text: str) -> bool:
        """Do what a text asks for in the caller's commit; False where it is about something else."""
        command = command_in(text)
        conversation = uow.conversations.lock(conversation_id) if command else None
        if command is None or conversation is None:
            return False
        match command.wish:
            case Wish.UNBIND if self.unbind(uow, conversation):
                pass  # all have been told
            case _ if not self.channels:
                return False
            case Wish.UNBIND:
                self._say(uow, conversation, "binding.not_bound")
            case Wish.BIND if conversation.channel == SITE:
                self._say(uow, conversation, "binding.in_menu")
            case Wish.BIND:
                self._give_link(uow, conversation)
            case Wish.TAKE_UP if conversation.channel == SITE:
                self._say(uow, conversation, "binding.elsewhere")
            case Wish.TAKE_UP:
                self._hear_code(uow, conversation, command.code)
        return True

    def bound_to(self, conversation_id: str) -> list[Conversation]:
        """The other conversations of the same customer."""
        with self._uow() as uow:
            others = uow.bindings.together_with(conversation_id)[1:]
            return [found for other in others if (found := uow.conversations.get(other))]

    def unbind(self, uow: UnitOfWork, conversation: Conversation) -> bool:
        """Part a conversation from the others, and tell all of them; False where it was bound to none."""
        uow.bindings.take_turn()
        _, *others = uow.bindings.together_with(conversation.id)
        if not uow.bindings.unbind(conversation.id):
            return False
        self._part(uow, conversation.id)
        self._tell(uow, conversation, "binding.unbound")
        for other in map(uow.conversations.lock, others):
            if other and len(others) == 1:
                uow.bindings.unbind(other.id)  # who is left alone is bound to nobody
                self._part(uow, other.id)
            if other:
                self._tell(uow, other, "binding.unbound")
        return True

    def forget(self, uow: UnitOfWork, conversation_id: str) -> None:
        """Remove binding, offers and reach of a conversation; that it was done is on the trail (E10).

        Raises:
            NotFound: there is no such conversation.
        """
        self.unbind(uow, _locked(uow, conversation_id))
        uow.bindings.forget(conversation_id)
        self._audit(uow, conversation_id, "binding_forgotten", "客户要求删除绑定信息")

    def delete(self, conversation_id: str) -> None:
        """The same in a commit of its own.

        Raises:
            NotFound: there is no such conversation.
        """
        again(self._delete, conversation_id)

    def _delete(self, conversation_id: str) -> None:
        with self._uow() as uow:
            uow.bindings.take_turn()  # before any lock, so that two of these never wait for each other
            self.forget(uow, conversation_id)
            uow.commit()

    def _take_up_code(self, conversation_id: str, code: str) -> Refusal | None:
        with self._uow() as uow:
            uow.bindings.take_turn()
            if offer := uow.bindings.find_offer(digest(code)):
                uow.conversations.lock(offer.conversation_id)
            refusal = self._take_up(uow, _locked(uow, conversation_id), code)
            uow.commit()
        return refusal

    def _offer(self, uow: UnitOfWork, conversation: Conversation, code: str) -> datetime:
        now = self._clock()
        uow.bindings.forget_before(offers=now - REMEMBER_OFFERS, wrong=now - WRONG_WITHIN)
        uow.bindings.offer(Offer(str(uuid.uuid4()), conversation.id, digest(code), now + VALID_FOR))
        return now + VALID_FOR

    def _give_link(self, uow: UnitOfWork, conversation: Conversation) -> None:
        code = new_long_code()
        self._offer(uow, conversation, code)
        link = self._links.make("binding", code, self._clock(), VALID_FOR / timedelta(days=1))
        self._say(uow, conversation, "binding.link", link=link)

    def _hear_code(self, uow: UnitOfWork, conversation: Conversation, code: str) -> None:
        now = self._clock()
        tried = uow.bindings.wrong_since
        since = now - WRONG_WITHIN
        if tried(since, conversation.id) >= MOST_WRONG or tried(since) >= MOST_WRONG_BY_ALL:
            self._say(uow, conversation, _script_of(Refusal.TOO_OFTEN))
            return
        refusal = self._take_up(uow, conversation, code)
        if refusal in (Refusal.WRONG, Refusal.EXPIRED, Refusal.USED):
            uow.bindings.note_wrong(conversation.id, now)
        if refusal and refusal is not Refusal.DIFFERENT:
            self._say(uow, conversation, _script_of(refusal))

    def _take_up(self, uow: UnitOfWork, own: Conversation, code: str) -> Refusal | None:
        """Join with who has offered the code; both are told. The refusal, where they are not joined."""
        now = self._clock()
        offer = uow.bindings.find_offer(digest(code))
        other = uow.conversations.lock(offer.conversation_id) if offer else None
        if offer is None or other is None or other.id == own.id:
            return Refusal.WRONG
        if refusal := offer.refusal(now):
            return refusal
        uow.bindings.take_turn()
        together, theirs = uow.bindings.together_with(own.id), uow.bindings.together_with(other.id)
        if other.id in together:
            return Refusal.ALREADY
        if len(together) + len(theirs) > MOST_TOGETHER:
            return Refusal.FULL
        if not uow.bindings.use(offer.id, now):
            return Refusal.USED  # somebody was quicker, or a newer code has made it void
        return self._join(uow, own, other, [*together, *theirs])

    def _join(self, uow: UnitOfWork, own: Conversation, other: Conversation, ids: list[str]) -> Refusal | None:
        now = self._clock()
        members = [found for id in ids if (found := uow.conversations.get(id))]
        files = {member.customer_id for member in members if member.customer_id}
        if len(files) > 1:
            self._leave_to_people(uow, own, other)
            return Refusal.DIFFERENT
        group = uow.bindings.group_of(other.id) or uow.bindings.group_of(own.id) or str(uuid.uuid4())
        for member in members:
            uow.bindings.bind(member.id, group, now)
        for file in files:
            share_file(uow, own.id, file, now)
        for conversation in (own, other):
            self._audit(uow, conversation.id, "bound", f"客户绑定了{_place(own)}和{_place(other)}的会话", group=group)
            self._tell(uow, conversation, "binding.bound")
        return None

    def _leave_to_people(self, uow: UnitOfWork, own: Conversation, other: Conversation) -> None:
        """The customers of two conversations are two in our files: that is for people to settle."""
        for conversation, place in ((own, _place(other)), (other, _place(own))):
            self._tell(uow, conversation, _script_of(Refusal.DIFFERENT))
            noted = f"客户想把这里和{place}的会话绑定，两边是不同的客户档案，没有绑。请和客户核对是不是同一位。"
            note = Reply(noted, {"kind": "system", "id": "binding_refused"})
            self._handoff.say(uow, conversation, [note], note=True)

    def _part(self, uow: UnitOfWork, conversation_id: str) -> None:
        """What came with the binding goes with it: a file that another conversation has brought."""
        self._audit(uow, conversation_id, "unbound", "客户解除了绑定")
        linked = [e.change for e in uow.trail.entries(_subject(conversation_id)) if e.change.action == "customer"]
        if linked and linked[-1].reason == BY_BINDING and (file := linked[-1].after.get("customer")):
            _link_file(uow, conversation_id, file, None, self._clock())

    def _tell(self, uow: UnitOfWork, conversation: Conversation, script: str) -> None:
        """News of the conversation itself."""
        self._handoff.say(uow, conversation, [self._render(script)])

    def _say(self, uow: UnitOfWork, conversation: Conversation, script: str, link: str = "") -> None:
        """An answer to the customer; while people hold the conversation the bot has no voice in it."""
        sender = Sender.BOT if conversation.owner is Owner.BOT else Sender.SYSTEM
        self._handoff.say(uow, conversation, [self._render(script, link)], sender)

    def _render(self, script: str, link: str = "") -> Reply:
        return self._scripts.render(script, rotation=self._clock().minute, minutes=MINUTES, link=link)

    def _audit(self, uow: UnitOfWork, conversation_id: str, action: str, reason: str, **after: str) -> None:
        uow.trail.add(Change(self._clock(), "customer", _subject(conversation_id), action, reason, {}, after))


def share_file(uow: UnitOfWork, conversation_id: str, file: str, now: datetime) -> None:
    """A customer's file becomes that of all conversations bound to this one that have none yet."""
    for each in uow.bindings.together_with(conversation_id):
        member = uow.conversations.get(each)
        if member and member.customer_id is None:
            _link_file(uow, each, None, file, now)


def _link_file(uow: UnitOfWork, conversation_id: str, before: str | None, after: str | None, now: datetime) -> None:
    uow.desk.link_customer(conversation_id, after, now)
    reason = BY_BINDING if after else "解绑时一起收回"
    files = {"customer": before}, {"customer": after}
    uow.trail.add(Change(now, "customer", _subject(conversation_id), "customer", reason, *files))


def _locked(uow: UnitOfWork, conversation_id: str) -> Conversation:
    conversation = uow.conversations.lock(conversation_id)
    if conversation is None:
        raise NotFound("没有这个会话，请刷新页面重新开始")
    return conversation


def _script_of(refusal: Refusal) -> str:
    return f"binding.{refusal}"


def _subject(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


def _place(conversation: Conversation) -> str:
    return "网站" if conversation.channel == SITE else "微信"
