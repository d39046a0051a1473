"""Notices to departments and levels: written with what they tell of, and brought until they arrive (C6, D8)."""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.department import Department
from bot.domain.errors import Conflict, CourierFailure, NotFound
from bot.domain.milestones import passing
from bot.domain.notice import Fate, Notice, Way
from bot.services.ports import Clock, Courier, UnitOfWork, UnitOfWorkFactory

log = logging.getLogger(__name__)

BATCH = 100
AT_ONCE = 8
LONGEST_SUBJECT = 200
LEASE = timedelta(seconds=60)
"""How long a node keeps to itself what it has taken to deliver."""
LONGEST_DELIVERY = timedelta(seconds=30)
"""A delivery that takes longer counts as failed; none begins later in a lease than that it can end within it."""
REST = timedelta(seconds=10)
"""How long a receiver that failed is left alone: long enough to spare us, short enough for what it would have taken."""


class Noticeboard:
    """Where use cases post what departments must know."""

    def __init__(self, departments: Mapping[str, Department]) -> None:
        self._departments = departments

    def post(
        self, uow: UnitOfWork, key: str, department: str, subject: str, body: Mapping[str, str], now: datetime
    ) -> None:
        """Put a notice on its way to each address of a department, in the caller's commit (invariant 3).

        Posted again with the same key, it changes nothing. A department without an address gets none.

        Args:
            key: what it is about, up to 110 characters; not posted before for anything else.
            department: its id, or a level's.
        """
        known = self._departments.get(department)
        if known is None:
            log.warning("nobody is told: departments.yml has no %s", department)
            return
        for way in known.ways:
            notice = Notice(
                id=str(uuid.uuid4()), key=f"{key}:{way}", way=way, to=department, subject=subject[:LONGEST_SUBJECT],
                body=dict(body), created_at=now, due_at=now,
            )  # fmt: skip
            uow.notices.add(notice)


class Dispatch:
    """Brings notices to their receivers; each at least once, and with the same id each time."""

    def __init__(self, uow: UnitOfWorkFactory, couriers: Mapping[Way, Courier], clock: Clock) -> None:
        self._uow = uow
        self._couriers = couriers
        self._clock = clock
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def send_due(self) -> int:
        """Deliver what is due: to several receivers at once, to each in the order of posting.

        Returns:
            How many deliveries were tried; 0 when nothing is due.
        """
        lanes, until = await asyncio.to_thread(self._claim)
        async with asyncio.TaskGroup() as group:
            rounds = [group.create_task(self._serve(lane, until)) for lane in lanes]
        return sum(round.result() for round in rounds)

    def of_state(self, state: Fate, limit: int = 100) -> list[Notice]:
        """Notices in a state, the newest first."""
        with self._uow() as uow:
            return uow.notices.of_state(state, limit)

    def dead(self, limit: int = 100) -> list[Notice]:
        """Those that were tried often enough and wait for a person."""
        return self.of_state(Fate.DEAD, limit)

    def retry(self, notice_id: str) -> Notice:
        """Somebody has mended the way: deliver it now, with as many attempts as a new one.

        Raises:
            NotFound: there is no such notice. Conflict: it has arrived.
        """
        with self._uow() as uow:
            notice = uow.notices.get(notice_id)
            if notice is None:
                raise NotFound(f"没有通知 {notice_id}，请用 anfu notices list 查看编号")
            if notice.state is Fate.SENT:
                raise Conflict(f"通知 {notice_id} 已经送达，不用重发")
            revived = notice.revive(self._clock())
            uow.notices.save(revived)
            uow.commit()
        return revived

    def _claim(self) -> tuple[list[deque[Notice]], datetime]:
        """What is due, by receiver, and until when no other node takes it; after a crash it is due again then."""
        now = self._clock()
        lanes: dict[tuple[str, Way], deque[Notice]] = {}
        with self._uow() as uow:
            for notice in sorted(uow.notices.due(now, BATCH), key=lambda notice: notice.created_at):
                uow.notices.save(replace(notice, due_at=now + LEASE))
                lanes.setdefault((notice.to, notice.way), deque()).append(notice)
            uow.commit()
        if lanes:
            passing("notice claimed")
        return list(lanes.values()), now + LEASE

    async def _serve(self, lane: deque[Notice], until: datetime) -> int:
        """Deliver to one receiver until one fails or time is up; the rest is given back."""
        tried = 0
        while lane:
            async with self._slots:
                if self._clock() > until - LONGEST_DELIVERY:
                    await asyncio.to_thread(self._store, lane, until)
                    break
                notice = await self._tried(lane.popleft())
            tried += 1
            if notice.state is not Fate.SENT:
                later = [replace(other, due_at=self._clock() + REST) for other in lane]
                await asyncio.to_thread(self._store, [notice, *later], until)
                break
            await asyncio.to_thread(self._store, [notice], until)
        return tried

    async def _tried(self, notice: Notice) -> Notice:
        """What became of it."""
        try:
            async with asyncio.timeout(LONGEST_DELIVERY.total_seconds()):
                await self._courier_for(notice).deliver(notice)
            passing("notice sent")
            return notice.arrived(self._clock())
        except CourierFailure as failure:
            error = str(failure)
        except TimeoutError:
            error = f"{LONGEST_DELIVERY.seconds} 秒内没有送到"
        except Exception:
            log.exception("delivering notice %s failed in an unforeseen way", notice.id)
            error = "程序出错，请看日志"
        failed = notice.failed(error, self._clock())
        if failed.state is Fate.DEAD:
            log.error("notice %s to %s is dead: see `anfu notices list --state dead`", notice.id, notice.to)
        return failed

    def _courier_for(self, notice: Notice) -> Courier:
        courier = self._couriers.get(notice.way)
        if courier is None:
            raise CourierFailure("没有设置发信服务器：请设置 ANFU_SMTP，重启后再重发")
        return courier

    def _store(self, notices: Iterable[Notice], claimed_until: datetime) -> None:
        with self._uow() as uow:
            for notice in notices:
                uow.notices.settle(notice, claimed_until)
            uow.commit()
