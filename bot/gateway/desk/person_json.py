"""A person as the desk shows colleagues."""

from datetime import datetime
from typing import Any

from bot.domain.person import Person, Presence
from bot.gateway.exchange import moment


def person_json(person: Person, now: datetime) -> dict[str, Any]:
    """What every colleague may know of a person; who gave no sign of life of late is `off`."""
    presence = person.presence if person.is_there(now) else Presence.OFF
    return {
        "name": person.name, "role": person.role.value, "team": person.team, "skills": list(person.skills),
        "capacity": person.capacity, "load": person.load, "presence": presence.value,
        "since": moment(person.since) if person.since else None,
    }  # fmt: skip
