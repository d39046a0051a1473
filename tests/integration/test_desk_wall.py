"""The supervisor's wall: queues, people, what is overdue, today (F5, H8)."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.bootstrap import Anfu
from bot.domain.person import Presence
from bot.domain.ticket import Kind
from bot.domain.wall import Wall
from bot.services.wall import FRESH_FOR, TODAY_FRESH_FOR
from tests.integration.fixtures_database import Clock
from tests.integration.gateway_world import World, gateway, refusal
from tests.integration.served import Served, here

Serve = Callable[[], Served]


@pytest.fixture
def serve(anfu: Anfu, clock: Clock) -> Serve:
    return lambda: Served(anfu, clock)


def look(anfu: Anfu, clock: Clock) -> Wall:
    clock.advance(seconds=TODAY_FRESH_FOR.total_seconds())
    return anfu.wall.look()


def test_the_queue_of_each_team_with_its_longest_wait(anfu: Anfu, clock: Clock, serve: Serve) -> None:
    serve().customer("在吗").queued()
    clock.advance(minutes=4)
    serve().customer("冒烟了").queued("safety_emergency")
    seen = look(anfu, clock)
    line = seen.lines[0]
    assert (line.team, line.waiting, sum(line.priorities.values())) == ("service", 2, 2)
    assert line.oldest and timedelta(minutes=4) < seen.at - line.oldest < timedelta(minutes=5)
    assert (line.at_work, line.estimated) == (0, None)


def test_who_is_there_holds_what_and_whose_customer_waits(anfu: Anfu, clock: Clock, serve: Serve) -> None:
    calm = serve().customer("在吗").queued().taken("小李").agent("您好")
    waits = serve().customer("在吗").queued().taken("小李").agent("您好").customer("怎么办")
    here(anfu, "小李")
    here(anfu, "王主管", Presence.BUSY)
    seen = look(anfu, clock)
    li = next(person for person in seen.people if person.name == "小李")
    assert (li.load, li.capacity, li.presence) == (2, 5, Presence.READY)
    assert [row.conversation.id for row in seen.held["小李"]] == [waits.id, calm.id]
    assert seen.lines[0].places == 3
    assert seen.lines[0].estimated is not None
    assert seen.overdue == 0
    clock.advance(minutes=5)
    assert look(anfu, clock).overdue == 1


def test_late_tickets_and_open_approvals_are_counted(anfu: Anfu, clock: Clock) -> None:
    anfu.ticketing.open(Kind.REPAIR, {"symptom": "不脱水", "phone": "13800138000"}, key="1")
    assert look(anfu, clock).tickets_late == 0
    clock.advance(days=3)
    seen = look(anfu, clock)
    assert (seen.tickets_late, seen.approvals) == (1, 0)


def test_today_counts_from_midnight_in_shanghai(anfu: Anfu, clock: Clock, serve: Serve) -> None:
    serve().customer("在吗")
    serve().customer("在吗").queued("complaint").taken("小李", after=20).agent("您好", after=10).closed().rated("满意")
    serve().customer("在吗").queued()
    today = look(anfu, clock).today
    assert (today.conversations, today.by_bot, today.closed) == (3, 1, 1)
    assert today.handovers == {"complaint": 1, "asked_for_human": 1}
    assert today.first_reply == timedelta(seconds=30)
    assert (today.rating, today.ratings) == (5.0, 1)
    clock.advance(hours=12)
    tomorrow = look(anfu, clock).today
    assert (tomorrow.conversations, tomorrow.handovers, tomorrow.first_reply, tomorrow.ratings) == (0, {}, None, 0)


def test_however_many_look_the_database_is_asked_once_a_second(anfu: Anfu, clock: Clock, serve: Serve) -> None:
    first = anfu.wall.look()
    serve().customer("在吗", after=0).queued()
    assert anfu.wall.look() is first
    clock.advance(seconds=FRESH_FOR.total_seconds())
    assert anfu.wall.look().lines[0].waiting == 1


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.everybody()
        yield world


async def test_the_wall_is_for_leaders(world: World) -> None:
    await refusal(await world.ask("GET", "/desk/wall", by="小李"), 403, "not_allowed")
    for leader in ("王主管", "陈经理", "管理员"):
        response = await world.ask("GET", "/desk/wall", by=leader)
        assert response.status == 200, await response.text()
    seen = await response.json()
    assert seen["teams"][0]["team"] == "service"
    assert {agent["name"] for agent in seen["agents"]} == {"小李", "小张", "王主管", "赵主管", "陈经理"}
    assert seen["today"]["by_bot_share"] is None
