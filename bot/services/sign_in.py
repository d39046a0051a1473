"""Signing in at the desk, and the sessions that follow: a person, a browser, a working day."""

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta

from bot.domain.audit import Change
from bot.domain.errors import NotRecognised, SecondFactorWanted, SecondFactorWrong
from bot.domain.person import Person, Presence
from bot.domain.sign_in import SESSION_LASTS, Session
from bot.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from bot.services.proof import Proof

TOUCH_AFTER = timedelta(minutes=1)
"""A session's sign of life is stored at most so often."""


class SignIn:
    """Lets people in, knows them again, and shows them out."""

    def __init__(self, uow: UnitOfWorkFactory, proof: Proof, clock: Clock) -> None:
        self._uow = uow
        self._proof = proof
        self._clock = clock

    def sign_in(self, name: str, password: str, code: str, address: str, browser: str) -> tuple[str, Session, Person]:
        """Let a person in.

        Args:
            code: of the second factor, or a recovery code; empty where the person gave none.
            address, browser: where from, so that people know their own sessions again.

        Returns:
            The token for the browser to keep, the session, and the person.

        Raises:
            NotRecognised: unknown, disabled, or wrong password. SecondFactorWanted, SecondFactorWrong: only the code
                is missing or wrong. LockedOut: too many failures.
        """
        shown = self._proof.of_password(name, password)
        fresh = self._proof.fresh_hash(shown, password)
        with self._uow() as uow:
            person, credentials = uow.users.lock(name), uow.users.credentials(name)
            if not person or person.is_disabled or not credentials or credentials.password_hash != shown.password_hash:
                raise NotRecognised("账号刚刚有变动，请重新登录")
            if credentials.has_second_factor and not code:
                self._proof.half_done(uow, name)
                uow.commit()
                raise SecondFactorWanted("请输入验证器上的 6 位动态码")
            proven = self._proof.of_code(credentials, code) if credentials.has_second_factor else credentials
            if proven is not None:
                uow.users.save_credentials(name, replace(proven, password_hash=fresh))
                token, session = self._open(uow, person, address, browser)
                person = uow.users.get(name) or person
                uow.commit()
                return token, session, person
        self._proof.failed(name, "动态码不对")
        raise SecondFactorWrong("动态码不对、已过期或已用过，请等下一个码再试")

    def _open(self, uow: UnitOfWork, person: Person, address: str, browser: str) -> tuple[str, Session]:
        token, now = secrets.token_urlsafe(32), self._clock()
        session = Session(_digest(token), person.name, now, now, now + SESSION_LASTS, address[:60], browser[:200])
        uow.sessions.add(session)
        self._proof.succeeded(uow, person.name)
        if not person.is_there(now):
            uow.users.say(person.name, Presence.AWAY, now)  # what was said yesterday does not count
        uow.trail.add(Change(now, person.name, f"user:{person.name}", "signed_in", "登录", {}, {"address": address}))
        return token, session

    def who(self, token: str) -> tuple[Person, Session]:
        """Who sits at the browser with this token; asking is a sign of life.

        Raises:
            NotRecognised: the session is over, was ended, or never was; or the person was disabled.
        """
        with self._uow() as uow:
            session, now = uow.sessions.get(_digest(token)), self._clock()
            person = uow.users.get(session.person) if session else None
            if session is None or person is None or person.is_disabled or session.is_over(now):
                raise NotRecognised("登录已失效，请重新登录")
            if now - session.seen_at >= TOUCH_AFTER:
                session = replace(session, seen_at=now)
                uow.sessions.touch(session.id, now)
                uow.commit()
            return person, session

    def sign_out(self, session: Session) -> None:
        """End the session; with the last one the person is off."""
        with self._uow() as uow:
            name, now = session.person, self._clock()
            uow.sessions.end(session.id)
            if all(other.is_over(now) for other in uow.sessions.of(name)):
                uow.users.say(name, Presence.OFF, now)
            uow.trail.add(Change(now, name, f"user:{name}", "signed_out", "退出登录"))
            uow.commit()

    def sessions_of(self, name: str) -> list[Session]:
        """Where a person is signed in, the latest used first."""
        with self._uow() as uow:
            return [session for session in uow.sessions.of(name) if not session.is_over(self._clock())]

    def end_others(self, session: Session) -> int:
        """End the person's other sessions; gives how many there were."""
        with self._uow() as uow:
            name, ended = session.person, uow.sessions.end_all_of(session.person, but=session.id)
            after = {"sessions": ended}
            uow.trail.add(Change(self._clock(), name, f"user:{name}", "signed_out", "退出其他设备", {}, after))
            uow.commit()
        return ended


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
