"""Who works here: adding people, changing what they may and know, first passwords, disabling."""

import re
import secrets
from dataclasses import replace
from typing import Any

from bot.domain.actor import LEVELS, Actor, Role
from bot.domain.audit import Change, differences
from bot.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from bot.domain.person import MOST_CAPACITY, Person, Presence
from bot.domain.sign_in import as_typed, check_password
from bot.services.accounts import without_second_factor
from bot.services.ports import Clock, PasswordHasher, UnitOfWork, UnitOfWorkFactory

STAFF_ROLES = (*LEVELS, Role.ADMIN)
MOST_SKILLS = 20
_NAME = re.compile(r"[\w·.-]([\w·. -]{0,58}[\w·.-])?")
_WORD = re.compile(r"[\w-]{1,30}")
_EASY = "abcdefghjkmnpqrstuvwxyz23456789"
"""Characters that are read out without doubt."""


class People:
    """Keeps the list of people. Managers and administrators change it; administrators alone change administrators."""

    def __init__(self, uow: UnitOfWorkFactory, hasher: PasswordHasher, clock: Clock) -> None:
        self._uow = uow
        self._hasher = hasher
        self._clock = clock

    def everybody(self) -> list[Person]:
        """All people, the disabled ones too, with presence and load."""
        with self._uow() as uow:
            return uow.users.all(disabled=True)

    def anybody_signs_in(self) -> bool:
        """Whether anybody has a password for the desk."""
        with self._uow() as uow:
            return uow.users.any_password()

    def add(self, person: Person, by: Actor) -> Person:
        """Add somebody.

        Raises:
            InvalidInput: name, team, skills or capacity cannot be used. Conflict: the name is taken.
            NotAllowed: not for this actor to do.
        """
        _check(person)
        _require_may(by, person.role)
        with self._uow() as uow:
            now = self._clock()
            if uow.users.lock(person.name) is not None:
                raise Conflict(f"已经有叫“{person.name}”的员工，请换一个姓名或加上工号")
            uow.users.add(person.name, person.role.value, now)
            uow.users.save(person, now)
            self._note(uow, by, person.name, "person_added", "添加员工", None, person)
            uow.commit()
        return person

    def change(self, name: str, by: Actor, **changes: Any) -> Person:
        """Change what a person may, knows and can hold, or disable the person.

        A new role, or being disabled, ends the person's sessions at once.

        Args:
            changes: some of `role`, `team`, `skills`, `capacity`, `is_disabled`; `has_second_factor=False` by an
                administrator helps somebody who lost the phone.

        Raises:
            InvalidInput: a value cannot be used. NotFound: nobody of that name. NotAllowed: not for this actor to do.
        """
        with self._uow() as uow:
            before, now = self._lock(uow, name), self._clock()
            after = replace(before, **changes)
            _check(after)
            _require_may(by, before.role, after.role)
            if by.name == name and (after.role, after.is_disabled) != (before.role, before.is_disabled):
                raise NotAllowed("不能改自己的角色，也不能停用自己，请另一位管理员来改")
            if after.has_second_factor != before.has_second_factor:
                self._drop_second_factor(uow, after, by)
            if (after.role, after.is_disabled) != (before.role, before.is_disabled):
                uow.sessions.end_all_of(name)
                uow.users.say(name, Presence.OFF, now)
            uow.users.save(after, now)
            if _told(before) != _told(after):
                self._note(uow, by, name, "person_changed", "修改员工", before, after)
            uow.commit()
            return after

    def give_password(self, name: str, by: Actor) -> str:
        """A first password, or a new one for who forgot it; it must be changed at the first sign-in.

        Returns:
            The password: it is shown once and stored nowhere in this form.

        Raises:
            NotFound: nobody of that name. NotAllowed: only administrators do this, and not for themselves.
        """
        if by.role is not Role.ADMIN:
            raise NotAllowed("重设密码需要管理员，请转给管理员")
        if by.name == name:
            raise NotAllowed("请到“我的账号”修改自己的密码")
        password = "-".join("".join(secrets.choice(_EASY) for _ in range(4)) for _ in range(3))
        self._set_password(name, password, by, must_change=True)
        return password

    def set_password(self, name: str, password: str, by: Actor) -> None:
        """Set a password that the person chose, at the machine itself.

        Raises:
            InvalidInput: it is too weak. NotFound: nobody of that name.
        """
        check_password(password, name)
        self._set_password(name, password, by, must_change=False)

    def _set_password(self, name: str, password: str, by: Actor, must_change: bool) -> None:
        hashed = self._hasher.hash(as_typed(password))
        with self._uow() as uow:
            self._lock(uow, name)
            credentials = uow.users.credentials(name)
            if credentials is None:
                raise NotFound(f"没有叫“{name}”的员工")
            uow.users.save_credentials(name, replace(credentials, password_hash=hashed, must_change=must_change))
            uow.sessions.end_all_of(name)
            uow.sessions.forget_failures(name)
            self._note(uow, by, name, "password_changed", "重设密码")
            uow.commit()

    def _drop_second_factor(self, uow: UnitOfWork, person: Person, by: Actor) -> None:
        if person.has_second_factor:
            raise InvalidInput("动态码只能由本人在“我的账号”开启")
        if by.role is not Role.ADMIN:
            raise NotAllowed("关闭别人的动态码需要管理员，请转给管理员")
        credentials = uow.users.credentials(person.name)
        if credentials:
            uow.users.save_credentials(person.name, without_second_factor(credentials))
        uow.sessions.end_all_of(person.name)
        self._note(uow, by, person.name, "second_factor_off", "管理员关闭动态码")

    def _lock(self, uow: UnitOfWork, name: str) -> Person:
        person = uow.users.lock(name)
        if person is None:
            raise NotFound(f"没有叫“{name}”的员工，请在员工页核对姓名")
        return person

    def _note(
        self, uow: UnitOfWork, by: Actor, name: str, action: str, reason: str,
        before: Person | None = None, after: Person | None = None,
    ) -> None:  # fmt: skip
        was, became = differences(_told(before), _told(after))
        uow.trail.add(Change(self._clock(), by.name, f"user:{name}", action, reason, was, became))


def _told(person: Person | None) -> dict[str, Any]:
    """What the audit trail tells of a person."""
    if person is None:
        return {}
    return {
        "role": person.role.value, "team": person.team, "skills": list(person.skills), "capacity": person.capacity,
        "disabled": person.is_disabled,
    }  # fmt: skip


def _check(person: Person) -> None:
    if not _NAME.fullmatch(person.name):
        raise InvalidInput("姓名最多 60 个字，只用文字、数字、空格和 · . -")
    if person.role not in STAFF_ROLES:
        raise InvalidInput("角色应是 agent、supervisor、manager 或 admin")
    if not _WORD.fullmatch(person.team):
        raise InvalidInput("小组用一个词表示，例如 service 或 repair")
    if len(person.skills) > MOST_SKILLS or not all(_WORD.fullmatch(skill) for skill in person.skills):
        raise InvalidInput(f"技能最多 {MOST_SKILLS} 个，每个用一个词表示，例如 repair")
    if not 0 <= person.capacity <= MOST_CAPACITY:
        raise InvalidInput(f"同时接待数应在 0 到 {MOST_CAPACITY} 之间")


def _require_may(by: Actor, *roles: Role) -> None:
    if by.role is Role.ADMIN or (by.role is Role.MANAGER and Role.ADMIN not in roles):
        return
    raise NotAllowed("这里需要管理员，请转给管理员" if by.role is Role.MANAGER else "这里需要经理或管理员，请转给他们")
