"""The simulator's page in a browser: a customer's phone on one side, what the platform knows on the other."""

import json
import re
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from bot.adapters.channels.wechat import xml
from bot.adapters.channels.wechat.crypto import Seal
from bot.simulator import credentials as own
from tests.e2e.accessibility import faults_in_both_lights

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "tests" / "output"
WIDE, HIGH = 240, 160
SIZES = {1280: {"width": 1280, "height": 800}, 390: {"width": 390, "height": 844}}
GREETING = "您好，我是安服的客服机器人。您的空调还在保修期内，可以免费上门检修。请问怎么约方便？"
MENU = {
    "head_content": "您想怎么处理？点一项就行。",
    "list": [
        {"id": "3-0", "content": "约师傅上门"},
        {"id": "3-1", "content": "先自己排查"},
        {"id": "3-2", "content": "转人工"},
    ],
    "tail_content": "",
}


@dataclass
class Shop:
    """A tiny service: says that it has what it is brought, and answers each customer through the interfaces."""

    address: str = ""
    simulator: str = ""
    status: int = 200
    heard: list[dict[str, Any]] = field(default_factory=list)

    def hear(self, query: dict[str, str], body: bytes) -> None:
        seal = Seal(own.TOKEN, own.AES_KEY, own.APP_ID)
        sealed = xml.read(body)["Encrypt"]
        fields = xml.read(seal.open(sealed, query["msg_signature"], query["timestamp"], query["nonce"]))
        self.heard.append(fields)
        if fields["MsgType"] == "text":
            answers = [{"msgtype": "text", "text": {"content": GREETING}}, {"msgtype": "msgmenu", "msgmenu": MENU}]
            Thread(target=self.answer, args=(fields["FromUserName"], answers)).start()

    def answer(self, openid: str, messages: list[dict[str, Any]]) -> None:
        asked = {"grant_type": "client_credential", "appid": own.APP_ID, "secret": own.SECRET}
        token = self.call("stable_token", asked).get("access_token", "")
        for message in messages if token else ():
            self.call(f"message/custom/send?access_token={token}", {"touser": openid, **message})

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.simulator}/cgi-bin/{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            said: dict[str, Any] = json.load(answer)
        return said


@pytest.fixture
def shop() -> Iterator[Shop]:
    one = Shop()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path, _, words = self.path.partition("?")
            if path == "/wechat" and one.status == 200:
                one.hear(dict(pair.split("=", 1) for pair in words.split("&")), body)
            self.send_response(one.status)
            self.end_headers()
            self.wfile.write(b"success")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    one.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield one
    server.shutdown()
    server.server_close()


@pytest.fixture
def simulator(shop: Shop) -> Iterator[str]:
    """The address of `anfu wechat simulate`."""
    command = [sys.executable, "-m", "bot", "wechat", "simulate", "--port", "0", "--to", shop.address]
    command += ["--seconds-between-retries", "0.2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = re.search(r"打开 (http://\S+?)/", process.stdout.readline())
        assert found, "the simulator does not say where it is"
        shop.simulator = found[1]
        yield found[1]
        process.terminate()


@dataclass
class Screen:
    """The page, and what the browser complains about."""

    page: Page
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    @property
    def input(self) -> Locator:
        return self.page.get_by_label("说点什么")

    @property
    def heard(self) -> Locator:
        return self.page.locator(".chat li.service .bubble")

    @property
    def said(self) -> Locator:
        return self.page.locator(".chat li.mine .bubble")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def say(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        for width, size in SIZES.items():
            self.page.set_viewport_size({"width": size["width"], "height": size["height"]})
            self.page.wait_for_timeout(200)
            self.page.screenshot(path=PICTURES / f"simulator-{name}-{width}.png")
            if width < 860:
                self.button("平台").click()
                self.page.screenshot(path=PICTURES / f"simulator-{name}-platform-{width}.png")
                self.button("手机").click()
        self.page.set_viewport_size({"width": 1280, "height": 800})


@pytest.fixture
def screen(browser: Browser, simulator: str) -> Iterator[Screen]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce", locale="zh-CN")
    context.set_default_timeout(15_000)
    one = Screen(context.new_page())
    answer = one.page.goto(simulator)
    assert answer
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    expect(one.page.get_by_role("tab")).to_have_count(2)
    yield one
    context.close()
    assert one.problems == []


@pytest.mark.slow
def test_a_customer_talks_with_the_service_and_the_platform_counts(screen: Screen, shop: Shop) -> None:
    screen.picture("empty")
    screen.button("空调不制冷了").click()
    expect(screen.said).to_have_text(["空调不制冷了"])
    expect(screen.heard).to_have_count(2)
    expect(screen.heard.first).to_have_text(GREETING)
    expect(screen.page.locator(".left strong")).to_have_text("3")
    expect(screen.page.locator(".try.good").first).to_be_visible()

    screen.button("约师傅上门").click()
    expect(screen.said).to_have_text(["空调不制冷了", "约师傅上门"])
    expect(screen.heard).to_have_count(4)
    assert shop.heard[-1]["bizmsgmenuid"] == "3-0"
    expect(screen.page.locator(".grants li")).to_have_count(2)
    screen.picture("talk")
    assert faults_in_both_lights(screen.page) == []

    screen.button("转人工").last.click()  # the account's own menu
    expect(screen.page.locator(".log").first).to_contain_text("点菜单 HUMAN")
    assert shop.heard[-1]["EventKey"] == "HUMAN"


@pytest.mark.slow
def test_photos_voices_and_places_go_to_the_service(screen: Screen, shop: Shop, tmp_path: Path) -> None:
    photo = tmp_path / "故障.png"
    photo.write_bytes(a_picture())
    screen.page.get_by_label("照片", exact=True).set_input_files(photo)
    expect(screen.page.locator(".chat li.mine img")).to_be_visible()

    screen.page.get_by_label("发照片、语音、位置").click()
    screen.button("语音").click()
    screen.page.get_by_label("识别出的文字").fill("空调不制冷")
    screen.button("发送语音").click()
    expect(screen.said.last).to_contain_text("识别：空调不制冷")

    screen.page.get_by_label("发照片、语音、位置").click()
    screen.button("位置").click()
    screen.page.wait_for_timeout(100)
    screen.picture("sheet")
    screen.button("发送位置").click()
    expect(screen.said.last).to_contain_text("人民广场")
    wait_for(lambda: [one["MsgType"] for one in shop.heard] == ["image", "voice", "location"])


@pytest.mark.slow
def test_what_goes_wrong_is_seen(screen: Screen, shop: Shop) -> None:
    shop.status = 500
    screen.say("有人吗")
    expect(screen.page.locator(".try.bad")).to_have_count(3)
    expect(screen.page.locator(".chat .grey")).to_have_text("该公众号提供的服务出现故障，请稍后再试")

    shop.status = 200
    screen.page.get_by_label("系统繁忙").check(force=True)
    screen.say("还在吗")
    expect(screen.page.locator(".code.bad").first).to_contain_text("-1 系统繁忙")
    screen.page.get_by_label("系统繁忙").uncheck(force=True)

    screen.button("过 48 小时").click()
    expect(screen.page.locator(".left.gone strong")).to_have_text("0")
    screen.picture("trouble")

    screen.button("取消关注").click()
    expect(screen.button("关注公众号")).to_be_visible()
    screen.button("关注公众号").click()
    expect(screen.page.locator(".left strong")).to_have_text("3")


@pytest.mark.slow
def test_customers_are_side_by_side_in_both_channels(screen: Screen, shop: Shop) -> None:
    screen.say("我是甲")
    expect(screen.heard).to_have_count(2)
    screen.page.get_by_role("tab", name="顾客 B").click()
    expect(screen.page.locator(".chat .empty")).to_be_visible()
    screen.button("再来一位顾客").click()
    expect(screen.page.get_by_role("tab")).to_have_count(3)

    screen.button("微信客服").click()
    expect(screen.page.get_by_role("tab")).to_have_count(2)
    screen.button("进入会话").click()
    screen.say("在吗")
    expect(screen.said).to_have_text(["在吗"])
    expect(screen.page.locator(".phone .state")).to_have_text("未处理")
    screen.button("人工接入").click()
    screen.button("人工说一句").click()
    expect(screen.page.locator(".chat li.person .bubble")).to_have_text("您好，我是接待人员小赵。")
    screen.picture("kf")
    assert faults_in_both_lights(screen.page) == []


def a_picture() -> bytes:
    """A PNG in which something is to be seen."""
    rows = (
        b"\0" + b"".join(bytes((60 + x // 2, 140, 90 + y)) for x in range(WIDE)) for y in range(HIGH)
    )  # fmt: skip
    header = struct.pack(">IIBBBBB", WIDE, HIGH, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def wait_for(comes_true: Any, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not comes_true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
