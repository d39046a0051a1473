"""`anfu db`: an operator sees which form the tables have, brings them forward, and goes back with a way to return."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.adapters import schema
from bot.adapters.backup import restore, verify
from bot.bootstrap import build
from bot.domain.ticket import Kind
from bot.settings import Settings
from tests.integration.fixtures_database import DATA_KEY, KEYS, NOON
from tests.integration.gateway_world import SECRET

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("ANFU_SECRET", SECRET)
    monkeypatch.setenv("ANFU_DATA_KEYS", DATA_KEY)
    address = request.getfixturevalue("empty_schema")() if request.param == "postgresql" else ""
    return Settings(data_dir=tmp_path / "data", database=address)


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        where = ["--data-dir", str(settings.data_dir)] + (
            ["--database", settings.database] if settings.database else []
        )
        status = main(["db", *arguments, *where])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def test_an_empty_database_is_brought_to_the_newest_form(run: Run, settings: Settings) -> None:
    status, told, _ = run("status")
    assert status == 1 and "0001" in told
    assert not (settings.data_dir / "anfu.db").exists(), "looking makes nothing"
    assert run("upgrade")[0] == 0
    status, told, _ = run("status")
    assert status == 0 and schema.newest() in told
    assert run("upgrade")[0] == 0, "again changes nothing"


def test_going_back_needs_a_yes_and_leaves_a_backup_to_return_by(run: Run, settings: Settings, tmp_path: Path) -> None:
    anfu = build(settings, lambda: NOON)
    anfu.ticketing.open(Kind.REPAIR, {"symptom": "不脱水", "phone": "13800138000"}, key="1")
    anfu.database.dispose()
    newest = schema.newest()
    status, told, said = run("downgrade", "0011")
    assert status == 1 and "--yes" in said and "0012" in told
    assert schema.form_of(settings.database_url) == newest
    for backup in (settings.data_dir / "backups").iterdir():
        backup.unlink()  # of the same second maybe
    status, told, _ = run("downgrade", "0011", "--yes")
    assert status == 0 and schema.form_of(settings.database_url) == "0011"
    [backup] = (settings.data_dir / "backups").iterdir()
    assert verify(backup).revision == newest
    restore(backup, settings.database_url, settings.data_dir, KEYS, NOON, replace=True)
    assert schema.form_of(settings.database_url) == newest
    back = build(settings, lambda: NOON)
    with back.uow() as work:
        [ticket] = work.tickets.next_due(10)
    assert ticket.phone == "13800138000"
    back.database.dispose()


def test_what_is_not_older_is_no_way_back(run: Run) -> None:
    run("upgrade")
    assert "并不比它旧" in run("downgrade", schema.newest(), "--yes")[2]
    assert "不认识迁移 9999" in run("downgrade", "9999", "--yes")[2]
