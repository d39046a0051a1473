"""Signing in and out, the own password and second factor, and saying whether one is there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import hdrs, web

from bot.domain.errors import InvalidInput, LockedOut
from bot.domain.person import Person, Presence
from bot.domain.sign_in import LONGEST_PASSWORD, SESSION_LASTS, Session
from bot.domain.text import clean
from bot.gateway import keys
from bot.gateway.auth import (
    csrf_token,
    forged,
    is_from_our_page,
    is_https,
    person_of,
    require_own_password,
    session_cookie,
    signed_in,
)
from bot.gateway.desk.person_json import person_json
from bot.gateway.errors import Refused, too_many
from bot.gateway.exchange import choice_in, json_answer, moment, read_object, text_field, words_field
from bot.gateway.office import Office
from bot.gateway.proxies import peer_of

SIGN_INS_PER_MINUTE = 30
"""From one address, behind which a whole office may sit."""
HASHES_AT_ONCE = 2
"""Each takes a core and 64 MiB for a tenth of a second."""
_LONGEST_NAME, _LONGEST_CODE = 60, 40

T = TypeVar("T")


async def sign_in(request: web.Request) -> web.Response:
    """Let a person in with name, password and, where a second factor is on, its code."""
    if not is_from_our_page(request, unless_said=True):
        raise forged(request)
    body = await read_object(request)
    name, password = words_field(body, "name", most=_LONGEST_NAME), _password_in(body, "password")
    code = words_field(body, "code", default="", most=_LONGEST_CODE)
    address, browser = peer_of(request), clean(request.headers.get(hdrs.USER_AGENT, ""))
    enter = _office(request).sign_in.sign_in
    token, session, person = await _prove(request, enter, name, password, code, address, browser)
    response = json_answer(_session_json(request, person, session), status=201)
    response.set_cookie(
        session_cookie(request), token, max_age=int(SESSION_LASTS.total_seconds()), path="/", httponly=True,
        samesite="Strict", secure=is_https(request),
    )  # fmt: skip
    return response


async def session(request: web.Request) -> web.Response:
    """Who is signed in, with what a page needs to ask for changes."""
    if hdrs.AUTHORIZATION in request.headers:
        return json_answer(_session_json(request, await person_of(request), None))
    return json_answer(_session_json(request, *await signed_in(request)))


async def sign_out(request: web.Request) -> web.Response:
    """End the session, also on the server: a copied cookie is worth nothing afterwards."""
    _, present = await signed_in(request)
    await asyncio.to_thread(_office(request).sign_in.sign_out, present)
    response = web.Response(status=204)
    response.del_cookie(session_cookie(request), path="/", httponly=True, samesite="Strict", secure=is_https(request))
    return response


async def sessions(request: web.Request) -> web.Response:
    """Where the person is signed in."""
    person, present = await signed_in(request)
    found = await asyncio.to_thread(_office(request).sign_in.sessions_of, person.name)
    return json_answer({"sessions": [_device_json(each, present) for each in found]})


async def end_other_sessions(request: web.Request) -> web.Response:
    """Sign out everywhere else."""
    _, present = await signed_in(request)
    return json_answer({"ended": await asyncio.to_thread(_office(request).sign_in.end_others, present)})


async def change_password(request: web.Request) -> web.Response:
    """Set an own password; all other sessions end."""
    _, present = await signed_in(request)
    body = await read_object(request)
    old, new = _password_in(body, "old"), _password_in(body, "new")
    await _prove(request, _office(request).accounts.change_password, present, old, new)
    return json_answer(_session_json(request, *await signed_in(request)))


async def invite_second_factor(request: web.Request) -> web.Response:
    """A secret for the authenticator app, as text and as QR code."""
    person = await _at_desk(request)
    password = _password_in(await read_object(request), "password")
    invited = await _prove(request, _office(request).accounts.invite_second_factor, person.name, password)
    return json_answer({"secret": invited.secret, "uri": invited.uri, "qr": list(invited.qr)}, status=201)


async def start_second_factor(request: web.Request) -> web.Response:
    """Turn the second factor on with a code from the app; answers with the recovery codes, once."""
    person = await _at_desk(request)
    code = words_field(await read_object(request), "code", most=_LONGEST_CODE)
    _limit(request)
    codes = await asyncio.to_thread(_office(request).accounts.start_second_factor, person.name, code)
    return json_answer({"recovery_codes": list(codes)})


async def drop_second_factor(request: web.Request) -> web.Response:
    """Turn the second factor off."""
    person = await _at_desk(request)
    password = _password_in(await read_object(request), "password")
    await _prove(request, _office(request).accounts.drop_second_factor, person.name, password)
    return web.Response(status=204)


async def say_presence(request: web.Request) -> web.Response:
    """Ready for new conversations, busy, away, or off."""
    person = await person_of(request)
    state = choice_in(text_field(await read_object(request), "state"), "state", Presence)
    await asyncio.to_thread(_office(request).presence.say, person.name, state)
    return json_answer({"presence": state.value})


async def _at_desk(request: web.Request) -> Person:
    """The person at a browser; what belongs to the desk's account is not for API tokens."""
    person, _ = await signed_in(request)
    require_own_password(person)
    return person


async def _prove(request: web.Request, use_case: Callable[..., T], *arguments: Any) -> T:
    """Run what hashes a password: few at once, and few from one address.

    Raises:
        Refused: 429 with the time after which to come again.
    """
    async with hashing(request):
        try:
            return await asyncio.to_thread(use_case, *arguments)
        except LockedOut as locked:
            headers = {"Retry-After": str(max(1, round(locked.seconds)))}
            raise Refused(429, locked.code, str(locked), headers) from None


@asynccontextmanager
async def hashing(request: web.Request) -> AsyncIterator[None]:
    """A turn among the few who may hash a password now; the others wait without holding a thread.

    Raises:
        Refused: 429 where the address asks too often.
    """
    _limit(request)
    async with request.app[keys.HASHING]:
        yield


def _limit(request: web.Request) -> None:
    if wait := request.app[keys.SIGN_IN_LIMIT].take(peer_of(request)):
        raise too_many(wait)


def _office(request: web.Request) -> Office:
    return request.app[keys.OFFICE]


def _password_in(body: dict[str, Any], name: str) -> str:
    """A password as it was typed: nothing is trimmed, and its length is bounded before it is hashed."""
    password = text_field(body, name)
    if len(password) > LONGEST_PASSWORD:
        raise InvalidInput(f"{name} 最多 {LONGEST_PASSWORD} 个字符")
    return password


def _session_json(request: web.Request, person: Person, session: Session | None) -> dict[str, Any]:
    return {
        **person_json(person, request.app[keys.CLOCK]()),
        "second_factor": person.has_second_factor,
        "must_change_password": person.must_change_password,
        "csrf": csrf_token(request.app[keys.SECRET], session) if session else None,
        "expires_at": moment(session.expires_at) if session else None,
    }


def _device_json(session: Session, present: Session) -> dict[str, Any]:
    return {
        "here": session.id == present.id, "address": session.address, "browser": session.browser,
        "signed_in_at": moment(session.created_at), "seen_at": moment(session.seen_at),
    }  # fmt: skip
