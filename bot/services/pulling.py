"""Fetching what customers sent, from platforms that only say that there is something (W3).

What a page brings and where the next one begins are one commit: killed at any moment, nothing is lost; and what is
pulled again is known by its key (invariant 1).
"""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.conversation import Conversation
from bot.domain.errors import AnfuError, ChannelFailure, Undone
from bot.domain.incoming import Did, Incoming
from bot.domain.message import Message
from bot.domain.milestones import passing
from bot.domain.parcel import went_as
from bot.domain.pause import Pause
from bot.services.again import again
from bot.services.intake import Intake, Received
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.ports.channels import ENDED, WITH_PEOPLE, Failure, Page, Pull, Puller

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""How long a node has an account to itself; longer than a page takes."""
LOOK_EVERY = timedelta(hours=1)
"""How often all accounts are looked at, besides at the start: a platform calls three times, and then no more."""
LONGEST_BACKOFF = timedelta(minutes=5)
MOST_DOUBLINGS = 9

WakeTurn = Callable[[str, float | None], None]
Changed = Callable[[str, Sequence[int]], Awaitable[None]]


@dataclass(frozen=True)
class _Stored:
    """What came in, and where a page has changed something (conversation → `seq`s of what is told otherwise now)."""

    received: list[Received]
    changed: Mapping[str, Sequence[int]]


class Pulling:
    """Fetches from one platform."""

    def __init__(
        self, uow: UnitOfWorkFactory, puller: Puller, intake: Intake, clock: Clock, wake_turn: WakeTurn,
        changed: Changed,
    ) -> None:  # fmt: skip
        """Take what is needed.

        Args:
            wake_turn: sees to it that a conversation is answered after so many seconds (None: the usual ones).
            changed: tells readers that there is something new in a conversation, and which of its messages (`seq`s)
                tell of themselves something else than before.
        """
        self._uow = uow
        self._puller = puller
        self._intake = intake
        self._clock = clock
        self._wake_turn = wake_turn
        self._changed = changed
        self._failures: Counter[str] = Counter()
        self._looked = Pause()

    async def drain(self) -> int:
        """Fetch one page from each account that has more.

        Returns:
            How many pages came; while it is not 0 there may be more.
        """
        return sum([await self._pull(pull) for pull in await asyncio.to_thread(self._take)])

    async def _pull(self, pull: Pull) -> int:
        try:
            page = await self._puller.pull(pull.account, pull.token, pull.cursor)
            passing("page fetched")
            stored = await asyncio.to_thread(again, self._store, pull, page)
            passing("page stored")
        except Exception as failure:
            # One account's trouble is not the other accounts', which this node has in hand as well.
            if not isinstance(failure, ChannelFailure | Undone):
                log.exception("a page of %s could not be dealt with", self._puller.channel)
            await asyncio.to_thread(self._retry_later, pull, failure)
            return 0
        self._failures.pop(pull.account, None)
        for conversation_id in dict.fromkeys(one.conversation_id for one in stored.received if one.wants_turn):
            self._wake_turn(conversation_id, self._puller.limits.quiet_seconds)
        for conversation_id, seqs in stored.changed.items():
            await self._changed(conversation_id, seqs)
        return 1

    def _take(self) -> list[Pull]:
        now = self._clock()
        with self._uow() as uow:
            if looks := not self._looked.lasts(now):
                uow.pulls.want_all(self._puller.channel, now)
            pulls = uow.pulls.take(self._puller.channel, str(uuid.uuid4()), now, now + LEASE)
            uow.commit()
        if looks:
            self._looked.begin(now, LOOK_EVERY)
        return pulls

    def _store(self, pull: Pull, page: Page) -> _Stored:
        """Everything of a page, and where the next one begins."""
        with self._uow() as uow:
            received = [self._store_one(uow, page, incoming) for incoming in page.incoming]
            wrote = {
                one.conversation_id
                for one, incoming in zip(received, page.incoming, strict=True)
                if one.fresh and incoming.did is Did.WROTE
            }
            changed: dict[str, list[int]] = {one.conversation_id: [] for one in received if one.fresh}
            changed |= {conversation_id: [] for conversation_id in self._note_states(uow, page, wrote)}
            for failure in page.failures:
                for message in self._note_failure(uow, failure):
                    changed.setdefault(message.conversation_id, []).append(message.seq)
            if not uow.pulls.advance(pull, page.cursor, page.has_more, self._clock()):
                return _Stored([], {})  # this node hung past its lease: what it has read is old, and another's matter
            uow.commit()
        return _Stored(received, changed)

    def _store_one(self, uow: UnitOfWork, page: Page, incoming: Incoming) -> Received:
        """One thing of a page; what customers write to colleagues in 企业微信 is for those to answer."""
        received = self._intake.store(uow, self._puller.channel, self._puller.limits, incoming)
        if not received.wants_turn:
            return received
        conversation_id = received.conversation_id
        state = page.states.get(incoming.external_id, uow.reaches.get(conversation_id).state)
        message = uow.messages.by_dedupe_key(conversation_id, incoming.key)
        if state != WITH_PEOPLE or message is None:
            return received
        uow.messages.mark_answered(conversation_id, message.seq)
        return replace(received, wants_turn=False)

    def _note_states(self, uow: UnitOfWork, page: Page, wrote: set[str]) -> list[str]:
        """What became of sessions; one that was over begins anew when the customer writes.

        Returns:
            The conversations whose state is another now.
        """
        told = {
            conversation.id: state
            for external_id, state in page.states.items()
            if (conversation := self._known(uow, external_id))
        }
        changed = []
        for conversation_id in sorted({*told, *wrote}):
            reach = uow.reaches.get(conversation_id)
            state = told.get(conversation_id, "" if reach.state == ENDED else reach.state)
            if state != reach.state:
                uow.reaches.save(replace(reach, state=state))
                changed.append(conversation_id)
        return changed

    def _note_failure(self, uow: UnitOfWork, failure: Failure) -> Sequence[Message]:
        """What the platform took did not arrive after all: the people at the desk must know which."""
        conversation = self._known(uow, failure.external_id)
        failed = went_as(failure.envelope_id, uow.messages.after(conversation.id, 0)) if conversation else ()
        uow.messages.mark_delivery([message.id for message in failed], "failed", failure.reason)
        return failed

    def _known(self, uow: UnitOfWork, external_id: str) -> Conversation | None:
        """The customer's conversation, locked; None where there is none."""
        opened = Conversation(str(uuid.uuid4()), self._puller.channel, external_id, self._clock())
        return uow.conversations.lock_of(opened, or_open=False)

    def _retry_later(self, pull: Pull, failure: Exception) -> None:
        self._failures[pull.account] += 1
        doublings = min(self._failures[pull.account], MOST_DOUBLINGS)
        wait = min(timedelta(seconds=2**doublings), LONGEST_BACKOFF)
        why = failure if isinstance(failure, AnfuError) else type(failure).__name__
        log.warning("%s of %s: %s; tried again in %s", self._puller.channel, pull.account, why, wait)
        with self._uow() as uow:
            uow.pulls.retry_later(pull, self._clock() + wait)
            uow.commit()
