"""People of the company to rows and back, with whether they are there and how much they hold."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.engine import Connection

from bot.adapters import tables as t
from bot.adapters.repositories.dialect import insert_for
from bot.domain.actor import Role
from bot.domain.conversation import FIRST_TEAM, Owner
from bot.domain.person import FIRST_CAPACITY, Person, Presence
from bot.domain.sign_in import Credentials

_CREDENTIALS = ("password_hash", "must_change", "totp_secret", "totp_since", "totp_step", "recovery_codes")
_u, _p = t.users.c, t.presence.c
_held = (
    select(t.conversations.c.agent, func.count().label("load"))
    .where(and_(t.conversations.c.owner == Owner.HUMAN.value, t.conversations.c.agent.is_not(None)))
    .group_by(t.conversations.c.agent)
    .subquery()
)
_KNOWN = select(
    _u.name, _u.role, _u.team, _u.skills, _u.capacity, _u.disabled_at, _u.password_hash, _u.must_change,
    _u.totp_secret, _u.totp_since, _p.state, _p.since, _p.seen_at,
).select_from(t.users.outerjoin(t.presence, _p.person == _u.name))  # fmt: skip
_WITH_LOAD = _KNOWN.add_columns(_held.c.load).outerjoin(_held, _held.c.agent == _u.name)


class PersonRows:
    """Implements `ports.Users`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, name: str, role: str, at: datetime) -> None:
        """Store a person; a known name gets the new role."""
        insert = insert_for(self._db)(t.users).values(
            name=name, role=role, created_at=at, team=FIRST_TEAM, skills=[], capacity=FIRST_CAPACITY,
            must_change=False, totp_step=0, recovery_codes=[],
        )  # fmt: skip
        self._db.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"role": role}))

    def role_of(self, name: str) -> str | None:
        """The person's role, or None for a stranger and for somebody disabled."""
        query = select(_u.role).where(_u.name == name, _u.disabled_at.is_(None))
        return self._db.execute(query).scalar_one_or_none()

    def get(self, name: str) -> Person | None:
        """The person, disabled or not, or None; `load` is not counted."""
        row = self._db.execute(_KNOWN.where(_u.name == name)).mappings().first()
        return _person(row) if row else None

    def lock(self, name: str) -> Person | None:
        """The person, read for change."""
        self._db.execute(select(_u.name).where(_u.name == name).with_for_update())
        return self.get(name)

    def all(self, disabled: bool = False) -> list[Person]:
        """Everybody by name, with the conversations that each holds now; the disabled ones only if asked for."""
        query = _WITH_LOAD.order_by(_u.name)
        rows = self._db.execute(query if disabled else query.where(_u.disabled_at.is_(None))).mappings()
        return [_person(row) for row in rows]

    def save(self, person: Person, at: datetime) -> None:
        """Store what is known of a person; when a disabled person was disabled first stays as it is."""
        disabled_at = func.coalesce(_u.disabled_at, at) if person.is_disabled else None
        self._update(
            person.name, role=person.role.value, team=person.team, skills=list(person.skills),
            capacity=person.capacity, disabled_at=disabled_at,
        )  # fmt: skip

    def credentials(self, name: str) -> Credentials | None:
        """What the person proves the name with, read for change; None for a stranger."""
        query = select(*[_u[field] for field in _CREDENTIALS]).where(_u.name == name).with_for_update()
        row = self._db.execute(query).mappings().first()
        return Credentials(**{**row, "recovery_codes": tuple(row["recovery_codes"])}) if row else None

    def save_credentials(self, name: str, credentials: Credentials) -> None:
        """Store what the person proves the name with."""
        values = {field: getattr(credentials, field) for field in _CREDENTIALS}
        self._update(name, **{**values, "recovery_codes": list(credentials.recovery_codes)})

    def say(self, name: str, presence: Presence, at: datetime) -> None:
        """Store what a person says of himself; saying it is a sign of life."""
        self._be_present(name, at, state=presence.value, since=at)

    def alive(self, name: str, at: datetime) -> None:
        """Store a sign of life of one of the person's desks."""
        self._be_present(name, at)

    def any_password(self) -> bool:
        """Whether anybody can sign in at the desk."""
        return self._db.execute(select(_u.name).where(_u.password_hash.is_not(None)).limit(1)).first() is not None

    def _be_present(self, name: str, at: datetime, **said: Any) -> None:
        first = {"state": Presence.OFF.value, "since": at}
        insert = insert_for(self._db)(t.presence).values({**first, **said, "person": name, "seen_at": at})
        self._db.execute(insert.on_conflict_do_update(index_elements=["person"], set_={**said, "seen_at": at}))

    def _update(self, name: str, **values: Any) -> None:
        self._db.execute(t.users.update().where(_u.name == name).values(**values))


def _person(row: Mapping[str, Any]) -> Person:
    return Person(
        name=row["name"], role=Role(row["role"]), team=row["team"], skills=tuple(row["skills"]),
        capacity=row["capacity"], is_disabled=row["disabled_at"] is not None,
        has_second_factor=row["totp_secret"] is not None and row["totp_since"] is not None,
        has_password=row["password_hash"] is not None, must_change_password=row["must_change"],
        presence=Presence(row["state"]) if row["state"] else Presence.OFF, since=row["since"],
        seen_at=row["seen_at"], load=row.get("load") or 0,
    )  # fmt: skip
