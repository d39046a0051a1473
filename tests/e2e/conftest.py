"""A real server, a real browser, and a customer who uses both."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, expect, sync_playwright

from tests.e2e.agents import Agent, hire

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "tests" / "output"
READY_WITHIN_SECONDS = 300
ANSWER_WITHIN_SECONDS = 45
QUIET_SECONDS = 1.5
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET_BROWSER = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@dataclass
class Customer:
    """Someone with the shop open in a browser. `problems` collects what the browser complains about."""

    page: Page
    address: str
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    @property
    def launcher(self) -> Locator:
        return self.page.locator("anfu-chat .launcher")

    @property
    def panel(self) -> Locator:
        return self.page.locator("anfu-chat").get_by_role("dialog")

    @property
    def input(self) -> Locator:
        return self.page.locator("anfu-chat textarea")

    @property
    def own_bubbles(self) -> Locator:
        return self.page.locator("anfu-chat .from-customer .text")

    @property
    def company_bubbles(self) -> Locator:
        return self.page.locator("anfu-chat .message:not(.from-customer) .text")

    @property
    def chips(self) -> Locator:
        return self.page.locator("anfu-chat .chip")

    @property
    def delivery(self) -> Locator:
        return self.page.locator("anfu-chat .delivery")

    @property
    def status(self) -> Locator:
        return self.page.locator("anfu-chat header .status")

    def visit(self) -> None:
        self.page.goto(self.address)
        expect(self.launcher).to_be_visible()

    def open_chat(self) -> None:
        """Visit, open the chat and be greeted."""
        self.visit()
        self.launcher.click()
        expect(self.company_bubbles.first).to_be_visible(timeout=ANSWER_WITHIN_SECONDS * 1000)

    def write(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def say(self, text: str) -> list[str]:
        """Send `text`, wait until the company has said all it has to say, and return that."""
        before = self.company_bubbles.count()
        self.write(text)
        return self.hear(before)

    def hear(self, before: int) -> list[str]:
        """What the company says after its first `before` bubbles, once it has been quiet for a moment."""
        deadline = time.monotonic() + ANSWER_WITHIN_SECONDS
        heard, since = before, time.monotonic()
        while heard == before or time.monotonic() - since < QUIET_SECONDS:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"no answer within {ANSWER_WITHIN_SECONDS} s to {self.own_bubbles.last.inner_text()}"
                )
            self.page.wait_for_timeout(100)
            if (count := self.company_bubbles.count()) != heard:
                heard, since = count, time.monotonic()
        return self.company_bubbles.all_inner_texts()[before:]

    def picture(self, name: str) -> None:
        """Take the screen at a desktop's and at a phone's width, and come back."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        own = self.page.viewport_size
        for size in (DESKTOP, PHONE):
            self.page.set_viewport_size({"width": size["width"], "height": size["height"]})
            self.page.wait_for_timeout(250)
            self.page.screenshot(path=PICTURES / f"{name}-{size['width']}.png")
        if own:
            self.page.set_viewport_size(own)

    def whole_page(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server that is started here keeps its data."""
    return tmp_path_factory.mktemp("anfu") / "data"


@pytest.fixture(scope="session")
def server(data_dir: Path) -> Iterator[str]:
    """The address of a running Anfu: ANFU_TEST_URL, or one started here."""
    if running := os.environ.get("ANFU_TEST_URL"):
        yield running.rstrip("/")
        return
    with serving(data_dir) as address:
        yield address


@contextmanager
def serving(data_dir: Path) -> Iterator[str]:
    """Run a server with its data there; its address, once it is ready."""
    port = _free_port()
    log = data_dir.parent / "serve.log"
    command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--data-dir", str(data_dir)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_ready(address, process, log)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


# Not for the session: while Playwright's synchronous API runs, this thread has a running event loop, and asynchronous
# tests elsewhere could not start theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        executable = next(filter(None, map(shutil.which, BROWSERS)), None)
        try:
            started = playwright.chromium.launch(executable_path=executable, args=QUIET_BROWSER)
        except Error as error:
            reason = f"no Chromium: {error.message.splitlines()[0]}"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        yield started
        started.close()


@pytest.fixture
def visitor(server: str, browser: Browser) -> Iterator[Callable[..., Customer]]:
    """Makes customers: `visitor()` on a desktop, `visitor(PHONE)` on a phone; more goes to the browser context."""
    contexts = []

    def new(viewport: dict[str, int] | None = None, **options: Any) -> Customer:
        size = viewport or DESKTOP
        options.setdefault("locale", "zh-CN")
        context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]}, reduced_motion="reduce", **options
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        return Customer(context.new_page(), f"{server}/")

    yield new
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def staff(server: str, data_dir: Path) -> None:
    """People who may sign in at the desk; a server that runs already has them, as `agents.STAFF` lists them."""
    if not os.environ.get("ANFU_TEST_URL"):
        hire(data_dir)


@pytest.fixture
def agent(server: str, staff: None, visitor: Callable[..., Customer]) -> Callable[..., Agent]:
    """Seats people at desks: `agent("小赵")` signs in at a desktop; a viewport and more may be given."""

    def seat(name: str = "小赵", viewport: dict[str, int] | None = None, **options: Any) -> Agent:
        someone = Agent(visitor(viewport, **options).page, server, name)
        someone.sign_in()
        return someone

    return seat


@pytest.fixture
def customer(visitor: Callable[..., Customer]) -> Customer:
    return visitor()


@pytest.fixture
def phone_customer(visitor: Callable[..., Customer]) -> Customer:
    return visitor(PHONE, has_touch=True, is_mobile=True)


@pytest.fixture
def site() -> Iterator[Callable[[str], str]]:
    """Puts a page on an origin of its own and returns its address."""
    html = b""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html)

        def log_message(self, *_: Any) -> None:
            pass

    def publish(page: str) -> str:
        nonlocal html
        html = page.encode()
        return f"http://127.0.0.1:{other.server_port}/"

    other = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=other.serve_forever, daemon=True).start()
    yield publish
    other.shutdown()
    other.server_close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    ended = f"ended with {process.returncode}" if process.poll() is not None else "was not ready in time"
    tail = re.sub(r"^", "  ", "\n".join(log.read_text(errors="replace").splitlines()[-30:]), flags=re.MULTILINE)
    pytest.fail(f"anfu serve {ended}:\n{tail}")
