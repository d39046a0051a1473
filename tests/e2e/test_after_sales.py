"""From the first angry message to a signed agreement and a satisfied customer, by browser and command line (C1-C7)."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.integration.fixtures_after_sales import ANALYSIS, CONTACT

if TYPE_CHECKING:
    from tests.e2e.conftest import Customer

ROOT = Path(__file__).resolve().parents[2]


class Office:
    """People of the company at their command line, beside the running server."""

    def __init__(self, data_dir: Path, address: str) -> None:
        self._data_dir = data_dir
        self._address = address

    def does(self, *words: str) -> str:
        """Run a command and give what it prints."""
        command = [sys.executable, "-m", "bot", *words, "--data-dir", str(self._data_dir)]
        keeping_bytecode = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
        done = subprocess.run(
            [*command, "--public-url", self._address], cwd=ROOT, env=keeping_bytecode, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def step(self, number: str, to: str, facts: dict[str, str] | None = None) -> str:
        """Move a ticket on."""
        given = [word for name, value in (facts or {}).items() for word in ("--set", f"{name}={value}")]
        return self.does("tickets", "step", number, to, "--reason", "按流程办理", "--as", "小李", *given)

    def a_day_passes(self) -> None:
        """What was planned for tomorrow is due now."""
        with sqlite3.connect(self._data_dir / "anfu.db", timeout=15) as database:
            database.execute("UPDATE followups SET due_at = datetime('now') || '.000000' WHERE state = 'planned'")


@pytest.fixture
def office(server: str, data_dir: Path) -> Office:
    """An agent and a supervisor are known."""
    people = Office(data_dir, server)
    people.does("users", "add", "小李", "--role", "agent")
    people.does("users", "add", "王主管", "--role", "supervisor")
    return people


def test_a_complaint_goes_from_the_first_angry_message_to_a_satisfied_customer(
    customer: Customer, office: Office
) -> None:
    customer.open_chat()
    number = complains(customer)
    assert number in office.does("tickets", "due")
    office.step(number, "contact")
    office.step(number, "analyse", CONTACT)
    office.step(number, "propose", ANALYSIS)

    heard = customer.company_bubbles.count()
    ways = office.does("tickets", "propose", number, "--loss", "1000", "--price", "2899", "--as", "小李")
    dear = re.search(r"^(\S+)  .*需要主管审批", ways, re.MULTILINE)
    assert dear, ways
    office.does(
        "tickets", "propose", number, "--choice", dear[1], "--loss", "1000", "--price", "2899", "--term", "换一台新的",
        "--task", "warehouse=发一台新洗衣机", "--as", "小李",
    )  # fmt: skip
    waiting = office.does("approvals", "list")
    assert customer.company_bubbles.count() == heard, "nothing is said before it is approved"
    approval = re.search(r"^([0-9a-f-]{36})  " + number, waiting, re.MULTILINE)
    assert approval, waiting
    office.does("approvals", "approve", approval[1], "--reason", "证据齐全", "--as", "王主管")

    link = customer.page.locator("anfu-chat .text a[href*='/a/']").last
    expect(link).to_be_visible(timeout=15_000)
    customer.picture("after-sales-offer")
    agreement = customer.page.context.new_page()
    agreement.goto(str(link.get_attribute("href")))
    expect(agreement.get_by_role("listitem").filter(has_text="换一台新的")).to_be_visible()
    agreement.get_by_role("button", name="同意这个方案").click()
    expect(agreement.get_by_role("button", name="同意这个方案")).to_have_count(0)

    tasks = office.does("tasks", "list", "--ticket", number)
    department = customer.page.context.new_page()
    department.goto(str(re.search(r"http\S+/t/\S+", tasks)[0]))  # type: ignore[index]
    department.get_by_label("姓名").fill("仓库老周")
    department.get_by_role("button", name="接收").click()
    expect(department.get_by_text("仓库老周").first).to_be_visible()
    department.get_by_label("办得怎么样").fill("已发新机，运单号 SF123456")
    department.get_by_role("button", name="办结").click()
    expect(department.get_by_role("button")).to_have_count(0)
    assert "现在：回访" in office.does("tickets", "show", number)

    office.a_day_passes()
    satisfied = customer.page.locator("anfu-chat .chip", has_text=re.compile("^满意$"))
    expect(satisfied).to_be_visible(timeout=20_000)
    customer.picture("after-sales-follow-up")
    satisfied.click()
    expect(customer.company_bubbles.last).to_contain_text(number, timeout=15_000)
    assert "现在：完结" in office.does("tickets", "show", number)
    assert "改动记录完整" in office.does("audit", "verify")
    assert customer.problems == []


def complains(customer: Customer) -> str:
    """An angry customer's complaint, and its number."""
    said = customer.say("太气人了！洗衣机送来外壳就是裂的，你们怎么做事的，我要投诉！")
    for answer in ("换一台新的", "202611051037", "13611160001", "对，没错"):
        if number := re.search(r"TS\d{8}-\d{4}", "".join(said)):
            return number[0]
        said = customer.say(answer)
    number = re.search(r"TS\d{8}-\d{4}", "".join(said))
    assert number, said
    return number[0]
