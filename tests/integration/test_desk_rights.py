"""Who may use which route of the desk: every route stands in the table, and every kind of person tries every one."""

import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.actor import Actor, Role
from bot.domain.attachment import Attachment
from bot.domain.conversation import Conversation, OwnerChange
from bot.domain.customer import Customer
from bot.domain.quality.review import ReviewState
from bot.domain.ticket import Kind
from bot.gateway.auth import staff_token
from tests.integration.gateway_world import PEOPLE, SECRET, World, gateway
from tests.integration.test_desk_conversations import team_of, words
from tests.integration.test_desk_people import PASSWORD, Browser
from tests.integration.test_desk_reviews import inspect, served

PARTS = ("desk/", "session", "people", "presence")
ALL = frozenset({"elsewhere", "agent", "supervisor", "manager", "admin"})
"""Everybody who works here; `elsewhere` is an agent of another team."""
OURS = ALL - {"elsewhere"}
LEADERS = OURS - {"agent"}
DECIDERS = frozenset({"supervisor", "manager"})
"""An administrator runs the system, and decides nothing."""
SERVING = frozenset({"agent", "supervisor", "manager"})
MANAGING = frozenset({"manager", "admin"})
AT_A_BROWSER: frozenset[str] = frozenset()
"""What belongs to a browser's session is for no token."""
ANYBODY = ALL | {"nobody", "customer", "disabled"}

_TALK, _TICKET, _CONTENT = "desk/conversations/{id}", "desk/tickets/{number}", "desk/content/{kind}"
_SAID = words("您好")
_TO = {"to": {"kind": "person", "name": "没有这个人"}, "reason": "x"}
_FIX: Mapping[str, Any] = {"body": {}}

RIGHTS: Mapping[tuple[str, str], tuple[frozenset[str], Any]] = {
    ("GET", "desk/conversations"): (ALL, None),
    ("GET", _TALK): (OURS, None),
    ("GET", f"{_TALK}/messages"): (OURS, None),
    ("POST", f"{_TALK}/messages"): (OURS, _SAID),
    ("POST", f"{_TALK}/attachments"): (OURS, None),
    ("POST", f"{_TALK}/notes"): (OURS, _SAID),
    ("POST", f"{_TALK}/whisper"): (DECIDERS, _SAID),
    ("POST", f"{_TALK}/barge"): (DECIDERS, {}),
    ("POST", f"{_TALK}/take"): (SERVING, {}),
    ("POST", f"{_TALK}/transfer"): (OURS, _TO),
    ("POST", f"{_TALK}/return"): (OURS, {}),
    ("GET", f"{_TALK}/close"): (OURS, None),
    ("POST", f"{_TALK}/close"): (OURS, {"reason": "solved", "summary": "完"}),
    ("POST", f"{_TALK}/read"): (OURS, {"seq": 0}),
    ("PUT", f"{_TALK}/draft"): (OURS, {"text": "您"}),
    ("GET", "desk/customers/{id}"): (OURS, None),
    ("PATCH", "desk/customers/{id}"): (OURS, {"version": 0, "note": "记一笔"}),
    ("POST", f"{_TALK}/customer"): (OURS, {"name": "林女士"}),
    ("POST", f"{_TALK}/phone"): (OURS, {}),
    ("GET", f"{_TALK}/suggestions"): (OURS, None),
    ("GET", f"{_TALK}/next"): (OURS, None),
    ("GET", f"{_TALK}/tickets"): (OURS, None),
    ("POST", f"{_TALK}/tickets"): (OURS, {"client_id": "1", "kind": "suggestion", "fields": {"idea": "开发票"}}),
    ("GET", "desk/socket"): (ALL, None),
    ("GET", "desk/tickets"): (ALL, None),
    ("GET", "desk/tickets.csv"): (ALL, None),
    ("POST", "desk/tickets/bulk"): (ALL, {"numbers": ["TS20200101-0001"], "action": "assign", "value": None}),
    ("GET", _TICKET): (OURS, None),
    ("POST", f"{_TICKET}/assign"): (OURS, {"name": None}),
    ("PATCH", f"{_TICKET}/fields"): (OURS, {"priority": 1}),
    ("POST", f"{_TICKET}/merge"): (OURS, {"into": "{other}", "reason": "同一件事"}),
    ("POST", f"{_TICKET}/personal"): (OURS, {}),
    ("GET", f"{_TICKET}/attachments"): (OURS, None),
    ("POST", f"{_TICKET}/attachments"): (OURS, None),
    ("GET", "desk/attachments/{id}"): (OURS, None),
    ("GET", "desk/views"): (ALL, None),
    ("POST", "desk/views"): (LEADERS - {"admin"}, {"name": "新列表", "filters": {}, "shared": True}),
    ("DELETE", "desk/views/{id}"): (DECIDERS, None),
    ("POST", "desk/wording"): (ALL, {"text": "您好"}),
    ("GET", "desk/canned"): (ALL, None),
    ("POST", "desk/canned"): (DECIDERS, {"title": "问好", "text": "您好", "sharing": "everybody"}),
    ("PATCH", "desk/canned/{id}"): (DECIDERS, {"text": "您好呀"}),
    ("DELETE", "desk/canned/{id}"): (DECIDERS, None),
    ("POST", "desk/canned/{id}/use"): (ALL, {}),
    ("POST", "desk/content/articles"): (ALL, _FIX),
    ("GET", _CONTENT): (ALL, None),
    ("GET", f"{_CONTENT}/{{key}}"): (ALL, None),
    ("PUT", f"{_CONTENT}/{{key}}/draft"): (ALL, _FIX),
    ("DELETE", f"{_CONTENT}/{{key}}/draft"): (ALL, None),
    ("POST", f"{_CONTENT}/{{key}}/lint"): (ALL, _FIX),
    ("POST", f"{_CONTENT}/{{key}}/preview"): (ALL, _FIX),
    ("GET", f"{_CONTENT}/{{key}}/diff"): (ALL, None),
    ("POST", f"{_CONTENT}/{{key}}/publish"): (DECIDERS, {}),
    ("POST", f"{_CONTENT}/{{key}}/rollback"): (DECIDERS, {"number": 0}),
    ("GET", "desk/webhooks"): (MANAGING, None),
    ("POST", "desk/webhooks"): (MANAGING, {"url": "https://example.com/x", "events": ["ticket.opened"]}),
    ("PATCH", "desk/webhooks/{id}"): (MANAGING, {"active": False}),
    ("DELETE", "desk/webhooks/{id}"): (MANAGING, None),
    ("POST", "desk/webhooks/{id}/test"): (MANAGING, {}),
    ("GET", "desk/webhooks/{id}/deliveries"): (MANAGING, None),
    ("GET", "desk/wall"): (LEADERS, None),
    ("GET", "desk/reviews"): (ALL, None),
    ("GET", "desk/reviews/summary"): (ALL, None),
    ("GET", "desk/reviews/{id}"): (OURS, None),
    ("POST", "desk/reviews/{id}/check"): (DECIDERS, {"score": 50, "comment": "x"}),
    ("POST", "desk/reviews/{id}/appeal"): (frozenset({"agent"}), {"text": "x"}),
    ("POST", "desk/reviews/{id}/settle"): (DECIDERS, {"verdict": "upheld", "reason": "x"}),
    ("GET", "desk/queue"): (ALL, None),
    ("GET", "desk/triggers"): (ALL, None),
    ("POST", "session"): (ANYBODY, {}),
    ("GET", "session"): (ALL, None),
    ("DELETE", "session"): (AT_A_BROWSER, None),
    ("POST", "session/password"): (AT_A_BROWSER, {}),
    ("POST", "session/totp"): (AT_A_BROWSER, {}),
    ("PUT", "session/totp"): (AT_A_BROWSER, {}),
    ("DELETE", "session/totp"): (AT_A_BROWSER, {}),
    ("GET", "sessions"): (AT_A_BROWSER, None),
    ("DELETE", "sessions"): (AT_A_BROWSER, None),
    ("PUT", "presence"): (ALL, {"state": "busy"}),
    ("GET", "people"): (ALL, None),
    ("POST", "people"): (MANAGING, {"name": "新人", "role": "agent"}),
    ("PATCH", "people/{name}"): (MANAGING, {"capacity": 5}),
    ("POST", "people/{name}/password"): (frozenset({"admin"}), {}),
}
"""Route → who is let in (the rest get 401 or 403), and what is sent. 小李 holds the work that is asked for."""

NAMES = {
    "elsewhere": "小张", "agent": "小李", "supervisor": "王主管", "manager": "陈经理", "admin": "管理员",
    "disabled": "赵主管",
}  # fmt: skip


@dataclass(frozen=True)
class Things:
    """What there is to ask for, by where its id stands in the path."""

    ids: Mapping[str, str]
    customer_token: str

    def path(self, template: str) -> str:
        """The route's path with what it is about filled in."""
        kind = template.removeprefix("desk/").split("/")[0]
        if template.endswith("/settle"):
            kind = "appealed"
        values = {"id": self.ids.get(kind, ""), "number": self.ids["tickets"], "name": "小李"}
        return template.format(**values, kind="scripts", key="desk.joined")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


@pytest.fixture
async def things(world: World) -> Things:
    """One of each, all of 小李's team; 小张 is in another."""
    served(world).badly()
    inspect(world)
    talk = await world.open()
    fields = {"product": "洗衣机", "symptom": "不脱水", "address": "x", "phone": "13800138000"}
    tickets = [world.ticketing.open(Kind.REPAIR, fields, key=key, conversation_id=talk.id).number for key in ("1", "2")]
    now = world.clock()
    file = Attachment(str(uuid.uuid4()), None, talk.id, "x.txt", "text/plain", 1, "0" * 64, "customer", now)
    customer = Customer(str(uuid.uuid4()), "王先生", now)
    with world.uow() as work:
        (review,) = work.reviews.find()
        appealed = replace(review, id=str(uuid.uuid4()), conversation_id=talk.id, state=ReviewState.APPEALED)
        work.reviews.add(appealed, "system", "x", now)
        work.attachments.add(file, "customer", "x", now)
        work.customers.add(customer, "小李", "x", now)
        queued = held(work, talk.id).queue_for_human("asked", now)
        work.conversations.save_owner(queued, OwnerChange(talk.id, queued.epoch, queued.owner, "asked", now))
        work.desk.link_customer(talk.id, customer.id, now)
        work.commit()
    ids = {"conversations": talk.id, "tickets": tickets[0], "other": tickets[1], "attachments": file.id}
    ids |= {"customers": customer.id, "reviews": review.id, "appealed": appealed.id}
    for kind, path, body, by in (
        ("views", "/desk/views", {"name": "列表", "filters": {}, "shared": True}, "王主管"),
        ("canned", "/desk/canned", {"title": "好", "text": "好的", "sharing": "everybody"}, "王主管"),
        ("webhooks", "/desk/webhooks", {"url": "https://example.com/y", "events": ["ticket.opened"]}, "陈经理"),
    ):
        response = await world.ask("POST", path, body, by=by)
        assert response.status == 201, await response.text()
        ids[kind] = (await response.json())["id"]
    team_of(world, "小张", "repair")
    world.office.people.change("赵主管", Actor("管理员", Role.ADMIN), is_disabled=True)
    return Things(ids, talk.token)


def held(work: Any, conversation_id: str) -> Conversation:
    found = work.conversations.lock(conversation_id)
    assert isinstance(found, Conversation)
    return found


def routes(world: World) -> Iterator[tuple[str, str]]:
    """Method and path below `/api/v1/` of all routes of the desk."""
    for route in world.server.app.router.routes():
        path = route.resource.canonical.removeprefix("/api/v1/") if route.resource else ""
        if path.startswith(PARTS):
            yield route.method, path


async def test_every_route_of_the_desk_stands_in_the_table(world: World) -> None:
    assert set(routes(world)) == set(RIGHTS)


@pytest.mark.parametrize("role", ["nobody", "customer", "disabled", *sorted(ALL)])
async def test_each_is_let_in_where_the_table_says_so_and_nowhere_else(world: World, things: Things, role: str) -> None:
    let_in = {}
    for (method, path), (who, body) in RIGHTS.items():
        headers = {} if role == "nobody" else {"Authorization": f"Bearer {token(world, things, role)}"}
        sent = {k: v.format(**things.ids) if isinstance(v, str) else v for k, v in body.items()} if body else body
        response = await world.client.request(
            method, f"/api/v1/{things.path(path)}", json=sent, headers=headers, allow_redirects=False
        )
        assert response.status < 500, (method, path, await response.text())
        let_in[method, path] = response.status not in (401, 403)
        if role in ("nobody", "disabled") and who != ANYBODY:
            assert response.status == 401, (method, path)
    assert let_in == {route: role in who for route, (who, _) in RIGHTS.items()}


@pytest.mark.parametrize("headers", [{"X-CSRF-Token": ""}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_no_change_is_made_for_a_page_that_borrows_the_cookie(
    world: World, things: Things, headers: dict[str, str]
) -> None:
    world.office.people.set_password("管理员", PASSWORD, Actor("管理员", Role.ADMIN))
    desk = Browser(world.client)
    assert (await desk.sign_in("管理员")).status == 201
    before = trail(world)
    for (method, path), (who, body) in RIGHTS.items():
        if method != "GET" and who != ANYBODY:
            response = await desk.ask(method, f"/{things.path(path)}", body, **headers)
            assert response.status == 403, (method, path, await response.text())
    assert trail(world) == before
    assert (await desk.ask("GET", "/session")).status == 200


def trail(world: World) -> int:
    """How many lines the audit trail has."""
    with world.uow() as work:
        return work.trail.head()[0]


def token(world: World, things: Things, role: str) -> str:
    if role == "customer":
        return things.customer_token
    return staff_token(SECRET, NAMES[role], PEOPLE[NAMES[role]], world.clock())
