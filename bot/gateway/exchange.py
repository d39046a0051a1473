"""Reading requests with suspicion, and writing JSON."""

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import Any, NoReturn

from aiohttp import web

from bot.gateway.errors import bad_request

MAX_BODY_BYTES = 64 * 1024
BODY_WITHIN_SECONDS = 20
MAX_WHOLE_NUMBER = 2**31 - 1

_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")
_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10})?")


async def read_object(request: web.Request) -> dict[str, Any]:
    """The request's body, which must be a JSON object.

    Raises:
        Refused: 400 for anything else. HTTPRequestTimeout, HTTPRequestEntityTooLarge: too slow, too big.
    """
    try:
        value = json.loads((await _body(request)).decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise bad_request("请求内容不是正确的 UTF-8 JSON，请检查后重发") from None
    if not isinstance(value, dict):
        raise bad_request('请求内容应是一个 JSON 对象，例如 {"text": "您好"}')
    return value


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_WITHIN_SECONDS):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, OSError):
        raise bad_request("请求内容没有传完整，请重发") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


def text_field(body: dict[str, Any], name: str) -> str:
    """A field that must be a string of real characters.

    Raises:
        Refused: 400 where it is missing, no string, or holds half a surrogate pair, which is no character.
    """
    value = body.get(name)
    if not isinstance(value, str):
        raise bad_request(f"请在请求内容中以字符串给出 {name}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise bad_request(f"{name} 含有不成对的代理字符（例如 \\ud800），请去掉后重发") from None
    return value


def whole_number(request: web.Request, name: str, default: int, most: int = MAX_WHOLE_NUMBER) -> int:
    """A query parameter that must be a whole number from 0 to `most`.

    Raises:
        Refused: 400.
    """
    raw = request.query.get(name)
    if raw is None:
        return default
    if not _WHOLE_NUMBER.fullmatch(raw) or int(raw) > most:
        raise bad_request(f"参数 {name} 应是 0 到 {most} 的整数")
    return int(raw)


def seconds(request: web.Request, name: str, most: float) -> float:
    """A query parameter that must be seconds from 0, its default, to `most`.

    Raises:
        Refused: 400.
    """
    raw = request.query.get(name, "0")
    if not _DECIMAL.fullmatch(raw) or float(raw) > most:
        raise bad_request(f"参数 {name} 应是 0 到 {most:g} 的秒数")
    return float(raw)


def json_text(value: Any) -> str:
    """JSON with Chinese as Chinese and no spare spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_answer(value: Any, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(status=status, text=json_text(value), content_type="application/json")


def moment(at: datetime) -> str:
    """A moment as `2026-11-23T10:00:00+00:00`: always UTC (invariant 8)."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
