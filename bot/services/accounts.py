"""What people do with their own account: the password, and the second factor."""

import secrets
from dataclasses import replace

from bot.domain.audit import Change
from bot.domain.errors import Conflict, InvalidInput, NotRecognised
from bot.domain.sign_in import Credentials, Session, as_typed, check_password
from bot.services.ports import Clock, Invitation, PasswordHasher, SecondFactor, UnitOfWork, UnitOfWorkFactory
from bot.services.proof import Proof, recovery_digest

RECOVERY_CODES = 8
_CLEAR = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Characters that nobody mistakes for another."""


class Accounts:
    """Lets people change what they prove themselves with; the present password is asked for each time."""

    def __init__(
        self, uow: UnitOfWorkFactory, proof: Proof, hasher: PasswordHasher, second_factor: SecondFactor, clock: Clock
    ) -> None:
        self._uow = uow
        self._proof = proof
        self._hasher = hasher
        self._second_factor = second_factor
        self._clock = clock

    def change_password(self, session: Session, old: str, new: str) -> None:
        """Set a new password; all other sessions end.

        Raises:
            InvalidInput: the new one is too weak, or the old one again; the old one is wrong.
            LockedOut: too many failures.
        """
        name = session.person
        check_password(new, name)
        if as_typed(new) == as_typed(old):
            raise InvalidInput("新密码和现在的一样，请换一个")
        self._prove(name, old)
        hashed = self._hasher.hash(as_typed(new))
        with self._uow() as uow:
            credentials = self._proven(uow, name)
            uow.users.save_credentials(name, replace(credentials, password_hash=hashed, must_change=False))
            uow.sessions.end_all_of(name, but=session.id)
            self._note(uow, name, "password_changed", "本人修改密码")
            uow.commit()

    def invite_second_factor(self, name: str, password: str) -> Invitation:
        """A new secret for the authenticator app; it counts once a code from it was shown.

        Raises:
            Conflict: a second factor is on already. InvalidInput, LockedOut: about the password.
        """
        self._prove(name, password)
        with self._uow() as uow:
            credentials = self._proven(uow, name)
            if credentials.has_second_factor:
                raise Conflict("动态码已经开启；要换手机，请先关闭再重新开启")
            sealed = self._second_factor.new_secret()
            uow.users.save_credentials(name, replace(credentials, totp_secret=sealed, totp_since=None))
            uow.commit()
        return self._second_factor.invitation(sealed, name)

    def start_second_factor(self, name: str, code: str) -> tuple[str, ...]:
        """Turn the second factor on, now that the app shows right codes.

        Returns:
            The recovery codes, shown this once; each stands in for a code once.

        Raises:
            Conflict: it is on already, or was never begun. InvalidInput: the code does not fit.
        """
        with self._uow() as uow:
            credentials, now = uow.users.credentials(name), self._clock()
            if credentials is None or credentials.totp_secret is None or credentials.has_second_factor:
                raise Conflict("没有正在设置的动态码，请先点“开启动态码”")
            step = self._second_factor.step(credentials.totp_secret, code, now)
            if step is None:
                raise InvalidInput("动态码不对，请确认手机时间准确，等下一个码再试")
            codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
            digests = tuple(recovery_digest(each) for each in codes)
            started = replace(credentials, totp_since=now, totp_step=step, recovery_codes=digests)
            uow.users.save_credentials(name, started)
            self._note(uow, name, "second_factor_on", "本人开启动态码")
            uow.commit()
        return codes

    def drop_second_factor(self, name: str, password: str) -> None:
        """Turn the second factor off.

        Raises:
            InvalidInput, LockedOut: about the password.
        """
        self._prove(name, password)
        with self._uow() as uow:
            uow.users.save_credentials(name, without_second_factor(self._proven(uow, name)))
            self._note(uow, name, "second_factor_off", "本人关闭动态码")
            uow.commit()

    def _prove(self, name: str, password: str) -> None:
        try:
            self._proof.of_password(name, password)
        except NotRecognised:
            raise InvalidInput("现在的密码不对，请重新输入") from None  # the session is still good

    def _proven(self, uow: UnitOfWork, name: str) -> Credentials:
        credentials = uow.users.credentials(name)
        if credentials is None:
            raise NotRecognised("登录已失效，请重新登录")
        self._proof.succeeded(uow, name)
        return credentials

    def _note(self, uow: UnitOfWork, name: str, action: str, reason: str) -> None:
        uow.trail.add(Change(self._clock(), name, f"user:{name}", action, reason))


def without_second_factor(credentials: Credentials) -> Credentials:
    """The same person with the password alone."""
    return replace(credentials, totp_secret=None, totp_since=None, totp_step=0, recovery_codes=())


def _recovery_code() -> str:
    return "-".join("".join(secrets.choice(_CLEAR) for _ in range(5)) for _ in range(2))
