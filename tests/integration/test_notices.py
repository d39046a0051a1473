"""Notices: kept with what they tell of, brought until they arrive, visible when they do not (C6, D8)."""

import argparse
import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.adapters.couriers.webhook import WebhookCourier, signing_key, verify
from bot.adapters.uow import UnitsOfWork
from bot.commands import notices as commands
from bot.domain.department import Department
from bot.domain.errors import Conflict, CourierFailure, NotFound
from bot.domain.notice import FIRST_BACKOFF, LONGEST_BACKOFF, MOST_ATTEMPTS, Fate, Notice, Way
from bot.services.notices import AT_ONCE, LEASE, REST, Dispatch, Noticeboard
from bot.services.ports import Courier, UnitOfWorkFactory
from bot.settings import Settings
from bot.workers.draining import Draining
from tests.integration.fixtures_database import NOON, Clock, database_in

HOOK, BOX = "https://wms.example.com/anfu", "wh@example.com"
DEPARTMENTS = {
    "warehouse": Department("warehouse", "仓库", HOOK, BOX, 4),
    "logistics": Department("logistics", "物流", HOOK, "", 4),
    "finance": Department("finance", "财务", "", "", 4),
    **{f"shop{number}": Department(f"shop{number}", f"门店{number}", HOOK, "", 4) for number in range(20)},
}


class Line:
    """Implements `ports.Courier`; receivers in `cut` cannot be reached, and a subject in `bad` is taken by nobody."""

    def __init__(self) -> None:
        self.arrived: list[Notice] = []
        self.tried: list[Notice] = []
        self.cut: set[str] = set()
        self.bad: set[str] = set()
        self.now_under_way = self.most_under_way = 0

    async def deliver(self, notice: Notice) -> None:
        self.tried.append(notice)
        self.now_under_way += 1
        self.most_under_way = max(self.most_under_way, self.now_under_way)
        await asyncio.sleep(0)
        self.now_under_way -= 1
        if notice.to in self.cut or notice.subject in self.bad:
            raise CourierFailure("仓库的系统回答 503")
        self.arrived.append(notice)

    @property
    def subjects(self) -> list[str]:
        return [notice.subject for notice in self.arrived]


class House:
    """A board, a line to the departments, and nodes that dispatch."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self.uow, self.clock, self.line = uow, clock, Line()
        self.board = Noticeboard(DEPARTMENTS)
        self.dispatch = self.node(self.line)

    def node(self, courier: Courier) -> Dispatch:
        return Dispatch(self.uow, {Way.WEBHOOK: courier, Way.EMAIL: courier}, self.clock)

    def post(self, *subjects: str, to: str = "logistics") -> None:
        """One after the other, a millisecond apart."""
        with self.uow() as uow:
            for subject in subjects:
                self.board.post(uow, f"{to}:{subject}", to, subject, {"what": subject}, self.clock())
                self.clock.advance(milliseconds=1)
            uow.commit()

    def known(self, state: Fate) -> list[Notice]:
        return self.dispatch.of_state(state)


@pytest.fixture
def house(uow: UnitOfWorkFactory, clock: Clock) -> House:
    return House(uow, clock)


async def test_a_notice_arrives_by_each_way_of_its_department_and_once(house: House) -> None:
    house.post("新任务", to="warehouse")
    assert await house.dispatch.send_due() == 2
    assert {(n.way, n.key, n.body["what"]) for n in house.line.arrived} == {
        (Way.WEBHOOK, "warehouse:新任务:webhook", "新任务"), (Way.EMAIL, "warehouse:新任务:email", "新任务"),
    }  # fmt: skip
    assert await house.dispatch.send_due() == 0
    assert {(n.attempts, n.sent_at, n.error) for n in house.known(Fate.SENT)} == {(1, house.clock(), None)}


async def test_a_notice_is_posted_with_what_it_tells_of_or_not_at_all(house: House) -> None:
    with house.uow() as uow:
        house.board.post(uow, "task:7", "logistics", "新任务", {}, house.clock())
    assert await house.dispatch.send_due() == 0


async def test_what_is_posted_twice_is_sent_once(house: House) -> None:
    house.post("新任务")
    await house.dispatch.send_due()
    house.post("新任务", "另一个")
    await house.dispatch.send_due()
    assert house.line.subjects == ["新任务", "另一个"]


@pytest.mark.parametrize("department", ["finance", "nobody"])
async def test_a_department_without_an_address_gets_none(house: House, department: str) -> None:
    house.post("新任务", to=department)
    assert not any(house.known(state) for state in Fate)


async def test_a_subject_longer_than_fits_is_cut(house: House) -> None:
    house.post("长" * 60)
    with house.uow() as uow:
        house.board.post(uow, "long", "logistics", "长" * 300, {}, house.clock())
        uow.commit()
    await house.dispatch.send_due()
    assert [len(subject) for subject in house.line.subjects] == [60, 200]


async def test_a_receiver_gets_its_notices_in_the_order_of_posting(house: House) -> None:
    said = [str(number) for number in range(120)]
    house.post(*said)
    while await house.dispatch.send_due():
        pass
    assert house.line.subjects == said


async def test_one_receiver_s_trouble_is_not_another_s(house: House) -> None:
    house.line.cut = {"logistics"}
    house.post("一", "二", "三")
    house.post("甲", "乙", to="shop1")
    await house.dispatch.send_due()
    assert house.line.subjects == ["甲", "乙"]
    assert [n.subject for n in house.line.tried if n.to == "logistics"] == ["一"], "the rest is spared"
    house.line.cut = set()
    house.clock.advance(seconds=REST.total_seconds())
    await house.dispatch.send_due()
    assert house.line.subjects == ["甲", "乙", "一", "二", "三"]


async def test_one_bad_notice_holds_up_the_later_ones_for_seconds_only(house: House) -> None:
    house.line.bad = {"坏"}
    house.post("坏", "好", "也好")
    for _ in range(4):
        await house.dispatch.send_due()
        house.clock.advance(seconds=REST.total_seconds())
    assert house.line.subjects == ["好", "也好"]
    assert [n.subject for n in house.known(Fate.WAITING)] == ["坏"]


async def test_each_failure_waits_twice_as_long_until_a_person_must_look(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.line.cut = {"logistics"}
    house.post("新任务")
    waits = []
    while not house.dispatch.dead():
        await house.dispatch.send_due()
        if waiting := house.known(Fate.WAITING):
            waits.append(waiting[0].due_at - house.clock())
            house.clock.now = waiting[0].due_at - timedelta(seconds=1)
            assert await house.dispatch.send_due() == 0, "too early"
            house.clock.advance(seconds=1)
    assert waits[:3] == [FIRST_BACKOFF, 2 * FIRST_BACKOFF, 4 * FIRST_BACKOFF]
    assert waits[-1] == LONGEST_BACKOFF
    [dead] = house.dispatch.dead()
    assert (dead.attempts, dead.error, dead.sent_at) == (MOST_ATTEMPTS, "仓库的系统回答 503", None)
    assert f"notice {dead.id} to logistics is dead" in caplog.text
    assert {n.id for n in house.line.tried} == {dead.id}, "every attempt has the same id"
    house.clock.advance(days=9)
    assert await house.dispatch.send_due() == 0, "it rests until somebody mends the way"


async def test_a_dead_notice_is_sent_again_when_somebody_asks(house: House) -> None:
    house.line.cut = {"logistics"}
    house.post("新任务")
    while not (dead := house.dispatch.dead()):
        await house.dispatch.send_due()
        house.clock.advance(hours=1)
    house.line.cut = set()
    assert house.dispatch.retry(dead[0].id).attempts == 0
    await house.dispatch.send_due()
    assert house.line.subjects == ["新任务"]
    assert not house.dispatch.dead()


async def test_what_has_arrived_or_never_was_is_not_sent_again(house: House) -> None:
    house.post("新任务")
    await house.dispatch.send_due()
    with pytest.raises(Conflict, match="已经送达"):
        house.dispatch.retry(house.line.arrived[0].id)
    with pytest.raises(NotFound, match="anfu notices list"):
        house.dispatch.retry("none")
    assert await house.dispatch.send_due() == 0


async def test_a_way_that_is_not_set_up_is_a_failure_that_says_what_to_set(house: House) -> None:
    house.post("新任务", to="warehouse")
    await Dispatch(house.uow, {Way.WEBHOOK: house.line}, house.clock).send_due()
    [mail] = house.known(Fate.WAITING)
    assert mail.way is Way.EMAIL
    assert mail.error == "没有设置发信服务器：请设置 ANFU_SMTP，重启后再重发"


async def test_a_slip_in_a_courier_is_logged_and_the_notice_is_tried_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        async def deliver(self, notice: Notice) -> None:
            raise ZeroDivisionError("secret text of the notice")

    house.post("新任务")
    await house.node(Broken()).send_due()
    [waiting] = house.known(Fate.WAITING)
    assert waiting.error == "程序出错，请看日志"
    assert "ZeroDivisionError" in caplog.text
    house.clock.advance(seconds=10)
    await house.dispatch.send_due()
    assert house.line.subjects == ["新任务"]


async def test_so_many_receivers_are_served_at_once_and_no_more(house: House) -> None:
    for number in range(20):
        house.post("一", "二", to=f"shop{number}")
    await house.dispatch.send_due()
    assert len(house.line.arrived) == 40
    assert 1 < house.line.most_under_way <= AT_ONCE


class Receiver:
    """A department's system that checks signatures and knows by `Anfu-Id` what it has had before."""

    def __init__(self, clock: Clock) -> None:
        self.requests = 0
        self.tasks: dict[str, str] = {}
        self.clock = clock
        self.app = web.Application()
        self.app.router.add_post("/anfu", self.take)

    async def take(self, request: web.Request) -> web.Response:
        self.requests += 1
        body = await request.read()
        if not verify(signing_key("secret", "logistics"), request.headers, body, self.clock()):
            return web.Response(status=401)
        self.tasks[request.headers["Anfu-Id"]] = (await request.json())["what"]
        return web.Response()


async def test_after_a_crash_between_delivering_and_storing_the_receiver_knows_it_has_had_it(house: House) -> None:
    system, delivered = Receiver(house.clock), asyncio.Event()

    class Dying:
        """Delivers, and never comes back to say so."""

        async def deliver(self, notice: Notice) -> None:
            await courier.deliver(notice)
            delivered.set()
            await asyncio.Event().wait()

    house.post("补发一只滤芯")
    async with TestServer(system.app) as server:
        here = {"logistics": Department("logistics", "物流", str(server.make_url("/anfu")), "", 4)}
        async with WebhookCourier(here, "secret", house.clock) as courier:
            node = asyncio.create_task(house.node(Dying()).send_due())
            await delivered.wait()
            node.cancel()
            await asyncio.wait([node])
            assert await house.node(courier).send_due() == 0, "it may still be under way"
            house.clock.advance(seconds=LEASE.total_seconds())
            assert await house.node(courier).send_due() == 1
    assert system.requests == 2
    assert list(system.tasks.values()) == ["补发一只滤芯"]
    assert not house.known(Fate.WAITING)


async def test_a_notice_that_one_node_delivers_is_left_alone_by_the_others(house: House) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Line):
        async def deliver(self, notice: Notice) -> None:
            begun.set()
            await go_on.wait()
            await super().deliver(notice)

    slow = Slow()
    house.post("一", "二")
    one = asyncio.create_task(house.node(slow).send_due())
    await begun.wait()
    house.clock.advance(seconds=29)
    assert await house.dispatch.send_due() == 0
    go_on.set()
    assert await one == 2
    assert (slow.subjects, house.line.subjects) == (["一", "二"], [])


async def test_nodes_that_look_at_the_same_time_send_each_notice_once(house: House) -> None:
    for number in range(6):
        house.post(*(f"{number}-{count}" for count in range(5)), to=f"shop{number}")
    nodes = [house.node(house.line) for _ in range(4)]
    while sum(await asyncio.gather(*(node.send_due() for node in nodes))):
        pass
    assert Counter(house.line.subjects) == Counter(f"{number}-{count}" for number in range(6) for count in range(5))


async def test_a_slow_receiver_s_rest_is_given_back_before_another_node_may_take_it(house: House) -> None:
    class Slow(Line):
        async def deliver(self, notice: Notice) -> None:
            house.clock.advance(seconds=20)
            await super().deliver(notice)

    slow = Slow()
    house.post("一", "二", "三", "四")
    assert await house.node(slow).send_due() == 2, "none begins that might not end within the lease"
    assert await house.dispatch.send_due() == 2, "what was given back is due at once"
    assert slow.subjects + house.line.subjects == ["一", "二", "三", "四"]


async def test_the_worker_delivers_what_was_posted_when_it_is_woken(house: House) -> None:
    arrived = asyncio.Event()

    class Bell(Line):
        async def deliver(self, notice: Notice) -> None:
            await super().deliver(notice)
            arrived.set()

    bell = Bell()
    worker = Draining(house.node(bell).send_due)
    await worker.start()
    house.post("新任务")
    worker.wake()
    await asyncio.wait_for(arrived.wait(), 5)
    await worker.stop()
    house.post("停了以后")
    worker.wake()
    assert bell.subjects == ["新任务"]
    assert "停了以后" in [n.subject for n in house.known(Fate.WAITING)]


async def test_the_worker_goes_on_after_the_database_was_away(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.workers.draining.LOOK_EVERY", 0.01)
    arrived, away = asyncio.Event(), [ConnectionError("the database is away")]

    class Bell(Line):
        async def deliver(self, notice: Notice) -> None:
            arrived.set()

    def sometimes() -> object:
        if away:
            raise away.pop()
        return house.uow()

    house.post("新任务")
    worker = Draining(Dispatch(sometimes, {Way.WEBHOOK: Bell()}, house.clock).send_due)  # type: ignore[arg-type]
    await worker.start()
    await asyncio.wait_for(arrived.wait(), 5)
    await worker.stop()
    assert "the database is away" in caplog.text


Run = Callable[..., list[str]]


@pytest.fixture
def anfu(tmp_path: Path, migrated_file: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `anfu notices …` and gives the lines that it prints."""
    settings = Settings(data_dir=tmp_path)
    (tmp_path / "anfu.db").write_bytes(migrated_file.read_bytes())
    parser = argparse.ArgumentParser()
    commands.add_commands(parser.add_subparsers(), argparse.ArgumentParser(add_help=False))

    def run(*arguments: str) -> list[str]:
        options = parser.parse_args(["notices", *arguments])
        options.run(options, settings)
        return capsys.readouterr().out.splitlines()

    return run


async def test_an_operator_sees_what_did_not_arrive_and_sends_it_again(anfu: Run, tmp_path: Path) -> None:
    house = House(UnitsOfWork(database_in(tmp_path)), Clock(NOON))
    assert anfu("list") == ["没有通知"]
    house.line.cut = {"logistics"}
    house.post("补发一只滤芯")
    house.post("退回一台旧机", to="shop1")
    for _ in range(MOST_ATTEMPTS):
        await house.dispatch.send_due()
        house.clock.advance(hours=1)
    [dead] = house.dispatch.dead()
    [line] = anfu("list", "--state", "dead")
    assert line.startswith(f"{dead.id}  送不到  webhook→logistics")
    assert line.endswith("补发一只滤芯  试了 12 次：仓库的系统回答 503")
    assert [text.split()[1] for text in anfu("list")] == ["送不到", "已送达"]
    assert anfu("retry", dead.id) == [f"{dead.id} 重新待送：补发一只滤芯"]
    assert anfu("list", "--state", "dead") == ["没有通知"]
    with pytest.raises(NotFound):
        anfu("retry", "none")


def test_an_operator_gets_a_department_s_key_and_no_other(anfu: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANFU_SECRET", "secret")
    assert anfu("key", "logistics") == [signing_key("secret", "logistics")]
    assert anfu("key", "warehouse") != anfu("key", "logistics")
    with pytest.raises(NotFound, match="可以写 warehouse"):
        anfu("key", "nobody")
