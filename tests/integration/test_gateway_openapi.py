"""The description of the API against the API."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from aiohttp import ClientResponse

from bot.domain.actor import LEVELS
from bot.domain.conversation import Owner
from bot.domain.message import Sender
from bot.domain.misconduct import Outcome, Verdict
from bot.domain.notice import Fate, Notice, Way
from bot.domain.task import Progress
from bot.domain.ticket import Kind, Status
from bot.domain.visit import Appointment
from bot.gateway.auth import staff_token
from tests.integration.gateway_world import MESSAGES, SECRET, World, gateway

SPEC: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "bot" / "gateway" / "openapi.yaml").read_text(encoding="utf-8")
)
METHODS = {"get", "post", "put", "patch", "delete", "options", "head"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        yield world


def resolved(node: Any) -> Any:
    """The description with every $ref filled in, and OpenAPI's `nullable` as JSON Schema says it."""
    if isinstance(node, list):
        return [resolved(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = SPEC
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return resolved(target)
    filled = {key: resolved(value) for key, value in node.items()}
    if filled.pop("nullable", False):
        filled["type"] = [filled["type"], "null"]
    return filled


def check(value: Any, schema: Any) -> None:
    jsonschema.validate(value, resolved(schema), format_checker=jsonschema.FormatChecker())


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in SPEC["paths"].items():
        for method in sorted(METHODS & set(item)):
            yield method.upper(), path, item[method]


def examples() -> Iterator[Any]:
    for method, path, operation in operations():
        if body := operation.get("requestBody"):
            (content,) = body["content"].values()
            yield pytest.param(content["example"], content["schema"], id=f"{method} {path} body")
        for status, response in operation["responses"].items():
            for content in resolved(response).get("content", {}).values():
                if "example" in content:
                    yield pytest.param(content["example"], content["schema"], id=f"{method} {path} {status}")


async def test_every_route_is_described_and_every_description_has_its_route(world: World) -> None:
    assert world.server.app is not None
    served = {(route.method, route.resource.canonical) for route in world.server.app.router.routes() if route.resource}
    described = {(method, path) for method, path, _ in operations()}
    assert {route for route in served if route[0] != "HEAD"} == described


@pytest.mark.parametrize(("example", "schema"), list(examples()))
def test_every_example_fits_its_schema(example: Any, schema: Any) -> None:
    check(example, schema)


def test_every_json_answer_has_an_example() -> None:
    for method, path, operation in operations():
        for status, response in operation["responses"].items():
            content = resolved(response).get("content", {}).get("application/json")
            assert content is None or "example" in content, f"{method} {path} {status}"


def test_every_parameter_of_a_path_is_described() -> None:
    for _, path, operation in operations():
        parameters = resolved(SPEC["paths"][path].get("parameters", []) + operation.get("parameters", []))
        named = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_the_lists_of_choices_are_those_of_the_domain() -> None:
    schemas = SPEC["components"]["schemas"]
    assert schemas["Kind"]["enum"] == list(Kind)
    assert schemas["Status"]["enum"] == list(Status)
    assert schemas["Level"]["enum"] == list(LEVELS)
    assert schemas["Progress"]["enum"] == list(Progress)
    assert schemas["Outcome"]["enum"] == list(Outcome)
    assert schemas["Fate"]["enum"] == list(Fate)
    assert schemas["Notice"]["properties"]["way"]["enum"] == list(Way)
    assert schemas["Visit"]["properties"]["state"]["enum"] == list(Appointment)
    assert schemas["Case"]["properties"]["state"]["enum"] == list(Verdict)
    assert schemas["Frame"]["properties"]["owner"]["enum"] == list(Owner)
    assert schemas["Message"]["properties"]["sender"]["enum"] == list(Sender)


async def fits(response: ClientResponse, method: str, path: str) -> Any:
    """Check a real answer against the description of its operation and status."""
    described = resolved(SPEC["paths"][path][method]["responses"])
    assert str(response.status) in described, f"{method} {path} {response.status}: {await response.text()}"
    content = described[str(response.status)].get("content")
    if content is None:
        return None
    assert response.content_type in content
    for name in described[str(response.status)].get("headers", {}):
        assert name in response.headers
    value = await (response.json() if response.content_type == "application/json" else response.text())
    check(value, content[response.content_type]["schema"])
    return value


async def test_real_answers_and_errors_fit_the_description(world: World) -> None:
    client, messages = world.client, "/api/v1/conversations/{id}/messages"
    opened = await fits(
        await client.post("/api/v1/conversations", json={"channel": "web"}), "post", "/api/v1/conversations"
    )
    for data in (b"{", b'{"channel": "fax"}', b" " * 70_000):
        await fits(await client.post("/api/v1/conversations", data=data), "post", "/api/v1/conversations")
    await fits(await client.options("/api/v1/conversations"), "options", "/api/v1/conversations")
    url, headers = MESSAGES.format(opened["conversation_id"]), {"Authorization": f"Bearer {opened['token']}"}
    for body in ({"client_id": str(uuid.uuid4()), "text": "转人工"}, {"client_id": "x", "text": "x"}, {}):
        await fits(await client.post(url, json=body, headers=headers), "post", messages)
    await fits(await client.post(url, json={}), "post", messages)
    await fits(await client.get(url, headers=headers, params={"after": 2, "wait": 5}), "get", messages)
    frame = await fits(await client.get(url, headers=headers), "get", messages)
    assert len(frame["messages"]) > 2
    await fits(await client.get(url), "get", messages)
    await fits(await client.get(MESSAGES.format("x"), headers=headers), "get", messages)


async def test_real_tickets_fit_the_description(world: World) -> None:
    world.staff()
    ticket = world.ticketing.open(
        Kind.REPAIR, {"product": "洗衣机", "phone": "13800138000"}, key="1", conversation_id="c"
    )
    world.ticketing.open(Kind.SUGGESTION, {}, key="2")
    headers = {"Authorization": f"Bearer {staff_token(SECRET, '小李', 'agent', world.clock())}"}
    page = await fits(await world.client.get("/api/v1/tickets", headers=headers), "get", "/api/v1/tickets")
    assert len(page["tickets"]) == 2
    await fits(await world.client.get("/api/v1/tickets?kind=x", headers=headers), "get", "/api/v1/tickets")
    await fits(await world.client.get("/api/v1/tickets"), "get", "/api/v1/tickets")
    for number in (ticket.number, "BX20200101-0001"):
        response = await world.client.get(f"/api/v1/tickets/{number}", headers=headers)
        await fits(response, "get", "/api/v1/tickets/{number}")


async def test_real_work_fits_the_description(world: World) -> None:
    world.everybody()
    ticket, by = "/api/v1/tickets/{number}", "王主管"

    async def done(method: str, path: str, body: Any = None, by: str = "小李", **named: str) -> Any:
        response = await world.ask(method.upper(), path.removeprefix("/api/v1").format(**named), body, by=by)
        return await fits(response, method, path)

    number = world.analysed(accused_staff="小张")
    for way in ("deadlines", "audit", "proposal"):
        await done("get", f"{ticket}/{way}", by=by, number=number)
    await done("get", f"{ticket}/audit", number=number)
    await done("get", "/api/v1/deadlines")
    await done("post", f"{ticket}/facts", {"facts": {"evidence": "照片"}}, number=number)
    await done("post", f"{ticket}/step", {"to": "closed", "reason": "急"}, number=number)
    await done("post", f"{ticket}/reply", {"text": "您好"}, number=number)
    await done("post", f"{ticket}/refund", {"amount_fen": 1}, number=number)
    body = {"choice": "cash", "loss_fen": 100_000, "tasks": [{"department": "finance", "what": "退款"}]}
    await done("post", f"{ticket}/proposal", body, number=number)
    (waiting,) = (await done("get", "/api/v1/approvals"))["approvals"]
    decision = {"approve": True, "reason": "证据齐全"}
    for who in ("小李", by, by):
        await done("post", "/api/v1/approvals/{id}", decision, by=who, id=waiting["id"])
    (case,) = (await done("get", "/api/v1/conduct", by=by))["cases"]
    await done("post", "/api/v1/conduct/{id}", {"verified": True, "reason": "录音"}, by=by, id=case["id"])
    (agreement,) = world.office.resolutions.agreements_of(number)
    world.office.resolutions.confirm(agreement.id)
    (task,) = (await done("get", "/api/v1/tasks"))["tasks"]
    await done("post", "/api/v1/tasks/{id}/acknowledge", id=task["id"])
    await done("post", "/api/v1/tasks/{id}/finish", {"result": "已退"}, id=task["id"])
    (slot, *_) = (await done("get", "/api/v1/visits/free"))["slots"]
    repair = world.ticketing.open(Kind.REPAIR, {}, key="2").number
    await done("post", f"{ticket}/visit", {"starts_at": slot["starts_at"]}, number=repair)
    now = world.clock()
    dead = Notice(task["id"], "k", Way.EMAIL, "finance", "新任务", {}, now, now, 12, Fate.DEAD, "连接被拒绝")
    with world.uow() as work:
        work.notices.add(dead)
        work.commit()
    await done("get", "/api/v1/notices", by=by)
    await done("post", "/api/v1/notices/{id}/retry", by=by, id=dead.id)


async def test_real_pages_behind_links_fit_the_description(world: World) -> None:
    path = world.link("agreement", world.offered(world.analysed()))
    await fits(await world.client.get(path), "get", "/a/{token}")
    for form in ({"answer": "refuse"}, {"answer": "confirm"}, {"answer": "confirm"}, {}):
        response = await world.client.post(path, data=form, allow_redirects=False)
        await fits(response, "post", "/a/{token}")
    for place in ("t", "f"):
        await fits(await world.client.get(f"/{place}/forged"), "get", f"/{place}/{{token}}")


async def test_real_health_answers_fit_the_description(world: World) -> None:
    await fits(await world.client.get("/healthz"), "get", "/healthz")
    await fits(await world.client.get("/readyz"), "get", "/readyz")
    world.engine.ready = False
    await fits(await world.client.get("/readyz"), "get", "/readyz")


async def test_the_description_is_served_as_it_is(world: World) -> None:
    response = await world.client.get("/api/v1/openapi.yaml")
    assert response.content_type == "application/yaml"
    assert yaml.safe_load(await response.text()) == SPEC
