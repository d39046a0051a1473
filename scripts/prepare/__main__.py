"""Prepare a fresh machine for this project: uv, Python 3.11, `.venv`, and a browser for the tests.

Runs on whatever Python 3.6 or later the machine has, with the standard library alone: nothing else can be taken for
granted before `.venv` exists.

    python3 scripts/prepare setup [--dev]
    python3 scripts/prepare browser
"""

import argparse
import fcntl
import hashlib
import json
import sys
import time
from typing import Dict

from browser import browser
from checkers import checkers
from machine import ROOT, TOOLS, VENV, VENV_PYTHON, SetupError, check_machine, fail, say, succeeds
from python import PYTHON_SERIES, make_venv, usable_python
from uv import find_uv, uv_environment

STAMP = VENV / ".anfu-setup.json"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}


def key_of(kind: str) -> str:
    """Changes with everything that the contents of .venv depend on."""
    packages = [name for name in ("bot", "actions") if (ROOT / name).is_dir()]
    digest = hashlib.sha256(repr((str(ROOT), PYTHON_SERIES, packages)).encode())
    for file in (LOCKS[kind], ROOT / "pyproject.toml"):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def read_stamp() -> Dict[str, str]:
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def setup(dev: bool) -> None:
    stamp = read_stamp()
    # Never take the developer's tools away: an environment that has them also serves to run.
    kind = "dev" if dev or stamp.get("kind") == "dev" else "run"
    if stamp == {"kind": kind, "key": key_of(kind)} and usable_python(str(VENV_PYTHON)):
        say("环境已就绪", "environment is ready")
        return
    started = time.monotonic()
    check_machine()
    env = uv_environment()
    uv = find_uv()
    make_venv(uv, env)
    if STAMP.exists():
        STAMP.unlink()
    lock = LOCKS[kind]
    say(f"按 {lock.name} 安装依赖（首次约需下载 700 MB）", "installing the locked packages, about 700 MB at first")
    target = ["--python", str(VENV_PYTHON)]
    if not succeeds([uv, "pip", "sync", *target, "--require-hashes", str(lock)], env):
        raise SetupError(
            "依赖没有装好，见上面的信息。网络中断时直接重试即可，已下载的不会重来；可用 UV_DEFAULT_INDEX 设镜像。\n"
            "Installing failed, see above. After a network problem just run make again: what was downloaded is kept. "
            "Set UV_DEFAULT_INDEX to use a mirror."
        )
    say("安装本项目（可编辑方式）", "installing the project itself, editable")
    if not succeeds([uv, "pip", "install", "--quiet", *target, "--no-deps", "--no-build-isolation", "-e", "."], env):
        raise SetupError("安装本项目没有成功，见上面的信息。\nCould not install the project, see above.")
    STAMP.write_text(json.dumps({"kind": kind, "key": key_of(kind)}), encoding="utf-8")
    say(f"环境准备好了，用时 {time.monotonic() - started:.0f} 秒", "environment is ready")


def main() -> None:
    if sys.version_info < (3, 6):
        sys.exit("Python 3.6 or later is needed to prepare the environment.")
    parser = argparse.ArgumentParser(prog="prepare", description="Prepare this machine for the project.")
    parser.add_argument("step", choices=("setup", "browser"))
    parser.add_argument("--dev", action="store_true", help="install the developer's tools too")
    arguments = parser.parse_args()
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        # Two makes at once would fight over .venv: the second waits.
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if arguments.step == "setup":
                setup(arguments.dev)
            else:
                browser()
                checkers()
        except SetupError as error:
            fail(str(error))
        except KeyboardInterrupt:
            fail("已中断，可以随时重新运行 make。\nInterrupted: run make again at any time.")


if __name__ == "__main__":
    main()
