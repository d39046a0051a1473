"""Find uv, or fetch it into .tools/; and the environment that it runs in."""

import glob
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Dict, Optional

from indexes import OLDEST_UV, version_of, wheel_from_indexes
from machine import TOOLS, SetupError, certificates, output_of, pip_setting, say


def uv_environment() -> Dict[str, str]:
    """The environment for uv, which reads neither pip's configuration nor, by default, the system's certificates."""
    env = dict(os.environ)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH"):
        env.pop(name, None)
    env.setdefault("UV_HTTP_TIMEOUT", "120")
    # A project's setup has no business in ~/.local/bin.
    env.setdefault("UV_PYTHON_INSTALL_BIN", "0")
    if not any(env.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS")):
        bundle = certificates()
        if bundle:
            env["SSL_CERT_FILE"] = bundle
    configured = any(env.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE"))
    config_home = Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    if not configured and not any(file.exists() for file in (config_home / "uv" / "uv.toml", Path("/etc/uv/uv.toml"))):
        mirror = pip_setting("index-url")
        if mirror:
            env["UV_DEFAULT_INDEX"] = mirror
    return env


def working_uv(path: Optional[str]) -> bool:
    printed = output_of([path, "--version"]) if path else None
    words = (printed or "").split()
    return len(words) > 1 and words[0] == "uv" and version_of(words[1]) >= OLDEST_UV


def find_uv() -> str:
    on_path = shutil.which("uv")
    if on_path and working_uv(on_path):
        return on_path
    own = TOOLS / "uv"
    if working_uv(str(own)):
        return str(own)
    say("没有找到 uv，正在获取（只放在 .tools/ 里）", "no uv found, fetching it into .tools/")
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(TOOLS)) as folder:
        wheel = wheel_from_pip(folder) or wheel_from_indexes(folder)
        unpacked = Path(folder) / "uv"
        with zipfile.ZipFile(wheel) as archive:
            inside = next((n for n in archive.namelist() if n.endswith(".data/scripts/uv")), None)
            if inside is None:
                raise SetupError(f"下载的 uv 安装包里没有可执行文件：{wheel}\nThe uv wheel holds no executable.")
            with archive.open(inside) as source, unpacked.open("wb") as target:
                shutil.copyfileobj(source, target)
        unpacked.chmod(0o755)
        os.replace(str(unpacked), str(own))
    if not working_uv(str(own)):
        raise SetupError(f"uv 下载好了却运行不了：{own}\nThe downloaded uv does not run on this machine.")
    return str(own)


def wheel_from_pip(folder: str) -> Optional[str]:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    if output_of([*pip, "--version"]) is None:
        return None
    say("用 pip 下载 uv", "downloading uv with pip")
    oldest = "uv>=" + ".".join(str(part) for part in OLDEST_UV)
    output_of([*pip, "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder, oldest])
    found = glob.glob(os.path.join(folder, "uv-*.whl"))
    if not found:
        # An old pip knows no current wheel tags, or the machine's Python is older than uv's.
        say("pip 没有下载成功，改用标准库下载", "pip did not get it, trying the standard library")
    return found[0] if found else None
