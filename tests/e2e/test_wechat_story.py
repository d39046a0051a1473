"""A whole story in WeChat, without an account: the simulator is the customer's phone, the rest is real (W1-W3, E10, F).

A fault in three bubbles and a photo, one answer, a person who takes over and sees what may still be sent, a ticket,
and the same ticket on the website once the customer has joined both.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.simulator.credentials import environment
from tests.e2e.agents import Agent, hire
from tests.e2e.conftest import Customer, _free_port, serving
from tests.e2e.test_desk import picture
from tests.e2e.test_simulator_page import Screen

if TYPE_CHECKING:
    from playwright.sync_api import Locator

ROOT = Path(__file__).resolve().parents[2]
ANSWER = 45_000
NUMBER = re.compile(r"[A-Z]{2}\d{8}-\d{4}")


@dataclass
class Shop:
    """The service, and WeChat."""

    address: str
    wechat: str


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """`anfu serve` with the simulator for WeChat, both as their users start them."""
    if os.environ.get("ANFU_TEST_URL"):
        pytest.skip("the simulator needs a server that knows it")
    data_dir = tmp_path_factory.mktemp("story") / "data"
    wechat = f"http://127.0.0.1:{_free_port()}"
    with patch.dict(os.environ, environment(wechat)), serving(data_dir) as address:
        hire(data_dir)
        command = [sys.executable, "-m", "bot", "wechat", "simulate", "--port", wechat.rpartition(":")[2]]
        with subprocess.Popen([*command, "--to", address], cwd=ROOT, stdout=subprocess.PIPE, text=True) as simulator:
            assert simulator.stdout and wechat in simulator.stdout.readline()
            yield Shop(address, wechat)
            simulator.terminate()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Opens windows, each of somebody else's browser."""
    contexts = []

    def new() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce", locale="zh-CN")
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context.new_page()

    yield new
    for context in contexts:
        context.close()


@pytest.mark.slow
def test_from_three_bubbles_in_wechat_to_the_same_ticket_on_the_website(
    shop: Shop, new_page: Callable[[], Page], tmp_path: Path
) -> None:
    phone = Screen(new_page())
    phone.page.goto(shop.wechat)
    photo = tmp_path / "故障.png"
    photo.write_bytes(picture())
    for text in ("您好", "我家洗衣机", "不转了，按了没反应"):
        phone.say(text)
    phone.page.get_by_label("照片", exact=True).set_input_files(photo)
    expect(phone.heard).to_have_count(1, timeout=ANSWER)
    expect(phone.heard).to_contain_text("小安")
    expect(phone.heard).to_contain_text("报修")
    phone.picture("story-1-answered")
    phone.say("转人工")
    expect(phone.heard).to_have_count(2, timeout=ANSWER)

    agent = Agent(new_page(), shop.address, "小赵")
    agent.sign_in()
    agent.page.get_by_role("tab", name="排队").click()
    agent.page.get_by_role("listbox", name="排队的会话").get_by_role("option").first.click()
    expect(agent.log.locator(".message.customer .picture img").first).to_be_visible()
    line = agent.page.locator(".reach-line")
    expect(line).to_contain_text("微信公众号 · 还能发 4 条")
    agent.page.locator(".acts").get_by_role("button", name="接待").click()
    expect(phone.heard).to_have_count(3, timeout=ANSWER)
    expect(phone.heard.last).to_contain_text("小赵")
    expect(line).to_contain_text("还能发 3 条")
    agent.says("照片看到了，是排水泵卡住了，我帮您约师傅。")
    expect(phone.heard.last).to_have_text("照片看到了，是排水泵卡住了，我帮您约师傅。", timeout=ANSWER)
    expect(line).to_contain_text("还能发 2 条")
    agent.picture("story-wechat-2-served")
    number = _ticket(agent)

    website = Customer(new_page(), f"{shop.address}/")
    website.open_chat()
    _choose(website, "绑定微信")
    phone.say(_sheet(website).locator(".code").inner_text())
    expect(_sheet(website)).to_contain_text("微信和网站绑好了", timeout=ANSWER)
    expect(phone.heard.last).to_contain_text("绑", timeout=ANSWER)
    _sheet(website).get_by_role("button", name="返回对话").click()
    _choose(website, "我的工单")
    expect(_sheet(website).locator(".ticket")).to_contain_text([number])
    website.picture("story-wechat-3-website")
    phone.picture("story-4-bound")
    assert (phone.problems, agent.problems, website.problems) == ([], [], [])


def _ticket(agent: Agent) -> str:
    """The agent opens a ticket beside the conversation; its number."""
    agent.page.get_by_role("tab", name="工单").click()
    side = agent.page.locator(".side")
    side.get_by_role("button", name="新建工单").first.click()
    side.get_by_label("类型").select_option("callback")
    side.get_by_label("沟通事项").fill("约师傅上门修洗衣机")
    side.get_by_label("联系电话").fill("13611160002")
    side.get_by_role("button", name="登记工单").click()
    opened = side.get_by_text(NUMBER).first
    expect(opened).to_be_visible()
    found = NUMBER.search(opened.inner_text())
    assert found
    return found[0]


def _sheet(customer: Customer) -> Locator:
    return customer.panel.locator(".sheet")


def _choose(customer: Customer, entry: str) -> None:
    customer.panel.get_by_role("button", name="更多").click()
    customer.panel.get_by_role("menuitem", name=entry).click()
