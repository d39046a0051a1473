"""Backups: all that cannot be computed again, from one moment, in one tar file; and everything back from it.

The file holds `tables/NAME.jsonl.gz` (see `table_rows`), `attachments/…` and `knowledge/…` as in the data directory,
and at its end `manifest.json` with the SHA-256 of each: one that was cut off has none.
"""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select, text
from sqlalchemy.engine import Connection, Engine

from bot.adapters import schema
from bot.adapters.sealing import Keyring
from bot.adapters.table_rows import count, go_on_counting, moment, put_rows, rows_of, tables_in
from bot.adapters.tables.sealed import sealing_of
from bot.adapters.unlocking import make_marks
from bot.adapters.uow import open_database
from bot.domain.channel import WEBSITE
from bot.domain.dates import local_day
from bot.domain.errors import Conflict, InvalidInput
from bot.domain.ticket import NUMBER_PREFIX, Kind, ticket_number

FORMAT = 1
MANIFEST = "manifest.json"
SECRETS = "secrets.json"
FOLDERS = ("attachments", "knowledge")
"""Parts of the data directory that nothing can compute again."""
LEFT_OUT = ("sessions", "platform_tokens")
"""What must not come back, such as a session that was ended since, and what is asked for anew by itself."""
RESTORED = "从备份恢复：备份之后可能已经送到，不再自动发送，请先问客户"
NUMBERS_SKIPPED = 200
"""Ticket numbers of a day that may have been given out after the backup; nobody gets them again."""

_TABLE = re.compile(r"tables/([a-z_]+)\.jsonl\.gz")
_FILE = re.compile(r"(?:attachments|knowledge)(?:/[\w-][\w.-]*)+")
_BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside its file."""
_PIECE = 1 << 20

Report = Callable[[str], None]


@dataclass(frozen=True)
class Kept:
    """One file of a backup; `rows` where it is a table."""

    sha256: str
    size: int
    rows: int | None = None


@dataclass
class Manifest:
    """What a backup says of itself.

    Attributes:
        made_at: the moment that it shows, ISO 8601 in UTC.
        version: of the program.
        revision: the number of the last migration.
        dialect: `sqlite` or `postgresql`.
        key_mark: tells whether ANFU_SECRET is still the same, without giving it away.
        missing: attachments that the database names and that were not there.
    """

    made_at: str
    version: str
    revision: str
    dialect: str
    key_mark: str
    files: dict[str, Kept] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(kept.rows or 0 for kept in self.files.values())

    @property
    def attachments(self) -> int:
        """How many files of customers and colleagues are in it."""
        return sum(name.startswith("attachments/") for name in self.files)

    def has(self, name: str) -> bool:
        """Whether that file is in it."""
        return name in self.files


def key_mark(secret: str) -> str:
    """A mark by which a key is known again."""
    return hashlib.sha256(b"anfu backup key mark\0" + secret.encode()).hexdigest()[:8]


def back_up(
    engine: Engine, data_dir: Path, to: Path, made_at: datetime, version: str, mark: str,
    secrets: dict[str, str] | None = None, report: Report = lambda _: None,
) -> Manifest:  # fmt: skip
    """Write a backup; the service may go on meanwhile.

    Args:
        to: the file, which must not be there; it appears when it is whole.
        secrets: keys that are to be in it, by the names of their settings.

    Raises:
        Conflict: the file is there already.
        InvalidInput: there is nothing yet, or in a form that this version of the program does not know.
    """
    if to.exists():
        raise Conflict(f"{to} 已经存在，请换一个文件名")
    to.parent.mkdir(parents=True, exist_ok=True)
    half = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                archive = _Archive(tar, made_at)
                manifest = _fill(archive, engine, data_dir, made_at, version, mark, report)
                if secrets:
                    archive.add_bytes(SECRETS, json.dumps(secrets).encode())
                manifest.files = archive.files
                archive.add_bytes(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        os.link(half, to)  # like a rename, but never over a file that came meanwhile
    finally:
        half.unlink(missing_ok=True)
    return manifest


def verify(path: Path) -> Manifest:
    """The manifest of a backup in which every file is as it was written.

    Raises:
        InvalidInput: it is no backup, cut off, damaged, or of a later form.
    """
    found: dict[str, tuple[str, int]] = {}
    raw = None
    with _opened(path) as tar:
        for member in tar:
            stream = tar.extractfile(member)
            if stream is None or not _is_ours(member.name):
                raise InvalidInput(f"{path} 里有不该有的 {member.name}，不是安服的备份")
            if member.name == MANIFEST:
                raw = stream.read()
            else:
                found[member.name] = _digest(stream)
    if raw is None:
        raise InvalidInput(f"{path} 不完整（没有清单），请换一份备份")
    told = json.loads(raw)
    if told.get("format") != FORMAT:
        raise InvalidInput(f"{path} 的格式比这个版本的程序新，请先升级程序")
    manifest = Manifest(**told | {"files": {name: Kept(**kept) for name, kept in told["files"].items()}})
    expected = {name: (kept.sha256, kept.size) for name, kept in manifest.files.items()}
    if damaged := sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name)):
        raise InvalidInput(f"{path} 已损坏：{'、'.join(damaged[:5])} 与清单不符，请换一份备份")
    return manifest


def restore(
    path: Path, url: str, data_dir: Path, keyring: Keyring, now: datetime, replace: bool = False,
    report: Report = lambda _: None,
) -> Manifest:  # fmt: skip
    """Bring a database and the data directory to what a backup holds, in the newest form; the service must be stopped.

    What waited for a platform that is not ours may have gone out since: it is called unknown, and never sent again.

    Args:
        url: of an empty database of either kind.
        keyring: what opens the personal data in the backup.
        replace: whether what is there now may be thrown away.

    Raises:
        Conflict: the target is not empty.
        InvalidInput: the backup is damaged, or made by a later version; nothing was changed.
        NoKey: the keys are not those of the backup; the database was not changed.
    """
    report("核对备份…")
    manifest = verify(path)
    schema.between(schema.EMPTY, manifest.revision)
    _refuse_unless_empty(url, data_dir, replace)
    with tarfile.open(path, "r:") as tar:

        def put_back(connection: Connection) -> None:
            report(f"放回 {manifest.rows} 行数据…")
            _restore_tables(tar, manifest, connection, keyring, now)
            report(f"放回 {manifest.attachments} 个附件…")
            _put_files(tar, data_dir)  # before the commit: rows never name files that are not there

        if url.startswith("sqlite"):
            _restore_file(url, put_back)
        else:
            _restore_server(url, put_back)
    return manifest


def secrets_of(path: Path) -> dict[str, str]:
    """The keys in a backup, by the names of their settings; none where they were not put in.

    Raises:
        InvalidInput: it is no backup.
    """
    with _opened(path) as tar:
        stream = tar.extractfile(SECRETS) if SECRETS in tar.getnames() else None
        return dict(json.load(stream)) if stream else {}


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except (OSError, tarfile.TarError) as error:
        raise InvalidInput(f"{path} 读不了，或不是安服的备份：{error}") from error


class _Archive:
    """Writes files into a tar and keeps their hashes."""

    def __init__(self, tar: tarfile.TarFile, at: datetime) -> None:
        self._tar = tar
        self._at = at
        self.files: dict[str, Kept] = {}

    def add(self, name: str, stream: IO[bytes], size: int, rows: int | None = None) -> None:
        """Add what a stream holds."""
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, 0o600, int(self._at.timestamp())
        hashing = _Hashing(stream)
        self._tar.addfile(info, hashing)  # type: ignore[arg-type]
        self.files[name] = Kept(hashing.hash.hexdigest(), size, rows)

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a small file."""
        self.add(name, io.BytesIO(content), len(content))

    def add_path(self, name: str, path: Path) -> bool:
        """Add a file; whether it was there."""
        try:
            with path.open("rb") as stream:
                self.add(name, stream, os.fstat(stream.fileno()).st_size)
        except FileNotFoundError:
            return False
        return True


class _Hashing:
    """A stream that is hashed as it is read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        self.hash.update(piece)
        return piece


def _fill(
    archive: _Archive, engine: Engine, data_dir: Path, made_at: datetime, version: str, mark: str, report: Report
) -> Manifest:
    with moment(engine) as connection:
        revision = schema.present(connection)
        if not schema.between(schema.EMPTY, revision):
            raise InvalidInput("数据库还是空的，没有可备份的；是不是 --data-dir 或 --database 写错了？")
        manifest = Manifest(made_at.isoformat(), version, revision, engine.dialect.name, mark)
        for one in tables_in(connection):
            if one.name not in LEFT_OUT:
                report(f"表 {one.name}")
                _add_table(archive, connection, one)
        places = _attachment_places(connection)
    report(f"附件 {len(places)} 个")
    manifest.missing = [place for place in places if not archive.add_path(place, data_dir / place)]
    for path in sorted((data_dir / "knowledge").rglob("*.yml")):
        archive.add_path(path.relative_to(data_dir).as_posix(), path)
    return manifest


def _add_table(archive: _Archive, connection: Connection, source: Any) -> None:
    rows = -1  # the first line names the columns
    with tempfile.TemporaryFile() as file:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed:
            for line in rows_of(connection, source):
                packed.write(line.encode() + b"\n")
                rows += 1
        size = file.tell()
        file.seek(0)
        archive.add(f"tables/{source.name}.jsonl.gz", file, size, rows)


def _attachment_places(connection: Connection) -> list[str]:
    places = []
    for found in tables_in(connection, ["attachments"]):  # not there in a former form of the tables
        rows = connection.execute(select(found.c.id, found.c.digest).order_by(found.c.id))
        places += [f"attachments/{digest[:2]}/{file_id}" for file_id, digest in rows]
    return places


def _is_ours(name: str) -> bool:
    return name in (MANIFEST, SECRETS) or bool(_TABLE.fullmatch(name) or _FILE.fullmatch(name))


def _digest(stream: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(_PIECE):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def _refuse_unless_empty(url: str, data_dir: Path, replace: bool) -> None:
    path = _path_of(url)
    if replace:
        return
    if any((data_dir / folder).is_dir() and any((data_dir / folder).iterdir()) for folder in FOLDERS):
        raise Conflict(f"{data_dir} 里已有附件或知识。确定不要了，就加 --replace（最好先备份）")
    if path is not None and not path.exists():
        return
    engine = open_database(url)
    try:
        with engine.connect() as connection:
            if schema.present(connection) != schema.EMPTY:
                raise Conflict("数据库里已有安服的数据。确定不要了，就加 --replace（最好先备份）")
    finally:
        engine.dispose()


def _put_files(tar: tarfile.TarFile, data_dir: Path) -> None:
    for member in tar.getmembers():
        if not _FILE.fullmatch(member.name):
            continue
        target = data_dir / member.name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = target.with_name(f"{target.name}.part")
        stream = tar.extractfile(member)
        assert stream is not None  # `verify` has read it
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            shutil.copyfileobj(stream, file, _PIECE)
        os.replace(half, target)


def _restore_server(url: str, put_back: Callable[[Connection], None]) -> None:
    engine = open_database(url)
    try:
        with engine.begin() as connection:
            put_back(connection)
    finally:
        engine.dispose()


def _restore_file(url: str, put_back: Callable[[Connection], None]) -> None:
    """SQLite: the new file is made beside the old one and takes its place when it is whole."""
    path = _path_of(url)
    if path is None:
        raise InvalidInput("不能恢复到内存里的数据库，请给出文件")
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.restoring")
    _remove(made)
    engine = open_database(f"sqlite:///{made}")
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            put_back(connection)
    except BaseException:
        engine.dispose()
        _remove(made)
        raise
    engine.dispose()  # the last connection writes everything into the one file
    for end in _BESIDE:
        path.with_name(path.name + end).unlink(missing_ok=True)
    os.replace(made, path)


def _remove(database: Path) -> None:
    for end in (*_BESIDE, ""):
        database.with_name(database.name + end).unlink(missing_ok=True)


def _restore_tables(
    tar: tarfile.TarFile, manifest: Manifest, connection: Connection, keyring: Keyring, now: datetime
) -> None:
    schema.bring(connection, schema.EMPTY)
    schema.bring(connection, manifest.revision)
    names = {match[1]: name for name in manifest.files if (match := _TABLE.fullmatch(name))}
    tables = tables_in(connection, names)
    for one in tables:
        _clear(connection, one)
    for one in tables:
        with gzip.open(tar.extractfile(names[one.name]), "rt", encoding="utf-8") as lines:  # type: ignore[arg-type]
            put_rows(connection, one, _lines(lines), manifest.dialect)
        stored, expected = count(connection, one), manifest.files[names[one.name]].rows
        if stored != expected:
            raise InvalidInput(f"表 {one.name} 应有 {expected} 行，放回了 {stored} 行；什么都没有改动")
    go_on_counting(connection, tables)
    _unlock(connection, keyring)
    schema.bring(connection, schema.newest())
    _hold_back(connection)
    _skip_numbers(connection, datetime.fromisoformat(manifest.made_at), now)


def _unlock(connection: Connection, keyring: Keyring) -> None:
    """From here on what is sealed is opened, with the marks that came with it; until here everything went as it was."""
    sealing_of(connection.dialect).keyring = keyring
    if tables_in(connection, ["seals"]):
        make_marks(connection)


def _lines(stream: Any) -> Iterator[str]:
    yield from stream


def _clear(connection: Connection, one: Any) -> None:
    """What a migration has put in itself comes with the backup."""
    if count(connection, one):
        connection.execute(one.delete())


def _hold_back(connection: Connection) -> None:
    """Nothing goes to other people's platforms twice; an older backup may hold what waited for our own website."""
    held = "SELECT message_id FROM outbox WHERE channel <> :website"
    connection.execute(
        text(f"UPDATE messages SET delivery = 'unknown', delivery_note = :note WHERE id IN ({held})"),
        {"website": WEBSITE, "note": RESTORED},
    )
    connection.execute(text("DELETE FROM outbox"))


def _skip_numbers(connection: Connection, made_at: datetime, now: datetime) -> None:
    """Numbers of tickets that were opened after the backup are in customers' hands: nobody else gets them."""
    for day in {local_day(made_at), local_day(now)}:
        for kind in Kind:
            key = {"key": ticket_number(kind, f"{day:%Y%m%d}", 0)[: len(NUMBER_PREFIX[kind]) + 8]}
            bump = text(f"UPDATE ticket_counters SET last = last + {NUMBERS_SKIPPED} WHERE day_kind = :key")
            if connection.execute(bump, key).rowcount == 0:
                add = text(f"INSERT INTO ticket_counters (day_kind, last) VALUES (:key, {NUMBERS_SKIPPED})")
                connection.execute(add, key)


def _path_of(url: str) -> Path | None:
    """The file of an SQLite database."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") and ":memory:" not in url else None
