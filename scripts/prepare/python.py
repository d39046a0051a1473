"""Find or fetch the right Python, and make .venv with it."""

import shutil
from typing import Dict, Optional

from machine import VENV, VENV_PYTHON, SetupError, apt_install, output_of, say, succeeds

PYTHON_SERIES = "3.11"


def usable_python(path: Optional[str]) -> bool:
    """Of the right series, and built with what the project needs: home-built Pythons often lack a module."""
    check = "import sys, ssl, sqlite3, ctypes, zlib; print('%d.%d' % sys.version_info[:2])"
    return bool(path) and output_of([str(path), "-c", check]) == PYTHON_SERIES


def find_python(uv: str, env: Dict[str, str]) -> str:
    find = [uv, "python", "find", "--system", "--no-project"]
    offline = dict(env, UV_PYTHON_DOWNLOADS="never")

    def installed() -> Optional[str]:
        for path in (
            output_of([*find, PYTHON_SERIES], offline),
            # In case the first one found lacks a module.
            output_of([*find, "--python-preference", "only-managed", PYTHON_SERIES], offline),
            "/usr/bin/python" + PYTHON_SERIES,
        ):
            if usable_python(path):
                return path
        return None

    found = installed()
    if found:
        return found
    say(f"没有找到 Python {PYTHON_SERIES}，由 uv 下载", f"no Python {PYTHON_SERIES} found, uv downloads one")
    if succeeds([uv, "python", "install", PYTHON_SERIES], env):
        found = installed()
        if found:
            return found
    if apt_install("python" + PYTHON_SERIES):
        found = installed()
        if found:
            return found
    raise SetupError(
        f"没有取到 Python {PYTHON_SERIES}。请任选一种办法后重试 make：\n"
        f"  1. 用系统的软件包管理器安装 python{PYTHON_SERIES}；\n"
        "  2. 网络慢时设置 UV_PYTHON_INSTALL_MIRROR 指向可用的镜像；\n"
        f"  3. 用 pyenv 或 conda 装好 {PYTHON_SERIES}，并放进 PATH。\n"
        f"Could not get Python {PYTHON_SERIES}. Install it with your package manager, pyenv or conda so that it is on "
        "PATH,\nor set UV_PYTHON_INSTALL_MIRROR to a mirror that you can reach; then run make again."
    )


def make_venv(uv: str, env: Dict[str, str]) -> None:
    if VENV.exists() or VENV.is_symlink():
        if usable_python(str(VENV_PYTHON)):
            return
        if VENV.is_symlink() or not ((VENV / "pyvenv.cfg").is_file() or not any(VENV.iterdir())):
            raise SetupError(f"{VENV} 不是虚拟环境，请移开后重试。\n{VENV} is no virtual environment: move it away.")
        say("旧的 .venv 不能用，重新建立", "the old .venv does not work, making a new one")
        shutil.rmtree(str(VENV))
    python = find_python(uv, env)
    say(f"用 {python} 建立 .venv", "creating .venv")
    if not succeeds([uv, "venv", "--quiet", "--prompt", "anfu", "--python", python, str(VENV)], env):
        raise SetupError("建立 .venv 没有成功。\nCould not create .venv.")
