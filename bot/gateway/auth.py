"""Who asks: a customer by token, a person of the company by token or by the desk's session cookie (invariant 10)."""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import jwt
from aiohttp import hdrs, web

from bot.domain.actor import LEVEL_NAMES, Actor, Role
from bot.domain.errors import NotAllowed, PasswordMustChange
from bot.domain.person import Person
from bot.domain.sign_in import Session
from bot.gateway import keys
from bot.gateway.errors import Refused, bad_request, forbidden, route_of, unauthorized

log = logging.getLogger(__name__)

COOKIE, PLAIN_COOKIE = "__Host-anfu_session", "anfu_session"
"""The desk's session cookie. By the first name's beginning browsers know that no other host may set it, nor may plain
http; the second is for where there is no https, as on one's own machine."""
CSRF_HEADER = "X-CSRF-Token"
_HARMLESS = ("GET", "HEAD", "OPTIONS")
_ALGORITHM = "HS256"
_CUSTOMER, _STAFF = "customer", "staff"
_MOST_TOKENS = 4096
"""That are known to be rightly signed."""
SUBPROTOCOL = "anfu"
"""The WebSocket subprotocol; the token is offered as a second one, since a browser cannot set headers there."""


def customer_token(secret: str, conversation_id: str, now: datetime, days: int = 30) -> str:
    """The token that lets its holder read and write one conversation."""
    return _sign(secret, {"sub": conversation_id, "kind": _CUSTOMER}, now, days)


def staff_token(secret: str, name: str, role: str, now: datetime, days: int = 30) -> str:
    """The token of a person of the company; it ends early when the person goes or changes role."""
    return _sign(secret, {"sub": name, "kind": _STAFF, "role": role}, now, days)


def _sign(secret: str, claims: dict[str, Any], now: datetime, days: int) -> str:
    times = {"iat": int(now.timestamp()), "exp": int((now + timedelta(days=days)).timestamp())}
    return jwt.encode({**claims, **times}, secret, algorithm=_ALGORITHM)


def customer_of(request: web.Request, token: str | None = None) -> str:
    """The id of the conversation in the path, once the token (the bearer one unless given) proves the right to it.

    Raises:
        Refused: 401 without a good token, 403 with a token for something else.
    """
    claims = _claims(request, token or bearer_token(request))
    conversation_id = request.match_info["id"]
    if claims["kind"] != _CUSTOMER or claims["sub"] != conversation_id:
        raise forbidden("这个令牌不属于该会话，请刷新页面重新开始")
    return conversation_id


async def staff_of(request: web.Request, level: Role = Role.AGENT) -> Actor:
    """The person of the company who asks, as one who acts; see `person_of`."""
    return (await person_of(request, level)).actor


async def person_of(request: web.Request, level: Role = Role.AGENT) -> Person:
    """The person of the company who asks: by bearer token, else by the desk's session cookie.

    Asking by cookie is a sign of life of the session; a socket asks again with each sign of life of its desk, and so
    learns that the session has ended. `load` is not counted.

    Args:
        level: who may ask, from this level up; an administrator may look at everything.

    Raises:
        NotAllowed: the person's level is too low. PasswordMustChange: an own password comes first.
        NotRecognised: the session is over.
        Refused: 401 without a good token or session, or where the person is gone or has another role now; 403 for
            customers, and for what another site's page sends with our cookie.
    """
    token = _token_offered(request)
    person = await _person_with_token(request, token) if token else (await signed_in(request))[0]
    if not token:
        require_own_password(person)
    if not person.actor.reaches(level) and person.role is not Role.ADMIN:
        raise NotAllowed(f"这里需要{LEVEL_NAMES[level]}或以上级别，请转给上一级")
    return person


def require_own_password(person: Person) -> None:
    """See that nobody works with a password that somebody else knows.

    Raises:
        PasswordMustChange: an own password comes first.
    """
    if person.must_change_password:
        raise PasswordMustChange("请先到“我的账号”设一个自己的密码，再开始工作")


async def _person_with_token(request: web.Request, token: str) -> Person:
    claims = _claims(request, token)
    if claims["kind"] != _STAFF:
        raise forbidden("这里只对员工开放，请使用 anfu users add 得到的令牌")
    person = await asyncio.to_thread(_known, request.app, str(claims["sub"]))
    if person is None or person.is_disabled or person.role != claims.get("role"):
        raise unauthorized("令牌对应的员工已停用或角色已变，请用 anfu users add 重新取得令牌")
    return person


def _known(app: web.Application, name: str) -> Person | None:
    with app[keys.UOW]() as uow:
        return uow.users.get(name)


def _token_offered(request: web.Request) -> str | None:
    """The token that came beside the cookie's way: in the header, or as a socket's second subprotocol."""
    if hdrs.AUTHORIZATION in request.headers:
        return bearer_token(request)
    offered = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")
    return next((name.strip() for name in offered if name.strip() not in ("", SUBPROTOCOL)), None)


async def signed_in(request: web.Request) -> tuple[Person, Session]:
    """The person whom the desk's session cookie stands for, once the request is known to come from our own page.

    Raises:
        NotRecognised: there is no session, or it is over. Refused: 403, and logged, for a forged request.
    """
    token = request.cookies.get(session_cookie(request))
    if not token:
        raise unauthorized("还没有登录：请登录，或带上请求头 Authorization: Bearer 令牌")
    person, session = await asyncio.to_thread(request.app[keys.OFFICE].sign_in.who, token)
    _refuse_forged(request, session)
    return person, session


def session_cookie(request: web.Request) -> str:
    """The name of the session cookie here."""
    return COOKIE if is_https(request) else PLAIN_COOKIE


def is_https(request: web.Request) -> bool:
    """Whether browsers reach us by https, be it that a proxy ends it."""
    return request.secure or request.app[keys.OFFICE].address.startswith("https:")


def csrf_token(secret: str, session: Session) -> str:
    """What our own page can read and repeat, and a page elsewhere cannot."""
    return hmac.new(secret.encode(), f"csrf:{session.id}".encode(), hashlib.sha256).hexdigest()


def _refuse_forged(request: web.Request, session: Session) -> None:
    """See that a change, or a socket, is asked for by our own page and not by one that borrows the cookie."""
    is_socket = request.method == "GET" and request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"
    if request.method in _HARMLESS and not is_socket:
        return
    token = request.headers.get(CSRF_HEADER, "")
    expected = csrf_token(request.app[keys.SECRET], session)
    knows_token = is_socket or hmac.compare_digest(token.encode(), expected.encode())
    if not knows_token or not is_from_our_page(request):
        raise forged(request)


def forged(request: web.Request) -> Refused:
    """403, logged: another site's page, or somebody with the cookie alone, asks in a person's name."""
    log.warning("forged request refused at %s %s", request.method, route_of(request))
    return forbidden("这个请求不是从安服页面发出的，没有执行。请刷新页面再试")


def is_from_our_page(request: web.Request, unless_said: bool = False) -> bool:
    """Whether the browser says that a page of ours asks.

    Args:
        unless_said: the answer where the client says nothing at all, as programs do and browsers do not.
    """
    origin, site = request.headers.get(hdrs.ORIGIN), request.headers.get("Sec-Fetch-Site")
    if origin is not None:
        # Behind a proxy that ends TLS we hear http where the browser says https.
        here = {f"https://{request.host}", f"{request.scheme}://{request.host}"}
        return origin in here | {origin_of(request.app[keys.OFFICE].address)}
    return unless_said if site is None else site == "same-origin"


def origin_of(address: str) -> str:
    """Scheme, host and port of an address, as a browser's `Origin` has them."""
    scheme, netloc, *_ = urlsplit(address)
    return f"{scheme}://{netloc}"


def _claims(request: web.Request, token: str) -> Mapping[str, Any]:
    try:
        claims = _signed_claims(request.app[keys.SECRET], token)
    except (jwt.PyJWTError, ValueError):
        raise unauthorized("令牌不正确，请刷新页面重新开始") from None
    if not isinstance(claims["exp"], int) or claims["exp"] <= request.app[keys.CLOCK]().timestamp():
        raise unauthorized("令牌已过期，请刷新页面重新开始")
    return claims


@lru_cache(maxsize=_MOST_TOKENS)
def _signed_claims(secret: str, token: str) -> Mapping[str, Any]:
    """What a token says that is rightly signed; a customer sends the same one with every message."""
    # Expiry is compared with the application's clock, which tests may set; jwt would take the machine's.
    options: Any = {"require": ["sub", "kind", "iat", "exp"], "verify_exp": False, "verify_iat": False}
    return MappingProxyType(jwt.decode(token, secret, algorithms=[_ALGORITHM], options=options))


def bearer_token(request: web.Request) -> str:
    """The token of the header `Authorization: Bearer TOKEN`.

    Raises:
        Refused: 401 where there is none.
    """
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized("缺少令牌：请带上请求头 Authorization: Bearer 令牌")
    return token.strip()


def socket_token(request: web.Request) -> str:
    """The token of a socket: beside the subprotocol `anfu`, or in the header where the client can set one.

    Raises:
        Refused: 401 where there is none; 400 for other subprotocols, which aiohttp would write to the log.
    """
    if hdrs.SEC_WEBSOCKET_PROTOCOL not in request.headers:
        return bearer_token(request)
    offered = [name.strip() for name in request.headers[hdrs.SEC_WEBSOCKET_PROTOCOL].split(",")]
    if SUBPROTOCOL not in offered:
        raise bad_request('请用子协议 ["anfu", 令牌] 建立 WebSocket 连接')
    tokens = [name for name in offered if name and name != SUBPROTOCOL]
    return tokens[0] if tokens else bearer_token(request)
