"""Bringing our words to customers on other people's platforms: few messages, none twice, none beyond what is allowed.

A message is claimed and counted in one commit before it goes, and settled in another one after. What a killed process
had in hand may have arrived: it is not sent again, unless the platform knows it again (`Limits.repeats`), and is
never called sent (W2, invariant 3).
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain import concern
from bot.domain.milestones import passing
from bot.domain.parcel import Parcel, is_for_the_reserve, next_parcel
from bot.domain.pause import Pause
from bot.domain.reach import Reach
from bot.domain.scripts import ScriptBook
from bot.services.again import again
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.ports.channels import Channel, Envelope, Outcome, OutgoingFile, Receipt, Waiting

log = logging.getLogger(__name__)

LINK_DAYS = 7
"""How long a file can be fetched that the platform cannot bring."""
BATCH = 64
AT_ONCE = 16
IN_HAND = timedelta(minutes=2)
"""How long an attempt may take; longer than any channel's time-outs together."""
EXPIRES_AFTER = timedelta(hours=48)
"""What could not go for so long is no answer any more."""
LONGEST_BACKOFF = timedelta(minutes=5)
MOST_DOUBLINGS = 9
MOST_TRIES = 30
"""About two hours; then a person should know."""
MORE_WAITS = "（还有，回复“继续”接着看）"

KILLED = "发送途中服务中断，可能没有送到"
EXPIRED = "48 小时内客户没有再来消息，没能送出"
HELD = "平台的条数用完了，等客户再发消息后送出"
PASSIVE = "客户下次发消息时送出"
GIVEN_UP = "试了多次都没有送到"

LATE = Receipt(Outcome.LATER, "这台机器卡住了一会儿，还没有发")

FileOf = Callable[[str], OutgoingFile | None]
LinkTo = Callable[[str], str]
Changed = Callable[[str, Sequence[int]], Awaitable[None]]


@dataclass(frozen=True)
class _Claim:
    id: str
    parcel: Parcel
    external_id: str
    attempts: int
    reach: Reach
    """What might go when it went."""
    until: datetime
    """When it is anybody's again: who hung for long must not send what another may have sent, or given up."""
    is_repeated: bool
    """An attempt before may have brought it: it must stay the same, to be known again."""

    @property
    def seqs(self) -> list[int]:
        return [message.seq for message in self.parcel.messages]

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.parcel.messages]


class Sending:
    """Sends what waits for one channel."""

    def __init__(
        self, uow: UnitOfWorkFactory, channel: Channel, file_of: FileOf, link_to: LinkTo, scripts: ScriptBook,
        changed: Changed, clock: Clock,
    ) -> None:  # fmt: skip
        """Take what is needed.

        Args:
            file_of: the file of an attachment; None where it is gone.
            link_to: the address at which a customer finds an attachment that the channel cannot bring, for
                `LINK_DAYS`.
            changed: tells the desk that messages (conversation, `seq`s) have another state now.
        """
        self._uow = uow
        self._channel = channel
        self._file_of = file_of
        self._link_to = link_to
        self._scripts = scripts
        self._changed = changed
        self._clock = clock
        self._pause = Pause()

    async def drain(self) -> int:
        """Send what is due, several customers at a time, each in order.

        Returns:
            How many messages went out.
        """
        if self._pause.lasts(self._clock()):
            return 0
        places = asyncio.Semaphore(AT_ONCE)

        async def one(conversation_id: str) -> int:
            async with places:
                concern.conversation_id.set(conversation_id)
                return await self._send_all(conversation_id)

        due = await asyncio.to_thread(self._due)
        results = await asyncio.gather(*map(one, due), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                log.error("sending failed; it is tried again", exc_info=result)
        return sum(result for result in results if isinstance(result, int))

    def pick_up(self, conversation_id: str) -> str | None:
        """What waits for a customer whom we can only answer while they ask; called sent, for there is no receipt (W1).

        Returns:
            None where nothing waits.
        """
        with self._uow() as uow:
            uow.conversations.lock(conversation_id)
            waiting = uow.outbox.waiting(conversation_id)
            if not waiting:
                return None
            limits = self._channel.limits
            room = replace(limits, text_bytes=max(0, limits.text_bytes - len(MORE_WAITS.encode())))
            parcel = next_parcel([one.message for one in waiting], room, waiting[0].part)
            text = self._words(parcel)
            self._take_off(uow, parcel)
            if uow.outbox.waiting(conversation_id):
                text += MORE_WAITS
            uow.commit()
        return text

    def _due(self) -> list[str]:
        with self._uow() as uow:
            return list(uow.outbox.due_conversations(self._channel.name, self._clock(), BATCH))

    async def _send_all(self, conversation_id: str) -> int:
        sent = 0
        while True:
            claim, told = await asyncio.to_thread(again, self._claim, conversation_id)
            if told:
                await self._changed(conversation_id, told)
            if claim is None:
                return sent
            passing("parcel claimed")
            envelope = await asyncio.to_thread(self._envelope, claim)
            is_late = self._clock() > claim.until - IN_HAND / 2
            receipt = LATE if is_late else await self._channel.send(envelope)
            passing("parcel sent")
            goes_on = await asyncio.to_thread(again, self._settle, claim, receipt)
            passing("parcel settled")
            await self._changed(conversation_id, claim.seqs)
            if not goes_on:
                return sent
            sent += 1

    def _claim(self, conversation_id: str) -> tuple[_Claim | None, list[int]]:
        """Take the next parcel in hand and count it; also the messages whose state has changed meanwhile."""
        now, limits = self._clock(), self._channel.limits
        with self._uow() as uow:
            conversation = uow.conversations.lock(conversation_id)
            waiting = uow.outbox.waiting(conversation_id)
            if conversation is None or any(one.claimed_until and one.claimed_until >= now for one in waiting):
                return None, []
            left_behind = [one for one in waiting if one.claim]
            is_over = not limits.repeats or any(one.attempts >= MOST_TRIES for one in left_behind)
            note = GIVEN_UP if limits.repeats else KILLED
            told = self._give_up(uow, left_behind, "unknown", note) if is_over else []
            told += self._give_up(uow, [one for one in waiting if _is_expired(one, now)], "failed", EXPIRED)
            waiting = [one for one in waiting if one.message.seq not in told]
            repeated = [one for one in left_behind if one.message.seq not in told]
            if not waiting or not (repeated or any(one.due_at <= now for one in waiting)):
                uow.commit()
                return None, told
            if not repeated and (why := self._count(uow, waiting)):
                told += self._hold(uow, waiting, why)
                uow.commit()
                return None, told
            parcel = next_parcel([one.message for one in repeated or waiting], limits, waiting[0].part)
            claim = _Claim(
                str(uuid.uuid4()), parcel, conversation.external_id, waiting[0].attempts,
                uow.reaches.get(conversation_id), now + IN_HAND, bool(repeated),
            )  # fmt: skip
            uow.outbox.claim(claim.ids, claim.id, claim.until, again=claim.is_repeated)
            uow.commit()
        return claim, told

    def _count(self, uow: UnitOfWork, waiting: Sequence[Waiting]) -> str:
        """Count one message more; where none may go, the reason, and nothing is counted."""
        limits, now = self._channel.limits, self._clock()
        if limits.passive:
            return PASSIVE
        reach = uow.reaches.get(waiting[0].message.conversation_id)
        if not reach.may_send(now, limits, any(is_for_the_reserve(one.message) for one in waiting)):
            return HELD
        if limits.counts:
            uow.reaches.save(reach.spent(now))
        return ""

    def _settle(self, claim: _Claim, receipt: Receipt) -> bool:
        """Store what became of it; returns whether the next one may be tried now."""
        now, conversation_id = self._clock(), claim.parcel.messages[0].conversation_id
        with self._uow() as uow:
            uow.conversations.lock(conversation_id)
            if not uow.outbox.claimed(conversation_id, claim.id):
                return False  # it took longer than an attempt may; somebody else has dealt with it
            reach = uow.reaches.get(conversation_id)
            if receipt.outcome in (Outcome.CLOSED, Outcome.GONE) and reach.has_opened_since(claim.reach):
                receipt = replace(receipt, outcome=Outcome.LATER)  # said before the customer came or wrote meanwhile
            if receipt.outcome is Outcome.LATER and claim.is_repeated:
                receipt = replace(receipt, outcome=Outcome.UNKNOWN)
            match receipt.outcome:
                case Outcome.SENT:
                    self._take_off(uow, claim.parcel)
                case Outcome.UNKNOWN if self._channel.limits.repeats:
                    uow.outbox.claim(claim.ids, claim.id, now + _wait(claim, receipt))
                case Outcome.UNKNOWN:
                    self._end(uow, claim, "unknown", receipt.reason)
                case Outcome.LATER if claim.attempts >= MOST_TRIES:
                    uow.reaches.save(reach.returned(now, self._channel.limits))
                    self._end(uow, claim, "failed", f"{GIVEN_UP}：{receipt.reason}")
                case Outcome.LATER:
                    uow.reaches.save(reach.returned(now, self._channel.limits))
                    self._put_back(uow, claim, receipt, now + _wait(claim, receipt))
                case Outcome.CLOSED if claim.is_repeated:
                    uow.reaches.save(reach.used_up())
                    self._end(uow, claim, "unknown", receipt.reason)
                case Outcome.CLOSED:
                    uow.reaches.save(reach.used_up())
                    self._put_back(uow, claim, receipt, now)
                    self._hold(uow, uow.outbox.waiting(conversation_id), receipt.reason)
                case Outcome.GONE:
                    uow.reaches.save(replace(Reach(conversation_id, has_left=True), state=reach.state))
                    uow.outbox.put_back(claim.ids, now)
                    self._give_up(uow, uow.outbox.waiting(conversation_id), "failed", receipt.reason)
                case Outcome.REFUSED:
                    uow.reaches.save(reach.returned(now, self._channel.limits))
                    self._end(uow, claim, "failed", receipt.reason)
            uow.commit()
        if receipt.everyone and receipt.after:
            until = self._pause.begin(now, receipt.after)
            log.error("%s: sending is paused until %s: %s", self._channel.name, until, receipt.reason)
        return receipt.outcome in (Outcome.SENT, Outcome.REFUSED)

    def _take_off(self, uow: UnitOfWork, parcel: Parcel) -> None:
        """It has gone: the next part, or the next messages."""
        if not parcel.is_last:
            uow.outbox.advance(parcel.messages[0].id, parcel.part + 1)
            return
        for message in parcel.messages:
            uow.outbox.sent(message.id)
        uow.messages.mark_delivery([message.id for message in parcel.messages], "sent")

    def _end(self, uow: UnitOfWork, claim: _Claim, state: str, note: str) -> None:
        for message_id in claim.ids:
            uow.outbox.sent(message_id)
        uow.messages.mark_delivery(claim.ids, state, note)

    def _put_back(self, uow: UnitOfWork, claim: _Claim, receipt: Receipt, at: datetime) -> None:
        uow.outbox.put_back(claim.ids, at)
        uow.messages.mark_delivery(claim.ids, "waiting", receipt.reason)

    def _give_up(self, uow: UnitOfWork, waiting: Sequence[Waiting], state: str, note: str) -> list[int]:
        for one in waiting:
            uow.outbox.sent(one.message.id)
        uow.messages.mark_delivery([one.message.id for one in waiting], state, note)
        return [one.message.seq for one in waiting]

    def _hold(self, uow: UnitOfWork, waiting: Sequence[Waiting], note: str) -> list[int]:
        """Nothing can go until the customer does something, or it is too old."""
        first = waiting[0].message
        uow.outbox.hold(first.conversation_id, first.sent_at + EXPIRES_AFTER)
        uow.messages.mark_delivery([one.message.id for one in waiting], "waiting", note)
        return [one.message.seq for one in waiting]

    def _envelope(self, claim: _Claim) -> Envelope:
        """What the channel is given; outside the transaction, since looking for the file takes one of its own."""
        parcel = claim.parcel
        file = self._file_of(parcel.file_id) if parcel.file_id else None
        if file and file.type not in self._channel.limits.sends_files:
            file = None
        conversation_id = parcel.messages[0].conversation_id
        words = parcel.text if file else self._words(parcel)
        return Envelope(parcel.id, conversation_id, claim.external_id, words, parcel.buttons, parcel.choice_seq, file)

    def _words(self, parcel: Parcel) -> str:
        if not parcel.file_id:
            return parcel.text
        link, days = self._link_to(parcel.file_id), str(LINK_DAYS)
        return f"{parcel.text}\n{self._scripts.render('channel.file', link=link, days=days).text}"


def _is_expired(one: Waiting, now: datetime) -> bool:
    return one.claim is None and now - one.message.sent_at >= EXPIRES_AFTER


def _wait(claim: _Claim, receipt: Receipt) -> timedelta:
    usual = min(timedelta(seconds=2 ** min(claim.attempts, MOST_DOUBLINGS)), LONGEST_BACKOFF)
    return receipt.after or usual
