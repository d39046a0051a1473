"""Hostile customers, colleagues and pages at the desk: what may not be is refused, and nobody else feels it."""

import base64
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError

from bot.adapters.attachment_store import Files
from bot.adapters.uow import open_database
from bot.domain.actor import Role
from bot.domain.conversation import Need, Owner
from bot.domain.errors import InvalidInput, StorageFull
from bot.domain.message import Sender
from bot.domain.ticket import Kind
from bot.domain.webhook import checked_address
from bot.gateway.desk.export import safe_cell
from bot.gateway.desk.socket import FRAMES_PER_MINUTE, MOST_DESKS
from tests.integration.gateway_world import CONTACT, Conversation, World, gateway, refusal
from tests.integration.test_desk_conversations import DESK, does, needs, team_of, until, words
from tests.integration.test_desk_socket import desk, kind, never, row_of, send
from tests.integration.test_desk_socket import until as comes

HALF = "\ud800"
"""Half a character: JSON can name it, and nothing can write it."""
NOTHING = "%00"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


@pytest.fixture
async def talk(world: World) -> Conversation:
    """A customer who waits for a person."""
    talk = await world.open()
    await talk.say("洗衣机不脱水，转人工")
    await until(world, talk, Owner.QUEUED)
    return talk


def repair(world: World, talk: Conversation) -> str:
    fields = {"product": "洗衣机", "symptom": "不脱水", "address": "x", "phone": "13800138000"}
    return world.ticketing.open(Kind.REPAIR, fields, key=talk.id, conversation_id=talk.id).number


# Another team's business


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/deadlines", None),
        ("GET", "/proposal", None),
        ("POST", "/facts", {"facts": CONTACT}),
        ("POST", "/step", {"to": "contact", "reason": "受理"}),
        ("POST", "/reply", {"text": "您好"}),
        ("POST", "/proposal", {}),
        ("POST", "/refund", {"amount_fen": 100}),
        ("POST", "/visit", {"starts_at": "2030-01-01T00:00:00+00:00"}),
    ],
)
async def test_another_teams_ticket_is_neither_read_nor_worked_on(
    world: World, talk: Conversation, method: str, path: str, body: Any
) -> None:
    number = repair(world, talk)
    team_of(world, "小李", "repair")
    before = world.ticketing.get(number)
    await refusal(await world.ask(method, f"/tickets/{number}{path}", body), 403, "not_allowed")
    assert world.ticketing.get(number) == before


async def test_the_lists_of_tickets_are_an_agents_own_teams(world: World, talk: Conversation) -> None:
    number = repair(world, talk)
    task = world.analysed(talk.id)
    world.offered(task)
    team_of(world, "小李", "repair")
    for path in ("tickets", "deadlines", "tasks", "approvals"):
        assert (await (await world.ask("GET", f"/{path}")).json())[path] == [], path
    for by in ("小张", "王主管"):
        seen = await (await world.ask("GET", "/tickets", by=by)).json()
        assert number in [ticket["number"] for ticket in seen["tickets"]]


async def test_a_customers_file_is_read_and_changed_by_whose_customer_it_is(world: World, talk: Conversation) -> None:
    await does(world, talk, "/take", {})
    linked = await does(world, talk, "/customer", {"name": "林女士"})
    path, change = f"/desk/customers/{linked['id']}", {"version": linked["version"], "note": "记一笔"}
    team_of(world, "小张", "repair")
    await refusal(await world.ask("GET", path, by="小张"), 403, "not_allowed")
    await refusal(await world.ask("PATCH", path, change, by="小张"), 403, "not_allowed")
    assert (await world.ask("GET", path, by="管理员")).status == 200
    assert (await world.ask("PATCH", path, change)).status == 200


async def test_notes_of_a_conversation_are_not_read_by_way_of_its_ticket(world: World, talk: Conversation) -> None:
    number = repair(world, talk)
    await does(world, talk, "/take", {}, by="王主管")
    await does(world, talk, "/notes", words("只给主管看"), by="王主管", ok=201)
    needs(world, talk, Need(level=Role.SUPERVISOR))
    for by, sees in (("小李", False), ("王主管", True)):
        timeline = (await (await world.ask("GET", f"/desk/tickets/{number}", by=by)).json())["timeline"]
        assert any("只给主管看" in happening["text"] for happening in timeline) is sees
        assert any("洗衣机不脱水" in happening["text"] for happening in timeline)


async def test_opening_what_one_may_not_see_does_not_show_what_the_customer_types(
    world: World, talk: Conversation
) -> None:
    team_of(world, "小李", "repair")
    async with desk(world) as ws, await talk.socket() as customer:
        await customer.receive_str()
        for _ in range(5):
            await send(ws, type="open", conversation_id=talk.id)
            await customer.send_str(json.dumps({"type": "typing", "text": "我的密码是"}))
        await never(ws, lambda frame: frame["type"] in ("typing", "messages"))


async def test_what_waits_for_a_supervisor_does_not_stand_in_an_agents_queue(world: World, talk: Conversation) -> None:
    needs(world, talk, Need(level=Role.SUPERVISOR))
    for by, sees in (("小李", []), ("王主管", [talk.id])):
        queue = await (await world.ask("GET", "/desk/queue", by=by)).json()
        assert [one["id"] for one in queue["waiting"]] == sees


# The socket


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "open", "conversation_id": HALF},
        {"type": "open", "conversation_id": "x\x00"},
        {"type": "open", "conversation_id": "0" * 3000},
        {"type": "editing", "ticket": HALF},
        {"type": "editing", "ticket": "在此留言"},
        {"type": "editing", "ticket": ["BX20261123-0001"]},
    ],
)
async def test_a_frame_that_cannot_be_hurts_no_desk(world: World, frame: Any) -> None:
    async with desk(world) as hostile, desk(world, "王主管") as other:
        await send(hostile, **frame)
        await never(other, kind("editing"), 0.3)
        for ws in (hostile, other):
            await send(ws, type="alive")
            await comes(ws, kind("alive"))


async def test_a_desk_that_floods_is_not_heard_and_the_others_are(world: World, talk: Conversation) -> None:
    async with desk(world) as hostile, desk(world, "王主管") as other:
        began, heard = time.monotonic(), 0
        for _ in range(2 * FRAMES_PER_MINUTE):
            await send(hostile, type="alive")
        await does(world, talk, "/take", {})
        await comes(other, row_of(talk, owner="human"))
        with suppress(TimeoutError):
            while await comes(hostile, kind("alive"), 0.5):
                heard += 1
        allowed = FRAMES_PER_MINUTE * (1 + (time.monotonic() - began) / 60)
        assert 0 < heard <= allowed + 1


async def test_nobody_opens_desks_without_end(world: World) -> None:
    async with AsyncExitStack() as open_desks:
        for _ in range(MOST_DESKS):
            await open_desks.enter_async_context(desk(world))
        with pytest.raises(WSServerHandshakeError) as refused:
            await open_desks.enter_async_context(desk(world))
        assert refused.value.status == 429
        await open_desks.enter_async_context(desk(world, "小张"))


# What cannot be written, or is no date


def place(*told: Any) -> str:
    """Where a page of tickets begins, as nobody was told."""
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


@pytest.mark.parametrize(
    "path",
    [
        f"/desk/conversations?q={NOTHING}",
        f"/desk/conversations?behind={NOTHING}",
        f"/desk/conversations/{NOTHING}",
        "/desk/conversations?before=0001-01-01T00:00:00%2B23:59",
        f"/desk/canned?conversation={NOTHING}",
        f"/desk/reviews?agent={NOTHING}",
        "/desk/reviews/summary?to=0001-01-01",
        "/desk/reviews/summary?from=0001-01-01&to=0001-01-01",
        "/desk/tickets?opened_to=9999-12-31",
        "/desk/tickets?opened_from=2999-12-32",
        f"/desk/tickets?q=a&cursor={place('match', 0, '9' * 30, 'x')}",
        f"/desk/tickets?cursor={place('opened', 0, '0001-01-01T00:00:00+23:59', 'x')}",
        f"/desk/tickets?cursor={place('opened', 0, '2026-01-01T00:00:00+00:00', HALF)}",
        f"/tickets?phone={NOTHING}",
    ],
)
async def test_an_address_that_cannot_be_is_refused(world: World, path: str) -> None:
    response = await world.ask("GET", path, by="陈经理")
    assert response.status in (200, 400, 404, 422), await response.text()
    assert NOTHING not in path or response.status in (400, 404)


@pytest.mark.parametrize("q", ['"', "*", 'a" OR "b', "NEAR(a b)", "%", "_", "'", "^a", "a:b", "-a", "(", "()", '"*"*'])
async def test_a_search_is_words_and_no_command(world: World, talk: Conversation, q: str) -> None:
    repair(world, talk)
    for path, key in (("/desk/tickets", "tickets"), ("/desk/conversations", "conversations")):
        token = {"Authorization": (await world.ask("GET", "/people")).request_info.headers["Authorization"]}
        query = {"q": q} | ({"view": "all"} if key == "conversations" else {})
        response = await world.client.get(f"/api/v1{path}", params=query, headers=token)
        assert response.status == 200, await response.text()
        assert (await response.json())[key] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/desk/canned", {HALF: "x"}),
        ("PATCH", "/people/小李", {HALF: "x"}),
        ("POST", "/desk/webhooks", {"url": "https://example.com", "events": [HALF]}),
        ("POST", "/desk/views", {"name": "x", "filters": {HALF: "x"}}),
        ("PATCH", "/desk/tickets/TS20200101-0001/fields", {"custom": {"x": HALF}}),
        ("POST", "/desk/content/articles", {"body": {"title": HALF}}),
    ],
)
async def test_an_error_can_be_told_whatever_was_sent(world: World, method: str, path: str, body: Any) -> None:
    response = await world.ask(method, path, body, by="陈经理")
    assert response.status in (400, 422)
    assert "message" in (await response.json())["error"]


@pytest.mark.parametrize("filters", [{"step": HALF}, {"team": "a\x00"}, {"opened_to": "9999-12-31"}])
async def test_a_shared_list_breaks_nobodys_page(world: World, filters: dict[str, str]) -> None:
    shared = {"name": "坏列表", "filters": filters, "shared": True}
    assert (await world.ask("POST", "/desk/views", shared, by="王主管")).status in (201, 400, 422)
    assert (await world.ask("GET", "/desk/views")).status == 200


def test_files_leave_the_database_its_place_on_the_disk(tmp_path: Path) -> None:
    files = Files(tmp_path, kept_free=2**62)
    with pytest.raises(StorageFull), files.receive(str(uuid.uuid4())):
        pass
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# What leaves the house


@pytest.mark.parametrize("host", ["[64:ff9b::7f00:1]", "[::127.0.0.1]", "[fec0::1]", "[ff02::1]", "[fe80::1]"])
def test_no_way_of_writing_an_address_leads_into_our_own_network(host: str) -> None:
    with pytest.raises(InvalidInput):
        checked_address(f"https://{host}/x", ())


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "\n=1", "＝1+1", "＋1", "－1", "＠a", "\u00a0@a"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


async def test_an_export_leaves_no_whole_phone_on_the_trail(world: World) -> None:
    response = await world.ask("GET", "/desk/tickets.csv?phone=13800138000&q=13800138000")
    assert response.status == 200
    with world.uow() as work:
        (entry,) = work.trail.entries("tickets:csv")
    assert "13800138000" not in json.dumps(entry.change.after)


async def test_a_customer_is_not_told_which_suggestion_was_used(world: World, talk: Conversation) -> None:
    await does(world, talk, "/take", {})
    await does(world, talk, "/messages", words("您好，我来帮您", source="script:suggest.hello"), ok=201)
    said = (await talk.read())["messages"][-1]
    assert said["sender"] == Sender.AGENT
    assert "suggested" not in said["source"]


@pytest.mark.parametrize("url", ["sqlite:///{}/x.db", "postgresql://nobody@localhost/none"])
def test_an_error_of_the_database_holds_no_words_of_customers(tmp_path: Path, url: str) -> None:
    assert open_database(url.format(tmp_path)).hide_parameters


# Who has lost a conversation


async def test_who_lost_a_conversation_says_nothing_more_in_it(world: World, talk: Conversation) -> None:
    await does(world, talk, "/take", {})
    first = words("您好")
    await does(world, talk, "/messages", first, ok=201)
    await does(world, talk, "/transfer", {"to": {"kind": "person", "name": "小张"}, "reason": "轮班"})
    number = repair(world, talk)
    await refusal(await world.ask("POST", f"/tickets/{number}/reply", {"text": "还是我"}), 409, "conflict")
    for what, body in (
        ("/messages", words("还是我")),
        ("/return", {}),
        ("/close", {"reason": "solved", "summary": "完"}),
        ("/transfer", {"to": {"kind": "person", "name": "小李"}, "reason": "还给我"}),
    ):
        response = await world.ask("POST", DESK.format(talk.id) + what, body)
        assert response.status == 409, (what, await response.text())
    assert (await does(world, talk, "/messages", first))["text"] == "您好"  # sent again, said once
    assert sum(message.text == "您好" for message in world.stored(talk.id)) == 1


async def test_a_customer_rates_an_end_once_by_whichever_way(world: World, talk: Conversation) -> None:
    await does(world, talk, "/take", {})
    await does(world, talk, "/close", {"reason": "solved", "summary": "完"})
    path = f"/api/v1/conversations/{talk.id}/rating"
    assert (await world.client.post(path, json={"score": 1}, headers=talk.headers)).status == 201
    for score in (5, 1):
        await refusal(await world.client.post(path, json={"score": score}, headers=talk.headers), 409, "conflict")
    with world.uow() as work:
        assert len(work.ratings.find(conversation_id=talk.id)) == 1


def test_pages_build_no_markup_from_text() -> None:
    static = Path(__file__).parents[2] / "bot" / "gateway" / "static"
    scripts = {path: path.read_text(encoding="utf-8") for path in static.rglob("*.js")}
    for danger in (".innerHTML", ".outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert [path for path, text in scripts.items() if danger in text] == []
