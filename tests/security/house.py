"""A gateway with one of everything in it, and everybody who may come to its doors."""

import re
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp import ClientResponse, FormData, hdrs

from bot.domain.actor import Actor, Role
from bot.domain.conversation import Owner
from bot.domain.notice import Fate, Notice, Way
from bot.gateway.auth import COOKIE, staff_token
from tests.integration.fake_wechat import WeChat, serve
from tests.integration.gateway_world import PEOPLE, PUBLIC_URL, SECRET, Conversation, World, gateway
from tests.integration.test_desk_conversations import does, team_of, until, words
from tests.integration.test_wechat_callback import APP_ID, CORP_ID, KEY, TOKEN

PASSWORD = "雨后的天空很蓝也很高"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(100)
ACCOUNTS = {
    "wechat_app_id": APP_ID, "wechat_secret": "s", "wechat_token": TOKEN, "wechat_aes_key": KEY,
    "kf_corp_id": CORP_ID, "kf_secret": "s", "kf_token": TOKEN, "kf_aes_key": KEY,
}  # fmt: skip
ADMIN = Actor("管理员", Role.ADMIN)


@dataclass(frozen=True)
class Visitor:
    """Somebody at the door, by what they bring."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class House:
    """The world, whose conversation it is about, and what stands in the places of addresses."""

    world: World
    talk: Conversation
    ids: dict[str, str]
    visitors: dict[str, Visitor]

    def path(self, route: str) -> str:
        """A route's address with real ids in it."""
        ids = self.ids | self.places_of(route)
        return re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], route)

    def places_of(self, route: str) -> dict[str, str]:
        """What stands in a route's places."""
        resource = next((prefix for prefix in PLACES if route.startswith(prefix)), "")
        return {name: self.ids[value] for name, value in PLACES.get(resource, {}).items()}

    async def knock(self, visitor: str, method: str, route: str, **sent: Any) -> ClientResponse:
        """Ask for a route in somebody's name, as far as the answer's head."""
        headers = {**self.visitors[visitor].headers, **sent.pop("headers", {})}
        response: ClientResponse = await self.world.client.request(
            method, self.path(route), headers=headers, allow_redirects=False, **sent
        )
        return response


PLACES: dict[str, dict[str, str]] = {
    "/api/v1/conversations/": {"id": "conversation", "attachment": "attachment"},
    "/api/v1/desk/conversations/": {"id": "conversation"},
    "/api/v1/desk/customers/": {"id": "customer"},
    "/api/v1/desk/attachments/": {"id": "attachment"},
    "/api/v1/desk/webhooks/": {"id": "webhook"},
    "/api/v1/desk/reviews/": {"id": "review"},
    "/api/v1/desk/views/": {"id": "view"},
    "/api/v1/desk/canned/": {"id": "canned"},
    "/api/v1/desk/content/": {"kind": "shelf", "key": "key"},
    "/api/v1/approvals/": {"id": "approval"},
    "/api/v1/tasks/": {"id": "task"},
    "/api/v1/conduct/": {"id": "case"},
    "/api/v1/notices/": {"id": "notice"},
    "/a/": {"token": "agreement"},
    "/t/": {"token": "task_link"},
    "/f/": {"token": "followup"},
    "/d/": {"token": "file"},
    "/b/": {"token": "binding"},
    "/static/": {"path": "static"},
    "/desk/": {"path": "page"},
}
"""What `{id}` and the like mean below an address."""


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """Open it: a conversation in 小李's hands, with a customer, a complaint and all that comes of one."""
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(serve(WeChat()))
        # Whoever knocks at all doors a dozen times is no customer.
        for limit in ("PAGES_PER_MINUTE", "SIGN_INS_PER_MINUTE"):
            stack.enter_context(patch(f"bot.gateway.app.{limit}", 100_000))
        accounts: dict[str, Any] = ACCOUNTS | dict.fromkeys(("wechat_api", "kf_api"), str(platform.make_url("")))
        world = await stack.enter_async_context(gateway(folder, messages_per_minute=100_000, **accounts))
        world.everybody()
        world.anfu.knowledge.learn(list(world.anfu.knowledge.articles)[:3])  # a whole base takes long to be encoded
        team_of(world, "小张", "repair")
        review = await _review(world)
        talk, other = await world.open(), await world.open()
        await talk.say("洗衣机不脱水，转人工")
        await until(world, talk, Owner.QUEUED)
        await does(world, talk, "/take", {})
        ids = {
            "conversation": talk.id,
            "static": "widget.js",
            "page": "tickets",
            "name": "赵主管",
            "shelf": "scripts",
            "review": review,
        }
        ids |= await _things(world, talk)
        yield House(world, talk, ids, {visitor.name: visitor for visitor in await _visitors(world, talk, other)})


async def _things(world: World, talk: Conversation) -> dict[str, str]:
    number = world.analysed(talk.id, accused_staff="小张")
    agreement = world.offered(number)
    world.office.resolutions.confirm(agreement)
    task = world.office.tasks.find(ticket=number)[0].id
    waiting = world.analysed(talk.id, key="2")
    body = {"choice": "cash", "loss_fen": 100_000, "tasks": [{"department": "finance", "what": "退款"}]}
    assert (await world.ask("POST", f"/tickets/{waiting}/proposal", body)).status == 200
    approval = world.office.resolutions.pending()[0].id
    case = world.office.conduct.open()[0].id
    customer = (await does(world, talk, "/customer", {"name": "林女士"}))["id"]
    now = world.clock()
    dead = Notice(task, "k", Way.EMAIL, "finance", "新任务", {}, now, now, 12, Fate.DEAD, "连接被拒绝")
    with world.uow() as work:
        work.notices.add(dead)
        work.commit()
    form = FormData({"client_id": str(uuid.uuid4())})
    form.add_field("file", PNG, filename="a.png")
    sent = await world.client.post(
        f"/api/v1/conversations/{talk.id}/attachments", data=form, headers=talk.headers
    )  # fmt: skip
    attachment = (await sent.json())["attachment"]["id"]
    made = {}
    for name, path, what in (
        ("view", "/desk/views", {"name": "我的", "filters": {}}),
        ("canned", "/desk/canned", {"title": "你好", "text": "您好"}),
    ):
        response = await world.ask("POST", path, what)
        assert response.status == 201, await response.text()
        made[name] = str((await response.json())["id"])
    hook = {"url": "https://93.184.216.34/hook", "events": ["ticket.opened"]}
    response = await world.ask("POST", "/desk/webhooks", hook, by="陈经理")
    assert response.status == 201, await response.text()
    answer = await response.json()
    made["webhook"] = answer["id"] if "id" in answer else answer["webhook"]["id"]
    entries = await (await world.ask("GET", "/desk/content/scripts")).json()
    return made | {
        "number": number, "other": waiting, "task": task, "approval": approval, "case": case, "customer": customer,
        "notice": dead.id, "attachment": attachment, "key": entries["entries"][0]["key"],
        "agreement": _token(world, "agreement", agreement), "task_link": _token(world, "task", task),
        "followup": _token(world, "followup", str(uuid.uuid4())), "file": _token(world, "file", attachment),
        "binding": _token(world, "binding", talk.id),
    }  # fmt: skip


async def _review(world: World) -> str:
    talk = await world.open()
    await talk.say("转人工")
    await until(world, talk, Owner.QUEUED)
    await does(world, talk, "/take", {})
    await does(world, talk, "/messages", words("您好，我来帮您"), ok=201)
    await does(world, talk, "/close", {"reason": "solved", "summary": "教客户清理了排水口"})
    world.clock.ahead += timedelta(days=1)
    world.anfu.inspection.look()
    with world.uow() as work:
        return str(work.reviews.page(1)[0].id)


def _token(world: World, purpose: Any, record_id: str) -> str:
    return world.link(purpose, record_id).rpartition("/")[2]


async def _visitors(world: World, talk: Conversation, other: Conversation) -> list[Visitor]:
    def bearer(name: str, token: str) -> Visitor:
        return Visitor(name, {hdrs.AUTHORIZATION: f"Bearer {token}"})

    def staff(name: str, who: str) -> Visitor:
        return bearer(name, staff_token(SECRET, who, PEOPLE[who], world.clock()))

    long_ago = world.clock() - timedelta(days=31)
    session = await signed_in(world, "小李")
    ended = await signed_in(world, "赵主管")
    assert (await world.client.delete("/api/v1/session", headers=ended)).status == 204
    return [
        Visitor("anonymous"),
        bearer("customer", talk.token),
        bearer("other_customer", other.token),
        bearer("expired", staff_token(SECRET, "管理员", "admin", long_ago)),
        Visitor("signed_out", ended),
        Visitor("wrong_csrf", session | {"X-CSRF-Token": "0" * 64}),
        staff("foreign_agent", "小张"),
        staff("agent", "小李"),
        Visitor("session", session),
        staff("supervisor", "王主管"),
        staff("manager", "陈经理"),
        staff("admin", "管理员"),
    ]


async def signed_in(world: World, name: str) -> dict[str, str]:
    """The headers that somebody's own page sends."""
    world.office.people.set_password(name, PASSWORD, ADMIN)
    ours = {hdrs.ORIGIN: PUBLIC_URL}
    response = await world.client.post("/api/v1/session", json={"name": name, "password": PASSWORD}, headers=ours)
    assert response.status == 201, await response.text()
    csrf, cookie = (await response.json())["csrf"], response.cookies[COOKIE].value
    world.client.session.cookie_jar.clear()
    return ours | {"X-CSRF-Token": csrf, hdrs.COOKIE: f"{COOKIE}={cookie}"}
