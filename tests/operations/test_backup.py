"""What was backed up comes back, whole, into either kind of database; what must not come back does not."""

import asyncio
import io
import os
import shutil
import tarfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from bot.__main__ import main
from bot.adapters import schema
from bot.adapters.backup import LEFT_OUT, RESTORED, Manifest, back_up, restore, secrets_of, verify
from bot.adapters.sealing import Keyring, NoKey
from bot.adapters.uow import UnitsOfWork, migrate, open_database
from bot.bootstrap import Anfu, build
from bot.commands.users import OPERATOR
from bot.domain.actor import Role
from bot.domain.audit import first_broken
from bot.domain.channel import WEBSITE
from bot.domain.conversation import Conversation
from bot.domain.errors import Conflict, InvalidInput, NotRecognised
from bot.domain.message import Reply, Sender
from bot.domain.person import Person
from bot.domain.ticket import Kind
from bot.settings import Settings
from tests.integration.filled_tables import Content, content, fill
from tests.integration.fixtures_database import DATA_KEY, KEYS, NOON
from tests.integration.gateway_world import SECRET, gateway

FILES = "/api/v1/conversations/{}/attachments"
WITHIN_SECONDS = 60

Address = Callable[[str], str]
Run = Callable[..., tuple[int, str, str]]
"""Exit status, standard output and standard error of a command."""


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    """Addresses of empty databases, by their kind."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'{time.monotonic_ns()}.db'}"
        return str(request.getfixturevalue("empty_schema")())

    return make


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANFU_SECRET", SECRET)
    monkeypatch.setenv("ANFU_DATA_KEYS", DATA_KEY)


def backed_up(url: str, data_dir: Path, to: Path, **more: Any) -> Manifest:
    engine = open_database(url)
    try:
        return back_up(engine, data_dir, to, NOON, "1.0", "mark", **more)
    finally:
        engine.dispose()


def everything(url: str) -> Content:
    engine = open_database(url, KEYS)
    try:
        return content(engine)
    finally:
        engine.dispose()


def as_restored(before: Content) -> Content:
    """What a restore makes of what there was: what was on its way to a platform is of unknown fate."""
    after = {table: dict(columns) for table, columns in before.items()}
    for table in (*LEFT_OUT, "outbox"):
        after[table] = {name: [] for name in after[table]}
    on_the_way = set(before["outbox"]["message_id"])
    rows = range(len(before["messages"]["id"]))
    for name, value in (("delivery", "unknown"), ("delivery_note", RESTORED)):
        column = before["messages"][name]
        after["messages"][name] = [value if before["messages"]["id"][i] in on_the_way else column[i] for i in rows]
    del after["ticket_counters"]  # see the test of numbers
    return after


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
@pytest.mark.parametrize("origin", ["sqlite", "postgresql"])
def test_every_row_of_every_table_comes_back_in_either_kind_of_database(
    origin: str, to: str, address: Address, tmp_path: Path
) -> None:
    before, after, file = address(origin), address(to), tmp_path / "backup.tar"
    engine = open_database(before, KEYS)
    migrate(engine)
    fill(engine)
    engine.dispose()
    made = backed_up(before, tmp_path / "data", file)
    assert made.rows == sum(kept.rows or 0 for kept in verify(file).files.values()) > 0
    restore(file, after, tmp_path / "new", KEYS, NOON)
    expected, found = as_restored(everything(before)), everything(after)
    assert {table: as_text(origin, columns) for table, columns in expected.items()} == {
        table: as_text(to, found[table]) for table in expected
    }


def as_text(kind: str, columns: dict[str, list[str]]) -> dict[str, list[str]]:
    """Both kinds of database show some values in words of their own: truth, moments, bytes."""
    return {name: [_plain(kind, value) for value in values] for name, values in columns.items()}


def _plain(kind: str, value: str) -> str:
    if kind == "postgresql":
        value = {"true": "1", "false": "0"}.get(value, value)
        if value.startswith("\\x"):
            return str(bytes.fromhex(value[2:]))
        if value.endswith("+00"):
            return f"{value.removesuffix('+00')}.000000"
    return value


def test_a_backup_shows_one_moment_while_customers_go_on_writing(empty_address: str, tmp_path: Path) -> None:
    engine = open_database(empty_address, KEYS)
    migrate(engine)
    uow, stop = UnitsOfWork(engine), threading.Event()
    written: list[str] = []

    def write() -> None:
        while not stop.is_set():
            with uow() as work:
                conversation = Conversation(f"c{len(written)}", WEBSITE, f"x{len(written)}", NOON)
                work.conversations.add(conversation)
                work.messages.add(conversation.id, Sender.CUSTOMER, [Reply("洗衣机不脱水", {})], NOON, dedupe_key="k")
                work.commit()
            written.append(conversation.id)

    def more_was_written(step: str) -> None:
        """Between any two tables the customers have written something: were it not one moment, it would show."""
        so_far, until = len(written), time.monotonic() + WITHIN_SECONDS
        while step in ("表 conversations", "表 messages", "表 outbox") and len(written) < so_far + 2:
            assert time.monotonic() < until, "the backup holds up those who write"
            time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = back_up(engine, tmp_path, tmp_path / "b.tar", NOON, "1", "m", report=more_was_written)
        after_backup = len(written)
    finally:
        stop.set()
        writer.join()
        engine.dispose()
    conversations = made.files["tables/conversations.jsonl.gz"].rows
    assert conversations == made.files["tables/messages.jsonl.gz"].rows
    assert conversations is not None and conversations + 4 <= after_backup
    restore(tmp_path / "b.tar", f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "new", KEYS, NOON)
    back = open_database(f"sqlite:///{tmp_path / 'new.db'}", KEYS)
    with UnitsOfWork(back)() as work:
        for conversation_id in written[:conversations]:
            assert [message.text for message in work.messages.after(conversation_id, 0)] == ["洗衣机不脱水"]
    back.dispose()


def test_an_older_backup_comes_back_in_todays_form(empty_address: str, tmp_path: Path) -> None:
    engine = open_database(empty_address, KEYS)
    migrate(engine)
    fill(engine)
    with engine.begin() as connection:
        schema.bring(connection, "0007")
    engine.dispose()
    made = backed_up(empty_address, tmp_path, tmp_path / "old.tar")
    assert made.revision == "0007"
    new = f"sqlite:///{tmp_path / 'new.db'}"
    restore(tmp_path / "old.tar", new, tmp_path / "new", KEYS, NOON)
    assert schema.form_of(new) == schema.newest()
    found = everything(new)
    assert found["tickets"]["phone"] == ["ph0", "ph1"]
    assert len(found["audit"]["seq"]) == 2


# On a clean machine


PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


async def test_a_clean_machine_serves_the_old_conversations(tmp_path: Path) -> None:
    """Same ANFU_SECRET: the customer's old token reads the history, the files are there, and it goes on."""
    old, new = tmp_path / "old", tmp_path / "new"
    async with gateway(old) as world:
        customer = await world.open()
        await customer.say("洗衣机不脱水")
        await answered(customer, "您说的是：洗衣机不脱水")
        await send_file(customer)
        told = {"product": "洗衣机", "symptom": "不脱水", "phone": "13800138000"}
        number = world.ticketing.open(Kind.REPAIR, told, key="k", conversation_id=customer.id).number
    (old / "knowledge").mkdir(exist_ok=True)
    (old / "knowledge" / "learned.yml").write_text("articles: []\n")
    [file] = (old / "attachments").glob("??/*")
    made = backed_up(f"sqlite:///{old / 'anfu.db'}", old, tmp_path / "b.tar")
    assert (made.attachments, made.missing) == (1, [])
    restore(tmp_path / "b.tar", f"sqlite:///{new / 'anfu.db'}", new, KEYS, datetime.now(UTC))
    shutil.rmtree(old)
    async with gateway(new) as world:
        customer.client = world.client
        texts = [message["text"] for message in (await customer.read())["messages"]]
        assert "洗衣机不脱水" in texts and "您说的是：洗衣机不脱水" in texts
        response = await world.client.get(f"{FILES.format(customer.id)}/{file.name}", headers=customer.headers)
        assert (response.status, await response.read()) == (200, PNG)
        await customer.say("还在吗")
        await answered(customer, "您说的是：还在吗")
        with world.uow() as work:
            ticket = work.tickets.get(number)
            assert ticket and ticket.phone == "13800138000"
            assert first_broken(work.trail.entries(), head=work.trail.head()) is None
    assert (new / "knowledge" / "learned.yml").read_text() == "articles: []\n"


async def answered(customer: Any, words: str) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while words not in [message["text"] for message in (await customer.read())["messages"]]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def send_file(customer: Any) -> None:
    form = FormData()
    form.add_field("client_id", str(uuid.uuid4()))
    form.add_field("file", PNG, filename="fault.png")
    response = await customer.client.post(FILES.format(customer.id), data=form, headers=customer.headers)
    assert response.status in (200, 201, 202), await response.text()


# What must not come back, or not twice


@pytest.fixture
def anfu(tmp_path: Path) -> Iterator[Anfu]:
    anfu = build(Settings(data_dir=tmp_path / "old"), lambda: NOON)
    yield anfu
    anfu.database.dispose()


def restored(anfu: Anfu, tmp_path: Path, now: datetime = NOON) -> Anfu:
    """The same on another machine, after what has happened so far was backed up and restored."""
    back_up(anfu.database, tmp_path / "old", tmp_path / "b.tar", NOON, "1", "m")
    restore(tmp_path / "b.tar", f"sqlite:///{tmp_path / 'new' / 'anfu.db'}", tmp_path / "new", KEYS, now)
    return build(Settings(data_dir=tmp_path / "new"), lambda: now)


def test_what_waited_for_a_platform_is_not_sent_again_but_called_unknown(anfu: Anfu, tmp_path: Path) -> None:
    with anfu.uow() as work:
        for channel in ("wechat", WEBSITE):
            work.conversations.add(Conversation(channel, channel, "x", NOON))
            conversation = work.conversations.lock(channel)
            assert conversation
            anfu.handoff.say(work, conversation, [Reply("师傅明天上门", {"kind": "test"})], Sender.BOT)
        work.commit()
    new = restored(anfu, tmp_path)
    with new.uow() as work:
        assert not work.outbox.waiting("wechat")
        [message] = work.messages.after("wechat", 0)
        assert (message.delivery, message.delivery_note) == ("unknown", RESTORED)
        [message] = work.messages.after(WEBSITE, 0)
        assert message.delivery is None, "the website's customers read what is stored"
    new.database.dispose()


def test_a_number_that_a_customer_holds_is_never_given_to_another(anfu: Anfu, tmp_path: Path) -> None:
    """Tickets that were opened after the backup are lost, but their numbers are in customers' hands."""
    fields = {"symptom": "不脱水", "phone": "13800138000"}
    before = anfu.ticketing.open(Kind.REPAIR, fields, key="1").number
    new = restored(anfu, tmp_path)
    lost = anfu.ticketing.open(Kind.REPAIR, fields, key="2").number
    first_lost_complaint = anfu.ticketing.open(Kind.COMPLAINT, fields, key="3").number
    assert new.ticketing.open(Kind.REPAIR, fields, key="4").number not in (before, lost)
    assert new.ticketing.open(Kind.COMPLAINT, fields, key="5").number != first_lost_complaint
    new.database.dispose()


def test_who_was_signed_out_after_the_backup_stays_signed_out(anfu: Anfu, tmp_path: Path) -> None:
    anfu.people.add(Person("小李", role=Role.AGENT), OPERATOR)
    anfu.people.set_password("小李", "a password of 小李", OPERATOR)
    token, _, _ = anfu.sign_in.sign_in("小李", "a password of 小李", "", "127.0.0.1", "browser")
    assert anfu.sign_in.who(token)
    new = restored(anfu, tmp_path)
    with pytest.raises(NotRecognised):
        new.sign_in.who(token)
    new.database.dispose()


# What is refused, and leaves everything as it is


def test_a_restore_does_not_overwrite_what_is_there_unless_it_is_told_to(anfu: Anfu, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old' / 'anfu.db'}"
    anfu.intake.open_conversation(WEBSITE)
    back_up(anfu.database, tmp_path / "old", tmp_path / "b.tar", NOON, "1", "m")
    anfu.intake.open_conversation(WEBSITE)
    anfu.database.dispose()
    with pytest.raises(Conflict, match="--replace"):
        restore(tmp_path / "b.tar", url, tmp_path / "old", KEYS, NOON)
    assert len(everything(url)["conversations"]["id"]) == 2
    restore(tmp_path / "b.tar", url, tmp_path / "old", KEYS, NOON, replace=True)
    assert len(everything(url)["conversations"]["id"]) == 1


def test_a_backup_never_overwrites_another(anfu: Anfu, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("an older backup")
    with pytest.raises(Conflict, match=r"b\.tar"):
        back_up(anfu.database, tmp_path / "old", tmp_path / "b.tar", NOON, "1", "m")
    assert (tmp_path / "b.tar").read_text() == "an older backup"


def test_a_damaged_backup_is_noticed_before_anything_is_changed(anfu: Anfu, tmp_path: Path) -> None:
    file, new = tmp_path / "b.tar", tmp_path / "new"
    back_up(anfu.database, tmp_path / "old", file, NOON, "1", "m")
    whole = file.read_bytes()
    place = whole.index(b"\x1f\x8b") + 20  # in the middle of the first table
    for broken in (
        whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :],
        whole[: len(whole) // 2],
        b"",
        b"no backup at all",
    ):
        file.write_bytes(broken)
        with pytest.raises(InvalidInput, match=r"b\.tar"):
            restore(file, f"sqlite:///{new / 'anfu.db'}", new, KEYS, NOON)
    assert not new.exists()


def test_a_file_that_would_land_elsewhere_is_refused(anfu: Anfu, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    back_up(anfu.database, tmp_path / "old", file, NOON, "1", "m")
    for name in ("attachments/../../evil", "/etc/evil", "secret"):
        bad = tmp_path / "bad.tar"
        shutil.copy(file, bad)
        with tarfile.open(bad, "a") as tar:
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
        with pytest.raises(InvalidInput, match="不该有的"):
            restore(bad, f"sqlite:///{tmp_path / 'new' / 'anfu.db'}", tmp_path / "new", KEYS, NOON)
    assert not (tmp_path / "new").exists()


def test_without_its_keys_a_backup_is_not_restored(anfu: Anfu, tmp_path: Path) -> None:
    back_up(anfu.database, tmp_path / "old", tmp_path / "b.tar", NOON, "1", "m")
    with pytest.raises(NoKey):
        restore(
            tmp_path / "b.tar", f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "new",
            Keyring(["another data key that is long enough too"]), NOON,
        )  # fmt: skip
    assert not (tmp_path / "new.db").exists()


def test_a_backup_that_fails_half_way_leaves_no_file(anfu: Anfu, tmp_path: Path) -> None:
    def stop(step: str) -> None:
        if step == "表 messages":
            raise KeyboardInterrupt

    folder = tmp_path / "backups"
    with pytest.raises(KeyboardInterrupt):
        back_up(anfu.database, tmp_path / "old", folder / "b.tar", NOON, "1", "m", report=stop)
    assert list(folder.iterdir()) == []


# As an operator does it


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `anfu …` with a data directory of its own, and the keys in its files."""
    for name in os.environ:
        if name.startswith("ANFU_"):
            monkeypatch.delenv(name)

    def run(*arguments: str, data: str = "old") -> tuple[int, str, str]:
        status = main([*arguments, "--data-dir", str(tmp_path / data)])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def test_backup_verify_and_restore_from_the_command_line(run: Run, tmp_path: Path) -> None:
    assert run("users", "add", "王芳", "--role", "agent")[0] == 0
    folder = tmp_path / "backups"
    folder.mkdir()
    status, _, said = run("backup", str(folder), "--with-secrets")
    assert status == 0, said
    [file] = folder.iterdir()
    assert file.stat().st_mode & 0o077 == 0, "a backup is for its owner only"
    assert secrets_of(file).keys() == {"ANFU_SECRET", "ANFU_DATA_KEYS"}
    assert "核对无误" in run("backup", "verify", str(file))[1]
    status, told, said = run("restore", str(file), data="new")
    assert (status, said) == (0, "") and "恢复完成" in told
    for name in ("secret", "data_keys"):
        assert (tmp_path / "new" / name).read_text() == (tmp_path / "old" / name).read_text()
        assert (tmp_path / "new" / name).stat().st_mode & 0o077 == 0
    assert "王芳" in run("users", "list", data="new")[1]
    status, _, said = run("restore", str(file), data="new")
    assert status == 1 and "--replace" in said
    file.write_bytes(b"no backup at all")
    status, _, said = run("restore", str(file), data="other")
    assert status == 1 and "不是安服的备份" in said


def test_keys_are_not_in_a_backup_unless_they_are_asked_for(run: Run, tmp_path: Path) -> None:
    run("users", "list")
    status, told, _ = run("backup", str(tmp_path / "b.tar"))
    assert status == 0 and "ANFU_DATA_KEYS" in told, "the operator is told what else to keep"
    whole = (tmp_path / "b.tar").read_bytes()
    for name in ("secret", "data_keys"):
        assert (tmp_path / "old" / name).read_bytes() not in whole
    assert secrets_of(tmp_path / "b.tar") == {}


def test_of_a_folder_of_backups_only_the_newest_are_kept(run: Run, tmp_path: Path) -> None:
    run("users", "list")
    for day in ("20261101", "20261102", "20261103"):
        (tmp_path / f"anfu-{day}-020000.tar").write_text("an older backup")
    (tmp_path / "notes.tar").write_text("not ours")
    assert run("backup", str(tmp_path), "--keep", "2")[0] == 0
    kept = sorted(path.name for path in tmp_path.glob("*.tar"))
    assert len(kept) == 3 and kept[0] == "anfu-20261103-020000.tar" and kept[2] == "notes.tar"


def test_who_was_forgotten_after_the_backup_is_forgotten_again(run: Run, tmp_path: Path) -> None:
    """E10: the list of the forgotten stays in the data directory, whatever is restored over it."""
    anfu = build(Settings(data_dir=tmp_path / "old"))
    customer = anfu.intake.open_conversation(WEBSITE).id
    told = {"symptom": "不脱水", "phone": "13800138000"}
    number = anfu.ticketing.open(Kind.REPAIR, told, key="1", conversation_id=customer).number
    anfu.database.dispose()
    run("backup", str(tmp_path / "b.tar"))
    anfu = build(Settings(data_dir=tmp_path / "old"))
    anfu.erasing.erase(number, "管理员", "客户要求", even_running=True)
    anfu.database.dispose()
    status, out, said = run("restore", str(tmp_path / "b.tar"), "--replace")
    assert status == 0 and "又删除了 1 位" in out, said
    anfu = build(Settings(data_dir=tmp_path / "old"))
    with anfu.uow() as work:
        ticket = work.tickets.get(number)
        assert ticket is None or ticket.phone != "13800138000"
        assert first_broken(work.trail.entries(), head=work.trail.head()) is None
    anfu.database.dispose()


async def test_nothing_is_restored_under_a_running_service(run: Run, tmp_path: Path) -> None:
    async with gateway(tmp_path / "old") as world:
        (tmp_path / "old" / "address").write_text(str(world.server.make_url("")).rstrip("/"))
        (tmp_path / "b.tar").write_text("")
        status, _, said = await asyncio.to_thread(run, "restore", str(tmp_path / "b.tar"), "--replace")
    assert status == 1 and "还在运行" in said
