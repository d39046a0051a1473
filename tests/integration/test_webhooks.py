"""Other systems are told what happens here: once subscribed, nothing is lost, and nothing goes into our own network."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.adapters.couriers.subscriber import SubscriberCourier
from bot.adapters.couriers.webhook import verify
from bot.domain.conversation import Conversation, Need, OwnerChange
from bot.domain.desk import Rating
from bot.domain.errors import CourierFailure, InvalidInput
from bot.domain.message import Reply, Sender
from bot.domain.notice import Fate, Notice, Way
from bot.domain.ticket import Kind
from bot.domain.webhook import checked_address
from bot.services.notices import Dispatch
from tests.integration.gateway_world import SECRET, World, gateway, refusal

EVERYTHING = [
    "conversation.queued", "conversation.taken", "conversation.transferred", "conversation.closed", "message.agent",
    "message.customer", "ticket.opened", "ticket.moved", "ticket.closed", "rating.given", "review.settled",
]  # fmt: skip


@dataclass
class Receiver:
    """Another company's system, which answers as it is told to."""

    url: str = ""
    status: int = 204
    came: list[tuple[dict[str, str], bytes, Any]] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.came.append((dict(request.headers), body, await request.json()))
        return web.Response(status=self.status, headers={"Location": "http://127.0.0.1:1/"})

    @property
    def events(self) -> list[str]:
        return [told["event"] for _, _, told in self.came]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    app = web.Application()
    app.router.add_post("/hook", one.hear)
    async with TestServer(app) as server:
        one.url = str(server.make_url("/hook"))
        yield one


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        world.anfu.webhooks._trusted = {"127.0.0.1"}
        yield world


@pytest.fixture
async def deliver(world: World) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    hooks, clock = world.anfu.webhooks, world.clock
    async with SubscriberCourier(hooks.address_of, {"127.0.0.1"}, SECRET, clock) as courier:
        yield Dispatch(world.uow, {Way.HOOK: courier}, clock).send_due


async def subscribe(world: World, url: str, events: list[str], by: str = "陈经理") -> Any:
    response = await world.ask("POST", "/desk/webhooks", {"url": url, "events": events}, by=by)
    assert response.status == 201, await response.text()
    return await response.json()


def through_the_hands_of_people(world: World, conversation_id: str) -> None:
    """Queued, taken, handed on, taken, closed; each in a commit of its own."""
    steps: tuple[Callable[[Conversation, datetime], Conversation], ...] = (
        lambda c, now: c.queue_for_human("asked", now),
        lambda c, now: c.take("小李", now),
        lambda c, now: c.hand_on(c.need, now),
        lambda c, now: c.take("小张", now),
        lambda c, now: c.close("solved", "办好了", now),
    )
    for step in steps:
        with world.uow() as work:
            now, conversation = world.clock(), work.conversations.lock(conversation_id)
            assert conversation is not None
            changed = step(conversation, now)
            change = OwnerChange(changed.id, changed.epoch, changed.owner, "test", now, changed.agent, "小李")
            work.conversations.save_owner(changed, change)
            work.commit()


async def test_a_subscriber_hears_of_conversations_in_order_signed_and_once(
    world: World, receiver: Receiver, deliver: Callable[[], Awaitable[int]]
) -> None:
    made = await subscribe(world, receiver.url, [e for e in EVERYTHING if e.startswith("conversation")])
    conversation = await world.open()
    through_the_hands_of_people(world, conversation.id)
    await deliver()
    assert receiver.events == [
        "conversation.queued", "conversation.taken", "conversation.transferred", "conversation.taken",
        "conversation.closed",
    ]  # fmt: skip
    for headers, body, told in receiver.came:
        assert verify(made["secret"], headers, body, world.clock())
        assert told["data"]["conversation_id"] == conversation.id
    assert await deliver() == 0
    assert len({told["id"] for _, _, told in receiver.came}) == 5


async def test_messages_are_told_to_those_who_asked_and_notes_to_nobody(
    world: World, receiver: Receiver, deliver: Callable[[], Awaitable[int]]
) -> None:
    await subscribe(world, receiver.url, ["message.customer", "message.agent"])
    conversation = await world.open()
    await conversation.say("洗衣机不转了")
    with world.uow() as work:
        for note in (True, False):
            words = Reply("内部的话" if note else "我来看看", {})
            work.messages.add(conversation.id, Sender.AGENT, [words], world.clock(), note=note)
        work.commit()
    await deliver()
    assert [(told["event"], told["data"]["text"]) for _, _, told in receiver.came] == [
        ("message.customer", "洗衣机不转了"), ("message.agent", "我来看看"),
    ]  # fmt: skip


async def test_tickets_are_told_without_numbers_that_are_nobodys_business(
    world: World, receiver: Receiver, deliver: Callable[[], Awaitable[int]]
) -> None:
    await subscribe(world, receiver.url, ["ticket.opened", "ticket.moved", "ticket.closed"])
    number = world.ticketing.open(Kind.REPAIR, {"symptom": "不脱水", "phone": "13800138000"}, key="2").number
    complaint = world.analysed()
    await deliver()
    opened = [told["data"]["number"] for _, _, told in receiver.came if told["event"] == "ticket.opened"]
    assert opened == [number, complaint]
    assert "ticket.moved" in receiver.events
    assert b"13800138000" not in b"".join(body for _, body, _ in receiver.came)


async def test_a_rating_is_told_once(world: World, receiver: Receiver, deliver: Callable[[], Awaitable[int]]) -> None:
    await subscribe(world, receiver.url, ["rating.given"])
    conversation = await world.open()
    with world.uow() as work:
        rating = Rating("1", conversation.id, "小李", 5, world.clock())
        work.ratings.add(rating, "客户", "评价", world.clock())
        work.commit()
    with world.uow() as work:
        work.ratings.save(replace(rating, comment="很好"), "客户", "补充", world.clock())
        work.commit()
    await deliver()
    ((_, _, told),) = receiver.came
    assert told["data"]["changes"]["score"] == 5


async def test_who_is_wanted_changes_without_a_new_place_in_the_queue(
    world: World, receiver: Receiver, deliver: Callable[[], Awaitable[int]]
) -> None:
    """Another team is a transfer; a higher priority is nobody's news."""
    await subscribe(world, receiver.url, [e for e in EVERYTHING if e.startswith("conversation")])
    opened = await world.open()
    needs = (Need(), Need(priority=5), Need(priority=5, team="repair"))
    for epoch, need in enumerate(needs, start=1):
        with world.uow() as work:
            now, conversation = world.clock(), work.conversations.lock(opened.id)
            assert conversation is not None
            queued = replace(conversation.queue_for_human("asked", now), need=need, epoch=epoch)
            work.conversations.save_owner(queued, OwnerChange(queued.id, epoch, queued.owner, "asked", now))
            work.commit()
    await deliver()
    assert receiver.events == ["conversation.queued", "conversation.transferred"]


async def test_nothing_is_posted_when_the_commit_fails_or_nobody_subscribed(world: World, receiver: Receiver) -> None:
    conversation = await world.open()
    await conversation.say("没有人听")
    made = await subscribe(world, receiver.url, EVERYTHING)
    with world.uow() as work:
        work.messages.add(conversation.id, Sender.CUSTOMER, [Reply("没有存下", {})], world.clock())
    assert world.anfu.webhooks.deliveries(made["id"]) == []


async def test_what_was_not_taken_is_sent_again_with_the_same_id(
    world: World, receiver: Receiver, deliver: Callable[[], Awaitable[int]]
) -> None:
    made = await subscribe(world, receiver.url, ["conversation.queued"])
    response = await world.ask("POST", f"/desk/webhooks/{made['id']}/test", by="陈经理")
    assert response.status == 202
    for receiver.status in (500, 302, 204):
        await deliver()
        world.clock.ahead += timedelta(minutes=1)
    assert len(receiver.came) == 3 and len({told["id"] for _, _, told in receiver.came}) == 1
    response = await world.ask("GET", f"/desk/webhooks/{made['id']}/deliveries", by="陈经理")
    (delivery,) = (await response.json())["deliveries"]
    assert (delivery["event"], delivery["state"], delivery["attempts"]) == ("test", "sent", 3)


async def test_paused_is_told_nothing_new_and_removed_is_gone(world: World, receiver: Receiver) -> None:
    made = await subscribe(world, receiver.url, ["message.customer"])
    path = f"/desk/webhooks/{made['id']}"
    conversation = await world.open()
    response = await world.ask("PATCH", path, {"active": False}, by="管理员")
    assert (await response.json())["active"] is False
    await conversation.say("没有人听")
    assert world.anfu.webhooks.deliveries(made["id"]) == []
    await world.ask("PATCH", path, {"active": True}, by="陈经理")
    await conversation.say("有人听")
    assert len(world.anfu.webhooks.deliveries(made["id"])) == 1
    assert (await world.ask("DELETE", path, by="陈经理")).status == 204
    await refusal(await world.ask("DELETE", path, by="陈经理"), 404, "not_found")
    await refusal(await world.ask("POST", f"{path}/test", by="陈经理"), 404, "not_found")
    response = await world.ask("GET", "/desk/webhooks", by="陈经理")
    assert (await response.json())["webhooks"] == []
    assert world.anfu.webhooks.address_of(made["id"]) is None


async def test_only_managers_and_administrators_subscribe_and_the_key_is_shown_once(
    world: World, receiver: Receiver
) -> None:
    for by in ("小李", "王主管"):
        response = await world.ask("POST", "/desk/webhooks", {"url": receiver.url, "events": EVERYTHING}, by=by)
        await refusal(response, 403, "not_allowed")
    made = await subscribe(world, receiver.url, EVERYTHING, by="管理员")
    response = await world.ask("GET", "/desk/webhooks", by="管理员")
    answer = await response.json()
    assert answer["events"] == EVERYTHING
    assert made["secret"] not in await response.text()


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.com/x", "https://10.0.0.5/", "https://127.0.0.1/", "https://localhost/", "https://[::1]/",
        "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest/meta-data", "https://crm/", "https://2130706433/",
        "https://db.internal/", "https://user:pass@crm.example.com/", "ftp://crm.example.com/", "https://", "x",
        "https://crm.example.com:99999/", "https://例子.com/", "https://0.0.0.0/", "https://100.64.0.1/",
    ],
)  # fmt: skip
def test_an_address_inside_or_unsafe_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        checked_address(url, {"trusted.corp"})


def test_what_the_operator_trusts_is_accepted() -> None:
    assert checked_address("http://trusted.corp:8080/x", {"trusted.corp"})
    assert checked_address("https://crm.example.com/anfu", ())


async def test_events_that_there_are_none_of_are_refused(world: World, receiver: Receiver) -> None:
    for events, status in (([], 422), (["conversation.eaten"], 422), (["test"], 422), ([1], 400), ("x", 400)):
        response = await world.ask("POST", "/desk/webhooks", {"url": receiver.url, "events": events}, by="陈经理")
        assert response.status == status, events


async def test_a_name_that_leads_inside_is_refused_at_delivery(world: World) -> None:
    notice = Notice("1", "k", Way.HOOK, "hook", "test", {}, world.clock(), world.clock())
    async with SubscriberCourier(lambda _: "https://localhost:9/x", (), SECRET, world.clock) as courier:
        with pytest.raises(CourierFailure, match="内网"):
            await courier.deliver(notice)


async def test_an_address_that_is_trusted_no_longer_gets_nothing(world: World, receiver: Receiver) -> None:
    made = await subscribe(world, receiver.url, ["message.customer"])
    world.anfu.webhooks._trusted = set()
    await world.ask("POST", f"/desk/webhooks/{made['id']}/test", by="陈经理")
    async with SubscriberCourier(world.anfu.webhooks.address_of, (), SECRET, world.clock) as courier:
        await Dispatch(world.uow, {Way.HOOK: courier}, world.clock).send_due()
    (notice,) = world.anfu.webhooks.deliveries(made["id"])
    assert notice.state is Fate.WAITING and "ANFU_WEBHOOK_HOSTS" in (notice.error or "")
    assert receiver.came == []
