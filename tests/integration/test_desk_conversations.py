"""People at the desk take, answer, note, hand on, return and close conversations; what may not be is refused."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.actor import Role
from bot.domain.conversation import Need, Owner, OwnerChange
from bot.domain.message import Sender
from bot.domain.person import Person
from bot.domain.ticket import Kind
from tests.integration.gateway_world import Conversation, World, gateway, refusal

DESK = "/desk/conversations/{}"


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


async def until(world: World, talk: Conversation, owner: Owner) -> None:
    async with asyncio.timeout(5):
        while held(world, talk).owner is not owner:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def answered(world: World, talk: Conversation, count: int = 1) -> None:
    """Wait until a turn has dealt with everything that the customer said."""
    async with asyncio.timeout(5):
        while True:
            with world.uow() as work:
                if talk.id not in work.conversations.unanswered():
                    return
            await asyncio.sleep(0.01)


def held(world: World, talk: Conversation) -> Any:
    with world.uow() as work:
        found = work.conversations.get(talk.id)
    assert found
    return found


def told(world: World, talk: Conversation) -> list[str]:
    """What the customer may read."""
    return [message.text for message in world.stored(talk.id) if not message.note]


def team_of(world: World, name: str, team: str) -> None:
    with world.uow() as work:
        person = work.users.get(name)
        assert person
        work.users.save(replace(person, team=team), world.clock())
        work.commit()


def needs(world: World, talk: Conversation, need: Need) -> None:
    with world.uow() as work:
        conversation = work.conversations.lock(talk.id)
        assert conversation
        changed = conversation.hand_on(need, world.clock())
        work.conversations.save_owner(
            changed, OwnerChange(talk.id, changed.epoch, changed.owner, "test", world.clock())
        )
        work.commit()


async def does(world: World, talk: Conversation, what: str, body: Any = None, by: str = "小李", ok: int = 200) -> Any:
    method = "GET" if body is None else "POST"
    response = await world.ask(method, DESK.format(talk.id) + what, body, by=by)
    assert response.status == ok, await response.text()
    return await response.json()


def words(text: str, **more: str) -> dict[str, str]:
    return {"client_id": str(uuid.uuid4()), "text": text, **more}


async def test_who_takes_a_conversation_holds_it_and_the_customer_is_told_who_serves(
    world: World, talk: Conversation
) -> None:
    row = (await does(world, talk, "/take", {}))["conversation"]
    assert (row["owner"], row["agent"]) == ("human", "小李")
    assert "小李" in told(world, talk)[-1]
    mine = await (await world.ask("GET", "/desk/conversations?view=mine")).json()
    assert [row["id"] for row in mine["conversations"]] == [talk.id]
    assert mine["counts"] == {"mine": 1, "queue": 0, "team": 0, "bot": 0}


async def test_of_two_who_take_the_same_conversation_one_gets_it_and_the_other_is_told_who_has_it(
    world: World, talk: Conversation
) -> None:
    takes = [world.ask("POST", DESK.format(talk.id) + "/take", {}, by=name) for name in ("小李", "小张") * 3]
    answers = await asyncio.gather(*takes)
    winners = {answer.status for answer in answers}
    assert winners == {200, 409}
    holder = held(world, talk).agent
    for answer in answers:
        if answer.status == 409:
            assert holder in await refusal(answer, 409, "conflict")
    joined = [text for text in told(world, talk) if holder in text]
    assert len(joined) == 1, "taking again what one has changes nothing"


async def test_a_supervisor_takes_over_from_an_agent_and_an_agent_not_from_a_supervisor(
    world: World, talk: Conversation
) -> None:
    await does(world, talk, "/take", {})
    await does(world, talk, "/take", {}, by="王主管")
    assert held(world, talk).agent == "王主管"
    await refusal(await world.ask("POST", DESK.format(talk.id) + "/take", {}), 409, "conflict")


async def test_what_needs_a_supervisor_is_neither_seen_nor_taken_by_an_agent(world: World, talk: Conversation) -> None:
    needs(world, talk, Need(level=Role.SUPERVISOR))
    for what in ("", "/messages"):
        await refusal(await world.ask("GET", DESK.format(talk.id) + what), 403, "not_allowed")
    await refusal(await world.ask("POST", DESK.format(talk.id) + "/take", {}), 403, "not_allowed")
    await does(world, talk, "/take", {}, by="王主管")


async def test_another_teams_conversation_is_refused_logged_and_nothing_changes(
    world: World, talk: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    team_of(world, "小李", "repair")
    before = world.stored(talk.id)
    refused = [
        ("GET", ""), ("GET", "/messages"), ("POST", "/take"), ("POST", "/messages"), ("POST", "/notes"),
        ("POST", "/read"), ("GET", "/close"),
    ]  # fmt: skip
    for method, what in refused:
        body = {**words("您好"), "seq": 1} if method == "POST" else None
        await refusal(await world.ask(method, DESK.format(talk.id) + what, body), 403, "not_allowed")
    assert world.stored(talk.id) == before
    assert held(world, talk).owner is Owner.QUEUED
    assert sum("was refused conversation" in record.message for record in caplog.records) == len(refused)
    for view in ("queue", "all"):
        page = await (await world.ask("GET", f"/desk/conversations?view={view}")).json()
        assert page["conversations"] == []
    seen = await (await world.ask("GET", "/desk/conversations?view=queue", by="陈经理")).json()
    assert len(seen["conversations"]) == 1


async def test_what_an_agent_says_reaches_the_customer_once_and_ends_the_waiting(
    world: World, talk: Conversation
) -> None:
    await does(world, talk, "/take", {})
    assert held(world, talk).waiting_since
    said = words("您好，我看一下", source="canned:greeting")
    first = await does(world, talk, "/messages", said, ok=201)
    assert (await does(world, talk, "/messages", said))["message_id"] == first["message_id"]
    assert told(world, talk)[-1] == "您好，我看一下"
    assert told(world, talk).count("您好，我看一下") == 1
    assert held(world, talk).waiting_since is None
    assert first["source"] == {"kind": "agent", "id": "小李", "suggested": "canned:greeting"}
    assert first["client_id"] == said["client_id"]
    seen = (await talk.read(after=0))["messages"][-1]
    assert (seen["sender"], seen["text"]) == ("agent", "您好，我看一下")


async def test_only_who_holds_a_conversation_speaks_in_it(world: World, talk: Conversation) -> None:
    path = DESK.format(talk.id) + "/messages"
    await refusal(await world.ask("POST", path, words("您好")), 409, "conflict")
    await does(world, talk, "/take", {})
    for name in ("小张", "王主管"):
        assert "小李" in await refusal(await world.ask("POST", path, words("您好"), by=name), 409, "conflict")
    await does(world, talk, "/barge", {}, by="王主管")
    await does(world, talk, "/messages", words("我是主管"), by="王主管", ok=201)
    await refusal(await world.ask("POST", DESK.format(talk.id) + "/barge", {}, by="小张"), 403, "not_allowed")
    assert held(world, talk).agent == "小李"


async def test_a_phrase_that_hurts_is_held_back_with_better_words_and_said_only_with_a_reason(
    world: World, talk: Conversation
) -> None:
    await does(world, talk, "/take", {})
    phrase = world.anfu.scripts.forbidden[0]
    body = words(f"这个{phrase.phrase}")
    message = await refusal(await world.ask("POST", DESK.format(talk.id) + "/messages", body), 422, "invalid")
    assert phrase.better in message
    assert body["text"] not in told(world, talk)
    await does(world, talk, "/messages", {**body, "in_spite_of": "引用客户的原话"}, ok=201)
    with world.uow() as work:
        trail = [entry.change for entry in work.trail.entries(f"conversation:{talk.id}")]
    assert any(change.action == "said_in_spite" and "引用客户的原话" in change.reason for change in trail)


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "话" * 2001, None, 7, "\ud800"], ids=range(7))
async def test_what_cannot_be_said_is_refused(world: World, talk: Conversation, text: Any) -> None:
    await does(world, talk, "/take", {})
    before = told(world, talk)
    body = {"client_id": str(uuid.uuid4()), "text": text}
    response = await world.client.post("/api/v1" + DESK.format(talk.id) + "/messages", json=body, headers=bearer(world))
    assert response.status in (400, 422)
    assert told(world, talk) == before


def bearer(world: World, name: str = "小李", role: str = "agent") -> dict[str, str]:
    from bot.gateway.auth import staff_token
    from tests.integration.gateway_world import SECRET

    return {"Authorization": f"Bearer {staff_token(SECRET, name, role, world.clock())}"}


async def test_a_persons_answer_meets_the_promise_of_the_conversations_tickets_and_the_bots_does_not(
    world: World, talk: Conversation
) -> None:
    fields = {"product": "滚筒洗衣机", "symptom": "不脱水", "phone": "13800138000"}
    number = world.ticketing.open(Kind.REPAIR, fields, key="1", conversation_id=talk.id).number
    world.store(talk.id, "机器人的话")
    assert not any(entry.event == "reply" for entry in world.ticketing.get(number).history)
    await does(world, talk, "/take", {})
    await does(world, talk, "/messages", words("我来处理，请稍等"), ok=201)
    await does(world, talk, "/messages", words("师傅明天和您联系"), ok=201)
    replies = [entry for entry in world.ticketing.get(number).history if entry.event == "reply"]
    assert [(entry.actor, entry.reason) for entry in replies] == [("小李", "我来处理，请稍等")]


async def test_a_note_is_read_by_colleagues_alone(world: World, talk: Conversation) -> None:
    note = words("客户上周来过电话")
    first = await does(world, talk, "/notes", note, ok=201)
    assert (await does(world, talk, "/notes", note, ok=201))["message_id"] == first["message_id"]
    assert first["note"]
    seen = (await does(world, talk, "/messages"))["messages"]
    assert [message["text"] for message in seen if message["note"]] == ["客户上周来过电话"]
    assert "客户上周来过电话" not in str(await talk.read(after=0))


async def test_only_a_leader_whispers_and_the_customer_hears_nothing(world: World, talk: Conversation) -> None:
    await does(world, talk, "/take", {})
    await refusal(await world.ask("POST", DESK.format(talk.id) + "/whisper", words("慢一点")), 403, "not_allowed")
    await does(world, talk, "/whisper", words("先道歉"), by="王主管", ok=201)
    assert "先道歉" not in str(await talk.read(after=0))


async def test_handing_on_to_a_person_keeps_place_and_reason_and_tells_the_customer(
    world: World, talk: Conversation
) -> None:
    queued_at = held(world, talk).queued_at
    await does(world, talk, "/take", {})
    to = {"to": {"kind": "person", "name": "小张"}, "reason": "维修的事他熟"}
    await does(world, talk, "/transfer", to)
    now = held(world, talk)
    assert (now.owner, now.agent, now.queued_at) == (Owner.HUMAN, "小张", queued_at)
    notes = [message.text for message in world.stored(talk.id) if message.note]
    assert notes == ["转给小张：维修的事他熟"]
    assert "小张" in told(world, talk)[-1]
    await refusal(await world.ask("POST", DESK.format(talk.id) + "/messages", words("您好")), 409, "conflict")


@pytest.mark.parametrize(("kind", "name"), [("team", "repair"), ("level", "supervisor")])
async def test_handing_on_to_a_team_or_level_puts_it_into_their_queue(
    world: World, talk: Conversation, kind: str, name: str
) -> None:
    await does(world, talk, "/take", {})
    response = await world.ask(
        "POST", DESK.format(talk.id) + "/transfer", {"to": {"kind": kind, "name": name}, "reason": "超出权限"}
    )
    assert response.status == 200
    now = held(world, talk)
    assert now.owner is Owner.QUEUED
    assert name in (now.need.team, now.need.level)
    await refusal(await world.ask("GET", DESK.format(talk.id)), 403, "not_allowed")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("person", "没这个人"),
        ("person", "管理员"),
        ("person", "小李"),
        ("team", "黑客"),
        ("level", "admin"),
        ("x", "y"),
    ],
)
async def test_nobody_is_handed_to_who_is_not_there(world: World, talk: Conversation, kind: str, name: str) -> None:
    await does(world, talk, "/take", {})
    before = held(world, talk)
    body = {"to": {"kind": kind, "name": name}, "reason": "请接手"}
    await refusal(await world.ask("POST", DESK.format(talk.id) + "/transfer", body), 422, "invalid")
    assert held(world, talk).epoch == before.epoch


async def test_a_disabled_colleague_gets_no_conversation(world: World, talk: Conversation) -> None:
    with world.uow() as work:
        work.users.save(Person("小张", Role.AGENT, is_disabled=True), world.clock())
        work.commit()
    await does(world, talk, "/take", {})
    body = {"to": {"kind": "person", "name": "小张"}, "reason": "请接手"}
    await refusal(await world.ask("POST", DESK.format(talk.id) + "/transfer", body), 422, "invalid")


async def test_back_to_the_bot_only_with_the_customers_consent(world: World, talk: Conversation) -> None:
    await does(world, talk, "/take", {})
    await does(world, talk, "/return", {})
    assert (await does(world, talk, "/return", {}))["conversation"]["return_asked"]
    asked = [message for message in world.stored(talk.id) if message.buttons][-1]
    assert [button.payload for button in asked.buttons] == ["回到小安", "继续人工"]
    await talk.say("继续人工")
    await answered(world, talk)
    assert held(world, talk).owner is Owner.HUMAN
    assert not held(world, talk).return_asked
    assert any(message.note and "继续由人工" in message.text for message in world.stored(talk.id))
    await does(world, talk, "/return", {})
    await talk.say("回到小安")
    await until(world, talk, Owner.BOT)
    assert "机器人" in told(world, talk)[-1]
    await talk.say("你好")
    await answered(world, talk)
    assert told(world, talk)[-1] == "您说的是：你好"


async def test_without_being_asked_the_word_of_consent_means_nothing(world: World, talk: Conversation) -> None:
    await does(world, talk, "/take", {})
    await talk.say("回到小安")
    await answered(world, talk)
    assert held(world, talk).owner is Owner.HUMAN


async def test_a_conversation_is_closed_with_reason_and_summary_and_the_customer_rates_it_once(
    world: World, talk: Conversation
) -> None:
    await does(world, talk, "/take", {})
    proposed = await does(world, talk, "/close")
    assert "洗衣机不脱水" in proposed["summary"]
    assert "inactive" not in [reason["id"] for reason in proposed["reasons"]]
    row = (await does(world, talk, "/close", {"reason": "solved", "summary": "已教客户清理滤网"}))["conversation"]
    assert row["closed_reason_name"] == "问题已解决"
    for text in ("满意", "不满意", "写几句", "师傅很耐心"):
        await talk.say(text)
        await answered(world, talk)
    with world.uow() as work:
        (rating,) = work.ratings.find(conversation_id=talk.id)
    assert (rating.score, rating.agent, rating.comment) == (5, "小李", "师傅很耐心")
    assert held(world, talk).closed_at, "rating does not open it again"


@pytest.mark.parametrize(
    "body",
    [{"reason": "x", "summary": "好"}, {"reason": "inactive", "summary": "好"}, {"reason": "solved", "summary": " "}],
)
async def test_closing_without_a_reason_or_a_summary_is_refused(
    world: World, talk: Conversation, body: dict[str, str]
) -> None:
    await does(world, talk, "/take", {})
    await refusal(await world.ask("POST", DESK.format(talk.id) + "/close", body), 422, "invalid")
    assert not held(world, talk).closed_at


async def test_who_writes_after_the_end_is_greeted_by_the_bot_and_the_history_stays(
    world: World, talk: Conversation
) -> None:
    await does(world, talk, "/take", {})
    await does(world, talk, "/close", {"reason": "solved", "summary": "好了"})
    await talk.say("还有一件事")
    await answered(world, talk)
    greeting, answer = told(world, talk)[-2:]
    assert "机器人" in greeting
    assert answer == "您说的是：还有一件事"
    whole = await does(world, talk, "")
    assert whole["conversation"]["closed_at"] is None
    assert whole["conversation"]["returning"]
    assert whole["messages"][1]["text"] == "洗衣机不脱水，转人工"


async def test_silence_is_asked_about_and_then_ends_the_conversation_and_never_one_that_waits_for_us(
    world: World, talk: Conversation
) -> None:
    await does(world, talk, "/take", {})
    farewells, clock = world.office.farewells, world.clock
    clock.ahead = timedelta(minutes=30)
    assert farewells.end_silent() == 0, "the customer waits for an answer"
    await does(world, talk, "/messages", words("修好了吗"), ok=201)
    clock.ahead += timedelta(minutes=9)
    assert farewells.end_silent() == 0
    clock.ahead += timedelta(minutes=2)
    assert (farewells.end_silent(), farewells.end_silent()) == (1, 0)
    assert "5 分钟" in told(world, talk)[-1]
    clock.ahead += timedelta(minutes=6)
    assert (farewells.end_silent(), farewells.end_silent()) == (1, 0)
    assert held(world, talk).closed_reason == "inactive"


async def test_a_conversation_with_the_bot_ends_quietly_after_a_day(world: World) -> None:
    talk = await world.open()
    before = told(world, talk)
    world.clock.ahead = timedelta(hours=25)
    assert world.office.farewells.end_silent() == 1
    assert told(world, talk) == before
    assert held(world, talk).closed_at


async def test_the_bots_late_answer_becomes_a_note_once_a_person_has_taken_over(world: World) -> None:
    world.engine.pace = 0.4
    talk = await world.open()
    await talk.say("洗衣机不脱水")
    async with asyncio.timeout(5):
        while not world.engine.heard:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await does(world, talk, "/take", {})
    await answered(world, talk)
    notes = [message.text for message in world.stored(talk.id) if message.note]
    assert notes == ["您说的是：洗衣机不脱水"]
    assert "您说的是：洗衣机不脱水" not in str(await talk.read(after=0))


async def test_unread_counts_what_the_customer_said_since_the_person_looked(world: World, talk: Conversation) -> None:
    await does(world, talk, "/take", {})
    assert (await does(world, talk, ""))["conversation"]["unread"] == 1
    last = world.stored(talk.id)[-1].seq
    await does(world, talk, "/read", {"seq": last})
    await talk.say("在吗")
    row = (await does(world, talk, ""))["conversation"]
    assert row["unread"] == 1
    await does(world, talk, "/read", {"seq": last + 1})
    await does(world, talk, "/read", {"seq": 1})
    assert (await does(world, talk, ""))["conversation"]["unread"] == 0, "reading never goes back"


async def test_a_draft_outlives_the_browser_and_is_each_persons_own(world: World, talk: Conversation) -> None:
    path = DESK.format(talk.id)
    assert (await world.ask("PUT", f"{path}/draft", {"text": "您好，我查到"})).status == 200
    assert (await does(world, talk, ""))["draft"] == "您好，我查到"
    assert (await does(world, talk, "", by="小张"))["draft"] == ""


async def test_the_queue_shows_places_and_by_when_an_answer_is_owed(world: World, talk: Conversation) -> None:
    other = await world.open()
    await other.say("转人工")
    await until(world, other, Owner.QUEUED)
    rows = (await (await world.ask("GET", "/desk/conversations?view=queue")).json())["conversations"]
    assert [(row["id"], row["position"]) for row in rows] == [(talk.id, 1), (other.id, 2)]
    assert all(row["due_at"] > row["waiting_since"] for row in rows)


async def test_conversations_are_found_by_ticket_and_customer(world: World, talk: Conversation) -> None:
    await world.open()
    ticket = world.ticketing.open(Kind.REPAIR, {"phone": "13800138000"}, key="1", conversation_id=talk.id)
    for words_ in (ticket.number, "13800138000", talk.id[:8]):
        page = await (await world.ask("GET", f"/desk/conversations?view=all&q={words_}")).json()
        assert [row["id"] for row in page["conversations"]] == [talk.id], words_
    for words_ in ("%", "_", "'; drop table users; --"):
        response = await world.client.get(
            "/api/v1/desk/conversations", params={"view": "all", "q": words_}, headers=bearer(world)
        )
        assert (await response.json())["conversations"] == []


async def test_pages_follow_each_other_without_gap_or_repetition(world: World) -> None:
    talks = {(await world.open()).id for _ in range(7)}
    found: list[str] = []
    before = ""
    while True:
        query = {"view": "bot", "limit": "3", **({"before": before} if before else {})}
        response = await world.client.get("/api/v1/desk/conversations", params=query, headers=bearer(world))
        rows = (await response.json())["conversations"]
        if not rows:
            break
        found += [row["id"] for row in rows]
        before = rows[-1]["touched_at"]
    assert sorted(found) == sorted(talks)


async def test_the_queue_goes_on_behind_who_was_shown_last(world: World) -> None:
    talks = [await world.open() for _ in range(7)]
    for place, waiting in enumerate(talks):
        with world.uow() as work:
            conversation = work.conversations.lock(waiting.id)
            assert conversation
            at = world.clock() + timedelta(seconds=place % 3)
            queued = conversation.queue_for_human("asked", at, Need(priority=place % 2))
            change = OwnerChange(queued.id, queued.epoch, queued.owner, "asked", at)
            work.conversations.save_owner(queued, change)
            work.commit()
    whole = (await (await world.ask("GET", "/desk/conversations?view=queue")).json())["conversations"]
    found: list[str] = []
    while len(found) < 20:
        behind = f"&behind={found[-1]}" if found else ""
        page = await (await world.ask("GET", f"/desk/conversations?view=queue&limit=3{behind}")).json()
        if not page["conversations"]:
            break
        found += [row["id"] for row in page["conversations"]]
    assert found == [row["id"] for row in whole]
    assert sorted(found) == sorted(waiting.id for waiting in talks)


@pytest.mark.parametrize("query", ["view=x", "before=gestern", "before=2026-01-01", "limit=1000", "q=" + "x" * 100])
async def test_a_list_that_cannot_be_is_refused(world: World, query: str) -> None:
    response = await world.ask("GET", f"/desk/conversations?{query}")
    assert response.status in (400, 422)


async def test_a_customers_file_is_confirmed_changed_and_shows_earlier_talks_orders_and_rights(
    world: World, talk: Conversation
) -> None:
    phone = "13800138000"
    world.ticketing.open(Kind.REPAIR, {"phone": phone, "product": "洗衣机"}, key="1", conversation_id=talk.id)
    await does(world, talk, "/take", {})
    linked = await does(world, talk, "/customer", {"name": "林女士", "phone": phone, "special_care": True})
    assert linked["phone"] == "*******8000"
    assert (await does(world, talk, "/phone", {}))["phone"] == phone
    whole = await does(world, talk, "")
    assert whole["conversation"]["title"] == "林女士"
    assert whole["customer"]["special_care"]
    assert {entry["order_number"] for entry in whole["warranty"]} <= {order["number"] for order in whole["orders"]}
    assert any(entry["lines"] and entry["clauses"] for entry in whole["warranty"])
    path = f"/desk/customers/{linked['id']}"
    changed = await (await world.ask("PATCH", path, {"version": linked["version"], "preferences": "晚上打电话"})).json()
    assert changed["preferences"] == "晚上打电话"
    await refusal(await world.ask("PATCH", path, {"version": linked["version"], "name": "x"}), 409, "conflict")
    await refusal(await world.ask("PATCH", path, {"version": changed["version"], "phone": "12"}), 422, "invalid")
    with world.uow() as work:
        actions = [entry.change.action for entry in work.trail.entries(f"conversation:{talk.id}")]
    assert {"customer", "revealed"} <= set(actions)
    again = await world.open()
    world.ticketing.open(Kind.REPAIR, {"phone": phone}, key="2", conversation_id=again.id)
    second = await (await world.ask("GET", DESK.format(again.id))).json()
    assert second["customer"] is None
    assert second["proposed_customer"]["id"] == linked["id"]
    assert [(row["id"], row["verified"]) for row in second["history"]] == [(talk.id, False)]
    await does(world, again, "/customer", {"customer_id": linked["id"]})
    second = await (await world.ask("GET", DESK.format(again.id))).json()
    assert [(row["id"], row["verified"]) for row in second["history"]] == [(talk.id, True)]


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x", "phone": "1"}, {"name": "x", "tier": "king"}, {"customer_id": str(uuid.uuid4())}],
)
async def test_a_file_that_cannot_be_is_refused(world: World, talk: Conversation, body: dict[str, str]) -> None:
    response = await world.ask("POST", DESK.format(talk.id) + "/customer", body)
    assert response.status in (404, 422)
    assert held(world, talk).customer_id is None


async def test_a_desk_asked_for_by_nobody_or_a_customer_is_closed(world: World, talk: Conversation) -> None:
    for headers, status in (({}, 401), (talk.headers, 403)):
        for path in ("/desk/conversations", DESK.format(talk.id)):
            response = await world.client.get(f"/api/v1{path}", headers=headers)
            assert response.status == status
    for unknown in (str(uuid.uuid4()), "x"):
        await refusal(await world.ask("GET", DESK.format(unknown)), 404, "not_found")


async def test_a_script_in_a_message_is_text_and_nothing_else(world: World, talk: Conversation) -> None:
    await does(world, talk, "/take", {})
    await talk.say("<img src=x onerror=alert(1)>")
    response = await world.ask("GET", DESK.format(talk.id) + "/messages")
    assert response.content_type == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_restart_with_a_hundred_live_conversations_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with gateway(tmp_path) as world:
        world.everybody()
        with world.uow() as work:
            world.runner._quiet_seconds = 60  # the server goes down before it has answered
            work.commit()
        opened = [world.anfu.intake.open_conversation("web").id for _ in range(100)]
        for number, conversation_id in enumerate(opened):
            world.anfu.intake.accept(conversation_id, f"key-{number}", f"第 {number} 位的问题")
        person = Person("小李", Role.AGENT)
        for conversation_id in opened[:50]:
            world.office.desk.take(conversation_id, person)
    async with gateway(tmp_path) as world:
        async with asyncio.timeout(60):
            while True:
                with world.uow() as work:
                    if not work.conversations.unanswered():
                        break
                await asyncio.sleep(0.05)
        for number, conversation_id in enumerate(opened):
            said = [(m.sender, m.text) for m in world.stored(conversation_id)]
            assert said.count((Sender.CUSTOMER, f"第 {number} 位的问题")) == 1
            answers = [text for sender, text in said if text == f"您说的是：第 {number} 位的问题"]
            with world.uow() as work:
                conversation = work.conversations.get(conversation_id)
                assert conversation
            assert len(answers) == (0 if number < 50 else 1)
            assert (conversation.owner is Owner.HUMAN) == (number < 50)
        page = await (await world.ask("GET", "/desk/conversations?view=mine&limit=200")).json()
        assert len(page["conversations"]) == 50
