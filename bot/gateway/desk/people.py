"""The people of the company: who is there, and for managers and administrators who may do what."""

import asyncio
from typing import Any

from aiohttp import web

from bot.domain.actor import Role
from bot.domain.conversation import FIRST_TEAM
from bot.domain.errors import InvalidInput
from bot.domain.person import FIRST_CAPACITY, Person
from bot.gateway import keys
from bot.gateway.auth import person_of, staff_of
from bot.gateway.desk.person_json import person_json
from bot.gateway.desk.session import hashing
from bot.gateway.exchange import (
    choice_in,
    flag_field,
    json_answer,
    list_field,
    number_field,
    read_object,
    text_field,
    words_field,
)

_MANAGING = (Role.MANAGER, Role.ADMIN)


async def people(request: web.Request) -> web.Response:
    """Everybody, with presence and load; for managers and administrators also who is disabled and how they sign in."""
    asker, office, now = await person_of(request), request.app[keys.OFFICE], request.app[keys.CLOCK]()
    found = await asyncio.to_thread(office.people.everybody)
    if asker.role not in _MANAGING:
        return json_answer({"people": [person_json(person, now) for person in found if not person.is_disabled]})
    return json_answer({"people": [_managed_json(request, person) for person in found]})


async def add_person(request: web.Request) -> web.Response:
    """Add somebody; a first password is given apart."""
    actor, body = await staff_of(request, Role.MANAGER), await read_object(request)
    person = Person(
        name=words_field(body, "name", most=60), role=choice_in(text_field(body, "role"), "role", Role),
        team=words_field(body, "team", default=FIRST_TEAM), skills=_skills_in(body),
        capacity=number_field(body, "capacity", FIRST_CAPACITY),
    )  # fmt: skip
    added = await asyncio.to_thread(request.app[keys.OFFICE].people.add, person, actor)
    return json_answer(_managed_json(request, added), status=201)


async def change_person(request: web.Request) -> web.Response:
    """Change role, team, skills or capacity, disable or enable; the rest stays as it is."""
    actor, body = await staff_of(request, Role.MANAGER), await read_object(request)
    changes = {field: read(body) for name, (field, read) in _CHANGES.items() if name in body}
    if unknown := body.keys() - _CHANGES.keys():
        raise InvalidInput(f"不能修改 {'、'.join(sorted(unknown))}，能改的是 {'、'.join(_CHANGES)}")
    people = request.app[keys.OFFICE].people
    person = await asyncio.to_thread(lambda: people.change(request.match_info["name"], actor, **changes))
    return json_answer(_managed_json(request, person))


async def give_password(request: web.Request) -> web.Response:
    """A first password for somebody, shown this once, to be changed at the first sign-in."""
    actor = await staff_of(request, Role.MANAGER)
    async with hashing(request):
        give = request.app[keys.OFFICE].people.give_password
        password = await asyncio.to_thread(give, request.match_info["name"], actor)
    return json_answer({"password": password}, status=201)


def _skills_in(body: dict[str, Any]) -> tuple[str, ...]:
    skills = list_field(body, "skills")
    if not all(isinstance(skill, str) for skill in skills):
        raise InvalidInput('skills 应是词的数组，例如 ["repair"]')
    return tuple(dict.fromkeys(skills))


_CHANGES: dict[str, tuple[str, Any]] = {
    "role": ("role", lambda body: choice_in(text_field(body, "role"), "role", Role)),
    "team": ("team", lambda body: words_field(body, "team")),
    "skills": ("skills", _skills_in),
    "capacity": ("capacity", lambda body: number_field(body, "capacity")),
    "disabled": ("is_disabled", lambda body: flag_field(body, "disabled")),
    "second_factor": ("has_second_factor", lambda body: flag_field(body, "second_factor")),
}


def _managed_json(request: web.Request, person: Person) -> dict[str, Any]:
    return {
        **person_json(person, request.app[keys.CLOCK]()), "disabled": person.is_disabled,
        "second_factor": person.has_second_factor, "password": person.has_password,
        "must_change_password": person.must_change_password,
    }  # fmt: skip
