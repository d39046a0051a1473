"""`anfu doctor` finds what is wrong, says what to do, and changes nothing."""

import json
import os
import socket
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.__main__ import main
from bot.bootstrap import Anfu, build, utc_now
from bot.commands.doctor import Check, State, examine
from bot.domain.conversation import Conversation
from bot.domain.message import Reply, Sender
from bot.domain.ticket import Kind
from bot.settings import Settings
from tests.integration.fixtures_database import DATA_KEY
from tests.integration.gateway_world import SECRET, gateway


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("ANFU_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ANFU_SECRET", SECRET)
    monkeypatch.setenv("ANFU_DATA_KEYS", DATA_KEY)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def settings(tmp_path: Path, free_port: int) -> Settings:
    return Settings(data_dir=tmp_path / "data", port=free_port, public_url="https://kf.example.com")


@pytest.fixture
def anfu(settings: Settings) -> Anfu:
    """After the first start, at rest."""
    anfu = build(settings)
    anfu.database.dispose()
    settings.data_dir.chmod(0o700)
    return anfu


def found(settings: Settings, what: str) -> Check:
    return next(check for check in examine(settings) if check.what == what)  # the slow checks come last


def test_on_a_new_machine_nothing_is_broken_and_nothing_is_made(settings: Settings) -> None:
    checks = list(examine(settings))
    assert State.BAD not in {check.state for check in checks}, checks
    assert found(settings, "数据库").state is State.WARNING
    assert not settings.data_dir.exists()


def test_after_the_first_start_all_is_well(anfu: Anfu, settings: Settings) -> None:
    bad = [check for check in examine(settings) if check.state and check.what not in ("模型", "磁盘", "内存", "依赖")]
    assert bad == []


@pytest.mark.parametrize("name", ["secret", "data_keys"])
def test_a_key_that_others_can_read_is_found(anfu: Anfu, settings: Settings, name: str) -> None:
    (settings.data_dir / name).write_text("a key that lies open to everybody")
    (settings.data_dir / name).chmod(0o644)
    check = found(settings, "文件权限")
    assert check.state is State.BAD and name in check.found and "chmod 600" in check.advice


@pytest.mark.parametrize(("secret", "state"), [("short", State.BAD), ("x" * 20, State.WARNING), ("x" * 40, State.GOOD)])
def test_a_secret_must_be_long(settings: Settings, monkeypatch: pytest.MonkeyPatch, secret: str, state: State) -> None:
    monkeypatch.setenv("ANFU_SECRET", secret)
    check = found(settings, "密钥")
    assert check.state is state and secret not in check.found


def test_a_database_whose_keys_are_lost_is_found(
    anfu: Anfu, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANFU_DATA_KEYS")
    assert found(settings, "个人信息密钥").state is State.BAD
    assert not (settings.data_dir / "data_keys").exists(), "a new key would only hide it"
    monkeypatch.setenv("ANFU_DATA_KEYS", "another key that is long enough to be one")
    assert found(settings, "数据库").state is State.BAD


def test_a_damaged_database_file_is_found(anfu: Anfu, settings: Settings) -> None:
    path = settings.data_dir / "anfu.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page_size = connection.execute("PRAGMA page_size").fetchone()[0]
        [page] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'products'").fetchone()
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * page_size)
        file.write(b"\xff" * page_size)
    checks = [check for check in examine(settings) if check.state is State.BAD]
    assert checks and any("restore" in check.advice for check in checks)


def test_a_trail_that_was_tampered_with_is_found(anfu: Anfu, settings: Settings) -> None:
    for key in "12345":
        anfu.ticketing.open(Kind.REPAIR, {"symptom": "不脱水", "phone": "13800138000"}, key=key)
    assert found(settings, "改动记录").state is State.GOOD
    with anfu.database.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_is_never_changed"))
        connection.execute(text("UPDATE audit SET actor = '别人' WHERE seq = 4"))
    anfu.database.dispose()
    check = found(settings, "改动记录")
    assert check.state is State.BAD and "第 4 条" in check.found


def test_only_the_newest_part_of_a_long_trail_is_verified(anfu: Anfu, settings: Settings) -> None:
    from bot.adapters.checkup import checking
    from bot.adapters.sealing import Keyring

    for key in "12345":
        anfu.ticketing.open(Kind.REPAIR, {"symptom": "不脱水", "phone": "13800138000"}, key=key)
    with checking(settings.database_url, Keyring([DATA_KEY])) as checkup:
        number, broken = checkup.broken_link(2)
    assert number >= 5 and broken is None


def test_what_waits_too_long_is_found(anfu: Anfu, settings: Settings) -> None:
    with anfu.uow() as work:
        conversation = Conversation("c1", "wechat", "x", utc_now() - timedelta(hours=1))
        work.conversations.add(conversation)
        locked = work.conversations.lock("c1")
        assert locked
        anfu.handoff.say(work, locked, [Reply("师傅明天上门", {"kind": "test"})], Sender.BOT)
        work.commit()
    assert found(settings, "待发消息（wechat）").state is State.GOOD
    with anfu.database.begin() as connection:
        connection.execute(text("UPDATE outbox SET due_at = '2026-01-01 00:00:00.000000'"))
    anfu.database.dispose()
    check = found(settings, "待发消息（wechat）")
    assert check.state is State.WARNING and "1 条" in check.found and check.advice


@pytest.mark.parametrize(("revision", "state"), [("0003", State.WARNING), ("9999", State.BAD)])
def test_tables_of_another_form_are_found(anfu: Anfu, settings: Settings, revision: str, state: State) -> None:
    with anfu.database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    anfu.database.dispose()
    check = found(settings, "数据库")
    assert check.state is state and revision in check.found


def test_a_database_and_a_redis_that_do_not_answer_are_found(tmp_path: Path, free_port: int) -> None:
    away = Settings(
        data_dir=tmp_path, port=free_port, database="postgresql://u:a-password@127.0.0.1:1/x",
        redis="redis://127.0.0.1:1",
    )  # fmt: skip
    for what in ("数据库", "Redis"):
        check = found(away, what)
        assert check.state is State.BAD and check.advice and "a-password" not in check.found


def test_on_a_server_clocks_are_compared_and_redis_brings_back_what_we_say(
    tmp_path: Path, free_port: int, empty_schema: Callable[[], str], redis_address: str
) -> None:
    shared = Settings(data_dir=tmp_path, port=free_port, database=empty_schema(), redis=redis_address)
    build(shared).database.dispose()
    assert found(shared, "数据库").found.startswith("PostgreSQL")
    assert "秒" in found(shared, "时钟").found
    assert found(shared, "Redis").state is State.GOOD


async def test_our_own_service_at_the_port_is_no_fault_but_somebody_elses_is(tmp_path: Path) -> None:
    import asyncio

    async with gateway(tmp_path / "data") as world:
        ours = Settings(data_dir=tmp_path / "data", port=world.server.port or 0)
        assert (await asyncio.to_thread(found, ours, "端口")).state is State.GOOD
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        somebody.settimeout(0.1)
        theirs = Settings(data_dir=tmp_path / "data", port=somebody.getsockname()[1])
        assert (await asyncio.to_thread(found, theirs, "端口")).state is State.BAD


def test_half_a_platform_is_found(settings: Settings) -> None:
    from dataclasses import replace

    check = found(replace(settings, wechat_app_id="wx1"), "公众号")
    assert check.state is State.BAD and "ANFU_WECHAT_SECRET" in check.found
    whole = replace(settings, wechat_app_id="wx1", wechat_secret="s", wechat_token="t")
    assert found(whole, "公众号").state is State.GOOD


def test_the_exit_status_and_json_are_for_scripts(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ["--data-dir", str(settings.data_dir), "--port", str(settings.port)]
    assert main(["doctor", *where]) == State.WARNING
    assert "项要留意" in capsys.readouterr().out
    monkeypatch.setenv("ANFU_SECRET", "short")
    assert main(["doctor", "--json", *where]) == State.BAD
    checks = json.loads(capsys.readouterr().out)
    assert {"what": "密钥", "state": "bad"}.items() <= next(one for one in checks if one["what"] == "密钥").items()
