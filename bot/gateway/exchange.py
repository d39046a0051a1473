"""Reading requests with suspicion, and writing JSON."""

import asyncio
import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

from aiohttp import web

from bot.domain.errors import InvalidInput
from bot.domain.text import clean
from bot.gateway.errors import Handler, bad_request

MAX_BODY_BYTES = 64 * 1024
BODY_WITHIN_SECONDS = 20
MAX_WHOLE_NUMBER = 2**31 - 1
MOST_FORM_FIELDS = 20
MOST_WORDS = 500
MOST_IN_LIST = 30

Choice = TypeVar("Choice", bound=StrEnum)

_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")
_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10})?")


@web.middleware
async def refuse_unwritable(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No address holds the one character that databases cannot write."""
    if "\x00" in request.path:
        raise web.HTTPNotFound
    if any("\x00" in value for value in request.query.values()):
        raise bad_request("网址里有看不见的字符，请去掉后再试")
    return await handler(request)


async def read_object(request: web.Request) -> dict[str, Any]:
    """The request's body, which must be a JSON object.

    Raises:
        Refused: 400 for anything else. HTTPRequestTimeout, HTTPRequestEntityTooLarge: too slow, too big.
    """
    try:
        value = json.loads((await read_body(request)).decode("utf-8"), parse_constant=_no_constant)
        json_text(value).encode("utf-8")  # JSON can name half a character, which nothing can write: \ud800
    except (ValueError, RecursionError):
        raise bad_request("请求内容不是正确的 UTF-8 JSON，请检查后重发") from None
    if not isinstance(value, dict):
        raise bad_request('请求内容应是一个 JSON 对象，例如 {"text": "您好"}')
    return value


async def read_form(request: web.Request) -> dict[str, str]:
    """The fields of a submitted form as people can have typed them: nothing invisible, trimmed; the last of a name.

    Raises:
        Refused: 400 for anything else. HTTPRequestTimeout, HTTPRequestEntityTooLarge: too slow, too big.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise bad_request("请从页面上的按钮提交")
    try:
        text = (await read_body(request)).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FORM_FIELDS)
    except ValueError:
        raise bad_request("提交的内容没有读懂，请返回重新填写") from None
    return {name: clean(value.replace("\r\n", "\n")) for name, value in pairs}


async def read_body(request: web.Request) -> bytes:
    """The request's body as it came.

    Raises:
        Refused: 400 where it did not come whole. HTTPRequestTimeout, HTTPRequestEntityTooLarge: too slow, too big.
    """
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


def words_field(body: dict[str, Any], name: str, default: str | None = None, most: int = MOST_WORDS) -> str:
    """A field of words that people will read: nothing invisible, trimmed.

    Args:
        default: stands where the field is missing; without one it must be there, and say something.
        most: characters.

    Raises:
        Refused: 400 where it is missing or no string. InvalidInput: empty, or too long.
    """
    if default is not None and body.get(name) is None:
        return default
    words = clean(text_field(body, name))
    if not words and default is None:
        raise InvalidInput(f"{name} 是空的，请写上")
    if len(words) > most:
        raise InvalidInput(f"{name} 最多 {most} 个字，请写短一些")
    return words


def flag_field(body: dict[str, Any], name: str, default: bool | None = None) -> bool:
    """A field that must be true or false.

    Raises:
        Refused: 400.
    """
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise bad_request(f"请以 true 或 false 给出 {name}")
    return value


def number_field(body: dict[str, Any], name: str, default: int | None = None) -> int:
    """A field that must be a whole number from 0 to `MAX_WHOLE_NUMBER`.

    Raises:
        Refused: 400 where it is missing or no whole number. InvalidInput: out of range.
    """
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_request(f"请以整数给出 {name}")
    if not 0 <= value <= MAX_WHOLE_NUMBER:
        raise InvalidInput(f"{name} 应是 0 到 {MAX_WHOLE_NUMBER} 的整数")
    return value


def list_field(body: dict[str, Any], name: str) -> list[Any]:
    """A field that must be a list of up to `MOST_IN_LIST`; empty where it is missing.

    Raises:
        Refused: 400 where it is no list. InvalidInput: too many.
    """
    value = body.get(name, [])
    if not isinstance(value, list):
        raise bad_request(f"请以数组给出 {name}")
    if len(value) > MOST_IN_LIST:
        raise InvalidInput(f"{name} 最多 {MOST_IN_LIST} 项")
    return value


def object_field(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A field that must be an object; empty where it is missing.

    Raises:
        Refused: 400.
    """
    return object_in(body.get(name, {}), name)


def object_in(value: Any, name: str) -> dict[str, Any]:
    """What must be an object.

    Raises:
        Refused: 400.
    """
    if not isinstance(value, dict):
        raise bad_request(f"请以 JSON 对象给出 {name}")
    return value


def moment_field(body: dict[str, Any], name: str) -> datetime:
    """A field that must be a moment with its offset, such as `2026-11-26T01:00:00+00:00`.

    Raises:
        Refused: 400.
    """
    try:
        at = datetime.fromisoformat(text_field(body, name))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise bad_request(f"{name} 应是带时区的时间，例如 2026-11-26T01:00:00+00:00")


def choice_in(raw: str, name: str, choices: type[Choice]) -> Choice:
    """One of the choices.

    Raises:
        Refused: 400.
    """
    try:
        return choices(raw)
    except ValueError:
        raise bad_request(f"{name} 应是其中之一：{'、'.join(choices)}") from None


def choice_of(request: web.Request, name: str, choices: type[Choice]) -> Choice | None:
    """A query parameter that must be one of the choices; None where it is missing or empty.

    Raises:
        Refused: 400.
    """
    raw = request.query.get(name)
    return choice_in(raw, f"参数 {name} ", choices) if raw else None


def flag_of(request: web.Request, name: str) -> bool:
    """A query parameter that must be true or false; false where it is missing.

    Raises:
        Refused: 400.
    """
    raw = request.query.get(name, "false")
    if raw not in ("true", "false"):
        raise bad_request(f"参数 {name} 应是 true 或 false")
    return raw == "true"


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
