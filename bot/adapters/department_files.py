"""The departments as staff write them: names, addresses, and what an e-mail calls things (C6, D8)."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from bot.adapters.content_files import CONTENT
from bot.adapters.yaml_places import Key, YamlFile
from bot.domain.actor import LEVELS
from bot.domain.department import Department, is_mailbox

_DEPARTMENT = {"name", "webhook", "email", "acknowledges_within_hours"}
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST_HOURS = 720


def load_departments(folder: Path = CONTENT) -> dict[str, Department]:
    """The departments and levels of `departments.yml` by their id.

    Raises:
        ContentError: the file is wrong; the message names the line and the cure.
    """
    file = _file(folder)
    ids = file.mapping(("departments",))
    if missing := [level.value for level in LEVELS if level not in ids]:
        raise file.wrong(("departments",), f'缺少 {"、".join(missing)}：提醒和超时要送到各级，没有地址就写 ""')
    return {id: _department(file, id) for id in ids}


def load_mail_fields(folder: Path = CONTENT) -> Mapping[str, str]:
    """What an e-mail calls the items of a notice.

    Raises:
        ContentError: the file is wrong; the message names the line and the cure.
    """
    file = _file(folder)
    return {name: file.text(("mail", name)) for name in file.mapping(("mail",))}


def _file(folder: Path) -> YamlFile:
    file = YamlFile(folder / "departments.yml")
    file.mapping((), {"departments", "mail"})
    return file


def _department(file: YamlFile, id: str) -> Department:
    place: tuple[Key, ...] = ("departments", id)
    if not _ID.fullmatch(id):
        raise file.wrong(place, f"{id} 应由小写字母、数字和下划线组成，以字母开头，最多 40 个字符")
    file.mapping(place, _DEPARTMENT)
    return Department(
        id=id,
        name=file.text((*place, "name")),
        webhook=_webhook(file, (*place, "webhook")),
        email=_email(file, (*place, "email")),
        acknowledges_within_hours=_hours(file, (*place, "acknowledges_within_hours")),
    )


def _webhook(file: YamlFile, place: tuple[Key, ...]) -> str:
    address = _optional(file, place)
    if not address:
        return ""
    if not address.isascii() or not address.isprintable() or " " in address:
        raise file.wrong(place, "地址里有空格、中文或全角字符，请改成半角，中文写成 %E4 这样的编码")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("https", "http"):
        raise file.wrong(place, "应是完整的地址，如 https://wms.example.com/anfu")
    if "@" in parts.netloc:
        raise file.wrong(place, "地址里不要写用户名和密码，对方凭签名确认是我们发的")
    if parts.scheme == "http" and not _is_private(host):
        raise file.wrong(place, "外网地址要用 https；http 只能用于本机（localhost）和内网 IP，如 http://10.0.0.5/anfu")
    return address


def _is_private(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def _email(file: YamlFile, place: tuple[Key, ...]) -> str:
    address = _optional(file, place)
    if address and not is_mailbox(address):
        raise file.wrong(place, "应是一个邮箱地址，如 warehouse@example.com；要发给几个人，请用群组邮箱")
    return address


def _optional(file: YamlFile, place: tuple[Key, ...]) -> str:
    value = file.at(place)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise file.wrong(place, f'{place[-1]} 应是文字，没有就写 ""')
    return value.strip()


def _hours(file: YamlFile, place: tuple[Key, ...]) -> float:
    value = file.at(place)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST_HOURS:
        raise file.wrong(place, f"{place[-1]} 应是大于 0、不超过 {_MOST_HOURS} 的小时数")
    return value
