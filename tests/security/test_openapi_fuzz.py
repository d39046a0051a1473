"""Requests drawn from the description of the API, good ones and spoilt ones: every answer is one that it describes."""

import asyncio
import math
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from tests.integration.test_gateway_openapi import SPEC, check, operations, resolved
from tests.security.house import House, house

EXAMPLES = 3
"""Requests for each operation: half as described, half with something wrong."""
VISITORS = ("session", "agent", "supervisor", "manager", "admin", "customer", "anonymous")
HELD = {"wait": "0.01"}
"""What would hold the answer back."""
LAST = ("DELETE", "/api/v1/session")

Request = tuple[str, dict[str, Any], dict[str, Any]]

_ODD_TEXT = st.sampled_from(
    ["", " ", "\u0000", "\u202e", "😀" * 30, "'; DROP TABLE messages; --", "<script>", "../../etc/passwd",
     "{{7*7}}", "%s%n", "9" * 400, "洗" * 300, "\ud800"]
)  # fmt: skip
_ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), _ODD_TEXT,
    st.just([]), st.just({}), st.just([[[[]]]]), st.just({"a": {"b": [None]}}),
)  # fmt: skip


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema describes, for as much of JSON Schema as ours are written in."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    for name in ("oneOf", "anyOf"):
        if name in schema:
            return st.one_of(*map(values, schema[name]))
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return st.one_of(*(_of_kind(kind, schema) for kind in kinds))


def _of_kind(kind: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer" | "number":
            least = math.ceil(schema.get("minimum", 0))
            return st.integers(least, min(schema.get("maximum", least + 100), 10**6))
        case "array":
            few = min(schema.get("maxItems", 3), 3)
            return st.lists(values(schema.get("items", {})), min_size=min(schema.get("minItems", 0), few), max_size=few)
        case "object":
            return _objects(schema)
    if pattern := schema.get("pattern"):
        return st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True).map(lambda text: text[:200])
    match schema.get("format"):
        case "uuid":
            return st.uuids().map(str)
        case "date-time":
            return st.just("2026-11-26T01:00:00+00:00")
        case "date":
            return st.just("2026-11-26")
    return st.text(
        "您好abc 123，。", min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 20), 20)
    )


def _objects(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields, required = schema.get("properties", {}), schema.get("required", [])
    return st.fixed_dictionaries(
        {name: values(fields[name]) for name in required},
        optional={name: values(field) for name, field in fields.items() if name not in required},
    )


@st.composite
def requests(draw: st.DrawFn, method: str, path: str, operation: dict[str, Any], ids: dict[str, str]) -> Request:
    """A request for an operation: its address, its query and its body."""
    spoilt = draw(st.booleans())
    parameters = resolved(SPEC["paths"][path].get("parameters", []) + operation.get("parameters", []))
    query = {}
    for parameter in parameters:
        name = parameter["name"]
        if parameter["in"] == "query" and (parameter.get("required") or draw(st.booleans())):
            told = draw(_ODD_TEXT if spoilt and draw(st.booleans()) else values(parameter["schema"]).map(_as_query))
            query[name] = HELD.get(name, told.encode("utf-8", "ignore").decode())
        elif parameter["in"] == "path" and draw(st.integers(0, 3)) == 0:
            ids = ids | {name: draw(_ODD_TEXT if spoilt else values(parameter["schema"]).map(_as_query))}
    address = re.sub(r"\{(\w+)\}", lambda m: quote(ids[m[1]].encode("utf-8", "ignore"), safe="") or "x", path)
    return address, query, draw(_bodies(operation, spoilt))


def _as_query(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bodies(operation: dict[str, Any], spoilt: bool) -> st.SearchStrategy[dict[str, Any]]:
    if "requestBody" not in operation:
        return st.just({})
    ((kind, content),) = resolved(operation["requestBody"])["content"].items()
    if kind != "application/json":
        return st.binary(max_size=300).map(lambda data: {"data": data, "headers": {"Content-Type": kind}})
    good = values(content["schema"])
    if not spoilt:
        return good.map(lambda body: {"json": body})
    raw = st.sampled_from([b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"', b"[" * 5000, b'{"a":NaN}', b'{"a":1e999}'])
    return st.one_of(
        raw.map(lambda data: {"data": data, "headers": {"Content-Type": "application/json"}}),
        st.tuples(good, _ODD, st.integers(0, 20)).map(_with_something_odd),
    )


def _with_something_odd(drawn: tuple[Any, Any, int]) -> dict[str, Any]:
    body, odd, place = drawn
    if not isinstance(body, dict) or not body:
        return {"json": odd}
    name = sorted(body)[place % len(body)]
    return {"json": {**body, name: odd}}


async def is_described(response: ClientResponse, operation: dict[str, Any]) -> None:
    """See that an operation's description has this status, with this kind of content in this form."""
    assert response.status < 500, await response.text()
    described = resolved(operation["responses"])
    assert str(response.status) in described, await response.text()
    contents = described[str(response.status)].get("content")
    if contents is None:
        assert await response.read() == b""
        return
    kind = next((kind for kind in contents if fnmatch(response.content_type, kind)), None)
    assert kind, f"{response.content_type} is none of {list(contents)}"
    if kind == "application/json":
        check(await response.json(), contents[kind]["schema"])


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[asyncio.Runner, House]]:
    """The house, and the loop in which it lives, for tests that are no coroutines."""
    with asyncio.Runner() as runner:
        context = house(tmp_path)
        entered = runner.run(context.__aenter__())
        yield runner, entered
        runner.run(context.__aexit__(None, None, None))


def test_every_operation_answers_as_it_is_described_whatever_is_asked(opened: tuple[asyncio.Runner, House]) -> None:
    runner, at = opened
    undescribed: dict[str, str] = {}
    for method, path, operation in sorted(operations(), key=lambda one: one[:2] == LAST):
        if not path.endswith("/socket"):
            _try_out(runner, at, method, path, operation, undescribed)
    assert not undescribed, "\n".join(f"{where}: {what}" for where, what in undescribed.items())


def _try_out(
    runner: asyncio.Runner, at: House, method: str, path: str, operation: dict[str, Any], undescribed: dict[str, str]
) -> None:
    ids = at.ids | at.places_of(path)

    async def ask(visitor: str, address: str, query: dict[str, Any], sent: dict[str, Any]) -> None:
        headers = {**at.visitors[visitor].headers, **sent.get("headers", {})}
        url = URL(address, encoded=True).with_query(query)
        response = await at.world.client.request(
            method, url, headers=headers, allow_redirects=False, **{k: v for k, v in sent.items() if k != "headers"}
        )
        try:
            if response.status == 404 and response.content_type == "application/json":
                return  # an odd id may lead to no route at all
            await is_described(response, operation)
        except Exception as error:
            undescribed[f"{method} {path} {response.status}"] = (
                f"{str(error)[:200]} ({visitor} {url} {str(sent)[:200]})"
            )
        finally:
            response.release()

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.sampled_from(VISITORS), requests(method, path, operation, ids))
    def draw(visitor: str, request: Request) -> None:
        runner.run(ask(visitor, *request))

    draw()
