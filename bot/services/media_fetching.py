"""Customers' files: fetched from the platforms before those throw them away, and shown at the desk (W5)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from bot.domain.attachment import FETCHED_WORDS, MOST_BYTES
from bot.domain.errors import ChannelFailure, Conflict, InvalidInput, MediaGone, StorageFull, TooLong
from bot.services.attachments import Attachments
from bot.services.ports import Clock, UnitOfWorkFactory
from bot.services.ports.channels import Channel, Fetch

log = logging.getLogger(__name__)

AT_ONCE = 4
LEASE = timedelta(seconds=60)
"""How long a node has a file to itself; longer than it may take to come."""
WITHIN_SECONDS = 50.0
TRIES = 5
FIRST_WAIT = timedelta(seconds=30)
LONGER_BY = 4
"""The next wait is so many times as long: five tries take three quarters of an hour."""

Changed = Callable[[str, Sequence[int]], Awaitable[None]]


class MediaFetching:
    """Fetches the files of one channel's customers."""

    def __init__(
        self, uow: UnitOfWorkFactory, channel: Channel, attachments: Attachments, clock: Clock, changed: Changed
    ) -> None:
        """Take what is needed.

        Args:
            changed: tells the desk that messages (conversation, `seq`s) say something else now.
        """
        self._uow = uow
        self._channel = channel
        self._attachments = attachments
        self._clock = clock
        self._changed = changed

    async def drain(self) -> int:
        """Fetch some of what is due.

        Returns:
            How many were dealt with, in whichever way; while it is not 0 there may be more.
        """
        due = await asyncio.to_thread(self._take)
        await asyncio.gather(*map(self._deal_with, due))
        return len(due)

    async def _deal_with(self, fetch: Fetch) -> None:
        try:
            seq = await self._fetched(fetch)
        except TooLong:
            seq = await self._give_up(fetch, f"超过 {MOST_BYTES // 1024 // 1024} MB")
        except InvalidInput:
            seq = await self._give_up(fetch, "这种格式不能收")
        except (MediaGone, Conflict) as reason:
            seq = await self._give_up(fetch, str(reason))
        except (ChannelFailure, StorageFull) as failure:
            seq = await self._later(fetch, str(failure))
        except TimeoutError:
            seq = await self._later(fetch, f"not within {WITHIN_SECONDS:g} seconds")
        except Exception:
            log.exception("fetching a customer's file failed in an unforeseen way")
            seq = await self._later(fetch, "see above")
        if seq:
            await self._changed(fetch.conversation_id, [seq])

    async def _fetched(self, fetch: Fetch) -> int | None:
        """Bring the file here; the `seq` of the message that now tells of it, None where somebody else was quicker."""
        file_id, upload = self._attachments.receive()
        with upload:
            async with asyncio.timeout(WITHIN_SECONDS):
                async for piece in self._channel.fetch(fetch.media):
                    await asyncio.to_thread(upload.write, piece)
            kept = await asyncio.to_thread(self._attachments.keep_fetched, fetch, file_id, upload)
        return kept.seq if kept else None

    async def _later(self, fetch: Fetch, failure: str) -> int | None:
        """Try again then; after some tries in vain, no more."""
        log.warning("a customer's file (%s) has not come: %s", fetch.media.kind, failure)
        if fetch.attempts + 1 >= TRIES:
            return await self._give_up(fetch, f"试了 {TRIES} 次都没有成功")
        await asyncio.to_thread(self._retry, fetch)
        return None

    async def _give_up(self, fetch: Fetch, reason: str) -> int | None:
        return await asyncio.to_thread(self._restate, fetch, reason)

    def _take(self) -> list[Fetch]:
        now = self._clock()
        with self._uow() as uow:
            fetches = uow.fetches.take(self._channel.name, now, now + LEASE, AT_ONCE)
            uow.commit()
        return fetches

    def _retry(self, fetch: Fetch) -> None:
        with self._uow() as uow:
            uow.fetches.retry_later(fetch.message_id, self._clock() + FIRST_WAIT * LONGER_BY**fetch.attempts)
            uow.commit()

    def _restate(self, fetch: Fetch, reason: str) -> int | None:
        """The message says that its file never came; words of its own that it has stay."""
        with self._uow() as uow:
            uow.conversations.lock(fetch.conversation_id)
            message = uow.messages.get(fetch.message_id)
            if not uow.fetches.done(fetch.message_id) or message is None:
                return None
            source = message.source or {}
            text = f"[{FETCHED_WORDS[fetch.media.kind]}，没能取到：{reason}]"
            says = text if source.get("kind") == "media" else message.text
            uow.messages.restate(message.id, says, {**source, "failed": reason})
            uow.commit()
        return message.seq
