"""Signed tokens: knowing a conversation's id grants nothing (invariant 10)."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import jwt
from aiohttp import hdrs, web

from bot.gateway import keys
from bot.gateway.errors import bad_request, forbidden, unauthorized

_ALGORITHM = "HS256"
_CUSTOMER, _STAFF = "customer", "staff"
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


async def staff_of(request: web.Request) -> str:
    """The name of the person of the company who asks.

    Raises:
        Refused: 401 without a good token or where the person is gone or has another role now; 403 for customers.
    """
    claims = _claims(request, bearer_token(request))
    if claims["kind"] != _STAFF:
        raise forbidden("这里只对员工开放，请使用 anfu users add 得到的令牌")
    name = str(claims["sub"])
    if await asyncio.to_thread(_role_of, request.app, name) != claims.get("role"):
        raise unauthorized("令牌对应的员工已停用或角色已变，请用 anfu users add 重新取得令牌")
    return name


def _role_of(app: web.Application, name: str) -> str | None:
    with app[keys.UOW]() as uow:
        return uow.users.role_of(name)


def _claims(request: web.Request, token: str) -> dict[str, Any]:
    # Expiry is compared with the application's clock, which tests may set; jwt would take the machine's.
    options: Any = {"require": ["sub", "kind", "iat", "exp"], "verify_exp": False, "verify_iat": False}
    try:
        claims = jwt.decode(token, request.app[keys.SECRET], algorithms=[_ALGORITHM], options=options)
    except (jwt.PyJWTError, ValueError):
        raise unauthorized("令牌不正确，请刷新页面重新开始") from None
    if not isinstance(claims["exp"], int) or claims["exp"] <= request.app[keys.CLOCK]().timestamp():
        raise unauthorized("令牌已过期，请刷新页面重新开始")
    return claims


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
