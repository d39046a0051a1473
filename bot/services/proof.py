"""Whether somebody is who they say: the password and the second factor, with a lock after failures."""

import hashlib
from dataclasses import replace

from bot.domain.audit import Change
from bot.domain.errors import LockedOut, NotRecognised
from bot.domain.sign_in import LOCKED_FOR, MOST_FAILURES, Credentials, as_typed
from bot.services.ports import Clock, PasswordHasher, SecondFactor, UnitOfWork, UnitOfWorkFactory


class Proof:
    """Checks what people prove their names with. Whether a name is known shows neither in answers nor in time."""

    def __init__(
        self, uow: UnitOfWorkFactory, hasher: PasswordHasher, second_factor: SecondFactor, clock: Clock
    ) -> None:
        self._uow = uow
        self._hasher = hasher
        self._second_factor = second_factor
        self._clock = clock

    def of_password(self, name: str, password: str) -> Credentials:
        """What is stored for the name, once the password was right; who goes on successfully calls `succeeded`.

        Raises:
            NotRecognised: unknown, disabled, or wrong. LockedOut: too many failures; the password is not looked at.
        """
        credentials = self._begin(name)
        if self._hasher.verify(credentials.password_hash, as_typed(password)):
            return credentials
        self.failed(name, "密码不对")
        raise NotRecognised("姓名或密码不对，请核对后再试")

    def of_code(self, credentials: Credentials, code: str) -> Credentials | None:
        """What is to be stored after the second factor was shown, so that its code works once; None if it was not."""
        step = self._second_factor.step(credentials.totp_secret or "", code, self._clock())
        if step is not None:
            return replace(credentials, totp_step=step) if step > credentials.totp_step else None
        used = recovery_digest(code)
        left = tuple(known for known in credentials.recovery_codes if known != used)
        return replace(credentials, recovery_codes=left) if left != credentials.recovery_codes else None

    def fresh_hash(self, credentials: Credentials, password: str) -> str | None:
        """The stored hash, made anew where it was made by older rules."""
        stored = credentials.password_hash
        return self._hasher.hash(as_typed(password)) if stored and self._hasher.is_outdated(stored) else stored

    def succeeded(self, uow: UnitOfWork, name: str) -> None:
        """All was proven: earlier failures are forgotten."""
        uow.sessions.forget_failures(name)

    def half_done(self, uow: UnitOfWork, name: str) -> None:
        """The password was right and the code is still to come: this was no failure.

        Those before stay, or codes could be guessed without end.
        """
        failures, _ = uow.sessions.failures(name, self._clock())
        uow.sessions.note_failure(name, max(failures - 1, 0), self._clock())

    def failed(self, name: str, why: str) -> None:
        """Leave a line on the audit trail; the failure itself was counted before."""
        with self._uow() as uow:
            now = self._clock()
            # What was typed as a name and is none may be a password: it is not written down.
            subject = f"user:{name}" if uow.users.get(name) else "user:?"
            uow.trail.add(Change(now, "desk", subject, "sign_in_failed", why))
            if uow.sessions.failures(name, now)[0] >= MOST_FAILURES:
                reason = f"连续 {MOST_FAILURES} 次失败，锁定 {_minutes(LOCKED_FOR.total_seconds())} 分钟"
                uow.trail.add(Change(now, "desk", subject, "locked", reason))
            uow.commit()

    def _begin(self, name: str) -> Credentials:
        """Count the attempt before it is made, so that many at once are no way around the lock."""
        with self._uow() as uow:
            now = self._clock()
            failures, until = uow.sessions.failures(name, now)
            if failures >= MOST_FAILURES:
                seconds = (until - now).total_seconds()
                raise LockedOut(f"连续输错太多次，请 {_minutes(seconds)} 分钟后再试，或请管理员重设密码", seconds)
            uow.sessions.note_failure(name, failures + 1, now)
            person, credentials = uow.users.get(name), uow.users.credentials(name)
            uow.commit()
        return credentials if credentials and person and not person.is_disabled else Credentials()


def recovery_digest(code: str) -> str:
    """What is stored of a recovery code, however it was typed."""
    return hashlib.sha256("".join(code.upper().split()).replace("-", "").encode()).hexdigest()


def _minutes(seconds: float) -> int:
    return max(1, -(-int(seconds) // 60))
