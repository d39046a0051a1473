"""The desk's conversation page: a customer in one browser, people of the company in others (F4-F7, A4)."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from tests.e2e.accessibility import faults_in_both_lights
from tests.e2e.agents import PASSWORD

if TYPE_CHECKING:
    from tests.e2e.agents import Agent
    from tests.e2e.conftest import Customer

ANSWER = 45_000
PHONE = {"width": 390, "height": 844}
Seat = Callable[..., "Agent"]


def conversation_of(customer: Customer) -> str:
    """The id of the conversation that a customer's browser keeps."""
    found: str = customer.page.evaluate(
        "() => JSON.parse(Object.entries(localStorage).find(([key]) => key.endsWith(':conversation'))[1]).id"
    )
    return found


def picture(width: int = 240, height: int = 160) -> bytes:
    """A small PNG: a blue field."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\x00" + b"\x2f\x6f\xb5" * width) * height
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )  # fmt: skip


@pytest.fixture
def waiting(customer: Customer) -> Customer:
    """A customer who has asked for a person."""
    customer.open_chat()
    customer.say("洗衣机不转了")
    customer.say("转人工")
    expect(customer.status).to_contain_text(re.compile("排队|接入|位"), timeout=ANSWER)
    return customer


def test_an_answer_reaches_the_customer_and_the_customers_comes_back(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.takes(conversation_of(waiting))

    desk.says("您好，我是小赵，洗衣机通电后有反应吗？")
    expect(waiting.company_bubbles.last).to_contain_text("通电后有反应吗", timeout=ANSWER)
    expect(desk.log.locator(".message.agent")).to_have_count(1)
    expect(desk.log.locator(".delivery")).to_have_count(0)

    waiting.write("一点反应都没有")
    expect(desk.log.locator(".message.customer").last).to_contain_text("一点反应都没有", timeout=ANSWER)
    desk.picture("conversation")
    assert desk.problems == []


def test_what_the_customer_is_typing_is_seen_and_clearly_not_sent(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.takes(conversation_of(waiting))
    expect(waiting.company_bubbles.last).to_contain_text("小赵", timeout=ANSWER)

    waiting.input.press_sequentially("其实昨天就坏了", delay=40)

    ghost = desk.page.locator(".ghost")
    expect(ghost).to_contain_text("其实昨天就坏了", timeout=ANSWER)
    expect(ghost).to_contain_text("还没发出")
    desk.picture("typing")
    waiting.input.press("Enter")
    expect(desk.log.locator(".message.customer").last).to_contain_text("其实昨天就坏了", timeout=ANSWER)
    expect(ghost).to_be_hidden()


def test_the_first_of_the_queue_is_taken_by_one_key(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.page.get_by_role("tab", name="排队").click()
    desk.page.wait_for_timeout(1000)  # until the list of the agent's own has given way
    queue = desk.page.get_by_role("listbox", name="排队的会话")
    first = queue.locator("[aria-posinset='1'] .row-title").inner_text()
    desk.picture("queue")

    desk.page.keyboard.press("t")

    expect(desk.heading).to_have_text(first)
    expect(desk.page.locator(".about")).to_contain_text("您在接待")


def test_a_hurtful_phrase_is_shown_with_better_words_before_it_is_sent(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.takes(conversation_of(waiting))
    before = desk.log.locator(".message.agent").count()

    desk.says("这不可能，您再看看说明书。")

    warning = desk.page.get_by_role("alert", name="用语提醒")
    expect(warning).to_contain_text("不可能")
    desk.picture("wording")
    assert faults_in_both_lights(desk.page) == []
    assert desk.log.locator(".message.agent").count() == before
    warning.get_by_role("button", name="换成").click()
    expect(desk.input).not_to_have_value(re.compile("不可能"))
    expect(warning).to_be_hidden()
    desk.input.press("Enter")
    expect(desk.log.locator(".message.agent")).to_have_count(before + 1)

    desk.says("不可能")
    warning.get_by_label("仍要发送的原因").fill("引用客户的原话")
    warning.get_by_role("button", name="仍要发送").click()
    expect(waiting.company_bubbles.last).to_have_text("不可能", timeout=ANSWER)


def test_a_draft_outlives_the_browser(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.takes(conversation_of(waiting))
    desk.input.fill("您的工单我已经")
    desk.page.reload()
    expect(desk.input).to_have_value("您的工单我已经")

    desk.input.fill("您的工单我已经查到了")
    expect(desk.page.locator(".draft-state")).to_have_text("草稿已保存")
    elsewhere = agent()
    elsewhere.opens(conversation_of(waiting))
    expect(elsewhere.input).to_have_value("您的工单我已经查到了")


def test_what_could_not_be_sent_goes_out_once_when_the_line_is_back(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.takes(conversation_of(waiting))
    desk.page.context.set_offline(True)
    expect(desk.page.locator(".offline-banner")).to_be_visible()

    desk.says("网络断了也不会丢。")
    expect(desk.log.locator(".delivery.failed")).to_contain_text("重发")
    desk.picture("offline")
    desk.page.context.set_offline(False)

    expect(desk.page.locator(".line")).to_have_attribute("data-state", "online", timeout=ANSWER)
    expect(desk.log.locator(".delivery")).to_have_count(0, timeout=ANSWER)
    expect(waiting.company_bubbles.filter(has_text="网络断了也不会丢")).to_have_count(1, timeout=ANSWER)
    expect(desk.log.locator(".message.agent")).to_have_count(1)


def test_an_ended_session_is_begun_again_without_losing_a_word(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.takes(conversation_of(waiting))
    desk.input.fill("我帮您看一下")
    desk.page.context.clear_cookies()
    desk.page.get_by_role("tab", name="已结束").click()
    expect(desk.page.get_by_role("heading", name="请重新登录")).to_be_visible()

    desk.page.get_by_label("密码").fill(PASSWORD)
    desk.page.get_by_role("button", name="登录").click()

    expect(desk.page.get_by_role("heading", name="请重新登录")).to_be_hidden(timeout=ANSWER)
    expect(desk.input).to_have_value("我帮您看一下")
    desk.input.press("Enter")
    expect(waiting.company_bubbles.last).to_have_text("我帮您看一下", timeout=ANSWER)


def test_a_refusal_from_the_old_session_that_comes_late_does_not_end_the_new_one(
    waiting: Customer, agent: Seat
) -> None:
    desk = agent()
    desk.takes(conversation_of(waiting))
    late: list[Route] = []
    desk.page.route("**/desk/conversations?view=bot*", lambda route: late.append(route))
    desk.page.get_by_role("tab", name="机器人").click()
    desk.page.context.clear_cookies()
    desk.page.get_by_role("tab", name="已结束").click()
    again = desk.page.get_by_role("heading", name="请重新登录")
    expect(again).to_be_visible()
    desk.page.get_by_label("密码").fill(PASSWORD)
    desk.page.get_by_role("button", name="登录").click()
    expect(again).to_be_hidden(timeout=ANSWER)

    with desk.page.expect_response("**/desk/conversations?view=bot*"):
        late[0].fulfill(status=401, json={"error": {"code": "unauthorized", "message": "请先登录"}})
    desk.page.wait_for_timeout(300)
    expect(again).to_be_hidden()


def test_a_note_stays_among_colleagues(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.takes(conversation_of(waiting))
    desk.input.press("Control+/")
    desk.says("客户昨天打过热线。")
    expect(desk.log.locator(".message.note")).to_contain_text("仅同事可见")
    desk.input.press("Control+/")
    desk.says("请稍等。")

    expect(waiting.company_bubbles.last).to_have_text("请稍等。", timeout=ANSWER)
    assert "热线" not in " ".join(waiting.company_bubbles.all_inner_texts())


def test_a_canned_reply_and_a_suggestion_are_put_in_to_be_changed(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.takes(conversation_of(waiting))
    said = desk.log.locator(".message.agent").count()

    desk.input.press_sequentially("/hi")
    menu = desk.page.get_by_role("listbox", name="常用语")
    expect(menu.get_by_role("option").first).to_contain_text("/hi")
    desk.picture("canned")
    desk.input.press("Enter")
    expect(desk.input).to_have_value(re.compile("小赵"))
    desk.input.fill("")
    desk.page.locator(".chips .chip").first.click()
    expect(desk.input).not_to_have_value("")
    assert desk.log.locator(".message.agent").count() == said


def test_a_picture_is_laid_ready_sent_and_seen_by_the_customer(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.takes(conversation_of(waiting))
    attach = desk.page.get_by_role("button", name="发图片或文件")
    files: list[FilePayload] = [
        {"name": "阀门位置.png", "mimeType": "image/png", "buffer": picture()},
        {"name": "安装.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"},
    ]
    desk.page.get_by_label("选择要发给客户的图片或文件").set_input_files(files)
    tray = desk.page.get_by_role("list", name="要发的文件")
    expect(tray.get_by_role("listitem")).to_have_count(2)
    expect(tray.get_by_role("alert")).to_contain_text("只能发")
    desk.picture("files")
    assert faults_in_both_lights(desk.page) == []
    tray.get_by_role("button", name="去掉“安装.exe”").click()
    assert desk.log.locator(".message.agent").count() == 0, "nothing goes out before it is sent"

    # The line breaks on the way: said in place, and sent once by one click.
    desk.page.route("**/attachments", lambda route: route.abort())
    desk.says("阀门在左下角，您看这张图。")
    failed = desk.log.locator(".upload")
    expect(failed.get_by_role("alert")).to_contain_text("网络不通")
    desk.picture("files-failed")
    desk.page.unroute("**/attachments")
    failed.get_by_role("button", name="重试").click()

    shown = desk.log.locator(".message.agent .picture img")
    expect(shown).to_have_attribute("alt", "阀门位置.png")
    expect(failed).to_have_count(0)
    seen = waiting.page.locator("anfu-chat .message:not(.from-customer) .file img")
    expect(seen).to_have_attribute("alt", "阀门位置.png", timeout=ANSWER)
    assert [image.evaluate("image => image.naturalWidth") for image in (seen, shown)] == [240, 240]
    expect(waiting.company_bubbles.last).to_contain_text("左下角")
    desk.picture("files-sent")
    waiting.picture("picture-of-agent")

    desk.input.press("Control+/")
    expect(attach).to_be_hidden()


def test_a_ticket_is_brought_to_its_end_beside_the_conversation(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.takes(conversation_of(waiting))
    desk.page.get_by_role("tab", name="工单").click()
    side, keyboard = desk.page.locator(".side"), desk.page.keyboard
    side.get_by_role("button", name="新建工单").first.click()
    side.get_by_label("类型").select_option("callback")
    side.get_by_label("沟通事项").fill("确认换货安排")
    side.get_by_label("联系电话").fill("13611160002")
    side.get_by_role("button", name="登记工单").click()

    side.get_by_role("button", name="答复客户", exact=True).click()
    form = side.locator("form.step")
    expect(form.get_by_label("原因")).to_have_value("会话中办理：答复客户")
    expect(form.get_by_role("button", name="推进到“答复客户”")).to_be_focused()
    keyboard.press("Enter")

    expect(side).to_contain_text("还差：答复内容")
    expect(side.get_by_role("button", name="已答复", exact=True)).to_be_focused()
    keyboard.press("Enter")
    notes = form.get_by_label("答复内容")
    expect(notes).to_be_focused()
    keyboard.press("Control+Enter")
    expect(form.get_by_role("alert").first).to_contain_text("请填写答复内容")
    desk.picture("step")
    assert faults_in_both_lights(desk.page) == []
    keyboard.type("已说好换货，仓库三天内发出")
    form.get_by_label("原因").fill("客户在聊天里确认")
    keyboard.press("Enter")

    expect(side.get_by_role("button", name="完结", exact=True)).to_be_focused()
    keyboard.press("Enter")
    expect(form).to_be_visible()
    keyboard.press("Escape")
    expect(form).to_have_count(0)
    keyboard.press("Enter")
    keyboard.press("Enter")
    expect(side.locator(".over")).to_contain_text("完结")
    assert "/desk/tickets" not in desk.page.url
    assert desk.problems == []


def test_a_conversation_is_handed_on_and_ended_beside_the_words(waiting: Customer, agent: Seat) -> None:
    first, second = agent("小赵"), agent("小钱")
    first.takes(conversation_of(waiting))
    first.page.get_by_role("button", name="转接").click()
    first.page.get_by_label("转给").select_option("person 小钱")
    first.page.get_by_label("原因").fill("要改预约时间")
    first.picture("transfer")
    first.page.get_by_label("转接").get_by_role("button", name="转接").click()
    expect(first.page.locator(".about")).to_contain_text("小钱接待")

    expect(second.page.locator(".toasts")).to_contain_text("交给您")
    second.opens(conversation_of(waiting))
    expect(second.log.locator(".event").last).to_contain_text("要改预约时间")
    second.page.get_by_role("button", name="结束").click()
    second.page.get_by_label("结束原因").select_option(label="咨询已答复")
    second.page.get_by_label("小结").fill("改到周六上午上门")
    second.page.get_by_role("button", name="结束会话").click()
    expect(second.page.locator(".watch")).to_contain_text("已结束：咨询已答复")


def test_a_supervisor_watches_whispers_and_joins(waiting: Customer, agent: Seat) -> None:
    desk, lead = agent("小赵"), agent("孙主管")
    desk.takes(conversation_of(waiting))
    lead.opens(conversation_of(waiting))
    expect(lead.page.locator(".watch")).to_contain_text("旁听中")

    lead.page.locator(".acts").get_by_role("button", name="耳语").click()
    lead.says("先道歉，再问型号。")
    expect(desk.log.locator(".message.whisper")).to_contain_text("先道歉，再问型号。")
    lead.page.locator(".acts").get_by_role("button", name="插话").click()
    expect(lead.page.locator(".watch")).to_contain_text("您已加入")
    lead.says("您好，我是主管，这件事我一起跟。")

    expect(waiting.company_bubbles.last).to_contain_text("我是主管", timeout=ANSWER)
    lead.picture("supervisor")
    assert "先道歉" not in " ".join(waiting.company_bubbles.all_inner_texts())


def test_all_of_it_goes_by_keyboard_alone(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    desk.goes_to("/desk")
    expect(desk.page.get_by_role("tab", name="排队")).to_be_visible()
    keyboard = desk.page.keyboard
    reached = _tab_until(desk.page, "排队")
    assert reached.startswith("我的"), "the lists are one stop; arrows go among them"
    keyboard.press("ArrowRight")
    expect(desk.page.get_by_role("tab", name="排队")).to_have_attribute("aria-selected", "true")
    expect(desk.rows.first).to_be_visible()
    keyboard.press("j")
    keyboard.press("k")
    keyboard.press("g")
    keyboard.press("Enter")
    expect(desk.heading).to_be_visible()
    keyboard.press("Escape")
    keyboard.press("a")
    expect(desk.page.locator(".about")).to_contain_text("您在接待")
    expect(desk.input).to_be_focused()
    keyboard.type("您好，请讲。")
    keyboard.press("Enter")
    expect(desk.log.locator(".message.agent").last).to_contain_text("您好，请讲。")
    keyboard.press("Escape")
    keyboard.press("f")
    expect(desk.page.get_by_label("转给")).to_be_focused()
    keyboard.press("Escape")
    expect(desk.input).to_be_focused()
    keyboard.press("Escape")
    keyboard.press("?")
    expect(desk.page.get_by_role("dialog", name="键盘快捷键")).to_be_visible()
    desk.picture("keys")
    keyboard.press("Escape")
    expect(desk.page.get_by_role("dialog")).to_have_count(0)


def _tab_until(page: Page, wanted: str) -> str:
    """Press Tab until the lists are reached; the name of the control that has the focus then."""
    inside = "() => document.activeElement.closest('[role=tablist]')?.querySelector(':focus').innerText"
    for _ in range(30):
        page.keyboard.press("Tab")
        name: str | None = page.evaluate(inside)
        if name:
            return name
    raise AssertionError(f"Tab never reached the list “{wanted}”")


def test_on_a_phone_one_pane_is_seen_at_a_time(waiting: Customer, agent: Seat) -> None:
    desk = agent("小赵", PHONE, has_touch=True, is_mobile=True)
    desk.page.get_by_role("tab", name="排队").click()
    expect(desk.rows.first).to_be_visible()
    expect(desk.input).to_have_count(0)
    desk.opens(conversation_of(waiting))
    expect(desk.page.locator(".queue")).to_be_hidden()
    desk.page.locator(".acts").get_by_role("button", name="接待").click()
    expect(desk.page.locator(".about")).to_contain_text("您在接待")
    desk.says("您好。")
    expect(waiting.company_bubbles.last).to_have_text("您好。", timeout=ANSWER)
    assert desk.page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    assert faults_in_both_lights(desk.page) == []
    desk.page.get_by_role("button", name="客户与工单").click()
    expect(desk.page.get_by_role("tab", name="摘要")).to_be_visible()
    desk.page.get_by_role("button", name="回到对话").click()
    desk.page.get_by_role("button", name="回到会话列表").click()
    expect(desk.page.locator(".queue")).to_be_visible()


def test_what_is_on_the_screen_can_be_read_and_named(waiting: Customer, agent: Seat) -> None:
    desk = agent()
    assert faults_in_both_lights(desk.page) == []
    desk.takes(conversation_of(waiting))
    desk.page.get_by_role("tab", name="客户").click()
    assert faults_in_both_lights(desk.page) == []
    desk.picture("customer")
    desk.page.get_by_role("tab", name="工单").click()
    desk.page.locator(".side").get_by_role("button", name="新建工单").click()
    expect(desk.page.get_by_label("类型")).to_be_visible()
    desk.picture("ticket")
    desk.page.locator(".presence").click()
    expect(desk.page.get_by_role("menu", name="状态")).to_be_visible()
    assert faults_in_both_lights(desk.page) == []
    desk.page.emulate_media(color_scheme="dark")
    desk.picture("dark")


def test_the_sign_in_page_says_what_is_wrong(server: str, staff: None, customer: Customer) -> None:
    page = customer.page
    page.goto(f"{server}/desk/tickets")
    page.get_by_label("账号").fill("小赵")
    page.get_by_label("密码").fill("not-the-password")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.get_by_label("账号").input_value() == "小赵"
    assert faults_in_both_lights(page) == []


def test_nothing_of_the_page_comes_from_elsewhere_or_runs_inline(server: str, customer: Customer) -> None:
    response = customer.page.goto(f"{server}/desk")
    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
