"""One customer on the website and in WeChat: the widget's menu, codes, links and 「我的工单」, in a real browser."""

import os
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, expect

from bot.bootstrap import Anfu, build
from bot.domain.binding import VALID_FOR
from bot.domain.ticket import Kind
from bot.settings import from_environment
from bot.simulator.credentials import environment
from tests.e2e.accessibility import faults_in_both_lights
from tests.e2e.conftest import Customer, serving

PHONE_390 = {"width": 390, "height": 844}
SOON = 15_000
LONG_STORY = "门打不开，里面的衣服拿不出来，一按启动就显示 E10，已经断电重启过两次，都没有用"


@dataclass
class WeChat:
    """The same customer's end in WeChat."""

    anfu: Anfu
    id: str

    def writes(self, text: str) -> str:
        """What the company says to it."""
        with self.anfu.uow() as work:
            assert self.anfu.bindings.hear(work, self.id, text)
            work.commit()
        with self.anfu.uow() as work:
            return work.messages.after(self.id, 0)[-1].text

    def link(self) -> str:
        """The path of the link that is given out."""
        return "/b/" + self.writes("绑定").split("/b/")[1].split()[0]

    def ticket(self, symptom: str) -> str:
        facts = {"product": "滚筒洗衣机", "symptom": symptom, "phone": "13800138000", "address": "人民路 1 号"}
        return self.anfu.ticketing.open(
            Kind.REPAIR, facts, key=str(uuid.uuid4()), conversation_id=self.id
        ).number  # fmt: skip


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bound") / "data"


@pytest.fixture(scope="module")
def server(data_dir: Path) -> Iterator[str]:
    """A shop that has WeChat, or thinks so: nobody answers at that address."""
    with patch.dict(os.environ, environment("http://127.0.0.1:9")), serving(data_dir) as address:
        yield address


@pytest.fixture
def wechat(server: str, data_dir: Path) -> Iterator[WeChat]:
    with patch.dict(os.environ, environment("http://127.0.0.1:9")):
        anfu = build(replace(from_environment(), data_dir=data_dir))
    yield WeChat(anfu, anfu.intake.open_conversation("wechat", f"o-{uuid.uuid4().hex}").id)
    anfu.database.dispose()


@pytest.fixture
def phone_390(visitor: Callable[..., Customer]) -> Customer:
    return visitor(PHONE_390, has_touch=True, is_mobile=True)


def sheet(customer: Customer) -> Locator:
    return customer.panel.locator(".sheet")


def choose(customer: Customer, entry: str) -> None:
    customer.panel.get_by_role("button", name="更多").click()
    customer.panel.get_by_role("menuitem", name=entry).click()


def pictures(customer: Customer, name: str) -> None:
    """The screen as it is, at a desktop's and at a phone's width."""
    own = customer.page.viewport_size
    for width, height in ((1280, 800), (390, 844)):
        customer.page.set_viewport_size({"width": width, "height": height})
        customer.page.wait_for_timeout(250)
        customer.page.screenshot(path=Path("tests/output") / f"widget-{name}-{width}.png")
    assert own
    customer.page.set_viewport_size(own)


def test_a_code_is_shown_copied_and_said_to_be_used_by_itself(visitor: Callable[..., Customer], wechat: WeChat) -> None:
    customer = visitor(permissions=["clipboard-read", "clipboard-write"])
    customer.open_chat()
    choose(customer, "绑定微信")
    shown = sheet(customer).locator(".how")
    expect(shown).to_have_text(re.compile(r"^把绑定 \d{8}发到我们的公众号，10 分钟内有效$"))
    phrase = sheet(customer).locator(".code").inner_text()
    sheet(customer).get_by_role("button", name="复制").click()
    expect(sheet(customer)).to_contain_text("已复制")
    assert customer.page.evaluate("navigator.clipboard.readText()") == phrase
    assert faults_in_both_lights(customer.page) == []
    pictures(customer, "binding-code")
    wechat.writes(phrase)
    expect(sheet(customer)).to_contain_text("微信和网站绑好了", timeout=SOON)
    pictures(customer, "binding-done")
    sheet(customer).get_by_role("button", name="返回对话").click()
    expect(customer.company_bubbles.last).to_contain_text("解绑")
    choose(customer, "绑定微信")
    expect(sheet(customer)).to_contain_text("已经和微信绑定")
    sheet(customer).get_by_role("button", name="解除绑定").click()
    expect(sheet(customer)).to_contain_text("已经解绑", timeout=SOON)
    assert wechat.anfu.bindings.bound_to(wechat.id) == []
    assert customer.problems == []


def test_a_link_from_wechat_is_asked_about_and_taken(customer: Customer, server: str, wechat: WeChat) -> None:
    number = wechat.ticket("不脱水，转的时候声音很大")
    customer.page.goto(server + wechat.link())
    expect(sheet(customer)).to_contain_text("要把微信里的对话和工单带到这里吗？")
    assert urlsplit(customer.page.url).fragment == ""
    assert wechat.anfu.bindings.bound_to(wechat.id) == []
    assert faults_in_both_lights(customer.page) == []
    pictures(customer, "binding-question")
    sheet(customer).get_by_role("button", name="带过来").click()
    expect(sheet(customer)).to_contain_text("微信和网站绑好了", timeout=SOON)
    sheet(customer).get_by_role("button", name="返回对话").click()
    choose(customer, "我的工单")
    expect(sheet(customer).locator(".ticket")).to_contain_text([number])
    assert customer.problems == []


def test_who_does_not_want_it_is_left_alone(customer: Customer, server: str, wechat: WeChat) -> None:
    customer.page.goto(server + wechat.link())
    sheet(customer).get_by_role("button", name="不用").click()
    expect(sheet(customer)).to_be_hidden()
    expect(customer.company_bubbles.first).to_be_visible(timeout=SOON)
    assert wechat.anfu.bindings.bound_to(wechat.id) == []


def test_a_link_that_was_used_says_so_and_offers_another_way(customer: Customer, server: str, wechat: WeChat) -> None:
    path = wechat.link()
    wechat.writes("绑定")  # a newer one makes it void
    customer.page.goto(server + path)
    sheet(customer).get_by_role("button", name="带过来").click()
    expect(sheet(customer).get_by_role("button", name="重新取一个")).to_be_visible(timeout=SOON)
    assert wechat.anfu.bindings.bound_to(wechat.id) == []


def test_a_code_whose_time_is_over_is_taken_away(customer: Customer) -> None:
    customer.page.clock.install()
    customer.open_chat()
    choose(customer, "绑定微信")
    expect(sheet(customer).locator(".code")).to_be_visible()
    customer.page.clock.fast_forward(int(VALID_FOR.total_seconds() * 1000) + 1000)
    expect(sheet(customer)).to_contain_text("过了有效时间")
    expect(sheet(customer).locator(".code")).to_have_count(0)
    sheet(customer).get_by_role("button", name="重新取一个").click()
    expect(sheet(customer).locator(".code")).to_be_visible()


def test_my_tickets_on_a_phone(phone_390: Customer, server: str, wechat: WeChat) -> None:
    customer = phone_390
    customer.open_chat()
    choose(customer, "我的工单")
    expect(sheet(customer)).to_contain_text("这里还没有您的工单")
    pictures(customer, "tickets-none")
    sheet(customer).get_by_role("button", name="返回对话").click()
    numbers = [wechat.ticket("不脱水"), wechat.ticket(LONG_STORY)]
    choose(customer, "绑定微信")
    wechat.writes(sheet(customer).locator(".code").inner_text())
    expect(sheet(customer)).to_contain_text("微信和网站绑好了", timeout=SOON)
    sheet(customer).get_by_role("button", name="返回对话").click()
    choose(customer, "我的工单")
    expect(sheet(customer).locator(".ticket")).to_have_count(2)
    expect(sheet(customer)).to_contain_text(numbers[0])
    expect(sheet(customer)).not_to_contain_text("13800138000")
    assert faults_in_both_lights(customer.page) == []
    pictures(customer, "tickets")
    wide = customer.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    sheet(customer).get_by_role("button", name=f"问进度 {numbers[0]}").click()
    expect(customer.own_bubbles.last).to_contain_text(numbers[0])
    expect(customer.company_bubbles.last).to_contain_text("已登记", timeout=45_000)
    assert customer.problems == []


def test_menu_and_sheet_with_the_keyboard_alone(customer: Customer) -> None:
    customer.open_chat()
    keyboard, page = customer.page.keyboard, customer.page
    more = customer.panel.get_by_role("button", name="更多")
    more.focus()
    keyboard.press("Enter")
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(customer.panel.get_by_role("menuitem", name="我的工单")).to_be_focused()
    assert faults_in_both_lights(page) == []
    pictures(customer, "menu")
    keyboard.press("ArrowDown")
    expect(customer.panel.get_by_role("menuitem", name="绑定微信")).to_be_focused()
    keyboard.press("ArrowDown")
    expect(customer.panel.get_by_role("menuitem", name="我的工单")).to_be_focused()
    keyboard.press("Escape")
    expect(more).to_be_focused()
    expect(customer.panel).to_be_visible()
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(sheet(customer)).to_be_focused()
    expect(sheet(customer)).to_have_accessible_name("我的工单")
    expect(customer.panel.locator(".composer")).to_have_attribute("inert", "")
    keyboard.press("Tab")
    expect(sheet(customer).get_by_role("button", name="返回对话")).to_be_focused()
    keyboard.press("Escape")
    expect(sheet(customer)).to_be_hidden()
    expect(more).to_be_focused()
    keyboard.press("Escape")
    expect(customer.panel).to_be_hidden()


def test_on_a_phone_focus_stays_in_the_sheet(phone_390: Customer) -> None:
    phone_390.open_chat()
    choose(phone_390, "绑定微信")
    expect(sheet(phone_390).locator(".code")).to_be_visible()
    for _ in range(8):
        phone_390.page.keyboard.press("Tab")
        assert phone_390.page.evaluate(
            "!document.querySelector('anfu-chat').shadowRoot.activeElement?.closest('.composer')"
        )
        assert phone_390.page.evaluate("document.activeElement.localName") == "anfu-chat"


def test_a_shop_without_wechat_does_not_speak_of_it(customer: Customer) -> None:
    customer.page.route("**/bindings", lambda route: route.fulfill(json={"bound": [], "channels": []}))
    customer.open_chat()
    with customer.page.expect_response("**/bindings"):
        customer.panel.get_by_role("button", name="更多").click()
    expect(customer.panel.get_by_role("menuitem")).to_have_text(["我的工单"])
    expect(customer.panel.get_by_text("绑定微信")).to_be_hidden()
    customer.page.keyboard.press("ArrowDown")
    expect(customer.panel.get_by_role("menuitem", name="我的工单")).to_be_focused()
