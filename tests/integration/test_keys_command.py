"""`anfu keys` and `anfu person` at the command line: what an operator may rely on (E10)."""

import argparse
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.bootstrap import Anfu
from bot.commands import keys, person
from bot.domain.errors import Conflict, NotAllowed
from bot.domain.ticket import Kind
from tests.integration.fixtures_after_sales import CHEN, LI
from tests.integration.fixtures_database import DATA_KEY

Run = Callable[..., tuple[int, str]]
NEW_KEY = "a newer data key that only tests seal with"
PHONE, STREET = "13712345678", "文三路一百零八弄"


@pytest.fixture
def run(anfu: Anfu, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on the test's database and gives its exit code and what it prints."""
    parser = argparse.ArgumentParser()
    commands, common = parser.add_subparsers(), argparse.ArgumentParser(add_help=False)
    keys.add_commands(commands, common)
    person.add_commands(commands, common)

    def call(*arguments: str) -> tuple[int, str]:
        options = parser.parse_args(arguments)
        code = options.run(options, anfu.settings) or 0
        return code, capsys.readouterr().out

    return call


@pytest.fixture
def number(anfu: Anfu) -> str:
    """A ticket of somebody whom we know."""
    fields = {"phone": PHONE, "address": STREET, "topic": "发票"}
    conversation = anfu.intake.open_conversation("web").id
    return anfu.ticketing.open(Kind.CALLBACK, fields, key="1", conversation_id=conversation).number


def test_keys_are_changed_while_the_old_one_is_still_there(
    run: Run, number: str, anfu: Anfu, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("keys", "status")[0] == 0
    made = run("keys", "new")[1].strip()
    assert len(made) > 40 and made != run("keys", "new")[1].strip()
    monkeypatch.setenv("ANFU_DATA_KEYS", f"{NEW_KEY}, {DATA_KEY}")
    code, told = run("keys", "status")
    assert code == 1 and "anfu keys rotate" in told
    assert "tickets：" in run("keys", "rotate")[1]
    monkeypatch.setenv("ANFU_DATA_KEYS", NEW_KEY)
    code, told = run("keys", "status")
    assert code == 0 and "旧密钥可以" in told
    assert number in run("person", "find", PHONE)[1]


def test_a_copy_is_for_managers_and_for_one_pair_of_eyes(run: Run, number: str, tmp_path: Path) -> None:
    place = tmp_path / "copy.zip"
    asked = ("person", "export", PHONE, "--to", str(place), "--reason", "本人要副本", "--as")
    with pytest.raises(NotAllowed):
        run(*asked, LI.name)
    run(*asked, CHEN.name)
    assert place.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(place) as packed:
        assert set(packed.namelist()) == {"person.json", "个人信息.txt"}
        assert all(STREET in packed.read(name).decode() for name in packed.namelist())
    with pytest.raises(Conflict):
        run(*asked, CHEN.name)


def test_nobody_is_forgotten_without_being_asked_twice(run: Run, number: str, anfu: Anfu) -> None:
    asked = ("person", "delete", PHONE, "--reason", "本人要求", "--even-running", "--as", CHEN.name)
    with pytest.raises(NotAllowed, match="--yes"):
        run(*asked)
    assert anfu.ticketing.get(number).phone == PHONE
    assert "erasures.jsonl" in run(*asked, "--yes")[1]
    assert anfu.ticketing.get(number).phone is None
    assert run("person", "reapply")[1].strip() == "又删除了 0 位"
