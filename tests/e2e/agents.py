"""People of the company at their desks, each in a browser."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "tests" / "output"
PASSWORD = "desk-of-the-day-8"
STAFF = {"小赵": "agent", "小钱": "agent", "孙主管": "supervisor", "吴经理": "manager", "郑管理": "admin"}
WIDTHS = ((1280, 800), (1920, 1080), (390, 844))


def hire(data_dir: Path) -> None:
    """Everybody of `STAFF` gets an account."""
    for name, role in STAFF.items():
        command = [sys.executable, "-m", "bot", "users", "add", name, "--role", role, "--password", "-"]
        subprocess.run(
            [*command, "--data-dir", str(data_dir)], cwd=ROOT, input=PASSWORD + "\n", text=True, check=True,
            capture_output=True,
        )  # fmt: skip


@dataclass
class Agent:
    """Somebody at a desk. `problems` collects what the browser complains about."""

    page: Page
    address: str
    name: str
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        # Asking who is signed in is answered with 401 where nobody is; and a cut line is cut.
        if message.type in ("error", "warning") and not any(said in message.text for said in ("401", "ERR_INTERNET")):
            self.problems.append(message.text)

    @property
    def rows(self) -> Locator:
        return self.page.locator(".queue [role=option]:visible")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def input(self) -> Locator:
        return self.page.locator(".composer textarea")

    @property
    def heading(self) -> Locator:
        return self.page.locator(".talk-head h2")

    def sign_in(self) -> None:
        self.page.goto(f"{self.address}/desk")
        self.page.get_by_label("账号").fill(self.name)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.page.get_by_role("button", name="登录").click()
        expect(self.page.locator(".shell")).to_be_visible()
        expect(self.page.locator(".line")).to_have_attribute("data-state", "online")

    def goes_to(self, path: str) -> None:
        """Open an address of the desk."""
        self.page.goto(f"{self.address}{path}")
        expect(self.page.locator(".line")).to_have_attribute("data-state", "online")

    def opens(self, conversation_id: str) -> None:
        """Open a conversation by its address."""
        self.goes_to(f"/desk?conversation={conversation_id}")
        expect(self.log.locator(".message").first).to_be_visible()

    def takes(self, conversation_id: str) -> None:
        """Open a conversation and take it."""
        self.opens(conversation_id)
        self.page.locator(".acts").get_by_role("button", name="接待").click()
        expect(self.page.locator(".about")).to_contain_text("您在接待")

    def says(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def picture(self, name: str) -> None:
        """Take the screen at each of the desk's widths, and come back."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        own = self.page.viewport_size
        for width, height in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.wait_for_timeout(250)
            self.page.screenshot(path=PICTURES / f"desk-{name}-{width}.png")
        if own:
            self.page.set_viewport_size(own)
