"""One customer on the website and in WeChat: joined both ways, by nobody else, and parted again (E10)."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine

from bot.adapters import tables as t
from bot.adapters.characters import in_script
from bot.adapters.content_files import load_scripts
from bot.adapters.sla_files import load_sla
from bot.domain.binding import MOST_TOGETHER, MOST_WRONG, digest
from bot.domain.conversation import Need, Owner, OwnerChange
from bot.domain.customer import Customer
from bot.domain.errors import Conflict, NotFound
from bot.domain.message import Message, Reply, Sender
from bot.domain.reach import Reach
from bot.domain.ticket import Kind, Ticket
from bot.gateway.auth import customer_token
from bot.services import bindings as service
from bot.services.bindings import Bindings
from bot.services.handoff import Handoff
from bot.services.intake import Intake
from bot.services.links import Links
from bot.services.ports import Answer, Turn, UnitOfWorkFactory
from bot.services.promises import Promises
from bot.services.ticketing import Ticketing
from bot.services.turns import Turns
from tests.integration.fixtures_database import Clock
from tests.integration.gateway_world import SECRET, Conversation, World, gateway, refusal
from tests.integration.test_gateway_openapi import fits

SCRIPTS = load_scripts()
BINDINGS = "/api/v1/conversations/{}/bindings"
CHANNELS = ["wechat"]
TICKETS = "/api/v1/conversations/{}/tickets"


class Bot:
    """Implements `ports.BotEngine`: remembers what it was asked."""

    ready = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, turn: Turn) -> Answer:
        self.asked.append(turn.text)
        return Answer((Reply("好的", {"kind": "test"}),), b"")


class Shop:
    """A shop that talks with its customers on the website and in WeChat."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self.uow, self.clock, self.bot = uow, clock, Bot()
        handoff = Handoff(SCRIPTS, clock, in_script)
        links = Links(SECRET, "https://service.example.com")
        self.bindings = Bindings(uow, handoff, SCRIPTS, links, clock, ("wechat", "kf"))
        self.intake = Intake(uow, SCRIPTS, clock)
        self.ticketing = Ticketing(uow, Promises(load_sla()), clock)
        self.turns = Turns(uow, self.bot, handoff, SCRIPTS, clock, self.bindings.hear)

    def web(self) -> str:
        return self.intake.open_conversation("web").id

    def wechat(self, channel: str = "wechat") -> str:
        return self.intake.open_conversation(channel, f"o-{uuid.uuid4().hex}").id

    def writes(self, conversation: str, text: str) -> list[str]:
        """What the company says to it, by script."""
        seq = self.intake.accept(conversation, str(uuid.uuid4()), text).message.seq
        asyncio.run(self.turns.run(conversation))
        return [_script(message) for message in self.messages(conversation) if message.seq > seq]

    def messages(self, conversation: str, notes: bool = False) -> list[Message]:
        with self.uow() as work:
            return work.messages.after(conversation, 0, notes)

    def told(self, conversation: str) -> list[str]:
        """What the company has said since its greeting, by script."""
        said = self.messages(conversation)[1:]
        return [_script(message) for message in said if message.sender is not Sender.CUSTOMER]

    def together(self, conversation: str) -> set[str]:
        with self.uow() as work:
            return set(work.bindings.together_with(conversation))

    def link_for(self, conversation: str) -> str:
        """The token of the link that the customer gets in WeChat."""
        assert self.writes(conversation, "绑定") == ["binding.link"]
        return self.messages(conversation)[-1].text.split("/b/")[1].split()[0]

    def joined(self) -> tuple[str, str]:
        """A conversation on the website and one in WeChat that are bound."""
        web, wechat = self.web(), self.wechat()
        self.bindings.take_up_link(web, self.link_for(wechat))
        return web, wechat

    def file_for(self, conversation: str, name: str) -> str:
        customer = Customer(str(uuid.uuid4()), name, self.clock())
        with self.uow() as work:
            work.customers.add(customer, "小李", "建立客户档案", self.clock())
            work.desk.link_customer(conversation, customer.id, self.clock())
            work.commit()
        return customer.id

    def file_of(self, conversation: str) -> str | None:
        with self.uow() as work:
            found = work.conversations.get(conversation)
        assert found
        return found.customer_id

    def ticket(self, conversation: str, **fields: str) -> Ticket:
        return self.ticketing.open(
            Kind.REPAIR, {"product": "洗衣机", **fields}, key=str(uuid.uuid4()), conversation_id=conversation
        )

    def trail(self, conversation: str) -> list[str]:
        with self.uow() as work:
            return [entry.change.action for entry in work.trail.entries(f"conversation:{conversation}")]


def _script(message: Message) -> str:
    return str((message.source or {}).get("id", message.text))


@pytest.fixture
def shop(uow: UnitOfWorkFactory, clock: Clock) -> Shop:
    return Shop(uow, clock)


# Joining, both ways


@pytest.mark.parametrize("channel", ["wechat", "kf"])
def test_a_code_of_the_website_typed_in_wechat_joins_the_two(shop: Shop, channel: str) -> None:
    web, wechat = shop.web(), shop.wechat(channel)
    given = shop.bindings.offer(web)
    assert given.expires_at - shop.clock() == timedelta(minutes=10)
    assert shop.writes(wechat, f"绑定 {given.code[:4]} {given.code[4:]}") == ["binding.bound"]
    assert shop.together(web) == shop.together(wechat) == {web, wechat}
    assert shop.told(web) == ["binding.bound"]
    assert shop.messages(web)[-1].sender is Sender.SYSTEM
    assert shop.bot.asked == []
    assert [other.id for other in shop.bindings.bound_to(web)] == [wechat]


def test_a_link_from_wechat_opened_on_the_website_joins_the_two(shop: Shop) -> None:
    web, wechat = shop.web(), shop.wechat()
    shop.bindings.take_up_link(web, shop.link_for(wechat))
    assert shop.together(web) == shop.together(wechat) == {web, wechat}
    assert shop.told(web) == ["binding.bound"]
    assert shop.told(wechat) == ["binding.link", "binding.bound"]


def test_the_code_itself_is_stored_nowhere(shop: Shop, database: Engine) -> None:
    given = shop.bindings.offer(shop.web())
    with database.connect() as connection:
        stored = [str(tuple(row)) for table in t.metadata.tables.values() for row in connection.execute(select(table))]
    assert not any(given.code in row for row in stored)
    assert any(digest(given.code) in row for row in stored)


def test_who_asks_on_the_website_is_shown_the_way(shop: Shop) -> None:
    web = shop.web()
    assert shop.writes(web, "绑定") == ["binding.in_menu"]
    assert shop.writes(web, f"绑定 {shop.bindings.offer(shop.web()).code}") == ["binding.elsewhere"]
    assert shop.together(web) == {web}


@pytest.mark.parametrize("words", ["绑定", "绑定 12345678", "解绑"])
def test_a_shop_without_wechat_leaves_the_words_to_the_bot(shop: Shop, words: str) -> None:
    shop.bindings.channels = ()
    assert shop.writes(shop.web(), words) == ["好的"]
    assert shop.bot.asked == [words]


def test_several_conversations_of_one_customer_become_one_group(shop: Shop) -> None:
    web, wechat = shop.joined()
    other_web, kf = shop.web(), shop.wechat("kf")
    shop.bindings.take_up_link(other_web, shop.link_for(kf))
    assert shop.writes(wechat, f"绑定 {shop.bindings.offer(other_web).code}") == ["binding.bound"]
    assert shop.together(kf) == {web, wechat, other_web, kf}


def test_two_that_are_joined_already_are_told_so_and_keep_the_code(shop: Shop) -> None:
    web, wechat = shop.joined()
    code = shop.bindings.offer(web).code
    assert shop.writes(wechat, f"绑定 {code}") == ["binding.already"]
    assert shop.writes(shop.wechat(), f"绑定 {code}") == ["binding.bound"]


def test_a_group_has_its_limit(shop: Shop) -> None:
    wechat = shop.wechat()
    for _ in range(MOST_TOGETHER - 1):
        assert shop.writes(wechat, f"绑定 {shop.bindings.offer(shop.web()).code}") == ["binding.bound"]
    assert shop.writes(wechat, f"绑定 {shop.bindings.offer(shop.web()).code}") == ["binding.full"]
    assert len(shop.together(wechat)) == MOST_TOGETHER


def test_while_a_person_holds_the_conversation_the_system_speaks_not_the_bot(shop: Shop) -> None:
    web, wechat = shop.web(), shop.wechat()
    with shop.uow() as work:
        taken = work.conversations.lock(wechat)
        assert taken
        taken = taken.take("小李", shop.clock())
        work.conversations.save_owner(
            taken, OwnerChange(wechat, taken.epoch, Owner.HUMAN, "taken", shop.clock(), agent="小李")
        )
        work.commit()
    assert shop.writes(wechat, "绑定") == ["binding.link"]
    assert shop.messages(wechat)[-1].sender is Sender.SYSTEM
    assert shop.writes(wechat, f"绑定 {shop.bindings.offer(web).code}") == ["binding.bound"]


# Not by guess


def test_a_code_is_good_for_ten_minutes(shop: Shop) -> None:
    web, wechat = shop.web(), shop.wechat()
    code = shop.bindings.offer(web).code
    shop.clock.advance(minutes=10)
    assert shop.writes(wechat, f"绑定 {code}") == ["binding.expired"]
    assert shop.together(web) == {web}


def test_a_link_is_good_for_ten_minutes(shop: Shop) -> None:
    web, token = shop.web(), shop.link_for(shop.wechat())
    shop.clock.advance(minutes=10)
    with pytest.raises(Conflict, match=r"有效时间|时间过了"):
        shop.bindings.take_up_link(web, token)
    assert shop.together(web) == {web}


def test_a_code_and_a_link_are_good_for_one(shop: Shop) -> None:
    code = shop.bindings.offer(shop.web()).code
    assert shop.writes(shop.wechat(), f"绑定 {code}") == ["binding.bound"]
    assert shop.writes(shop.wechat(), f"绑定 {code}") == ["binding.used"]
    token = shop.link_for(shop.wechat())
    shop.bindings.take_up_link(shop.web(), token)
    with pytest.raises(Conflict, match="用过"):
        shop.bindings.take_up_link(shop.web(), token)


def test_a_newer_code_makes_the_one_before_void(shop: Shop) -> None:
    web, wechat = shop.web(), shop.wechat()
    before, now = shop.bindings.offer(web).code, shop.bindings.offer(web).code
    assert shop.writes(wechat, f"绑定 {before}") == ["binding.wrong"]
    assert shop.writes(wechat, f"绑定 {now}") == ["binding.bound"]


def test_after_five_wrong_codes_even_the_right_one_waits_for_an_hour(shop: Shop) -> None:
    web, wechat = shop.web(), shop.wechat()
    for n in range(MOST_WRONG):
        assert shop.writes(wechat, f"绑定 0000000{n}") == ["binding.wrong"]
    assert shop.writes(wechat, f"绑定 {shop.bindings.offer(web).code}") == ["binding.too_often"]
    assert shop.writes(shop.wechat(), "绑定 00000009") == ["binding.wrong"]
    shop.clock.advance(minutes=61)
    assert shop.writes(wechat, f"绑定 {shop.bindings.offer(web).code}") == ["binding.bound"]


def test_many_who_guess_a_little_are_stopped_together(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_WRONG_BY_ALL", 6)
    for n in range(6):
        assert shop.writes(shop.wechat(), f"绑定 0000000{n}") == ["binding.wrong"]
    assert shop.writes(shop.wechat(), f"绑定 {shop.bindings.offer(shop.web()).code}") == ["binding.too_often"]
    web = shop.web()
    shop.bindings.take_up_link(web, shop.link_for(shop.wechat()))  # nobody can guess a link
    assert len(shop.together(web)) == 2


def test_deleting_the_binding_does_not_give_new_tries(shop: Shop) -> None:
    wechat = shop.wechat()
    for n in range(MOST_WRONG):
        shop.writes(wechat, f"绑定 0000000{n}")
    shop.bindings.delete(wechat)
    assert shop.writes(wechat, "绑定 00000009") == ["binding.too_often"]


@pytest.mark.parametrize("made_for", ["agreement", "task", "followup"])
def test_a_link_for_something_else_joins_nothing(shop: Shop, made_for: Any) -> None:
    token = Links(SECRET, "").make(made_for, "x", shop.clock(), 1).rsplit("/", 1)[1]
    with pytest.raises(NotFound):
        shop.bindings.take_up_link(shop.web(), token)


def test_of_two_who_take_the_same_code_at_once_one_gets_it(shop: Shop) -> None:
    code = shop.bindings.offer(shop.web()).code
    takers = [shop.wechat() for _ in range(4)]
    with ThreadPoolExecutor(len(takers)) as pool:
        heard = [said[0] for said in pool.map(lambda taker: shop.writes(taker, f"绑定 {code}"), takers)]
    assert sorted(heard) == ["binding.bound", "binding.used", "binding.used", "binding.used"]


def test_a_code_and_a_link_between_the_same_two_at_once_join_them_once(shop: Shop) -> None:
    for _ in range(5):
        web, wechat = shop.web(), shop.wechat()
        token, code = shop.link_for(wechat), shop.bindings.offer(web).code
        with ThreadPoolExecutor(2) as pool:
            by_link = pool.submit(shop.bindings.take_up_link, web, token)
            by_code = pool.submit(shop.writes, wechat, f"绑定 {code}")
            by_code.result()
            assert by_link.exception() is None or isinstance(by_link.exception(), Conflict)
        assert shop.together(web) == {web, wechat}
        assert shop.told(web).count("binding.bound") == 1


# Whose file it is


@pytest.mark.parametrize("known", ["web", "wechat"])
def test_the_file_of_one_becomes_the_other_s(shop: Shop, known: str) -> None:
    web, wechat = shop.web(), shop.wechat()
    file = shop.file_for(web if known == "web" else wechat, "张女士")
    shop.bindings.take_up_link(web, shop.link_for(wechat))
    assert shop.file_of(web) == shop.file_of(wechat) == file


def test_two_files_are_left_to_people(shop: Shop) -> None:
    web, wechat = shop.web(), shop.wechat()
    files = shop.file_for(web, "张女士"), shop.file_for(wechat, "李先生")
    with pytest.raises(Conflict):
        shop.bindings.take_up_link(web, shop.link_for(wechat))
    assert shop.together(web) == {web}
    assert (shop.file_of(web), shop.file_of(wechat)) == files
    for conversation in (web, wechat):
        assert shop.told(conversation)[-1] == "binding.different"
        assert [m.source and m.source["id"] for m in shop.messages(conversation, notes=True) if m.note] == [
            "binding_refused"
        ]


def test_parting_takes_back_a_file_that_came_with_the_binding_and_no_other(shop: Shop) -> None:
    web, wechat = shop.web(), shop.wechat()
    file = shop.file_for(web, "张女士")
    shop.bindings.take_up_link(web, shop.link_for(wechat))
    shop.writes(web, "解绑")
    assert (shop.file_of(web), shop.file_of(wechat)) == (file, None)


# What follows the customer


def test_tickets_follow_the_customer_and_their_messages_stay(shop: Shop) -> None:
    web, wechat = shop.joined()
    in_wechat = shop.ticket(wechat)
    shop.clock.advance(minutes=1)
    on_web = shop.ticket(web)
    assert shop.ticketing.visible_to(web, in_wechat.number, None) == in_wechat
    assert shop.ticketing.latest_of(wechat) == on_web
    assert shop.ticketing.all_of(wechat, 10) == [on_web, in_wechat]
    assert in_wechat.conversation_id == wechat
    stranger = shop.web()
    assert shop.ticketing.visible_to(stranger, in_wechat.number, None) is None
    assert shop.ticketing.all_of(stranger, 10) == []


# Parting


@pytest.mark.parametrize("words", ["解绑", "解除绑定", "删除我的绑定信息"])
@pytest.mark.parametrize("side", [0, 1])
def test_either_side_parts_and_both_are_told(shop: Shop, words: str, side: int) -> None:
    pair = shop.joined()
    number = shop.ticket(pair[0]).number
    assert shop.writes(pair[side], words) == ["binding.unbound"]
    assert shop.told(pair[1 - side])[-1] == "binding.unbound"
    assert shop.together(pair[0]) == {pair[0]}
    assert shop.together(pair[1]) == {pair[1]}
    assert shop.ticketing.visible_to(pair[1], number, None) is None
    assert {"bound", "unbound"} <= set(shop.trail(pair[0]))


def test_who_leaves_a_group_of_three_leaves_two(shop: Shop) -> None:
    web, wechat = shop.joined()
    other = shop.web()
    assert shop.writes(wechat, f"绑定 {shop.bindings.offer(other).code}") == ["binding.bound"]
    shop.writes(other, "解绑")
    assert shop.together(web) == {web, wechat}
    assert shop.together(other) == {other}
    assert shop.told(web)[-1] == "binding.unbound"


def test_who_was_never_bound_is_told_so(shop: Shop) -> None:
    assert shop.writes(shop.wechat(), "解绑") == ["binding.not_bound"]


def test_after_parting_they_can_be_joined_again(shop: Shop) -> None:
    web, wechat = shop.joined()
    shop.writes(web, "解绑")
    shop.bindings.take_up_link(web, shop.link_for(wechat))
    assert shop.together(web) == {web, wechat}


def test_two_who_part_at_once_part_once(shop: Shop) -> None:
    web, wechat = shop.joined()
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(shop.writes, one, "解绑") for one in (web, wechat)]
        [job.exception() for job in jobs]  # one may give way to the other, and is run again
    for one in (web, wechat):
        asyncio.run(shop.turns.run(one))
    assert shop.together(web) == {web}
    with shop.uow() as work:
        assert not work.conversations.unanswered()


def test_forgetting_removes_binding_offers_and_reach(shop: Shop, database: Engine) -> None:
    web, wechat = shop.joined()
    shop.bindings.offer(web)
    shop.writes(wechat, "绑定")
    with shop.uow() as work:
        for one in (web, wechat):
            work.reaches.save(Reach(one))
        shop.bindings.forget(work, wechat)
        work.commit()
    assert _rows_about(database, wechat) == []
    assert _rows_about(database, web) == ["binding_offers", "reaches"]
    assert "binding_forgotten" in shop.trail(wechat)
    assert shop.told(web)[-1] == "binding.unbound"


def test_forgetting_an_unknown_conversation_says_so(shop: Shop) -> None:
    with pytest.raises(NotFound):
        shop.bindings.delete("nowhere")


def test_old_offers_and_tries_are_cleared_away(shop: Shop, database: Engine) -> None:
    shop.bindings.offer(shop.web())
    shop.writes(shop.wechat(), "绑定 00000000")
    shop.clock.advance(days=2)
    shop.bindings.offer(shop.web())
    with database.connect() as connection:
        assert len(connection.execute(select(t.binding_offers)).all()) == 1
        assert connection.execute(select(t.binding_tries)).all() == []


def _rows_about(database: Engine, conversation: str) -> list[str]:
    tables: Sequence[Any] = (t.bindings, t.binding_offers, t.reaches)
    with database.connect() as connection:
        return [
            table.name
            for table in tables
            if connection.execute(select(table).where(table.c.conversation_id == conversation)).first()
        ]


# Over HTTP, and at the desk


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with gateway(tmp_path) as world:
        world.office.bindings.channels = tuple(CHANNELS)
        yield world


async def ask(one: Conversation, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else one.headers
    return await one.client.request(method, path.format(one.id), json=body, headers=headers)


def in_wechat(world: World) -> str:
    return world.anfu.intake.open_conversation("wechat", f"o-{uuid.uuid4().hex}").id


async def wechat_writes(world: World, conversation: str, text: str) -> Message:
    """The last thing that is said to it."""
    accepted = await asyncio.to_thread(world.anfu.intake.accept, conversation, str(uuid.uuid4()), text)
    world.runner.notice(conversation)
    for _ in range(200):
        await asyncio.sleep(0.02)
        last = world.stored(conversation)[-1]
        if last.seq > accepted.message.seq:
            return last
    raise AssertionError("nothing was said")


async def link_in(world: World, conversation: str) -> str:
    """The path of the link that the customer gets."""
    said = await wechat_writes(world, conversation, "绑定")
    return "/b/" + said.text.split("/b/")[1].split()[0]


async def test_a_page_hears_by_itself_that_its_code_was_used(world: World) -> None:
    web, wechat = await world.open(), in_wechat(world)
    given = await (await ask(web, "POST", BINDINGS)).json()
    socket = await web.socket(after=1)
    said = await wechat_writes(world, wechat, f"绑定 {given['code']}")
    assert (said.source or {})["id"] == "binding.bound"
    async with asyncio.timeout(10):
        while not (frame := await socket.receive_json())["messages"]:
            pass
    assert frame["messages"][0]["source"]["id"] == "binding.bound"
    assert await (await ask(web, "GET", BINDINGS)).json() == {"bound": [{"channel": "wechat"}], "channels": CHANNELS}
    await socket.close()


async def test_a_link_leads_to_the_page_and_joins_only_when_the_customer_agrees(world: World) -> None:
    web, wechat = await world.open(), in_wechat(world)
    path = await link_in(world, wechat)
    response = await world.client.get(path, allow_redirects=False)
    assert response.status == 303
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    page, _, token = response.headers["Location"].partition("#anfu-bind=")
    assert page == "/"
    assert await (await ask(web, "GET", BINDINGS)).json() == {"bound": [], "channels": CHANNELS}
    response = await ask(web, "PUT", BINDINGS, {"token": token})
    assert (response.status, await response.json()) == (200, {"bound": [{"channel": "wechat"}], "channels": CHANNELS})
    again = await refusal(await ask(await world.open(), "PUT", BINDINGS, {"token": token}), 409, "conflict")
    assert "用过" in again
    response = await ask(web, "DELETE", BINDINGS)
    assert await response.json() == {"bound": [], "channels": CHANNELS}
    assert (world.stored(wechat)[-1].source or {})["id"] == "binding.unbound"


async def test_the_shop_s_own_page_gets_its_customers(tmp_path: Path) -> None:
    async with gateway(tmp_path) as world:
        world.office.bindings.channels = tuple(CHANNELS)
        object.__setattr__(world.office, "site_url", "https://shop.example.com/help?from=wechat#top")
        response = await world.client.get(await link_in(world, in_wechat(world)), allow_redirects=False)
        assert response.headers["Location"].startswith("https://shop.example.com/help?from=wechat#anfu-bind=ey")


async def test_a_link_that_is_old_or_not_ours_opens_a_page_that_says_what_to_do(world: World) -> None:
    path = await link_in(world, in_wechat(world))
    response = await world.client.get("/b/forged")
    assert response.status == 404
    assert "链接不正确" in await response.text()
    world.clock.ahead = timedelta(minutes=11)
    response = await world.client.get(path)
    assert response.status == 410
    assert "绑定" in await response.text()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_another_conversation_s_token_gives_nothing(world: World, method: str) -> None:
    web, other = await world.open(), await world.open()
    body = {"token": "x"} if method == "PUT" else None
    await refusal(await ask(web, method, BINDINGS, body, other.token), 403, "forbidden")
    bare = await world.client.request(method, BINDINGS.format(web.id), json=body)
    await refusal(bare, 401, "unauthorized")


async def test_a_token_of_something_else_is_no_link(world: World) -> None:
    web = await world.open()
    for token in (web.token, "x", customer_token(SECRET, in_wechat(world), world.clock())):
        await refusal(await ask(web, "PUT", BINDINGS, {"token": token}), 404, "not_found")
    await refusal(await ask(web, "PUT", BINDINGS, {"token": 5}), 400, "bad_request")


async def test_asking_for_codes_without_end_is_slowed_down(tmp_path: Path) -> None:
    async with gateway(tmp_path, messages_per_minute=2) as world:
        web = await world.open()
        statuses = [(await ask(web, "POST", BINDINGS)).status for _ in range(3)]
        assert statuses == [201, 201, 429]


async def test_a_browser_on_another_site_may_use_all_of_it(world: World) -> None:
    web = await world.open()
    response = await world.client.options(BINDINGS.format(web.id))
    assert {"PUT", "DELETE"} <= set(response.headers["Access-Control-Allow-Methods"].split(", "))


async def test_the_customer_s_tickets_come_from_all_bound_conversations_without_what_is_ours(world: World) -> None:
    web, wechat = await world.open(), in_wechat(world)
    facts = {"product": "洗衣机", "symptom": "不脱水", "phone": "13800138000", "address": "人民路 1 号"}
    there = world.ticketing.open(Kind.REPAIR, facts, key="1", conversation_id=wechat)
    assert await (await ask(web, "GET", TICKETS)).json() == {"tickets": []}
    code = (await (await ask(web, "POST", BINDINGS)).json())["code"]
    await wechat_writes(world, wechat, f"绑定 {code}")
    response = await ask(web, "GET", TICKETS)
    text = await response.text()
    (ticket,) = (await response.json())["tickets"]
    assert ticket["number"] == there.number
    assert (ticket["kind"], ticket["status"]) == ("报修", "已登记，等待受理")
    assert ticket["what"] == "洗衣机 · 不脱水"
    assert ticket["promised_at"]
    assert "13800138000" not in text
    assert "人民路" not in text
    stranger = await world.open()
    await refusal(await ask(web, "GET", TICKETS, token=stranger.token), 403, "forbidden")


async def test_what_is_answered_fits_the_description(world: World) -> None:
    web, wechat, path = await world.open(), in_wechat(world), "/api/v1/conversations/{id}/bindings"
    for _ in range(2):
        await fits(await ask(web, "GET", BINDINGS), "get", path)
        await fits(await ask(web, "POST", BINDINGS), "post", path)
        token = (await link_in(world, wechat)).removeprefix("/b/")
        await fits(await ask(web, "PUT", BINDINGS, {"token": token}), "put", path)
    for body in ({"token": "x"}, {}):
        await fits(await ask(web, "PUT", BINDINGS, body), "put", path)
    await fits(await ask(web, "OPTIONS", BINDINGS), "options", path)
    world.ticketing.open(Kind.SUGGESTION, {"idea": "多出几种颜色"}, key="1", conversation_id=wechat)
    shown = await fits(await ask(web, "GET", TICKETS), "get", "/api/v1/conversations/{id}/tickets")
    assert len(shown["tickets"]) == 1
    await fits(await ask(web, "DELETE", BINDINGS), "delete", path)
    for link in (f"/b/{token}", "/b/forged"):
        await fits(await world.client.get(link, allow_redirects=False), "get", "/b/{token}")


async def test_a_file_that_the_desk_confirms_later_is_both_s(world: World) -> None:
    web, wechat = await world.open(), in_wechat(world)
    world.everybody()
    code = (await (await ask(web, "POST", BINDINGS)).json())["code"]
    await wechat_writes(world, wechat, f"绑定 {code}")
    response = await world.ask("POST", f"/desk/conversations/{web.id}/customer", {"name": "张女士"})
    file = (await response.json())["id"]
    assert _file_of(world, wechat) == file
    await wechat_writes(world, wechat, "解绑")
    assert (_file_of(world, web.id), _file_of(world, wechat)) == (file, None)


def _file_of(world: World, conversation: str) -> str | None:
    with world.uow() as work:
        found = work.conversations.get(conversation)
    assert found
    return found.customer_id


async def test_the_desk_sees_one_customer_where_the_person_may_look(world: World) -> None:
    web, wechat = await world.open(), in_wechat(world)
    world.everybody()
    number = world.ticketing.open(Kind.REPAIR, {"product": "洗衣机"}, key="1", conversation_id=wechat).number
    code = (await (await ask(web, "POST", BINDINGS)).json())["code"]
    await wechat_writes(world, wechat, f"绑定 {code}")
    seen = await (await world.ask("GET", f"/desk/conversations/{web.id}")).json()
    assert [ticket["number"] for ticket in seen["tickets"]] == [number]
    assert [earlier["id"] for earlier in seen["history"]] == [wechat]
    with world.uow() as work:  # the other one becomes another team's business
        there = work.conversations.lock(wechat)
        assert there
        there = there.queue_for_human("asked", world.clock(), Need(team="repair"))
        work.conversations.save_owner(there, OwnerChange(wechat, there.epoch, there.owner, "asked", world.clock()))
        work.commit()
    seen = await (await world.ask("GET", f"/desk/conversations/{web.id}")).json()
    assert (seen["tickets"], seen["history"]) == ([], [])
    seen = await (await world.ask("GET", f"/desk/conversations/{web.id}", by="王主管")).json()
    assert [ticket["number"] for ticket in seen["tickets"]] == [number]
