"""From an angry customer to a finished ticket and a rating: a customer's, an agent's and a supervisor's browser (F)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import faults_in_both_lights
from tests.e2e.agents import Agent, hire
from tests.e2e.conftest import Customer, serving
from tests.e2e.test_desk import conversation_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

SOON = 45_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server where nobody else waits."""
    if os.environ.get("ANFU_TEST_URL"):
        pytest.skip("the story needs an empty queue")
    data_dir = tmp_path_factory.mktemp("story") / "data"
    with serving(data_dir) as address:
        hire(data_dir)
        yield address


@pytest.fixture
def cast(shop: str, visitor: Callable[..., Customer]) -> tuple[Customer, Agent, Agent]:
    """The customer, the agent and the supervisor."""
    customer = visitor()
    customer.address = f"{shop}/"
    agent, supervisor = (Agent(visitor().page, shop, name) for name in ("小赵", "孙主管"))
    for person in (agent, supervisor):
        person.sign_in()
    return customer, agent, supervisor


def test_an_angry_customer_is_heard_helped_and_asked_how_it_was(cast: tuple[Customer, Agent, Agent]) -> None:
    customer, agent, supervisor = cast
    _gets_angry_and_is_transferred(customer)
    desk = agent.page
    conversation = conversation_of(customer)
    agent.opens(conversation)
    _the_whole_story_is_there(desk)
    agent.picture("story-1-summary")

    desk.locator(".acts").get_by_role("button", name="接待").click()
    expect(desk.locator(".about")).to_contain_text("您在接待")
    expect(customer.panel).to_contain_text("小赵", timeout=SOON)

    _replies_with_a_suggestion(agent, customer)
    _is_warned_of_a_forbidden_phrase(agent, customer)
    _hears_a_whisper(agent, supervisor, customer, conversation)
    number = _opens_and_finishes_a_ticket(agent, customer)
    _returns_to_the_bot_and_is_rated(agent, customer)

    supervisor.goes_to(f"/desk/tickets/{number}")
    expect(supervisor.page.locator(".detail-head")).to_contain_text("完结")
    supervisor.page.get_by_role("button", name="显示完整的联系电话").click()
    expect(supervisor.page.get_by_role("button", name="修改联系电话：13800138000")).to_be_visible()
    supervisor.picture("story-5-ticket")
    assert customer.problems == []
    assert agent.problems == []
    assert supervisor.problems == []


def _gets_angry_and_is_transferred(customer: Customer) -> None:
    customer.open_chat()
    customer.say("我三个月前在你们店买的洗衣机，修了两次还是坏，能换吗")
    heard = customer.say("你们修了两次都修不好，太气人了，骗子！")
    assert re.search("抱歉|道个?歉|对不起", heard[0]), "anger is met with an apology first (A2)"
    customer.chips.filter(has_text="转人工").first.click()
    queue = customer.panel.get_by_role("region", name="排队")
    expect(queue).to_contain_text("下一位就是您", timeout=SOON)
    customer.picture("story-queue")


def _the_whole_story_is_there(desk: Page) -> None:
    """Problem, facts, mood, and what the law leaves open, with where each stands (F6)."""
    side = desk.locator(".side")
    for words in ("洗衣机", "修了两次还是坏", "生气"):
        expect(side).to_contain_text(words)
    expect(side).to_contain_text("部分商品修理更换退货责任规定")
    assert faults_in_both_lights(desk) == []


def _replies_with_a_suggestion(agent: Agent, customer: Customer) -> None:
    suggestion = agent.page.locator(".chips .chip").first
    suggestion.click()
    expect(agent.input).to_have_value(re.compile("小赵"))
    agent.input.press("End")
    agent.input.press_sequentially("您先别着急。")
    agent.picture("story-2-suggestion")
    agent.input.press("Enter")
    expect(customer.company_bubbles.last).to_contain_text("您先别着急", timeout=SOON)
    assert "洗衣机" in customer.company_bubbles.last.inner_text(), "what is known is said back"


def _is_warned_of_a_forbidden_phrase(agent: Agent, customer: Customer) -> None:
    agent.says("这不可能，您再看看说明书。")
    warning = agent.page.get_by_role("alert", name="用语提醒")
    expect(warning).to_contain_text("不可能")
    agent.picture("story-3-warning")
    warning.get_by_role("button", name="换成").click()
    expect(agent.input).not_to_have_value(re.compile("不可能"))
    agent.input.fill("")
    assert "不可能" not in " ".join(customer.company_bubbles.all_inner_texts())


def _hears_a_whisper(agent: Agent, supervisor: Agent, customer: Customer, conversation: str) -> None:
    supervisor.opens(conversation)
    supervisor.page.locator(".acts").get_by_role("button", name="耳语").click()
    supervisor.says("换货符合条件，直接给他办。")
    expect(agent.log.locator(".message.whisper")).to_contain_text("直接给他办")
    agent.picture("story-4-whisper")
    assert "直接给他办" not in " ".join(customer.company_bubbles.all_inner_texts())


def _opens_and_finishes_a_ticket(agent: Agent, customer: Customer) -> str:
    """A ticket is opened beside the conversation and brought to its end on its own page (B3, D6)."""
    desk = agent.page
    desk.get_by_role("tab", name="工单").click()
    side = desk.locator(".side")
    side.get_by_role("button", name="新建工单").first.click()
    side.get_by_label("类型").select_option("callback")
    side.get_by_label("沟通事项").fill("洗衣机修了两次还坏，确认换货安排")
    side.get_by_label("联系电话").fill("13800138000")
    side.get_by_role("button", name="登记工单").click()
    link = side.locator(".ahead a").first
    expect(link).to_be_visible()
    number = link.inner_text()
    link.click()
    _steps(desk, "答复客户", {})
    _steps(desk, "已答复", {"答复内容": "已和客户说好换货，仓库三天内发出"})
    _steps(desk, "完结", {})
    expect(desk.locator(".detail-head")).to_contain_text("完结")
    desk.get_by_role("link", name="打开会话").click()
    expect(agent.log.locator(".message").first).to_be_visible()
    return number


def _steps(desk: Page, to: str, facts: dict[str, str]) -> None:
    desk.locator(".step-buttons").get_by_role("button", name=to, exact=True).first.click()
    form = desk.locator("form.sheet")
    for name, value in facts.items():
        form.get_by_label(name).fill(value)
    form.get_by_label("为什么").fill("按流程办理")
    form.get_by_role("button", name=f"推进到“{to}”").click()
    expect(form).to_have_count(0)


def _returns_to_the_bot_and_is_rated(agent: Agent, customer: Customer) -> None:
    agent.page.locator(".acts").get_by_role("button", name="交还机器人").click()
    customer.chips.filter(has_text="回到小安").click(timeout=SOON)
    expect(agent.page.locator(".about")).to_contain_text("机器人")
    card = customer.panel.locator("form.rating")
    expect(card).to_be_visible(timeout=SOON)
    customer.picture("story-rating")
    card.get_by_role("radio", name=re.compile("5 分")).check(force=True)
    card.get_by_role("button").last.click()
    expect(customer.company_bubbles.last).to_contain_text(re.compile("谢|收到|高兴"), timeout=SOON)
    answer = customer.say("你们几点上班")
    assert answer, "the bot serves again"
