"""The chat as customers meet it: in a browser, against the whole system."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.e2e.conftest import Customer

TICKET = re.compile(r"(BX|TH|TS)\d{8}-\d{4}")
MAX_TURNS = 14

WASHING_MACHINE = {
    "product": "安居 滚筒洗衣机 XQG100",
    "symptom": "滚筒不转，还嗡嗡响",
    "wish": "尽快派师傅上门修",
    "reason": "质量问题，滚筒不转",
    "grievance": "洗衣机昨天开始不转了",
    "order": "202611051037",
}
VEST = {
    "product": "安居 羽绒马甲 YR08",
    "symptom": "尺码小了，穿不上",
    "wish": "换货",
    "reason": "尺码小了，想换大一码",
    "grievance": "尺码小了，穿不上",
    "order": "202611141555",
}
LONG_WAIT = {
    "product": "安居 滚筒洗衣机 XQG100",
    "symptom": "报修后没人上门",
    "wish": "尽快处理",
    "reason": "没有人联系我",
    "grievance": "报修三天了，一直没人联系我",
    "order": "202611051037",
    # Not the one of the others: who comes three times in a day and is dissatisfied goes to a person (F3).
    "phone": "13900139000",
}

# What a question is recognised by, and which fact answers it; the first that fits, so the narrower ones stand first.
QUESTIONS = [
    (r"对吗|对得上|可以确认", "confirm"),
    (r"委屈|经过|怎么发生|情形|想到哪", "grievance"),
    (r"用过了|包装|配件还齐|现在的样子", "condition"),
    (r"原因|不合心意|为什么|因为什么", "reason"),
    (r"购买|什么时候买|哪天买", "bought"),
    (r"订单", "order"),
    (r"希望怎么|怎么处理|怎么解决|怎么办|想退还是想换|诉求|结果|答复", "wish"),
    (r"时间|哪天|什么时候", "time"),
    (r"地址|门牌", "address"),
    (r"电话|手机|号码", "phone"),
    (r"哪款|哪样|产品|电器|型号", "product"),
    (r"故障|什么问题|不对劲|什么样子|什么情况", "symptom"),
    (r"称呼|姓名|贵姓", "name"),
    (r"试.{0,6}(了吗|过吗|一下)|好了吗|解决了吗", "still_broken"),
]
SAME_FOR_ALL = {
    "confirm": "对，没错",
    "condition": "没用过，包装齐全",
    "bought": "一年内",
    "time": "周六上午",
    "address": "杭州市西湖区文三路 1 号 2 单元 301",
    "phone": "13800138000",
    "name": "王先生",
    "still_broken": "试过了，还是不行",
}
GO_ON_CHIPS = ("对，没错", "先登记投诉")
NOT_FOR_US = ("转人工", "取消", "有一项要改", "给我回电话")


def answer_to(said: list[str], chips: list[str], facts: dict[str, str]) -> str:
    """What this customer answers, whatever is asked and in whatever order."""
    for chip in GO_ON_CHIPS:
        if chip in chips:
            return chip
    for text in (said[-1], "\n".join(said)):
        for words, fact in QUESTIONS:
            if re.search(words, text):
                return {**SAME_FOR_ALL, **facts}[fact]
    return next((chip for chip in chips if chip not in NOT_FOR_US), "好的")


def until_a_ticket(customer: Customer, opening: str, facts: dict[str, str]) -> tuple[str, list[str]]:
    """Tell the story until a ticket number comes; returns its kind and all that the company said."""
    said = customer.say(opening)
    heard = list(said)
    for _ in range(MAX_TURNS):
        if found := TICKET.search("\n".join(said)):
            return found.group(1), heard
        said = customer.say(answer_to(said, customer.chips.all_inner_texts(), facts))
        heard += said
    raise AssertionError(f"no ticket after {MAX_TURNS} turns:\n" + "\n".join(heard))


def test_a_customer_takes_a_broken_washing_machine_to_a_repair_ticket(customer: Customer) -> None:
    customer.open_chat()
    kind, _ = until_a_ticket(customer, "洗衣机坏了，滚筒不转，想报修", WASHING_MACHINE)
    customer.picture("repair")
    assert kind == "BX"
    assert not customer.problems


def test_a_customer_takes_a_wrong_size_to_an_exchange_ticket(customer: Customer) -> None:
    customer.open_chat()
    kind, _ = until_a_ticket(customer, "买的马甲尺码小了，想换大一码", VEST)
    customer.picture("exchange")
    assert kind == "TH"
    assert not customer.problems


def test_a_customer_takes_an_angry_three_day_wait_to_a_complaint_ticket_with_an_apology_first(
    customer: Customer,
) -> None:
    customer.open_chat()
    kind, heard = until_a_ticket(customer, "等了三天都没人联系我，太气人了，我要投诉你们！", LONG_WAIT)
    customer.picture("complaint")
    assert kind == "TS"
    assert re.search(r"对不起|抱歉|道歉", re.split(r"[？?]", heard[0])[0])
    assert not customer.problems


def test_a_customer_takes_a_price_question_to_an_answer(customer: Customer) -> None:
    customer.open_chat()
    said = customer.say("安居 滚筒洗衣机 XQG100 多少钱？")
    customer.picture("price")
    assert re.search(r"元|¥|价", "\n".join(said))
    assert not customer.problems


def test_the_bot_says_that_it_is_one_in_the_header_and_in_its_greeting(customer: Customer) -> None:
    customer.open_chat()
    expect(customer.panel).to_have_accessible_name("小安 · 智能客服（机器人）")
    expect(customer.company_bubbles.first).to_contain_text("机器人")


def test_asking_for_a_human_shows_the_queue(customer: Customer) -> None:
    customer.open_chat()
    customer.panel.locator(".to-human").click()
    expect(customer.own_bubbles.last).to_have_text("转人工")
    expect(customer.status).to_have_text("正在为您排队接入人工客服", timeout=30_000)
    expect(customer.panel.locator(".to-human")).to_be_visible()
    customer.picture("queued")


def test_a_question_on_the_page_opens_the_chat_and_is_asked(customer: Customer) -> None:
    customer.visit()
    customer.page.locator("#help [data-anfu-ask]").first.click()
    asked = customer.page.locator("#help [data-anfu-ask]").first.get_attribute("data-anfu-ask") or ""
    expect(customer.panel).to_be_visible()
    expect(customer.own_bubbles).to_have_text([asked])
    customer.hear(1)


def test_enter_that_ends_a_word_in_the_input_method_does_not_send(customer: Customer) -> None:
    customer.open_chat()
    customer.input.fill("洗衣")
    enter = {"key": "Enter", "bubbles": True, "cancelable": True}
    customer.input.dispatch_event("keydown", {**enter, "isComposing": True})
    customer.input.dispatch_event("keydown", {**enter, "keyCode": 229})
    expect(customer.own_bubbles).to_have_count(0)
    expect(customer.input).to_have_value("洗衣")
    customer.input.press("Enter")
    expect(customer.own_bubbles).to_have_text(["洗衣"])


def test_shift_and_enter_add_a_line_and_the_input_grows_to_five(customer: Customer) -> None:
    customer.open_chat()
    heights = []
    for number in range(1, 8):
        customer.input.press_sequentially(f"第{number}行")
        heights.append(customer.input.evaluate("input => input.clientHeight"))
        customer.input.press("Shift+Enter")
    assert heights[:5] == sorted(set(heights[:5]))
    assert heights[4] == heights[5] == heights[6]
    expect(customer.own_bubbles).to_have_count(0)
    customer.input.press("Enter")
    expect(customer.own_bubbles).to_have_text("\n".join(f"第{number}行" for number in range(1, 8)))


def test_a_message_over_2000_characters_is_counted_and_stays_in_the_field(customer: Customer) -> None:
    customer.open_chat()
    counter = customer.panel.locator(".counter")
    customer.input.fill("修" * 1799)
    expect(counter).to_be_empty()
    customer.input.fill("😀" * 1990)
    expect(counter).to_have_text("1990 / 2000")
    customer.input.fill("修" * 2003)
    expect(counter).to_contain_text("超出 3 字")
    customer.input.press("Enter")
    expect(customer.own_bubbles).to_have_count(0)


def test_history_survives_a_reload(customer: Customer) -> None:
    customer.open_chat()
    customer.say("发票怎么开？")
    before = customer.panel.locator(".text").all_inner_texts()
    customer.page.reload()
    customer.launcher.click()
    expect(customer.panel.locator(".text")).to_have_text(before)


def test_answers_that_come_while_the_chat_is_closed_are_counted_on_the_launcher(customer: Customer) -> None:
    customer.open_chat()
    customer.write("发票怎么开？")
    expect(customer.delivery).to_contain_text("已送达")
    customer.page.keyboard.press("Escape")
    badge = customer.launcher.locator(".badge")
    expect(badge).to_be_visible(timeout=30_000)
    customer.launcher.click()
    expect(badge).to_be_hidden()


def test_a_message_written_offline_is_sent_once_when_the_network_returns(customer: Customer) -> None:
    customer.open_chat()
    context = customer.page.context
    accepted: list[str] = []
    customer.page.on(
        "response",
        lambda response: accepted.append(response.url) if response.status == 202 else None,
    )
    context.set_offline(True)
    customer.write("断网时写的一句")
    customer.write("第二句")
    expect(customer.delivery).to_contain_text("发送失败")
    expect(customer.panel.get_by_role("button", name="重试")).to_be_visible()
    customer.picture("offline")
    context.set_offline(False)
    expect(customer.delivery).to_have_count(0, timeout=30_000)
    customer.page.reload()
    customer.launcher.click()
    expect(customer.own_bubbles).to_have_text(["断网时写的一句", "第二句"])
    assert len(accepted) == 2


def test_an_unsent_message_survives_a_reload(customer: Customer) -> None:
    customer.open_chat()
    customer.page.route("**/messages", lambda route: route.abort())
    customer.write("这句还没发出去")
    expect(customer.delivery).to_contain_text("发送失败")
    customer.page.unroute("**/messages")
    customer.page.reload()
    customer.launcher.click()
    expect(customer.own_bubbles).to_have_text(["这句还没发出去"])
    customer.hear(1)


def test_without_sockets_the_chat_goes_on_over_http(customer: Customer) -> None:
    customer.page.add_init_script("window.WebSocket = class { constructor() { throw new Error('blocked'); } };")
    customer.open_chat()
    assert customer.say("发票怎么开？")


def test_a_refused_conversation_is_replaced_politely_and_nothing_written_is_lost(customer: Customer) -> None:
    customer.open_chat()
    customer.page.evaluate(
        """() => {
            const key = Object.keys(localStorage).find((name) => name.endsWith(":conversation"));
            localStorage.setItem(key, JSON.stringify({ id: "00000000-0000-0000-0000-000000000000", token: "no" }));
        }"""
    )
    customer.page.reload()
    customer.launcher.click()
    expect(customer.panel.locator(".notice")).to_contain_text("开启了新的对话")
    expect(customer.company_bubbles.first).to_be_visible()
    assert customer.say("发票怎么开？")


def test_a_message_refused_with_its_conversation_is_sent_in_the_new_one(customer: Customer) -> None:
    customer.open_chat()
    customer.page.route("**/messages", lambda route: route.fulfill(status=403, json={}), times=1)
    customer.write("发票怎么开？")
    expect(customer.panel.locator(".notice")).to_contain_text("开启了新的对话")
    expect(customer.own_bubbles).to_have_text(["发票怎么开？"])
    customer.hear(1)
    expect(customer.own_bubbles).to_have_text(["发票怎么开？"])


def test_a_browser_that_forbids_storage_still_chats_in_one_conversation(customer: Customer) -> None:
    begun: list[str] = []
    customer.page.on(
        "request", lambda request: begun.append(request.url) if request.url.endswith("/conversations") else None
    )
    customer.page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full'); };")
    customer.open_chat()
    assert customer.say("发票怎么开？")
    assert len(begun) == 1


def test_the_chat_can_be_used_with_the_keyboard_alone(customer: Customer) -> None:
    customer.visit()
    keyboard = customer.page.keyboard
    press_tab_until(customer.page, "launcher")
    keyboard.press("Enter")
    expect(customer.input).to_be_focused()
    expect(customer.company_bubbles.first).to_be_visible()
    keyboard.press("Shift+Tab")
    assert focused(customer.page) == "to-human"
    keyboard.press("Tab")
    keyboard.type("发票怎么开？")
    keyboard.press("Enter")
    expect(customer.own_bubbles).to_have_text(["发票怎么开？"])
    expect(customer.input).to_be_focused()
    keyboard.press("Escape")
    expect(customer.panel).to_be_hidden()
    expect(customer.launcher).to_be_focused()


def test_on_a_phone_focus_stays_in_the_full_screen_panel(phone_customer: Customer) -> None:
    phone_customer.open_chat()
    expect(phone_customer.panel).to_have_attribute("aria-modal", "true")
    for _ in range(12):
        phone_customer.page.keyboard.press("Tab")
        assert phone_customer.page.evaluate("document.activeElement.localName") == "anfu-chat"


def test_the_interface_is_traditional_with_lang_zh_hant(customer: Customer) -> None:
    customer.open_chat()
    customer.page.evaluate("document.querySelector('anfu-chat').lang = 'zh-Hant'")
    expect(customer.panel).to_have_accessible_name("小安 · 智能客服（機器人）")
    expect(customer.panel.locator(".to-human")).to_have_text("轉人工")
    expect(customer.input).to_have_attribute("placeholder", "請輸入您的問題")
    customer.picture("traditional")


def test_both_scripts_have_the_same_words(customer: Customer) -> None:
    customer.visit()
    simplified, traditional = customer.page.evaluate(
        """async () => {
            const { wordsFor } = await import("/static/widget/words.js");
            return ["zh-Hans", "zh-Hant"].map((script) => Object.keys(wordsFor(script)));
        }"""
    )
    assert simplified == traditional


@pytest.mark.parametrize(
    ("tags", "script"),
    [
        (["zh-TW"], "zh-Hant"),
        (["zh-HK"], "zh-Hant"),
        (["zh-Hans-HK"], "zh-Hans"),
        (["", "zh-CN", "zh-TW"], "zh-Hans"),
        (["", "en", "zh-Hant-TW"], "zh-Hant"),
        (["en-US"], "zh-Hans"),
    ],
)
def test_the_script_comes_from_the_first_chinese_language_named(
    customer: Customer, tags: list[str], script: str
) -> None:
    customer.visit()
    chosen = customer.page.evaluate(
        "async (tags) => (await import('/static/widget/words.js')).chooseScript(...tags)", tags
    )
    assert chosen == script


def test_html_in_a_message_is_shown_as_text(customer: Customer) -> None:
    customer.open_chat()
    nasty = '<img src=x onerror="document.title=1"><b>粗</b> javascript:alert(1)'
    customer.write(nasty)
    expect(customer.own_bubbles).to_have_text([nasty])
    assert customer.own_bubbles.locator("*").count() == 0
    assert "安居电器" in customer.page.title()


def test_web_addresses_and_phone_numbers_can_be_tapped_and_other_numbers_cannot(customer: Customer) -> None:
    customer.open_chat()
    customer.write("见 https://example.com/a?b=1。打 13800138000 或 400-800-1234，单号 BX20261123-0001、202611051037")
    links = customer.own_bubbles.locator("a")
    expect(links).to_have_text(["https://example.com/a?b=1", "13800138000", "400-800-1234"])
    assert links.evaluate_all("all => all.map((a) => a.protocol)") == ["https:", "tel:", "tel:"]


def test_a_long_message_folds_and_unfolds(customer: Customer) -> None:
    customer.open_chat()
    customer.write("\n".join(["洗衣机的情况我一条条写"] * 24))
    height = "text => text.getBoundingClientRect().height"
    expect(customer.panel.get_by_role("button", name="展开全文")).to_be_visible()
    folded = customer.own_bubbles.evaluate(height)
    customer.panel.get_by_role("button", name="展开全文").click()
    assert customer.own_bubbles.evaluate(height) > folded * 1.4
    customer.panel.get_by_role("button", name="收起").click()
    assert customer.own_bubbles.evaluate(height) == folded


def test_who_scrolled_up_is_told_of_new_messages(customer: Customer) -> None:
    customer.open_chat()
    for number in range(6):
        customer.write(f"第 {number} 条\n第二行\n第三行")
    expect(customer.own_bubbles).to_have_count(6)
    customer.panel.locator(".scroller").evaluate("scroller => { scroller.scrollTop = 0; }")
    pill = customer.panel.locator(".pill")
    expect(pill).to_contain_text("条新消息", timeout=30_000)
    pill.click()
    expect(pill).to_be_hidden()
    expect(customer.company_bubbles.last).to_be_in_viewport()


@pytest.mark.parametrize("chat_open", [False, True])
def test_nothing_scrolls_sideways_at_360_pixels(phone_customer: Customer, chat_open: bool) -> None:
    phone_customer.visit()
    if chat_open:
        phone_customer.launcher.click()
        phone_customer.write("https://example.com/" + "long" * 60)
        expect(phone_customer.own_bubbles).to_have_count(1)
        scroller = phone_customer.panel.locator(".scroller")
        assert scroller.evaluate("scroller => scroller.scrollWidth - scroller.clientWidth") == 0
    assert phone_customer.page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_has_a_name_and_enough_contrast(visitor: Callable[..., Customer], scheme: str) -> None:
    customer = visitor(color_scheme=scheme)
    customer.open_chat()
    customer.say("想报修")
    assert customer.page.evaluate(UNNAMED) == []
    assert customer.page.evaluate(FAINT) == []
    log = customer.panel.get_by_role("log")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log).to_have_accessible_name("对话内容")
    assert not customer.problems


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_shop_page_shows_without_complaint_at_every_width(
    visitor: Callable[..., Customer], width: int, scheme: str
) -> None:
    customer = visitor({"width": width, "height": 900}, color_scheme=scheme)
    customer.visit()
    for picture in customer.page.locator("main img").all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("async (img) => { await img.decode(); return img.naturalWidth; }") > 0
    customer.page.evaluate("scrollTo(0, 0)")
    customer.whole_page(f"shop-{width}-{scheme}")
    assert customer.page.evaluate("document.documentElement.scrollWidth") == width
    assert not customer.problems


def test_the_page_forbids_inline_scripts_and_styles(customer: Customer) -> None:
    response = customer.page.goto(customer.address)
    assert response is not None
    policy = response.header_value("content-security-policy") or ""
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy


def test_any_site_embeds_the_chat_with_one_tag(customer: Customer, site: Callable[[str], str]) -> None:
    """Another origin, with a hostile style sheet of its own."""
    customer.page.goto(
        site(
            f"""<!doctype html><html lang="zh-TW"><meta charset="utf-8"><title>別的商店</title>
            <style>* {{ color: red; font-size: 40px; padding: 20px }} button {{ display: none }}</style>
            <p>別的商店</p><script type="module" src="{customer.address}widget.js"></script></html>"""
        )
    )
    customer.launcher.click()
    expect(customer.company_bubbles.first).to_be_visible()
    expect(customer.panel).to_have_accessible_name("小安 · 智能客服（機器人）")
    assert customer.company_bubbles.first.evaluate("text => getComputedStyle(text).fontSize") == "15px"
    assert customer.say("發票怎麼開？")


def press_tab_until(page: Page, class_name: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if focused(page) == class_name:
            return
    raise AssertionError(f"the keyboard does not reach {class_name}")


def focused(page: Page) -> str:
    """The class of what has the focus inside the chat, empty when it is elsewhere."""
    name: str = page.evaluate("document.querySelector('anfu-chat').shadowRoot.activeElement?.className ?? ''")
    return name


# Buttons, links, fields and pictures that say nothing to someone who cannot see them.
UNNAMED = """() => {
    const roots = [document, document.querySelector("anfu-chat").shadowRoot];
    const all = roots.flatMap((root) => [...root.querySelectorAll("button, a[href], textarea, input, img")]);
    const name = (e) => e.getAttribute("aria-label") ?? (e.localName === "img" ? e.getAttribute("alt") : e.innerText);
    return all.filter((e) => e.checkVisibility() && name(e) === null || !name(e) && e.localName !== "img")
        .filter((e) => e.checkVisibility()).map((e) => e.outerHTML.slice(0, 120));
}"""

# Text below the AA ratio (4.5, or 3 for large text), with its colours; an opaque background is looked for upwards.
FAINT = """() => {
    const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const parse = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const parent = (e) => e.parentElement ?? e.getRootNode().host;
    const ground = (e) => {
        for (; e; e = parent(e)) {
            const color = parse(getComputedStyle(e).backgroundColor);
            if ((color[3] ?? 1) > 0.99) return color;
        }
        return [255, 255, 255];
    };
    const roots = [document.body, document.querySelector("anfu-chat").shadowRoot];
    const elements = roots.flatMap((root) => [...root.querySelectorAll("*")]);
    return elements.filter((e) => e.checkVisibility() && !e.disabled
        && [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())
    ).flatMap((e) => {
        const style = getComputedStyle(e);
        const [high, low] = [light(parse(style.color)), light(ground(e))].sort((a, b) => b - a);
        const ratio = (high + 0.05) / (low + 0.05);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        return ratio < (large ? 3 : 4.5) ? [`${ratio.toFixed(2)} ${e.className} ${e.textContent.slice(0, 20)}`] : [];
    });
}"""
