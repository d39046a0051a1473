"""The command line as people use it: a fresh process each time, words on standard output, one line when it fails."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest

from bot.adapters.sla_files import load_sla
from bot.adapters.uow import UnitsOfWork
from bot.domain.ticket import Kind, Ticket
from bot.services.promises import Promises
from bot.services.ticketing import Ticketing
from tests.integration.fixtures_database import ROOT, database_in

PRODUCTS = "product_id,name,category,model,price_fen,aliases\n"
ORDERS = "order_number,phone,product_id,quantity,price_fen,bought_on,received_on,channel,status,tracking\n"
KETTLE = "T-1,测试水壶,kettle,T1,9900,水壶|烧水壶\n"

Anfu = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli") / "data"


@pytest.fixture(scope="module")
def anfu(data_dir: Path) -> Anfu:
    """Runs `anfu …` on the module's data directory, with no ANFU_ setting but these."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANFU_")}
    environment |= {"ANFU_DATA_DIR": str(data_dir), "PYTHONUTF8": "1"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
        )

    return run


@pytest.fixture(scope="module")
def ticket(anfu: Anfu, data_dir: Path) -> Ticket:
    """A repair ticket in the database that the command line reads."""
    assert "还没有工单" in anfu("tickets", "list").stdout
    uow = UnitsOfWork(database_in(data_dir))
    ticketing = Ticketing(uow, Promises(load_sla()), lambda: datetime(2026, 11, 23, 20, 30, tzinfo=UTC))
    fields = {"product": "洗衣机", "symptom": "不脱水", "phone": "13800138000"}
    return ticketing.urge(ticketing.open(Kind.REPAIR, fields, key="turn:1").number)


def refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """It failed with one line that says what to do, and no traceback."""
    assert result.returncode == 1, result.stdout + result.stderr
    [line] = result.stderr.strip().splitlines()
    assert line.startswith("anfu: ")
    for word in words:
        assert word in line


# Help


@pytest.mark.parametrize(
    "command",
    [
        "", "serve", "train", "parse", "chat", "import", "scripts", "scripts check", "scripts preview",
        "data", "data check", "evaluate", "learn", "learn list", "learn attach", "learn add", "learn dismiss",
        "tickets", "tickets list", "tickets show", "users", "users add",
    ],
)  # fmt: skip
def test_every_command_explains_itself(anfu: Anfu, command: str) -> None:
    result = anfu(*command.split(), "--help")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"usage: anfu {command}".rstrip())
    assert re.search("[\u4e00-\u9fff]", result.stdout)


def test_help_lists_every_command(anfu: Anfu) -> None:
    listed = anfu("--help").stdout
    names = ("serve", "train", "parse", "chat", "import", "scripts", "data", "evaluate", "learn", "tickets", "users")
    assert all(name in listed for name in names)


def test_an_unknown_command_is_refused(anfu: Anfu) -> None:
    result = anfu("dance")
    assert result.returncode == 2
    assert "dance" in result.stderr and "Traceback" not in result.stderr


# Tickets


def test_tickets_are_listed_a_line_each(anfu: Anfu, ticket: Ticket) -> None:
    result = anfu("tickets", "list", "--kind", "repair", "--status", "open")
    assert result.returncode == 0, result.stderr
    [line] = result.stdout.splitlines()
    assert all(words in line for words in (ticket.number, "报修", "已登记", "不脱水"))


def test_a_kind_without_tickets_says_so(anfu: Anfu, ticket: Ticket) -> None:
    result = anfu("tickets", "list", "--kind", "complaint")
    assert (result.returncode, result.stdout.strip()) == (0, "还没有工单")


def test_a_ticket_is_shown_with_its_history_in_shanghai_time(anfu: Anfu, ticket: Ticket) -> None:
    """Invariant 8, D6."""
    result = anfu("tickets", "show", ticket.number.lower())
    assert result.returncode == 0, result.stderr
    for words in (ticket.number, "产品：洗衣机", "故障情况：不脱水", "2026-11-24 04:30", "opened", "urged", "客户催办"):
        assert words in result.stdout


def test_a_ticket_that_does_not_exist_is_one_line(anfu: Anfu) -> None:
    refused(anfu("tickets", "show", "BX20990101-0001"), "BX20990101-0001")


# Users


def test_adding_a_person_prints_a_token_and_nothing_else(anfu: Anfu, data_dir: Path) -> None:
    """Invariant 10."""
    result = anfu("users", "add", "王芳", "--role", "agent")
    assert result.returncode == 0, result.stderr
    [token] = result.stdout.splitlines()
    secret = data_dir / "secret"
    claims = jwt.decode(token, secret.read_text(), algorithms=["HS256"])
    assert (claims["sub"], claims["kind"], claims["role"]) == ("王芳", "staff", "agent")
    assert 29 * 86400 < claims["exp"] - datetime.now(UTC).timestamp() <= 30 * 86400
    assert secret.stat().st_mode & 0o077 == 0, "the secret is for its owner only"
    with UnitsOfWork(database_in(data_dir))() as work:
        assert work.users.role_of("王芳") == "agent"


def test_a_role_that_does_not_exist_is_refused(anfu: Anfu) -> None:
    result = anfu("users", "add", "王芳", "--role", "emperor")
    assert result.returncode == 2
    assert "supervisor" in result.stderr


# Import


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., list[str]]:
    """Writes products.csv and orders.csv and gives their paths."""

    def write(products: str | bytes, orders: str | bytes | None = None) -> list[str]:
        paths = []
        for name, content in (("products.csv", products), ("orders.csv", orders)):
            if content is not None:
                path = tmp_path / name
                path.write_bytes(content.encode() if isinstance(content, str) else content)
                paths.append(str(path))
        return paths

    return write


def order_line(number: str = "9001", product: str = "T-1", quantity: str = "1", day: str = "2026-11-03") -> str:
    return f"{number},13700137000,{product},{quantity},9900,{day},,online,已发货,AJ9\n"


def names(data_dir: Path) -> set[str]:
    with UnitsOfWork(database_in(data_dir))() as work:
        return {product.name for product in work.orders.products()}


def test_products_and_orders_are_imported(anfu: Anfu, data_dir: Path, files: Callable[..., list[str]]) -> None:
    byte_order_mark = "\ufeff"
    paths = files(byte_order_mark + PRODUCTS + KETTLE.replace("T-1", "T-0"), ORDERS + order_line(product="T-0"))
    result = anfu("import", *paths)
    assert result.returncode == 0, result.stderr
    assert "1 种商品、1 条订单" in result.stdout
    with UnitsOfWork(database_in(data_dir))() as work:
        [order] = work.orders.by_number("9001")
    assert (order.product.name, order.product.aliases) == ("测试水壶", ("水壶", "烧水壶"))


BAD_PRODUCTS = {
    "price": (PRODUCTS + KETTLE + "T-2,坏的,kettle,T2,九十九,\n", ("products.csv", "第 3 行", "price_fen")),
    "exotic-digit": (PRODUCTS + "T-2,坏的,kettle,T2,9²,\n", ("products.csv", "第 2 行", "price_fen")),
    "short": (PRODUCTS + KETTLE + "T-2,坏的\n", ("products.csv", "第 3 行")),
    "long": (PRODUCTS + "T-2,坏的,kettle,T2,99,壶,多余\n", ("products.csv", "第 2 行")),
    "column": ("product_id,name\nT-2,坏的\n", ("products.csv", "price_fen")),
    "gbk": ((PRODUCTS + KETTLE).encode("gbk"), ("products.csv", "UTF-8")),
}


@pytest.mark.parametrize("case", BAD_PRODUCTS)
def test_bad_products_are_refused_with_file_and_line(anfu: Anfu, files: Callable[..., list[str]], case: str) -> None:
    content, words = BAD_PRODUCTS[case]
    refused(anfu("import", *files(content)), *words)


@pytest.mark.parametrize(
    "bad",
    [order_line(product="T-9"), order_line(day="11月3日"), order_line(quantity="-1")],
    ids=["product", "day", "sum"],
)
def test_bad_orders_are_refused_with_file_and_line_and_nothing_is_imported(
    anfu: Anfu, data_dir: Path, files: Callable[..., list[str]], bad: str
) -> None:
    products = PRODUCTS + KETTLE.replace("测试水壶", "不该导入的水壶")
    refused(anfu("import", *files(products, ORDERS + order_line() + bad)), "orders.csv", "第 3 行")
    assert "不该导入的水壶" not in names(data_dir)


def test_a_file_that_is_not_there_is_refused(anfu: Anfu, tmp_path: Path) -> None:
    refused(anfu("import", str(tmp_path / "nowhere.csv")), "nowhere.csv")


# Scripts


def test_the_scripts_that_we_ship_pass_their_check(anfu: Anfu) -> None:
    """A4, A11."""
    result = anfu("scripts", "check")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"\d+ 句话术，全部通过", result.stdout)


def test_a_preview_shows_the_scripts_of_one_group_with_example_values(anfu: Anfu) -> None:
    result = anfu("scripts", "preview", "handover")
    assert result.returncode == 0, result.stderr
    assert "handover.queued" in result.stdout and "greeting.welcome" not in result.stdout
    assert "{ahead}" not in result.stdout
