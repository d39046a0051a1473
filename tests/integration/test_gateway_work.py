"""Staff work on tickets over HTTP, each within what the role may do (C1-C8, A5, B2, D6, D7, F9)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from bot.domain.notice import Fate, Notice, Way
from bot.domain.ticket import Kind
from bot.services.resolutions import Plan
from tests.integration.gateway_world import AGENT, ANALYSIS, CONTACT, World, gateway, refusal

NOBODY = "123e4567-e89b-42d3-a456-426614174000"
GRAVE = {"choice": "cash", "loss_fen": 100_000}
"""An offer beyond an agent's limit and within a supervisor's."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


async def ok(response: ClientResponse) -> Any:
    assert response.status == 200, await response.text()
    return await response.json()


def complaint(world: World, **fields: str) -> str:
    return world.ticketing.open(Kind.COMPLAINT, {"grievance": "没发货"} | fields, key="1").number


async def approval(world: World, number: str) -> str:
    """Propose beyond the agent's limit; gives the id of the request."""
    await ok(await world.ask("POST", f"/tickets/{number}/proposal", GRAVE))
    (waiting,) = (await ok(await world.ask("GET", "/approvals")))["approvals"]
    assert waiting["ticket"] == number
    approval_id: str = waiting["id"]
    return approval_id


# Looking at tickets


async def test_a_ticket_says_where_it_stands_what_it_needs_and_where_it_leads(world: World) -> None:
    number = complaint(world)
    await ok(await world.ask("POST", f"/tickets/{number}/step", {"to": "contact", "reason": "受理"}))
    ticket = await ok(await world.ask("GET", f"/tickets/{number}"))
    assert (ticket["step"], ticket["step_name"], ticket["status"]) == ("contact", "联系客户", "in_progress")
    assert ticket["next"] == [{"to": "analyse", "name": "分析", "cause": "staff"}]
    assert [fact["id"] for fact in ticket["missing"]] == list(CONTACT)
    assert ticket["missing"][0]["values"] == ["电话", "面谈", "在线聊天"]
    assert (ticket["priority"], ticket["level"], ticket["record"], ticket["entitlement"]) == (0, "agent", {}, None)
    assert ticket["due_at"].endswith("+00:00")
    assert ticket["version"] >= 1


async def test_tickets_are_found_by_phone(world: World) -> None:
    for key, phone in (("1", "13800138000"), ("2", "13900139000")):
        world.ticketing.open(Kind.REPAIR, {"phone": phone}, key=key)
    page = await ok(await world.ask("GET", "/tickets?phone=13900139000"))
    assert [ticket["phone"] for ticket in page["tickets"]] == ["*******9000"]


async def test_every_promise_on_a_ticket_is_explained_and_the_most_urgent_comes_first(world: World) -> None:
    later = world.ticketing.open(Kind.SUGGESTION, {}, key="1").number
    sooner = world.ticketing.open(Kind.REPAIR, {}, key="2", signals=("safety",)).number
    lines = (await ok(await world.ask("GET", f"/tickets/{later}/deadlines")))["lines"]
    assert any("依据" in line for line in lines)
    found = (await ok(await world.ask("GET", "/deadlines")))["deadlines"]
    assert [entry["number"] for entry in found] == [sooner, later]
    assert "人工首次答复" in found[0]["why"][0]
    assert len((await ok(await world.ask("GET", "/deadlines?limit=1")))["deadlines"]) == 1


async def test_supervisors_read_who_changed_what(world: World) -> None:
    number = complaint(world)
    await ok(await world.ask("POST", f"/tickets/{number}/step", {"to": "contact", "reason": "受理"}))
    await refusal(await world.ask("GET", f"/tickets/{number}/audit"), 403, "not_allowed")
    for reader in ("王主管", "陈经理", "管理员"):
        entries = (await ok(await world.ask("GET", f"/tickets/{number}/audit", by=reader)))["entries"]
        assert [entry["actor"] for entry in entries][-1] == "小李"
        assert entries[-1]["after"]["step"] == "contact"


# Facts, steps and replies


async def test_facts_are_noted_and_a_step_is_taken_with_its_facts(world: World) -> None:
    number = complaint(world)
    await ok(await world.ask("POST", f"/tickets/{number}/step", {"to": "contact", "reason": "受理"}))
    noted = await ok(await world.ask("POST", f"/tickets/{number}/facts", {"facts": {"contacted_by": "电话"}}))
    assert noted["record"] == {"contacted_by": "电话"}
    body = {"to": "analyse", "reason": "已联系", "facts": CONTACT}
    ticket = await ok(await world.ask("POST", f"/tickets/{number.lower()}/step", body))
    assert ticket["step"] == "analyse"
    assert ticket["history"][-1]["actor"] == "小李"


async def test_a_step_out_of_order_is_a_conflict_and_missing_facts_are_named(world: World) -> None:
    number = complaint(world)
    message = await refusal(
        await world.ask("POST", f"/tickets/{number}/step", {"to": "propose", "reason": "快点"}),
        409,
        "illegal_transition",
    )
    assert "联系客户" in message
    await ok(await world.ask("POST", f"/tickets/{number}/step", {"to": "contact", "reason": "受理"}))
    body = {"to": "analyse", "reason": "已联系"}
    await refusal(await world.ask("POST", f"/tickets/{number}/step", body), 422, "invalid")
    assert world.ticketing.get(number).step == "contact"


async def test_a_reply_reaches_the_chat_under_the_persons_name(world: World) -> None:
    talk = await world.open()
    number = world.ticketing.open(Kind.CALLBACK, {}, key="1", conversation_id=talk.id).number
    await ok(await world.ask("POST", f"/tickets/{number}/reply", {"text": "您好，我是小李，这就为您查。"}))
    frame = await talk.read(after=1, wait=5)
    assert [(m["sender"], m["text"]) for m in frame["messages"]] == [("agent", "您好，我是小李，这就为您查。")]


async def test_a_forbidden_phrase_needs_a_reason(world: World) -> None:
    number, phrase = complaint(world), {"text": "这绝对不会再发生"}
    assert "可以改说" in await refusal(await world.ask("POST", f"/tickets/{number}/reply", phrase), 422, "invalid")
    ticket = await ok(await world.ask("POST", f"/tickets/{number}/reply", phrase | {"in_spite_of": "转述客户自己的话"}))
    assert "转述客户自己的话" in ticket["history"][-1]["reason"]


# Proposals, refunds and approvals


async def test_the_policy_says_what_may_be_offered_and_who_may_grant_it(world: World) -> None:
    number = world.analysed()
    found = await ok(await world.ask("GET", f"/tickets/{number}/proposal?loss_fen=100000&tier=金卡"))
    ways = {way["id"]: way for way in found["alternatives"]}
    assert ways["cash"]["needs"] == "supervisor"
    assert ways["cash"]["lines"][0]["policy_line"] == "items.cash"
    assert ways["moral"]["amount_fen"] == 0
    assert found["source"]
    as_supervisor = await ok(await world.ask("GET", f"/tickets/{number}/proposal?loss_fen=100000", by="王主管"))
    assert {way["needs"] for way in as_supervisor["alternatives"]} == {None}


async def test_within_the_limit_a_proposal_goes_straight_to_the_customer(world: World) -> None:
    talk = await world.open()
    number = world.analysed(talk.id)
    body = {
        "choice": "voucher",
        "loss_fen": 1000,
        "tasks": [{"department": "warehouse", "what": "优先发货"}],
    }
    ticket = await ok(await world.ask("POST", f"/tickets/{number}/proposal", body))
    assert (ticket["step"], ticket["status"]) == ("confirm", "waiting_customer")
    assert ticket["record"]["proposal"]["tasks"] == [["warehouse", "优先发货"]]
    frame = await talk.read(after=1, wait=5)
    assert "/a/" in frame["messages"][0]["text"]


async def test_beyond_the_limit_somebody_above_decides(world: World) -> None:
    number = world.analysed()
    approval_id = await approval(world, number)
    await refusal(
        await world.ask("POST", f"/approvals/{approval_id}", {"approve": True, "reason": "x"}), 403, "not_allowed"
    )
    await refusal(
        await world.ask("POST", f"/approvals/{approval_id}", {"approve": True, "reason": "x"}, by="小张"),
        403, "not_allowed",
    )  # fmt: skip
    await refusal(
        await world.ask("POST", f"/approvals/{approval_id}", {"approve": True, "reason": "x"}, by="管理员"),
        403, "not_allowed",
    )  # fmt: skip
    ticket = await ok(
        await world.ask("POST", f"/approvals/{approval_id}", {"approve": True, "reason": "证据齐全"}, by="王主管")
    )
    assert ticket["step"] == "confirm"
    assert (await ok(await world.ask("GET", "/approvals")))["approvals"] == []


async def test_a_rejected_proposal_goes_back(world: World) -> None:
    approval_id = await approval(world, world.analysed())
    ticket = await ok(
        await world.ask("POST", f"/approvals/{approval_id}", {"approve": False, "reason": "先核实"}, by="陈经理")
    )
    assert ticket["step"] == "propose"
    assert "审批驳回：先核实" in ticket["history"][-1]["reason"]


async def test_of_two_who_decide_at_once_one_wins(world: World) -> None:
    approval_id = await approval(world, world.analysed())
    answers = await asyncio.gather(
        world.ask("POST", f"/approvals/{approval_id}", {"approve": True, "reason": "同意"}, by="王主管"),
        world.ask("POST", f"/approvals/{approval_id}", {"approve": False, "reason": "不同意"}, by="赵主管"),
    )
    assert sorted(answer.status for answer in answers) == [200, 409]
    late = next(answer for answer in answers if answer.status == 409)
    await refusal(late, 409, "conflict")


async def test_an_approval_shows_the_facts_to_decide_on(world: World) -> None:
    await approval(world, world.analysed())
    (waiting,) = (await ok(await world.ask("GET", "/approvals", by="管理员")))["approvals"]
    assert waiting["facts"]["证据"] == ANALYSIS["evidence"]
    assert (waiting["needed"], waiting["requested_by"]) == ("supervisor", "小李")


def refundable(world: World) -> str:
    """A return that stands at its refund; gives its number."""
    number = world.ticketing.open(Kind.RETURN_EXCHANGE, {"wish": "退货退款"}, key="1").number
    world.office.casework.move(number, "check", AGENT, "受理")
    world.office.casework.move(number, "refund", AGENT, "可以退", {"eligibility": "七天无理由"})
    return number


@pytest.mark.parametrize(("amount_fen", "step"), [(19_900, "paying"), (20_001, "approve")])
async def test_a_refund_is_confirmed_within_the_limit_and_approved_above(
    world: World, amount_fen: int, step: str
) -> None:
    number = refundable(world)
    ticket = await ok(await world.ask("POST", f"/tickets/{number}/refund", {"amount_fen": amount_fen}))
    assert ticket["step"] == step
    again = await world.ask("POST", f"/tickets/{number}/refund", {"amount_fen": 1})
    await refusal(again, 409, "illegal_transition")


async def test_a_proposal_before_the_analysis_is_a_conflict(world: World) -> None:
    number = complaint(world)
    await refusal(await world.ask("GET", f"/tickets/{number}/proposal"), 409, "illegal_transition")
    await refusal(await world.ask("POST", f"/tickets/{number}/proposal", {"terms": ["x"]}), 409, "illegal_transition")


# Appointments


async def test_a_visit_is_booked_and_moved(world: World) -> None:
    number = world.ticketing.open(Kind.REPAIR, {}, key="1").number
    slots = (await ok(await world.ask("GET", "/visits/free")))["slots"]
    assert "-" in slots[0]["words"]
    visit = await ok(await world.ask("POST", f"/tickets/{number}/visit", {"starts_at": slots[0]["starts_at"]}))
    assert (visit["ticket"], visit["state"], visit["starts_at"]) == (number, "booked", slots[0]["starts_at"])
    await ok(await world.ask("POST", f"/tickets/{number}/visit", {"starts_at": slots[1]["starts_at"]}))
    assert [v.state for v in world.office.visits.of_ticket(number)] == ["moved", "booked"]
    assert (await ok(await world.ask("GET", f"/tickets/{number}")))["step"] == "booked"


@pytest.mark.parametrize(
    ("starts_at", "status", "code"),
    [
        ("2026-11-26T01:00:00", 400, "bad_request"),
        ("明天上午", 400, "bad_request"),
        (17, 400, "bad_request"),
        ("2020-01-01T01:00:00+00:00", 422, "invalid"),
        ("0001-01-01T00:00:00+23:59", 400, "bad_request"),
    ],
)
async def test_a_time_that_cannot_be_booked_is_refused(world: World, starts_at: Any, status: int, code: str) -> None:
    number = world.ticketing.open(Kind.REPAIR, {}, key="1").number
    await refusal(await world.ask("POST", f"/tickets/{number}/visit", {"starts_at": starts_at}), status, code)


async def test_a_full_slot_is_a_conflict(world: World) -> None:
    start = world.office.visits.free()[0].starts_at
    for count in range(6):
        number = world.ticketing.open(Kind.REPAIR, {}, key=str(count)).number
        world.office.visits.book(number, start, AGENT)
    number = world.ticketing.open(Kind.REPAIR, {}, key="late").number
    body = {"starts_at": start.isoformat()}
    await refusal(await world.ask("POST", f"/tickets/{number}/visit", body), 409, "conflict")


# Tasks


async def test_tasks_are_found_taken_and_done(world: World) -> None:
    number = world.analysed()
    world.office.resolutions.confirm(world.offered(number, Plan(terms=("发货",), tasks=(("warehouse", "发货"),))))
    (task,) = (await ok(await world.ask("GET", f"/tasks?ticket={number.lower()}&state=open")))["tasks"]
    assert (task["department"], task["department_name"], task["what"]) == ("warehouse", "仓库", "发货")
    taken = await ok(await world.ask("POST", f"/tasks/{task['id']}/acknowledge"))
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", "小李")
    done = await ok(await world.ask("POST", f"/tasks/{task['id']}/finish", {"result": "运单 SF1"}, by="小张"))
    assert (done["state"], done["result"], done["acknowledged_by"]) == ("done", "运单 SF1", "小李")
    assert (await ok(await world.ask("GET", "/tasks?state=open")))["tasks"] == []
    assert (await ok(await world.ask("GET", f"/tickets/{number}")))["step"] == "follow_up"
    again = await world.ask("POST", f"/tasks/{task['id']}/finish", {"result": "x"})
    await refusal(again, 409, "conflict")


# Complaints about staff


async def test_a_supervisor_decides_on_a_complaint_about_staff(world: World) -> None:
    world.analysed(accused_staff="小张")
    for refused in ("小李", "小张"):
        await refusal(await world.ask("GET", "/conduct", by=refused), 403, "not_allowed")
    (case,) = (await ok(await world.ask("GET", "/conduct", by="王主管")))["cases"]
    assert (case["staff"], case["state"], case["proposed"]) == ("小张", "reported", "warning")
    body = {"verified": True, "reason": "听了录音"}
    await refusal(await world.ask("POST", f"/conduct/{case['id']}", body), 403, "not_allowed")
    await refusal(await world.ask("POST", f"/conduct/{case['id']}", body, by="管理员"), 403, "not_allowed")
    decided = await ok(await world.ask("POST", f"/conduct/{case['id']}", body, by="王主管"))
    assert (decided["state"], decided["outcome"], decided["decided_by"]) == ("verified", "warning", "王主管")
    await refusal(await world.ask("POST", f"/conduct/{case['id']}", body, by="赵主管"), 409, "conflict")
    assert (await ok(await world.ask("GET", "/conduct", by="管理员")))["cases"] == []


async def test_a_supervisor_may_choose_another_outcome_than_the_ladder(world: World) -> None:
    world.analysed(accused_staff="小张")
    (case,) = (await ok(await world.ask("GET", "/conduct", by="王主管")))["cases"]
    body = {"verified": True, "reason": "很严重", "outcome": "penalty"}
    await refusal(
        await world.ask("POST", f"/conduct/{case['id']}", body | {"outcome": "x"}, by="王主管"), 400, "bad_request"
    )
    assert (await ok(await world.ask("POST", f"/conduct/{case['id']}", body, by="王主管")))["outcome"] == "penalty"


# Notices


def notice(world: World, state: Fate) -> str:
    now = world.clock()
    given = Notice(NOBODY, "task:1", Way.WEBHOOK, "warehouse", "新任务", {"link": "https://x/t/secret"}, now, now)
    with world.uow() as work:
        work.notices.add(given)
        work.notices.save(replace(given, state=state, attempts=12, error="连接被拒绝"))
        work.commit()
    return given.id


async def test_a_dead_notice_is_seen_and_sent_again(world: World) -> None:
    notice_id = notice(world, Fate.DEAD)
    await refusal(await world.ask("GET", "/notices?state=dead"), 403, "not_allowed")
    response = await world.ask("GET", "/notices?state=dead", by="王主管")
    assert "secret" not in await response.text()
    (dead,) = (await ok(response))["notices"]
    assert (dead["id"], dead["attempts"], dead["error"]) == (notice_id, 12, "连接被拒绝")
    await refusal(await world.ask("POST", f"/notices/{notice_id}/retry"), 403, "not_allowed")
    revived = await ok(await world.ask("POST", f"/notices/{notice_id}/retry", by="管理员"))
    assert (revived["state"], revived["attempts"], revived["error"]) == ("waiting", 0, None)
    assert (await ok(await world.ask("GET", "/notices", by="王主管")))["notices"] == []


async def test_a_notice_that_arrived_is_not_sent_again(world: World) -> None:
    response = await world.ask("POST", f"/notices/{notice(world, Fate.SENT)}/retry", by="王主管")
    await refusal(response, 409, "conflict")


# What cannot be


UNKNOWN: list[tuple[str, str, Any]] = [
    ("GET", "/tickets/{}/deadlines", None),
    ("GET", "/tickets/{}/audit", None),
    ("POST", "/tickets/{}/facts", {"facts": {"cause": "other"}}),
    ("POST", "/tickets/{}/step", {"to": "contact", "reason": "x"}),
    ("POST", "/tickets/{}/reply", {"text": "您好"}),
    ("GET", "/tickets/{}/proposal", None),
    ("POST", "/tickets/{}/proposal", {"terms": ["x"]}),
    ("POST", "/tickets/{}/refund", {"amount_fen": 1}),
    ("POST", "/tickets/{}/visit", {"starts_at": "2026-11-26T01:00:00+00:00"}),
]
UNKNOWN_IDS: list[tuple[str, str, Any]] = [
    ("POST", "/approvals/{}", {"approve": True, "reason": "x"}),
    ("POST", "/tasks/{}/acknowledge", None),
    ("POST", "/tasks/{}/finish", {"result": "x"}),
    ("POST", "/conduct/{}", {"verified": True, "reason": "x"}),
    ("POST", "/notices/{}/retry", None),
]


@pytest.mark.parametrize(("method", "path", "body"), UNKNOWN)
@pytest.mark.parametrize("number", ["TS20200101-0001", "nonsense", "%00"])
async def test_an_unknown_ticket_is_not_found(world: World, method: str, path: str, body: Any, number: str) -> None:
    await refusal(await world.ask(method, path.format(number), body, by="王主管"), 404, "not_found")


@pytest.mark.parametrize(("method", "path", "body"), UNKNOWN_IDS)
@pytest.mark.parametrize("unknown", [NOBODY, "nonsense", "%00"])
async def test_an_unknown_id_is_not_found(world: World, method: str, path: str, body: Any, unknown: str) -> None:
    await refusal(await world.ask(method, path.format(unknown), body, by="王主管"), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("facts", {"facts": []}, 400, "bad_request"),
        ("facts", {"facts": {"cause": 1}}, 400, "bad_request"),
        ("facts", {"facts": {"cause": "nothing"}}, 422, "invalid"),
        ("facts", {"facts": {"unknown": "x"}}, 422, "invalid"),
        ("step", {"to": "contact"}, 400, "bad_request"),
        ("step", {"reason": "x"}, 400, "bad_request"),
        ("step", {"to": "contact", "reason": " "}, 422, "invalid"),
        ("step", {"to": "contact", "reason": "长" * 501}, 422, "invalid"),
        ("reply", {"text": ""}, 422, "invalid"),
        ("reply", {"text": "长" * 2001}, 422, "invalid"),
        ("reply", {"text": ["x"]}, 400, "bad_request"),
        ("reply", {"text": "\ud800"}, 400, "bad_request"),
        ("proposal", {"terms": "x"}, 400, "bad_request"),
        ("proposal", {"terms": [1]}, 400, "bad_request"),
        ("proposal", {"terms": ["x"] * 31}, 422, "invalid"),
        ("proposal", {"terms": ["x"], "tasks": ["warehouse"]}, 400, "bad_request"),
        ("proposal", {"terms": ["x"], "tasks": [{"department": "moon", "what": "x"}]}, 422, "invalid"),
        ("proposal", {"choice": "millions"}, 422, "invalid"),
        ("proposal", {}, 422, "invalid"),
        ("proposal", {"choice": "cash", "loss_fen": -1}, 422, "invalid"),
        ("proposal", {"choice": "cash", "loss_fen": 1.5}, 400, "bad_request"),
        ("proposal", {"choice": "cash", "loss_fen": True}, 400, "bad_request"),
        ("proposal", {"choice": "cash", "tier": "钻石"}, 422, "invalid"),
        ("proposal", {"choice": "cash", "force_majeure": "no"}, 400, "bad_request"),
        ("refund", {"amount_fen": -1}, 422, "invalid"),
        ("refund", {"amount_fen": "1"}, 400, "bad_request"),
        ("refund", {}, 400, "bad_request"),
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_is_refused(world: World, path: str, body: Any, status: int, code: str) -> None:
    number = world.analysed()
    before = world.ticketing.get(number)
    await refusal(await world.ask("POST", f"/tickets/{number}/{path}", body), status, code)
    assert world.ticketing.get(number) == before


@pytest.mark.parametrize(
    "query",
    ["/tasks?state=lost", "/notices?state=lost", "/deadlines?limit=-1", "/tickets/{}/proposal?loss_fen=x",
     "/tickets/{}/proposal?force_majeure=maybe"],
)  # fmt: skip
async def test_a_query_that_cannot_be_is_refused(world: World, query: str) -> None:
    path = query.format(world.analysed())
    await refusal(await world.ask("GET", path, by="王主管"), 400, "bad_request")


async def test_whoever_decides_says_so_plainly_and_why(world: World) -> None:
    approval_id = await approval(world, world.analysed())
    for body, status, code in (
        ({"approve": "yes", "reason": "x"}, 400, "bad_request"),
        ({"reason": "x"}, 400, "bad_request"),
        ({"approve": True}, 400, "bad_request"),
        ({"approve": True, "reason": "  "}, 422, "invalid"),
    ):
        await refusal(await world.ask("POST", f"/approvals/{approval_id}", body, by="王主管"), status, code)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, path.format("TS20200101-0001")) for method, path, _ in UNKNOWN),
        *((method, path.format(NOBODY)) for method, path, _ in UNKNOWN_IDS),
        *(("GET", path) for path in ("/deadlines", "/visits/free", "/approvals", "/tasks", "/conduct", "/notices")),
    ],
)
async def test_only_staff_may(world: World, method: str, path: str) -> None:
    talk = await world.open()
    await refusal(await world.client.request(method, f"/api/v1{path}", json={}), 401, "unauthorized")
    response = await world.client.request(method, f"/api/v1{path}", json={}, headers=talk.headers)
    await refusal(response, 403, "forbidden")


async def test_an_approval_that_waited_too_long_is_a_conflict(world: World) -> None:
    approval_id = await approval(world, world.analysed())
    world.clock.ahead = timedelta(hours=25)
    response = await world.ask("POST", f"/approvals/{approval_id}", {"approve": True, "reason": "x"}, by="王主管")
    await refusal(response, 409, "conflict")
