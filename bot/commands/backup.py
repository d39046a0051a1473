"""`anfu backup` and `anfu restore`: everything in one file, and everything back from it."""

import argparse
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import __version__
from bot.domain.dates import SHANGHAI
from bot.domain.errors import Conflict, InvalidInput
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.adapters.backup import Manifest

KEYS = {"ANFU_SECRET": "secret", "ANFU_DATA_KEYS": "data_keys"}
"""Without these a backup can be restored, but not used; and the files that they are in where nobody has set them."""


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommands."""
    backup = commands.add_parser(
        "backup", parents=[common], help="备份数据库、附件、学到的知识到一个文件；服务照常运行",
        usage="anfu backup [选项] 文件或文件夹\n       anfu backup [选项] verify 文件",
    )  # fmt: skip
    backup.add_argument("to", help="备份写到哪里；给文件夹就按时间起名。写 verify 则核对后面的文件")
    backup.add_argument("file", nargs="?", type=Path, help="要核对的备份")
    backup.add_argument(
        "--with-secrets", action="store_true", help=f"把密钥（{'、'.join(KEYS)}）也写进去；这样的备份要像密钥一样保管"
    )
    backup.add_argument("--keep", type=int, metavar="份", help="只留下文件夹里最近的几份，其余删去")
    backup.set_defaults(run=run_backup)
    restore = commands.add_parser("restore", parents=[common], help="从备份恢复到空的数据库和数据目录；先停掉服务")
    restore.add_argument("file", type=Path, help="anfu backup 写出的文件")
    restore.add_argument("--replace", action="store_true", help="现有的数据不要了，换成备份里的")
    restore.set_defaults(run=run_restore)


def run_backup(options: argparse.Namespace, settings: Settings) -> None:
    """Write a backup and say what is in it; or check one."""
    if options.to == "verify" and options.file:
        return run_verify(options.file)
    if options.file:
        raise InvalidInput("写法是 anfu backup 文件，或 anfu backup verify 文件")
    started, to = time.monotonic(), place_of(Path(options.to))
    made = make(settings, to, secrets=_keys(settings) if options.with_secrets else None, report=_tell)
    size = to.stat().st_size / 1024**2
    print(f"{to}  {size:.1f} MB，{time.monotonic() - started:.0f} 秒")
    _describe(made)
    if made.missing:
        print(f"有 {len(made.missing)} 个附件不在数据目录里，备份里也就没有；其余完整", file=sys.stderr)
    if not options.with_secrets:
        print(
            f"密钥不在备份里，没有它们，恢复出来的数据打不开，请另外保管：{'、'.join(KEYS)}"
            f"（没有设的，是数据目录里的 {'、'.join(KEYS.values())} 文件）"
        )
    if options.keep:
        _forget_older(to, options.keep)
    return None


def run_verify(file: Path) -> None:
    """Check every hash of a backup."""
    from bot.adapters.backup import verify

    _describe(verify(file))
    print("核对无误")


def run_restore(options: argparse.Namespace, settings: Settings) -> None:
    """Bring everything back; says what has changed by that."""
    from bot.adapters.backup import key_mark, restore, secrets_of
    from bot.adapters.sealing import Keyring

    _refuse_while_serving(settings)
    given = secrets_of(options.file)
    keyring = Keyring(_data_keys(settings, given))
    made = restore(
        options.file, settings.database_url, settings.data_dir, keyring, datetime.now(UTC), options.replace, _tell
    )
    if given:
        _put_back_keys(settings, given)
    if forgotten := _forget_again(settings):
        print(f"又删除了 {forgotten} 位备份之后要求删除的客户")
    _describe(made)
    print("恢复完成。员工要重新登录；备份时还没发往微信等平台的消息标成“不确定”，不会自动再发")
    if key_mark(settings.secret()) != made.key_mark:
        print(
            "ANFU_SECRET 与备份时不同：客户手里的会话、员工的令牌和动态码、发出的链接都会失效。"
            "请找回原来的密钥再启动服务",
            file=sys.stderr,
        )


def make(
    settings: Settings, to: Path, secrets: dict[str, str] | None = None, report: Callable[[str], None] = lambda _: None
) -> "Manifest":
    """Write a backup of this installation."""
    from bot.adapters.backup import back_up, key_mark
    from bot.adapters.uow import open_database

    engine = open_database(settings.database_url)
    try:
        return back_up(
            engine, settings.data_dir, to, datetime.now(UTC), __version__, key_mark(settings.secret()), secrets, report
        )
    finally:
        engine.dispose()


def _forget_again(settings: Settings) -> int:
    """Who has been forgotten since is forgotten again (E10); the list lies in the data directory, not in backups."""
    from bot.bootstrap import build

    anfu = build(settings)
    try:
        return anfu.erasing.reapply()
    finally:
        anfu.database.dispose()


def place_of(to: Path) -> Path:
    """The file to write: a folder gets one that is named by the time."""
    return to / f"anfu-{datetime.now(SHANGHAI):%Y%m%d-%H%M%S}.tar" if to.is_dir() else to


def _keys(settings: Settings) -> dict[str, str]:
    """The keys that the service uses, wherever they are."""
    found = {name: os.environ.get(name) or _read(settings.data_dir / file) for name, file in KEYS.items()}
    return {name: value for name, value in found.items() if value}


def _data_keys(settings: Settings, given: dict[str, str]) -> Sequence[str]:
    """Those that are set, else those in the backup, else those in the data directory."""
    if "ANFU_DATA_KEYS" in given and not os.environ.get("ANFU_DATA_KEYS"):
        return given["ANFU_DATA_KEYS"].split(",")
    return settings.data_keys()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _put_back_keys(settings: Settings, given: dict[str, str]) -> None:
    """Where the service looks for them when nobody sets them."""
    for name, value in given.items():
        path = settings.data_dir / KEYS[name]
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(value)
        print(f"{name} 已放回 {path}" + ("，但现在设的环境变量优先" if os.environ.get(name) else ""))


def _forget_older(newest: Path, keep: int) -> None:
    """Delete the oldest of a folder's backups, never the one that was just made."""
    backups = sorted(newest.parent.glob("anfu-????????-??????.tar"), reverse=True)
    for old in backups[max(keep, 1) :]:
        old.unlink()
        print(f"删去旧备份 {old.name}")


def _refuse_while_serving(settings: Settings) -> None:
    try:
        with urllib.request.urlopen(f"{_announced(settings)}/healthz", timeout=3):
            pass
    except (urllib.error.URLError, OSError, ValueError):
        return
    raise Conflict("服务还在运行，请先停掉它（每台机器上的都要停），再恢复")


def _announced(settings: Settings) -> str:
    path = settings.data_dir / "address"
    return path.read_text() if path.exists() else settings.local_address


def _describe(made: "Manifest") -> None:
    at = datetime.fromisoformat(made.made_at).astimezone(SHANGHAI)
    print(
        f"{at:%Y-%m-%d %H:%M:%S} 的备份，程序 {made.version}，迁移 {made.revision}，{made.dialect}："
        f"{made.rows} 行数据，{made.attachments} 个附件" + ("，含密钥" if made.has("secrets.json") else "")
    )


def _tell(step: str) -> None:
    if sys.stderr.isatty():
        print(f"  {step}", file=sys.stderr, flush=True)
