"""People in the chat: the wait, the agent who comes, what each sees of the other, files, and the rating at the end."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import urllib.request
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PHONE, ROOT

if TYPE_CHECKING:
    from tests.e2e.conftest import Customer

NAME = "小李"
WITHIN = 30_000


@dataclass
class Agent:
    """A person of the company, at the desk's own API; the socket is a browser's."""

    address: str
    token: str
    page: Page

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.address}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            answer = response.read()
        return json.loads(answer) if answer else None

    def take(self, conversation_id: str) -> None:
        """Sit down, for who is not there loses the conversation to the queue, and take it."""
        self.sit_down(conversation_id)
        self.ask("POST", f"/desk/conversations/{conversation_id}/take", {})

    def say(self, conversation_id: str, text: str) -> None:
        self.ask(
            "POST", f"/desk/conversations/{conversation_id}/messages", {"client_id": str(uuid.uuid4()), "text": text}
        )

    def close(self, conversation_id: str) -> None:
        body = {"reason": "solved", "summary": "教客户重新接了排水管，已能脱水"}
        self.ask("POST", f"/desk/conversations/{conversation_id}/close", body)

    def sit_down(self, conversation_id: str) -> None:
        """Open the desk's socket on the conversation; what comes is kept on the page."""
        self.page.goto(self.address)
        self.page.evaluate(
            """([token, id]) => new Promise((resolve) => {
                window.frames_ = [];
                const address = `${location.origin.replace("http", "ws")}/api/v1/desk/socket`;
                window.desk = new WebSocket(address, ["anfu", token]);
                window.desk.onmessage = ({ data }) => window.frames_.push(JSON.parse(data));
                window.desk.onopen = () => {
                    window.desk.send(JSON.stringify({ type: "open", conversation_id: id, after: 0 }));
                    resolve();
                };
            })""",
            [self.token, conversation_id],
        )

    def types(self, conversation_id: str) -> None:
        self.page.evaluate(
            "id => window.desk.send(JSON.stringify({ type: 'typing', conversation_id: id }))", conversation_id
        )

    def sees_typed(self, text: str) -> None:
        self.page.wait_for_function(
            "text => window.frames_.some((frame) => frame.type === 'typing' && frame.text === text)", arg=text
        )


@pytest.fixture
def agent(server: str, data_dir: Path, browser: Browser) -> Iterator[Agent]:
    """An agent of the running server."""
    command = [sys.executable, "-m", "bot", "users", "add", NAME, "--role", "agent", "--data-dir", str(data_dir)]
    added = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ)
    context = browser.new_context()
    yield Agent(server, added.stdout.split()[-1], context.new_page())
    context.close()


def conversation_of(customer: Customer) -> str:
    stored: str = customer.page.evaluate(
        "() => JSON.parse(localStorage.getItem(`anfu:${location.host}:conversation`)).id"
    )
    return stored


def waits_for_a_person(customer: Customer) -> str:
    """Open the chat and ask for a person; gives the conversation."""
    customer.open_chat()
    customer.panel.locator(".to-human").click()
    expect(customer.panel.locator(".queue-bar")).to_be_visible(timeout=WITHIN)
    return conversation_of(customer)


def picture(folder: Path, side: int = 240) -> Path:
    """A PNG with a gradient."""
    rows = b"".join(b"\0" + bytes(v for x in range(side) for v in (x % 256, y % 256, 150)) for y in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path = folder / "故障.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )
    return path


def test_who_waits_sees_the_place_and_the_ways_out_and_that_typing_is_seen(customer: Customer) -> None:
    """F5, F7."""
    waits_for_a_person(customer)
    bar = customer.panel.locator(".queue-bar")
    expect(bar).to_contain_text("位")
    expect(bar.get_by_role("button")).to_have_text(["继续和小安聊", "给我回电话"])
    expect(customer.panel.locator(".seen")).to_have_text("客服能看到您正在输入的内容")
    customer.picture("widget-queued")
    bar.get_by_role("button", name="继续和小安聊").click()
    expect(bar).to_be_hidden(timeout=WITHIN)
    expect(customer.panel.locator(".seen")).to_be_hidden()
    assert not customer.problems


def test_the_agent_is_named_writes_and_is_written_to(customer: Customer, agent: Agent) -> None:
    conversation_id = waits_for_a_person(customer)
    agent.take(conversation_id)
    expect(customer.panel).to_have_accessible_name(f"客服 {NAME} 为您服务", timeout=WITHIN)
    expect(customer.panel.locator(".queue-bar")).to_be_hidden()
    customer.input.press_sequentially("排水管好像折了", delay=20)
    agent.sees_typed("排水管好像折了")
    agent.types(conversation_id)
    expect(customer.panel.locator(".typing")).to_contain_text(f"{NAME} 正在输入")
    customer.picture("widget-agent-typing")
    agent.say(conversation_id, "您好，麻烦看一下洗衣机背后的排水管有没有打折")
    expect(customer.panel.locator(".from-agent .name").last).to_have_text(f"客服 {NAME}")
    expect(customer.panel.locator(".typing")).to_be_hidden()
    customer.input.press("Enter")
    agent.sees_typed("")
    expect(customer.own_bubbles.last).to_have_text("排水管好像折了")
    customer.picture("widget-human")
    assert not customer.problems


def test_a_picture_is_sent_seen_and_still_there_after_a_reload(
    customer: Customer, agent: Agent, tmp_path: Path
) -> None:
    conversation_id = waits_for_a_person(customer)
    agent.take(conversation_id)
    customer.page.locator("anfu-chat input[type=file]").set_input_files(picture(tmp_path))
    shown = customer.panel.locator(".file img")
    expect(shown).to_have_attribute("alt", "故障.png", timeout=WITHIN)
    assert shown.evaluate("image => image.complete && image.naturalWidth === 240")
    customer.picture("widget-picture")
    customer.page.reload()
    customer.launcher.click()
    expect(customer.panel.locator(".file img")).to_be_visible(timeout=WITHIN)
    assert not customer.problems


def test_a_file_that_may_not_be_sent_is_refused_in_words_and_can_be_dropped(customer: Customer, tmp_path: Path) -> None:
    customer.open_chat()
    wrong, empty, false = tmp_path / "a.svg", tmp_path / "b.png", tmp_path / "c.png"
    wrong.write_text("<svg/>")
    empty.write_bytes(b"")
    false.write_bytes(b"<script>alert(1)</script>")
    customer.page.locator("anfu-chat input[type=file]").set_input_files([wrong, empty, false])
    told = customer.panel.locator(".upload .failed [role=status]")
    expect(told).to_have_count(3, timeout=WITHIN)
    expect(told.nth(0)).to_contain_text("只能发图片")
    expect(told.nth(1)).to_contain_text("空的")
    for _ in range(3):
        customer.panel.get_by_role("button", name="不发了").first.click()
    expect(customer.panel.locator(".upload")).to_have_count(0)


def test_the_end_asks_once_for_a_rating_by_keyboard_too(customer: Customer, agent: Agent) -> None:
    """F8, H1."""
    conversation_id = waits_for_a_person(customer)
    agent.take(conversation_id)
    agent.say(conversation_id, "已经帮您处理好了")
    agent.close(conversation_id)
    card = customer.panel.locator(".rating")
    expect(card).to_be_visible(timeout=WITHIN)
    expect(card.get_by_role("radio")).to_have_count(5)
    expect(card.get_by_role("button", name="提交评价")).to_be_disabled()
    card.get_by_role("radio").first.focus()
    for _ in range(4):
        customer.page.keyboard.press("ArrowRight")
    expect(card.get_by_role("radio", name="5 分，非常满意")).to_be_checked()
    card.get_by_role("textbox").fill("讲得很清楚")
    customer.picture("widget-rating")
    card.get_by_role("button", name="提交评价").click()
    expect(customer.company_bubbles.last).to_contain_text("谢谢", timeout=WITHIN)
    expect(card).to_have_count(0)
    customer.page.reload()
    customer.launcher.click()
    expect(customer.company_bubbles.last).to_be_visible(timeout=WITHIN)
    expect(card).to_have_count(0)
    customer.picture("widget-rated")
    assert not customer.problems


def test_on_a_phone_nothing_of_it_is_cut_off(visitor: Callable[..., Customer], agent: Agent) -> None:
    customer = visitor(PHONE, has_touch=True, is_mobile=True)
    conversation_id = waits_for_a_person(customer)
    for place in (".queue-bar", ".composer"):
        assert customer.panel.locator(place).evaluate("node => node.scrollWidth <= node.clientWidth"), place
    agent.take(conversation_id)
    agent.close(conversation_id)
    card = customer.panel.locator(".rating")
    expect(card).to_be_visible(timeout=WITHIN)
    assert card.evaluate("node => node.scrollWidth <= node.clientWidth")


def test_the_words_are_in_the_customers_characters(customer: Customer) -> None:
    """B7."""
    waits_for_a_person(customer)
    customer.page.evaluate("document.querySelector('anfu-chat').lang = 'zh-Hant'")
    expect(customer.panel.locator(".queue-bar").get_by_role("button")).to_have_text(["繼續和小安聊", "給我回電話"])
    expect(customer.panel.locator(".seen")).to_have_text("客服能看到您正在輸入的內容")
    customer.panel.locator(".queue-bar").get_by_role("button").first.click()
    expect(customer.panel.locator(".queue-bar")).to_be_hidden(timeout=WITHIN)


@pytest.mark.parametrize(
    ("queue", "told"),
    [
        (None, "正在为您排队接入人工客服"),
        ({"position": 1, "estimated_seconds": 40, "opens_at": None}, "下一位就是您"),
        ({"position": 3, "estimated_seconds": 170, "opens_at": None}, "前面还有 2 位，大约 3 分钟"),
        ({"position": 3, "estimated_seconds": None, "opens_at": None}, "前面还有 2 位"),
        (
            {"position": 2, "estimated_seconds": None, "opens_at": "2020-01-06T01:00:00+00:00"},
            "前面还有 1 位，同事 1月6日 09:00 上班",
        ),
    ],
)
def test_a_place_is_told_in_words(customer: Customer, queue: dict[str, Any] | None, told: str) -> None:
    """F5."""
    customer.visit()
    words = customer.page.evaluate(
        """async (queue) => {
            const { placeInWords } = await import("/static/widget/queue.js");
            const { wordsFor } = await import("/static/widget/words.js");
            return placeInWords(queue, wordsFor("zh-Hans"));
        }""",
        queue,
    )
    assert words == told
