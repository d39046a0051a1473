"""People at the desk in real browsers: the first password, the second factor, being disabled; both pages readable."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import faults_in_both_lights

if TYPE_CHECKING:
    from tests.e2e.agents import Agent
    from tests.e2e.conftest import Customer

OWN_PASSWORD = "雨后的天空很蓝也很高"
Seat = Callable[..., "Agent"]


@pytest.fixture
def newcomer() -> str:
    """The name of somebody who was never here before."""
    return f"新人{uuid.uuid4().hex[:6]}"


def sign_in(page: Page, address: str, name: str, password: str, code: str = "") -> None:
    """Sign in at the page that asks for it."""
    page.goto(f"{address}/desk")
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    if code:
        page.get_by_label("动态码").fill(code)
        page.get_by_role("button", name="登录").click()


def hire(desk: Agent, name: str) -> str:
    """An administrator adds somebody and gives a first password; returns it."""
    desk.goes_to("/desk/people/new")
    panel = desk.page.get_by_role("complementary", name="员工资料")
    panel.get_by_label("姓名或工号").fill(name)
    panel.get_by_text("报修", exact=True).click()
    panel.get_by_role("button", name="添加员工").click()
    expect(panel.get_by_role("heading", name=name)).to_be_visible()
    panel.get_by_role("button", name="给登录密码").click()
    given = panel.locator(".given code")
    expect(given).to_be_visible()
    return given.inner_text()


def choose_own_password(page: Page, given: str) -> None:
    """What everybody does first who got a password from somebody else."""
    expect(page.get_by_role("alert").filter(has_text="请先换成只有自己知道的密码")).to_be_visible()
    page.get_by_label("现在的密码").fill(given)
    page.get_by_label("新密码", exact=True).fill(OWN_PASSWORD)
    page.get_by_label("再输一遍新密码").fill(OWN_PASSWORD)
    page.get_by_role("button", name="修改密码").click()
    expect(page.locator(".line")).to_have_attribute("data-state", "online")


def test_a_newcomer_gets_a_password_makes_an_own_one_and_is_out_when_disabled(
    agent: Seat, visitor: Callable[..., Customer], server: str, newcomer: str
) -> None:
    admin, page = agent("郑管理"), visitor().page
    given = hire(admin, newcomer)
    sign_in(page, server, newcomer, given)
    expect(page.locator(".shell")).to_be_visible()
    page.goto(f"{server}/desk/tickets")
    choose_own_password(page, given)
    row = admin.page.get_by_role("row").filter(has_text=newcomer)
    expect(row).to_contain_text("暂离", timeout=20_000)

    panel = admin.page.get_by_role("complementary", name="员工资料")
    panel.get_by_role("button", name="停用").click()
    admin.page.get_by_role("dialog").get_by_role("button", name="停用").click()
    expect(panel.get_by_role("button", name="重新启用")).to_be_visible()
    expect(page.get_by_role("heading", name="请重新登录")).to_be_visible(timeout=30_000)
    page.get_by_label("密码").fill(OWN_PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert").filter(has_text="姓名或密码不对")).to_be_visible()
    assert admin.problems == []


def test_with_a_second_factor_the_password_alone_does_not_get_in(
    agent: Seat, visitor: Callable[..., Customer], server: str, newcomer: str
) -> None:
    page, given = visitor().page, hire(agent("郑管理"), newcomer)
    sign_in(page, server, newcomer, given)
    choose_own_password(page, given)
    page.goto(f"{server}/desk/account")
    page.get_by_role("button", name="开启动态码").click()
    factor = page.get_by_role("region", name="动态码")
    factor.get_by_label("现在的密码").fill(OWN_PASSWORD)
    factor.get_by_role("button", name="下一步").click()
    expect(factor.get_by_role("img", name="给验证器扫的二维码")).to_be_visible()
    assert faults_in_both_lights(page) == []
    secret = factor.locator("code").inner_text().replace(" ", "")
    factor.get_by_label("验证器上显示的 6 位码").fill(pyotp.TOTP(secret).now())
    factor.get_by_role("button", name="开启动态码").click()
    codes = factor.locator(".codes code")
    expect(codes).to_have_count(8)
    recovery = codes.first.inner_text()
    factor.get_by_role("button", name="我已保存好").click()

    other = visitor().page
    sign_in(other, server, newcomer, OWN_PASSWORD, "000000")
    expect(other.get_by_role("alert").filter(has_text="动态码不对")).to_be_visible()
    other.get_by_label("动态码").fill(recovery)
    other.get_by_role("button", name="登录").click()
    expect(other.locator(".shell")).to_be_visible()

    page.reload()
    page.get_by_role("button", name="退出其他设备").click()
    expect(page.get_by_text("没有在其他设备上登录。")).to_be_visible()
    expect(other.get_by_role("heading", name="请重新登录")).to_be_visible(timeout=30_000)


def test_both_pages_can_be_read_and_named_and_fit_a_phone(agent: Seat) -> None:
    manager = agent("吴经理")
    manager.goes_to("/desk/people/小赵")
    expect(manager.page.get_by_role("complementary", name="员工资料")).to_be_visible()
    assert faults_in_both_lights(manager.page) == []
    manager.picture("people")
    manager.page.get_by_placeholder("找姓名、小组或技能").fill("没有这样的人")
    expect(manager.page.get_by_text("没有找到这样的人")).to_be_visible()
    manager.goes_to("/desk/account")
    expect(manager.page.get_by_text("这台设备")).to_be_visible()
    assert faults_in_both_lights(manager.page) == []
    manager.picture("account")
    manager.page.set_viewport_size({"width": 390, "height": 844})
    assert manager.page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert manager.problems == []


def test_an_agent_is_told_that_people_are_not_the_agents_to_manage(agent: Seat) -> None:
    desk = agent("小赵")
    assert desk.page.get_by_role("link", name="人员").count() == 0
    desk.goes_to("/desk/people")
    expect(desk.page.get_by_text("这一页要有相应职务才能打开")).to_be_visible()
