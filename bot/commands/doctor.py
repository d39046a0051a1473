"""`anfu doctor`: is this machine fit to serve, and what to do where it is not. Looks only; changes nothing."""

import argparse
import asyncio
import json
import os
import re
import shutil
import socket
import stat
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import IntEnum
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.errors import AnfuError, InvalidInput
from bot.domain.pulse import Waiting
from bot.settings import ROOT, Settings

AUDIT_ENTRIES = 2000
"""How many of the newest entries of the trail are verified: `anfu audit verify` does all."""
SECONDS_APART = 2.0, 30.0
"""Clocks of node and database: beyond the first it is worth a look, beyond the second times in the desk are wrong."""
LATE_SECONDS = 300.0
"""What waits longer is not merely busy."""
FREE_GIB = 2, 10
MEMORY_MIB = 1200, 2048
"""What one process needs, and with room for training."""
SECRET_CHARS = 16, 32
_GIB, _MIB = 1024**3, 1024**2
_PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


class State(IntEnum):
    """How bad it is; also the command's exit status."""

    GOOD = 0
    WARNING = 1
    BAD = 2


MARKS = {State.GOOD: "✓", State.WARNING: "!", State.BAD: "✗"}


@dataclass(frozen=True)
class Check:
    """What was looked at, what was found, and what to do."""

    what: str
    state: State
    found: str
    advice: str = ""


Checks = Iterator[Check]


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommand."""
    doctor = commands.add_parser(
        "doctor", parents=[common], help="体检：环境、模型、数据库、密钥、积压，哪一项该怎么办"
    )
    doctor.add_argument("--host", help="服务监听的地址")
    doctor.add_argument("--port", type=int, help="服务监听的端口")
    doctor.add_argument("--online", action="store_true", help="也连邮件服务器和微信的接口（要联网）")
    doctor.add_argument("--json", action="store_true", help="输出 JSON")
    doctor.set_defaults(run=run_doctor)


def run_doctor(options: argparse.Namespace, settings: Settings) -> int:
    """Print every check; 0 where all is well, 1 where something should be looked at, 2 where something is broken."""
    checks = list(examine(settings, options.online))
    if options.json:
        told = [asdict(check) | {"state": check.state.name.lower()} for check in checks]
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for check in checks:
            print(f"{MARKS[check.state]} {check.what}：{check.found}")
            if check.advice:
                print(f"    → {check.advice}")
        bad, warnings = (sum(check.state is state for check in checks) for state in (State.BAD, State.WARNING))
        print(
            f"{len(checks)} 项，{bad} 项有问题，{warnings} 项要留意" if bad or warnings else f"{len(checks)} 项，都好"
        )
    return max(check.state for check in checks)


def examine(settings: Settings, online: bool = False) -> Checks:
    """All checks, each by itself: one that cannot be made is a finding, and the others go on.

    Args:
        online: also ask mail server and platforms.
    """
    looks: list[tuple[str, Callable[[Settings], Checks]]] = [
        ("环境", _environment), ("时区", _time_zone), ("内存", _memory), ("数据目录", _data_dir), ("密钥", _secret),
        ("个人信息密钥", _data_keys), ("数据库", _database), ("Redis", _redis), ("端口", _port),
        ("公开地址", _public_url), ("邮件", _mail), ("微信", _platforms), ("内容", _content), ("模型", _model),
    ]  # fmt: skip
    if online:
        looks += [("邮件服务器", _mail_online), ("微信接口", _platforms_online)]
    for what, look in looks:
        try:
            yield from look(settings)
        except AnfuError as error:
            yield Check(what, State.BAD, str(error))
        except Exception as error:  # whatever it is, it belongs on the page
            yield Check(what, State.BAD, f"没能检查：{type(error).__name__}: {error}")


def _environment(settings: Settings) -> Checks:
    python = sys.version.split()[0]
    if sys.version_info[:2] != (3, 11):
        yield Check("Python", State.BAD, python, "要用 Python 3.11，运行 make setup")
        return
    lock = ROOT / "requirements.lock"
    if not lock.exists():
        yield Check("Python", State.WARNING, f"{python}，没有 requirements.lock，无从核对依赖", "在项目文件夹里运行")
        return
    wanted = dict(_PINNED.findall(lock.read_text()))
    others = [f"{name} {_installed(name)}≠{pin}" for name, pin in wanted.items() if _installed(name) != pin]
    if others:
        shown = "、".join(others[:3]) + ("…" if len(others) > 3 else "")
        yield Check("依赖", State.WARNING, f"{len(others)} 个与 requirements.lock 不同：{shown}", "运行 make setup")
    else:
        yield Check("Python", State.GOOD, f"{python}，{len(wanted)} 个依赖与 requirements.lock 一致")


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "没装"


def _time_zone(settings: Settings) -> Checks:
    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        yield Check("时区", State.BAD, "系统没有时区数据", "安装 tzdata（apt install tzdata，或 pip install tzdata）")
    else:
        yield Check("时区", State.GOOD, f"北京时间 {datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M:%S}")


def _memory(settings: Settings) -> Checks:
    least, easy = MEMORY_MIB
    free = _available_mib()
    if free is None:
        yield Check("内存", State.WARNING, "读不到 /proc/meminfo")
    elif free < least and _serving(settings) is None:
        yield Check("内存", State.BAD, f"可用 {free} MB，启动要 {least} MB", "加内存，或停掉别的程序")
    elif free < easy:
        yield Check("内存", State.WARNING, f"可用 {free} MB；训练时最好有 {easy} MB")
    else:
        yield Check("内存", State.GOOD, f"可用 {free} MB")


def _available_mib() -> int | None:
    """What this machine, or this container, still has."""
    found = re.search(r"MemAvailable:\s+(\d+)", _text(Path("/proc/meminfo")))
    if not found:
        return None
    free = int(found[1]) // 1024
    most, used = _text(Path("/sys/fs/cgroup/memory.max")), _text(Path("/sys/fs/cgroup/memory.current"))
    if most.strip().isdigit() and used.strip().isdigit():
        free = min(free, (int(most) - int(used)) // _MIB)
    return free


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _content(settings: Settings) -> Checks:
    from bot.adapters.article_files import LEARNED
    from bot.adapters.content_files import load_articles
    from bot.bootstrap import load_content
    from bot.commands.content import check_scripts, check_use

    book = load_content().scripts
    articles = len(list(load_articles(learned=settings.data_dir / LEARNED)))
    findings = [*check_scripts(book), *check_use(book, ROOT)]
    if findings:
        yield Check("内容", State.WARNING, f"{len(findings)} 处要改，如 {findings[0]}", "运行 anfu scripts check")
    else:
        yield Check("内容", State.GOOD, f"话术、规则、{articles} 篇知识都读得进来，没有要改的")


def _model(settings: Settings) -> Checks:
    from bot.adapters.model_archive import require_trusted
    from bot.adapters.training import is_trained, model_path

    path = model_path(ROOT, settings.models_dir)
    if is_trained(path):
        require_trusted(path, settings.models_dir)
        yield Check("模型", State.GOOD, f"{path.name}，与现在的内容一致，校验值相符")
    else:
        others = any(settings.models_dir.glob("anfu-*.tar.gz"))
        found = "内容改过，还没有重新训练" if others else "还没有训练过"
        yield Check("模型", State.WARNING, found, "运行 anfu train；不然下次启动时会先训练一两分钟")


def _data_dir(settings: Settings) -> Checks:
    place = settings.data_dir
    if not place.is_dir():
        yield Check("数据目录", State.WARNING, f"{place} 还没有", "第一次启动时会建；路径不对就改 ANFU_DATA_DIR")
        return
    if not os.access(place, os.W_OK):
        yield Check("数据目录", State.BAD, f"{place} 写不进去", f"chown 给运行服务的用户：{_user()}")
        return
    free = shutil.disk_usage(place).free / _GIB
    state = State.BAD if free < FREE_GIB[0] else State.WARNING if free < FREE_GIB[1] else State.GOOD
    yield Check("磁盘", state, f"{place} 还有 {free:.1f} GB", "清理或扩容，满了附件先存不下" if state else "")
    open_ones = [name for name in ("secret", "data_keys") if _others_may_read(place / name)]
    if open_ones:
        files = " ".join(str(place / name) for name in open_ones)
        yield Check("文件权限", State.BAD, f"别的用户读得到 {'、'.join(open_ones)}", f"chmod 600 {files}，并换密钥")
    elif _others_may_read(place / "anfu.db") and stat.S_IMODE(place.stat().st_mode) & stat.S_IXOTH:
        yield Check("文件权限", State.WARNING, "别的用户读得到数据库文件", f"chmod 700 {place}")
    else:
        yield Check("文件权限", State.GOOD, "密钥和数据只有服务的用户读得到")


def _user() -> str:
    return os.environ.get("USER", str(os.geteuid()))


def _others_may_read(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & stat.S_IROTH)


def _secret(settings: Settings) -> Checks:
    given = os.environ.get("ANFU_SECRET")
    secret = given or _text(settings.data_dir / "secret")
    least, good = SECRET_CHARS
    if not secret:
        yield Check("密钥", State.WARNING, "还没有 ANFU_SECRET", "第一次启动时会在数据目录里生成；上线前最好自己设")
    elif len(secret) < least:
        yield Check("密钥", State.BAD, f"ANFU_SECRET 只有 {len(secret)} 个字符", "用 openssl rand -base64 48 重新生成")
    elif len(secret) < good:
        yield Check("密钥", State.WARNING, f"ANFU_SECRET 有 {len(secret)} 个字符", f"最好 {good} 个以上随机字符")
    elif not given and settings.database:
        yield Check(
            "密钥", State.WARNING, "ANFU_SECRET 没有设，用的是这台机器自己的", "几台机器共用数据库时，要设成同一个"
        )
    else:
        yield Check("密钥", State.GOOD, f"ANFU_SECRET 有 {len(secret)} 个字符")


def _data_keys(settings: Settings) -> Checks:
    from bot.adapters.sealing import LEAST_KEY_CHARS

    what, keys = "个人信息密钥", _keys(settings)
    if not keys and _has_database(settings):
        yield Check(
            what, State.BAD, "找不到 ANFU_DATA_KEYS，数据库里的个人信息打不开",
            f"设好 ANFU_DATA_KEYS，或把原来的 data_keys 放回 {settings.data_dir}",
        )  # fmt: skip
    elif not keys:
        yield Check(what, State.WARNING, "还没有 ANFU_DATA_KEYS", "第一次启动时会生成；请与备份分开保管")
    elif any(len(key) < LEAST_KEY_CHARS for key in keys):
        yield Check(what, State.BAD, f"ANFU_DATA_KEYS 里有不足 {LEAST_KEY_CHARS} 个字符的", "用 anfu keys new 生成")
    elif not os.environ.get("ANFU_DATA_KEYS") and settings.database:
        yield Check(what, State.WARNING, "ANFU_DATA_KEYS 没有设，用的是这台机器自己的", "几台机器要设成同一个")
    else:
        yield Check(what, State.GOOD, f"ANFU_DATA_KEYS 有 {len(keys)} 把")


def _keys(settings: Settings) -> list[str]:
    """The data keys, without making any."""
    given = os.environ.get("ANFU_DATA_KEYS") or _text(settings.data_dir / "data_keys")
    return [key.strip() for key in given.split(",") if key.strip()]


def _has_database(settings: Settings) -> bool:
    return bool(settings.database) or (settings.data_dir / "anfu.db").exists()


def _database(settings: Settings) -> Checks:
    from bot.adapters import schema
    from bot.adapters.checkup import checking
    from bot.adapters.sealing import Keyring

    if not _has_database(settings):
        yield Check("数据库", State.WARNING, "还没有", "第一次启动时会建")
        return
    keys = _keys(settings)
    try:
        with checking(settings.database_url, Keyring(keys) if keys else None) as checkup:
            newest = schema.newest()
            if checkup.revision != newest:
                yield from _old_tables(checkup.revision, newest)
                return
            yield Check("数据库", State.GOOD, f"{checkup.kind()}，迁移 {newest}，是最新的")
            yield from _clocks(checkup.seconds_apart())
            faults = checkup.faults()
            yield from _file_faults(faults)
            if faults:
                return
            yield from _trail(*checkup.broken_link(AUDIT_ENTRIES))
            yield from _pulse(checkup.pulse(datetime.now(UTC)))
    except InvalidInput as error:
        yield Check("数据库", State.BAD, f"连不上或读不了：{error}", "看 ANFU_DATABASE、数据库在不在运行、防火墙")


def _old_tables(revision: str, newest: str) -> Checks:
    from bot.adapters import schema

    try:
        steps = len(schema.between(revision, newest))
    except InvalidInput as error:
        yield Check("数据库", State.BAD, str(error), "升级程序，或按 docs/operations.md 退回")
    else:
        yield Check("数据库", State.WARNING, f"迁移 {revision}，差 {steps} 步到 {newest}", "启动服务或 anfu db upgrade")


def _clocks(apart: float | None) -> Checks:
    if apart is None:
        return
    small, great = SECONDS_APART
    state = State.GOOD if abs(apart) < small else State.WARNING if abs(apart) < great else State.BAD
    yield Check(
        "时钟", state, f"与数据库相差 {abs(apart):.1f} 秒", "两边都开 NTP（timedatectl set-ntp true）" if state else ""
    )


def _file_faults(faults: list[str] | None) -> Checks:
    if faults:
        yield Check("数据库文件", State.BAD, f"已损坏：{faults[0]}", "停掉服务，从备份恢复（anfu restore）")
    elif faults is not None:
        yield Check("数据库文件", State.GOOD, "快速检查没有损坏")


def _trail(number: int, broken: int | None) -> Checks:
    if broken is None:
        yield Check("改动记录", State.GOOD, f"共 {number} 条，最近 {min(number, AUDIT_ENTRIES)} 条逐条相扣")
    else:
        yield Check(
            "改动记录", State.BAD, f"从第 {broken} 条起对不上", "立即停用，查备份；全部核对用 anfu audit verify"
        )


def _pulse(pulse: Any) -> Checks:
    for channel, waiting in sorted(pulse.outbox.items()):
        yield _backlog(
            f"待发消息（{channel}）", waiting, "看日志里 sending/delivery 的错误；微信的用 anfu channels check"
        )
    if not pulse.outbox:
        yield Check("待发消息", State.GOOD, "没有积压")
    yield _backlog("没回答的消息", pulse.unanswered, "服务在运行吗？看日志里 turn 的错误；重启会接着回答")
    yield _backlog("待送通知", pulse.notices, "看 anfu notices list --state waiting")
    if pulse.notices_dead:
        yield Check(
            "送不到的通知", State.WARNING, f"{pulse.notices_dead} 条", "anfu notices list --state dead，修好后 retry"
        )


def _backlog(what: str, waiting: Waiting, advice: str) -> Check:
    if not waiting.number:
        return Check(what, State.GOOD, "没有积压")
    is_late = waiting.seconds > LATE_SECONDS
    found = f"{waiting.number} 条，最早的等了 {waiting.seconds:.0f} 秒"
    return Check(what, State.WARNING if is_late else State.GOOD, found, advice if is_late else "")


def _redis(settings: Settings) -> Checks:
    from bot.adapters.checkup import redis_round_trip

    if not settings.redis:
        is_shared = settings.database_url.startswith("postgresql")
        yield Check("Redis", State.GOOD, "没有设" + ("；几台机器时要设 ANFU_REDIS" if is_shared else "，单机不需要"))
        return
    try:
        took = redis_round_trip(settings.redis)
    except InvalidInput as error:
        yield Check("Redis", State.BAD, f"连不上：{error}", "看 ANFU_REDIS 和防火墙；没有它也能服务，只是慢几秒")
    else:
        yield Check("Redis", State.GOOD, f"发布到收到 {took * 1000:.1f} 毫秒")


def _port(settings: Settings) -> Checks:
    running = _serving(settings)
    if running is None:
        yield Check("端口", State.GOOD, f"{settings.host}:{settings.port} 空着，服务没有运行")
    elif running:
        yield Check("端口", State.GOOD, f"{settings.host}:{settings.port} 上服务正在运行")
    else:
        yield Check("端口", State.BAD, f"{settings.port} 被别的程序占着", f"ss -ltnp 'sport = :{settings.port}' 看是谁")


def _serving(settings: Settings) -> bool | None:
    """Whether it is us who listen at the port; None where nobody does."""
    address = urlsplit(settings.local_address)
    try:
        socket.create_connection((address.hostname, settings.port), timeout=3).close()
    except OSError:
        return None
    try:
        with urllib.request.urlopen(f"{settings.local_address}/healthz", timeout=5) as answer:
            return bool(json.load(answer).get("status"))
    except urllib.error.HTTPError as error:
        return error.code == 503
    except (OSError, ValueError, AttributeError):
        return False


def _public_url(settings: Settings) -> Checks:
    if not settings.public_url:
        yield Check(
            "公开地址", State.WARNING, f"没有设，链接会指向 {settings.address}", "上线时设 ANFU_PUBLIC_URL=https://域名"
        )
    elif urlsplit(settings.public_url).scheme != "https":
        yield Check("公开地址", State.BAD, f"{settings.public_url} 不是 https", "前面放 nginx 和证书，见 deploy/nginx")
    else:
        yield Check("公开地址", State.GOOD, settings.public_url)


def _mail(settings: Settings) -> Checks:
    from bot.adapters.couriers.email import read_mail_server

    if not settings.smtp:
        yield Check("邮件", State.GOOD, "没有设 ANFU_SMTP，不发邮件通知")
        return
    server = read_mail_server(settings.smtp)
    yield Check("邮件", State.GOOD, f"{server.host}:{server.port}，发件人 {server.sender}")


def _mail_online(settings: Settings) -> Checks:
    import smtplib

    from bot.adapters.couriers.email import read_mail_server

    if not settings.smtp:
        return
    server = read_mail_server(settings.smtp)
    kind = smtplib.SMTP_SSL if server.encrypted else smtplib.SMTP
    try:
        with kind(server.host, server.port, timeout=10) as connection:
            code, words = connection.noop()
    except (OSError, smtplib.SMTPException) as error:
        yield Check("邮件服务器", State.BAD, f"连不上：{error}", "看 ANFU_SMTP、防火墙和邮件服务器")
    else:
        yield Check("邮件服务器", State.GOOD if code == 250 else State.BAD, f"{code} {words.decode(errors='replace')}")


def _platforms(settings: Settings) -> Checks:
    groups = {
        "公众号": ("wechat_app_id", "wechat_secret", "wechat_token"),
        "微信客服": ("kf_corp_id", "kf_secret", "kf_token", "kf_aes_key"),
    }
    for name, wanted in groups.items():
        given = [one for one in wanted if getattr(settings, one)]
        missing = [f"ANFU_{one.upper()}" for one in wanted if one not in given]
        if given and missing:
            yield Check(name, State.BAD, f"缺 {'、'.join(missing)}", "照 docs/wechat.md 补上")
        else:
            yield Check(name, State.GOOD, "密钥齐全，联网检查用 anfu channels check" if given else "没有接")


def _platforms_online(settings: Settings) -> Checks:
    from bot.bootstrap import build
    from bot.commands.channels import checked
    from bot.commands.platforms import platforms_of

    if not (settings.wechat_app_id or settings.kf_corp_id):
        return
    anfu = build(settings)
    for channel, checks in asyncio.run(checked([platform.channel for platform in platforms_of(anfu)])):
        for one in checks:
            name = f"{anfu.content.channels.name_of(channel.name)} {one.what}"
            yield Check(name, State.GOOD if one.is_good else State.BAD, one.detail or "好")
