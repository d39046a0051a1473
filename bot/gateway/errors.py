"""Every error answer is `{"error": {"code", "message"}}`, or a page where one was asked for; it says what to do."""

import json
import logging
import math
import secrets
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from bot.domain.errors import (
    AnfuError,
    Conflict,
    IllegalTransition,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotRecognised,
    StorageFull,
    TooLong,
    Undone,
    Unreachable,
)
from bot.gateway.rendering import is_behind_link, page

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STATUS_OF: tuple[tuple[type[AnfuError], int], ...] = (
    (NotFound, 404),
    (TooLong, 413),
    (InvalidInput, 422),
    (IllegalTransition, 409),
    (Conflict, 409),
    (NotAllowed, 403),
    (NotRecognised, 401),
    (StorageFull, 507),
    (Undone, 503),
    (Unreachable, 503),
)

_HTTP_ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "请求有误，请按接口说明 /api/v1/openapi.yaml 检查后再发"),
    404: ("not_found", "没有这个地址，请核对网址"),
    405: ("method_not_allowed", "这个地址不支持这种请求方法，请按接口说明 /api/v1/openapi.yaml 更换"),
    408: ("timeout", "请求内容迟迟没有传完，请检查网络后重发"),
    413: ("too_long", "请求内容超过 64 KiB，请缩短后重发"),
}

_PAGE_TITLES: Mapping[int, str] = {
    400: "这次提交没有读懂",
    403: "这次提交没有通过核对",
    404: "这个链接打不开",
    405: "页面不能这样打开",
    408: "提交没有传完",
    409: "这件事已经有结果了",
    410: "这个链接过期了",
    413: "内容太长了",
    422: "有一处需要改一改",
    429: "点得太快了",
    503: "现在忙不过来",
    500: "是我们这边出了问题",
}
_PAGE_HTTP_ERRORS: Mapping[int, str] = {
    404: "网址可能没有复制完整。请回到聊天里，点最新的那个链接。",
    405: "请从聊天里的链接重新打开页面。",
    408: "网络好像不太稳，请返回再提交一次。",
    413: "请写得短一些，再提交一次。",
}
_NO_WAY_BACK = frozenset({404, 405, 410})


@dataclass
class Refused(Exception):
    """A request that is answered with an error; raise it through one of the functions below."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


def bad_request(message: str) -> Refused:
    """400: the request cannot be read as it is."""
    return Refused(400, "bad_request", message)


def unauthorized(message: str) -> Refused:
    """401: nobody known is asking."""
    return Refused(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})


def forbidden(message: str) -> Refused:
    """403: who asks is known, and may not."""
    return Refused(403, "forbidden", message)


def gone(message: str) -> Refused:
    """410: it was there, and its time is over."""
    return Refused(410, "gone", message)


def too_many(seconds: float) -> Refused:
    """429 with the time after which to come again."""
    wait = max(1, math.ceil(seconds))
    return Refused(429, "too_many", f"发送太频繁，请 {wait} 秒后再试", {"Retry-After": str(wait)})


def busy(seconds: int) -> Refused:
    """503: there is more to do than can be done now; nothing was stored, and the same is welcome after that time."""
    return Refused(503, "busy", f"现在咨询的人很多，一时忙不过来，请 {seconds} 秒后再试", {"Retry-After": str(seconds)})


def error_answer(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """The one shape of an error for programs."""
    body = json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False)
    return web.Response(status=status, text=body, content_type="application/json", headers=headers)


def _answer(
    request: web.Request, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The error as whoever asked can read it: JSON, or a page where a page was asked for."""
    if not is_behind_link(request):
        return error_answer(status, code, message, headers)
    return page(
        request,
        "error.html",
        status=status,
        headers=headers,
        title=_PAGE_TITLES.get(status, "这次没有成功"),
        message=message,
        again=None if status in _NO_WAY_BACK else request.rel_url.raw_path,
        again_words="看看现在的情况" if status == HTTPStatus.CONFLICT else "返回重试",
    )


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn everything that a handler raises into an error answer."""
    try:
        return await handler(request)
    except Refused as refused:
        return _answer(request, refused.status, refused.code, refused.message, refused.headers)
    except web.HTTPException as error:
        return _http_error(error, request)
    except Exception as error:
        return _domain_error(error, request) or _unexpected(error, request)


def _http_error(error: web.HTTPException, request: web.Request) -> web.Response:
    code, message = _HTTP_ERRORS.get(
        error.status, ("http_error", "请求没有成功，请按接口说明 /api/v1/openapi.yaml 检查")
    )
    if is_behind_link(request):
        message = _PAGE_HTTP_ERRORS.get(error.status, "请从聊天里的链接重新打开页面。")
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return _answer(request, error.status, code, message, headers)


def _domain_error(error: Exception, request: web.Request) -> web.Response | None:
    for kind, status in _STATUS_OF:
        if isinstance(error, kind):
            challenge = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
            return _answer(request, status, error.code, str(error), challenge)
    return None


def _unexpected(error: Exception, request: web.Request) -> web.Response:
    incident = report(error, f"{request.method} {route_of(request)}")
    return _answer(request, 500, "internal", f"服务出了点问题，请稍后重试；如仍不行，请把编号 {incident} 告诉客服")


def report(error: BaseException, where: str) -> str:
    """Log an unexpected error and give it a number that a customer can name.

    Only types and places are logged: an exception's own words may hold what a customer wrote, or a phone number (E10).
    """
    incident = secrets.token_hex(4)
    stack = "".join(traceback.format_tb(error.__traceback__))
    log.error("incident %s at %s: %s\n%s", incident, where, " <- ".join(_types_of(error)), stack)
    return incident


def _types_of(error: BaseException | None) -> list[str]:
    types: list[str] = []
    while error is not None and len(types) < 5:
        types.append(f"{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or error.__context__
    return types


def route_of(request: web.Request) -> str:
    """The route's template, such as `/api/v1/tickets/{number}`: never a path with an id in it."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unmatched"
