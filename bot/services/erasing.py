"""A person asks to be forgotten: everything is deleted, or made anonymous where the law asks to keep it (E10)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.audit import ERASE, Change
from bot.domain.errors import Conflict, InvalidInput, NotFound
from bot.domain.privacy import Erasure, Scope
from bot.services.ports import Clock, ErasureLog, FileStore, UnitOfWork, UnitOfWorkFactory

SYSTEM = "system"
AGAIN = "从备份恢复后，再次删除"


@dataclass(frozen=True)
class Erased:
    """What became of a request; `files` are gone, and so many `entries` of the trail have no content any more."""

    erasure: Erasure
    files: int
    entries: int


class Erasing:
    """Forgets people, also in a database that was restored from an older day."""

    def __init__(self, uow: UnitOfWorkFactory, store: FileStore, log: ErasureLog, clock: Clock) -> None:
        self._uow = uow
        self._store = store
        self._log = log
        self._clock = clock

    def scope_of(self, who: str) -> Scope:
        """What belongs to a person: `who` is a phone, or the id of a customer, a conversation or a ticket.

        Raises:
            NotFound: nothing does.
        """
        with self._uow() as uow:
            return _scope_of(uow, who)

    def erase(self, who: str, actor: str, reason: str, even_running: bool = False) -> Erased:
        """Forget a person for good.

        Args:
            reason: why, without personal data; it stays on the audit trail.
            even_running: also where tickets are still worked on, which then lose whom they are for.

        Raises:
            InvalidInput: no reason. NotFound: there is nothing. Conflict: tickets are still worked on.
        """
        if not reason.strip():
            raise InvalidInput("请写明为什么删除（不要写姓名、电话），它会留在改动记录里")
        with self._uow() as uow:
            scope = _scope_of(uow, who)
            running = uow.personal.running_tickets(scope)
            if running and not even_running:
                raise Conflict(f"还有办理中的工单：{'、'.join(running)}。先办完或取消，或确认客户不再需要后强制删除")
            erasure = Erasure(str(uuid.uuid4()), self._clock(), actor, scope)
            files, entries = self._forget(uow, erasure, reason)
            uow.commit()
        self._log.append(erasure)
        self._remove(files)
        return Erased(erasure, len(files), entries)

    def reapply(self) -> int:
        """Forget again whom a restored database has not forgotten; returns how many people that were."""
        with self._uow() as uow:
            known = {erasure.id for erasure in uow.personal.erasures()}
        missing = [erasure for erasure in self._log.read() if erasure.id not in known]
        for erasure in missing:
            with self._uow() as uow:
                files, _ = self._forget(uow, erasure, AGAIN)
                uow.commit()
            self._remove(files)
        return len(missing)

    def _forget(self, uow: UnitOfWork, erasure: Erasure, reason: str) -> tuple[Sequence[tuple[str, str, str]], int]:
        """In the caller's commit; the files that are to be removed after it, and how many entries are empty now."""
        files = uow.personal.files(erasure.scope)
        blank = uow.personal.erase(erasure)
        taken = {"erasure": erasure.id, "entries": [list(one) for one in blank]}
        uow.trail.add(Change(self._clock(), erasure.actor, f"erasure:{erasure.id}", ERASE, reason, {}, taken))
        return files, len(blank)

    def _remove(self, files: Sequence[tuple[str, str, str]]) -> None:
        """A file that stays after a crash here has no row any more: it is cleared away as an orphan."""
        for file_id, digest, _ in files:
            self._store.remove(file_id, digest)


def _scope_of(uow: UnitOfWork, who: str) -> Scope:
    scope = uow.personal.scope_of(who.strip())
    if not scope:
        raise NotFound(f"没有找到“{who[:3]}…”的任何资料：请用电话、客户编号、会话编号或工单号")
    return scope
