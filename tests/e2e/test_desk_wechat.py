"""The desk with a customer in WeChat: what may still go, what then, and what became of each word (F, W2)."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from playwright.sync_api import expect

from bot.adapters.channels.wechat.account import WeChatAccount
from bot.adapters.uow import UnitsOfWork
from bot.domain.conversation import Conversation, Need, Owner, OwnerChange
from bot.domain.incoming import Did, Media
from bot.domain.message import Message, Reply, Sender
from bot.domain.reach import Reach
from bot.services.ports import UnitOfWorkFactory
from tests.e2e.accessibility import faults_in_both_lights
from tests.e2e.agents import Agent, hire
from tests.e2e.conftest import serving
from tests.e2e.test_desk import picture
from tests.integration.fixtures_database import database_in

if TYPE_CHECKING:
    from tests.e2e.conftest import Customer

SOON = 15_000
LIMITS = WeChatAccount("", "", "").limits
OK, BAD_OPENID = 0, 40003


class Platform(BaseHTTPRequestHandler):
    """WeChat, as it answers here; one that has no `answers` left says yes, and None is no answer at all."""

    answers: list[int | None] = []  # noqa: RUF012 - of the class, since a handler is made for each call

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path.startswith("/cgi-bin/stable_token"):
            self._say({"access_token": "a-token-of-the-tests", "expires_in": 7200})
        elif not self.path.startswith("/cgi-bin/message/custom/send"):
            self._say({"errcode": OK, "errmsg": "ok"})
        elif (code := self.answers.pop(0) if self.answers else OK) is None:
            self.close_connection = True
        else:
            self._say({"errcode": code, "errmsg": "ok" if code == OK else "refused"})

    def do_GET(self) -> None:
        """A customer's picture."""
        self._send(picture(), "image/png")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _say(self, value: dict[str, object]) -> None:
        self._send(json.dumps(value).encode(), "application/json")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@dataclass
class Shop:
    """A server with a 公众号, and its database."""

    address: str
    work: UnitOfWorkFactory

    def customer_of(self, agent: str, spent: int = 0, written: timedelta = timedelta()) -> str:
        """A customer whom an agent serves; so many messages have gone since they wrote; gives the conversation's id."""
        now = datetime.now(UTC)
        wrote = now - written
        talk = Conversation(str(uuid.uuid4()), "wechat", f"openid-{uuid.uuid4().hex[:12]}", wrote)
        reach = Reach(talk.id).opened(Did.WROTE, wrote, LIMITS)
        for _ in range(spent):
            reach = reach.spent(now)
        with self.work() as uow:
            uow.conversations.add(talk)
            uow.messages.add(talk.id, Sender.CUSTOMER, [Reply("洗衣机脱水的时候咚咚响", {"kind": "customer"})], wrote)
            uow.messages.mark_answered(talk.id, 1)
            taken = talk.queue_for_human("asked", wrote, Need()).take(agent, now)
            change = OwnerChange(talk.id, taken.epoch, Owner.HUMAN, "taken", now, agent, agent)
            uow.conversations.save_owner(taken, change)
            uow.reaches.save(reach)
            uow.commit()
        return talk.id

    def writes(self, talk: str, text: str, source: dict[str, object] | None = None) -> Message:
        """The customer writes again."""
        now = datetime.now(UTC)
        with self.work() as uow:
            uow.conversations.lock(talk)
            (message,) = uow.messages.add(talk, Sender.CUSTOMER, [Reply(text, source or {"kind": "customer"})], now)
            uow.reaches.save(uow.reaches.get(talk).opened(Did.WROTE, now, LIMITS))
            uow.commit()
        return message

    def is_fetched(self, message: Message) -> None:
        """Its file lies with WeChat, and is fetched from now on."""
        with self.work() as uow:
            uow.fetches.add(message, "wechat", Media("media-1", "image"), datetime.now(UTC))
            uow.commit()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A server of its own."""
    if os.environ.get("ANFU_TEST_URL"):
        pytest.skip("the customers are put beside the server that is started here")
    data_dir = tmp_path_factory.mktemp("wechat") / "data"
    platform = ThreadingHTTPServer(("127.0.0.1", 0), Platform)
    Thread(target=platform.serve_forever, daemon=True).start()
    account = {
        "ANFU_WECHAT_APP_ID": "wx0123456789abcdef", "ANFU_WECHAT_SECRET": "a-secret-of-the-tests",
        "ANFU_WECHAT_TOKEN": "token", "ANFU_WECHAT_API": f"http://127.0.0.1:{platform.server_port}",
    }  # fmt: skip
    with patch.dict(os.environ, account), serving(data_dir) as address:
        hire(data_dir)
        yield Shop(address, UnitsOfWork(database_in(data_dir)))
    platform.shutdown()


@pytest.fixture
def desk(shop: Shop, visitor: Callable[..., Customer]) -> Iterator[Agent]:
    """小赵 at the desk, who sees no error of the page's."""
    Platform.answers = []
    agent = Agent(visitor().page, shop.address, "小赵")
    agent.sign_in()
    yield agent
    assert agent.problems == []


def test_what_may_still_go_is_seen_and_goes_down_with_each_word(shop: Shop, desk: Agent) -> None:
    talk = shop.customer_of("小赵", spent=3)
    desk.opens(talk)
    line = desk.page.locator(".reach-line")
    expect(line).to_contain_text("微信公众号 · 还能发 2 条 · 到")
    expect(line).to_contain_text("还有 47 小时")
    expect(desk.page.locator(".about .channel")).to_have_text("微信公众号")
    expect(desk.page.locator(".queue .row-channel .icon").first).to_be_visible()

    desk.says("您好，我是小赵，我来看看。")
    sent = desk.log.locator(".message.agent .delivery.sent")
    expect(sent).to_have_count(1, timeout=SOON)
    expect(line).to_contain_text("只能再发 1 条", timeout=SOON)
    expect(line).to_have_class("reach-line last")
    desk.picture("wechat-1-last")
    assert faults_in_both_lights(desk.page) == []

    shop.writes(talk, "好的，谢谢")
    expect(desk.log.locator(".message.customer")).to_have_count(2, timeout=SOON)
    expect(line).to_contain_text("还能发 5 条", timeout=SOON)


def test_where_nothing_may_go_the_ways_are_there_and_what_was_written_is_kept(shop: Shop, desk: Agent) -> None:
    talk = shop.customer_of("小赵", spent=4)
    desk.opens(talk)
    page = desk.page
    desk.says("第一句")
    panel = page.get_by_role("group", name="现在发不了消息")
    expect(panel).to_contain_text("5 条已经用完", timeout=SOON)
    expect(desk.input).to_be_hidden()
    assert panel.locator(".ways button").all_inner_texts() == ["登记回电工单", "派短信/电话任务", "请客户先发一条"]
    desk.picture("wechat-2-out-of-reach")
    assert faults_in_both_lights(page) == []

    page.locator(".composer").get_by_role("button", name="备注").click()
    desk.says("等客户再来消息")
    expect(desk.log.locator(".message.note")).to_contain_text("等客户再来消息", timeout=SOON)
    page.locator(".composer").get_by_role("button", name="回复").click()

    panel.get_by_role("button", name="请客户先发一条").click()
    expect(panel.locator("textarea")).to_have_value(re.compile("给我们发一条消息"))
    panel.get_by_role("button", name="收起").click()

    panel.get_by_role("button", name="派短信/电话任务").click()
    side = page.locator(".side")
    expect(side.get_by_label("类型")).to_have_value("callback", timeout=SOON)
    side.get_by_label("沟通事项").fill("师傅明天上午来")
    side.get_by_label("联系电话").fill("13800138000")
    side.get_by_role("button", name="登记工单").click()
    task = panel.get_by_label("要告诉客户什么")
    expect(task).to_be_visible(timeout=SOON)
    task.fill("请打电话告诉客户：师傅明天上午来")
    desk.picture("wechat-3-task")
    panel.get_by_role("button", name="派出任务").click()
    expect(page.get_by_text("任务已派给客服")).to_be_visible(timeout=SOON)
    expect(task).to_be_hidden()

    shop.writes(talk, "在的，您说")
    expect(desk.input).to_be_visible(timeout=SOON)
    expect(page.locator(".reach-line")).to_contain_text("还能发", timeout=SOON)


def test_a_word_that_the_server_refuses_is_back_in_the_field(shop: Shop, desk: Agent) -> None:
    talk = shop.customer_of("小赵", spent=4)
    desk.opens(talk)
    desk.input.fill("师傅明天上午到")
    with shop.work() as uow:  # a colleague's word was the last, and the desk has not heard of it
        uow.reaches.save(uow.reaches.get(talk).spent(datetime.now(UTC)))
        uow.commit()
    desk.input.press("Enter")
    panel = desk.page.get_by_role("group", name="现在发不了消息")
    expect(panel).to_contain_text("您写的话还留着", timeout=SOON)
    expect(desk.input).to_have_value("师傅明天上午到")
    expect(desk.log.locator(".message.agent")).to_have_count(0)
    desk.problems.clear()  # the browser itself tells of an answer that is 409

    shop.writes(talk, "在吗")
    expect(desk.input).to_be_visible(timeout=SOON)
    expect(desk.input).to_have_value("师傅明天上午到")


def test_what_is_not_known_to_have_come_is_never_called_sent(shop: Shop, desk: Agent) -> None:
    talk = shop.customer_of("小赵")
    desk.opens(talk)
    Platform.answers = [None, BAD_OPENID]
    desk.says("这句没有回执")
    unknown = desk.log.locator(".message.agent").filter(has_text="这句没有回执").locator(".delivery")
    expect(unknown).to_contain_text("没有收到微信公众号的回执，可能没送到", timeout=30_000)
    desk.says("这句被拒绝")
    failed = desk.log.locator(".message.agent").filter(has_text="这句被拒绝").locator(".delivery")
    expect(failed).to_contain_text("没有送到：微信返回 40003", timeout=30_000)
    expect(desk.log.locator(".delivery.sent")).to_have_count(0)
    desk.picture("wechat-4-delivery")
    assert faults_in_both_lights(desk.page) == []

    unknown.get_by_role("button", name="再发一次").click()
    expect(desk.input).to_have_value("这句没有回执")
    desk.input.press("Enter")
    expect(desk.log.locator(".delivery.sent")).to_have_count(1, timeout=SOON)


def test_what_waits_says_for_what_and_is_sent_when_the_customer_writes(shop: Shop, desk: Agent) -> None:
    talk = shop.customer_of("小赵", spent=5)
    with shop.work() as uow:
        told = Reply("您反映的声音，师傅看过了", {"kind": "script", "id": "tickets.told"})
        (message,) = uow.messages.add(talk, Sender.BOT, [told], datetime.now(UTC))
        uow.outbox.add([message], "wechat", datetime.now(UTC))
        uow.commit()
    desk.opens(talk)
    waiting = desk.log.locator(".message.bot .delivery")
    expect(waiting).to_contain_text("等客户再发消息后送出", timeout=SOON)

    shop.writes(talk, "在吗")
    with shop.work() as uow:
        uow.outbox.release(talk, datetime.now(UTC))
        uow.commit()
    expect(waiting).to_have_count(0, timeout=SOON)


def test_a_customers_picture_is_shown_once_it_is_fetched(shop: Shop, desk: Agent) -> None:
    talk = shop.customer_of("小赵")
    desk.opens(talk)
    message = shop.writes(talk, "[图片]", {"kind": "media", "media": "image"})
    last = desk.log.locator(".message.customer").last
    expect(last).to_contain_text("[图片]", timeout=SOON)
    expect(last).to_contain_text("正在取")
    desk.picture("wechat-5-coming")
    shop.is_fetched(message)
    expect(last.locator("img")).to_be_visible(timeout=30_000)
    expect(last.locator(".coming")).to_have_count(0)


def test_after_48_hours_the_time_is_the_reason(shop: Shop, desk: Agent) -> None:
    talk = shop.customer_of("小赵", written=timedelta(hours=49))
    desk.opens(talk)
    expect(desk.page.get_by_role("group", name="现在发不了消息")).to_contain_text("超过 48 小时")
