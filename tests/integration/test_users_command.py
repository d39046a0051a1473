"""`anfu users …`, for who administers the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.adapters.uow import UnitsOfWork
from bot.domain.sign_in import Credentials
from tests.integration.fixtures_database import ROOT, database_in

PASSWORD = "雨后的天空很蓝也很高"


def users(data: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Runs `anfu users …` on a data directory of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANFU_")}
    command = [sys.executable, "-m", "bot", "users", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment | {"ANFU_DATA_DIR": str(data), "PYTHONUTF8": "1"}, input=typed,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def credentials(data: Path, name: str) -> Credentials:
    with UnitsOfWork(database_in(data))() as work:
        found = work.users.credentials(name)
    assert found is not None
    return found


def test_people_are_added_listed_changed_and_disabled(tmp_path: Path) -> None:
    assert "添加第一位" in users(tmp_path, "list").stdout
    added = users(
        tmp_path, "add", "小李", "--role", "agent", "--skills", "repair，hant", "--password", "-", typed=PASSWORD
    )
    assert added.returncode == 0, added.stderr
    assert len(added.stdout.splitlines()) == 1  # the token alone, for scripts
    stored = credentials(tmp_path, "小李").password_hash
    assert stored and stored.startswith("$argon2id$")
    assert users(tmp_path, "set", "小李", "--role", "supervisor", "--team", "repair", "--capacity", "3").returncode == 0
    [line] = users(tmp_path, "list").stdout.splitlines()
    assert all(words in line for words in ("小李", "主管", "repair、hant", "小组 repair", "同时接待 3"))
    assert "没有密码" not in line and "已停用" not in line
    assert "已停用 小李" in users(tmp_path, "disable", "小李").stdout
    assert "已停用" in users(tmp_path, "list").stdout
    assert users(tmp_path, "set", "小李", "--enable").returncode == 0
    assert "已停用" not in users(tmp_path, "list").stdout


def test_passwords_are_read_and_never_given_as_arguments(tmp_path: Path) -> None:
    users(tmp_path, "add", "小李", "--role", "agent")
    assert credentials(tmp_path, "小李").password_hash is None
    assert users(tmp_path, "password", "小李", PASSWORD).returncode == 2
    assert users(tmp_path, "password", "小李", "-", typed=f"{PASSWORD}\n").returncode == 0
    before = credentials(tmp_path, "小李")
    weak = users(tmp_path, "password", "小李", "-", typed="1234567890\n")
    assert weak.returncode == 1 and "太常见" in weak.stderr
    assert credentials(tmp_path, "小李") == before
    assert users(tmp_path, "totp-reset", "小李").returncode == 0


@pytest.mark.parametrize("action", ["password", "set", "disable", "totp-reset"])
def test_nobody_of_that_name_is_one_line(tmp_path: Path, action: str) -> None:
    result = users(tmp_path, action, "没这个人", typed=PASSWORD)
    assert result.returncode == 1
    [line] = result.stderr.strip().splitlines()
    assert "没这个人" in line
