"""This machine: its folders and commands, pip's settings, certificates, and Debian's packages."""

import configparser
import glob
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NoReturn, Optional

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
TOOLS = ROOT / ".tools"
SPACE_NEEDED = 5 * 1024**3
CA_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class SetupError(Exception):
    """What went wrong and what the reader can do about it."""


def say(chinese: str, english: str) -> None:
    # Bytes, because Python 3.6 in the C locale cannot print Chinese.
    sys.stdout.flush()
    sys.stdout.buffer.write(f"==> {chinese} · {english}\n".encode())
    sys.stdout.buffer.flush()


def fail(message: str) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.buffer.write(f"\n*** {message}\n".encode())
    sys.stderr.buffer.flush()
    sys.exit(1)


def output_of(command: List[str], env: Optional[Dict[str, str]] = None) -> Optional[str]:
    """Standard output of a command that succeeded; None if it is missing or failed."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
            cwd=str(ROOT),
            timeout=120,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def succeeds(command: List[str], env: Dict[str, str]) -> bool:
    """Run a command whose progress the reader should see."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, env=env, cwd=str(ROOT)).returncode == 0


def check_machine() -> None:
    machine, system = platform.machine(), platform.system()
    if system != "Linux" or machine != "x86_64":
        raise SetupError(
            f"这台机器是 {system} {machine}。安服目前只支持 Linux x86-64（TensorFlow 2.12 没有其他平台的安装包）。\n"
            "Anfu needs Linux on x86-64: TensorFlow 2.12 has no other build. Use such a machine or container."
        )
    if glob.glob("/lib/ld-musl-*"):
        raise SetupError(
            "这是 musl 系统（如 Alpine）。请换用 Debian、Ubuntu 等 glibc 系统。\n"
            "This is a musl system such as Alpine; TensorFlow needs glibc: use Debian, Ubuntu or the like."
        )
    free = shutil.disk_usage(str(ROOT)).free
    if free < SPACE_NEEDED and not VENV.exists():
        say(f"磁盘只剩 {free >> 20} MB，可能不够（约需 5 GB）", "little disk space left, about 5 GB are needed")


def pip_setting(name: str) -> str:
    """A setting as pip would see it, from its environment variable or else from its files; empty if nobody set it."""
    from_environment = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    if from_environment:
        return from_environment
    home = Path.home()
    chosen = os.environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return ""
    user = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    files = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"), home / ".pip" / "pip.conf", user]
    if chosen:
        files.append(Path(chosen))
    value = ""
    for file in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(str(file), encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        for section in ("global", "install", "download"):
            value = parser.get(section, name, fallback=value)
    return value.strip()


def certificates() -> Optional[str]:
    given = (os.environ.get("SSL_CERT_FILE"), pip_setting("cert"), os.environ.get("REQUESTS_CA_BUNDLE"))
    for file in (*given, *CA_BUNDLES):
        if file and os.path.isfile(file):
            return file
    return None


def apt_prefix() -> Optional[List[str]]:
    """How apt-get can be run here without asking anybody for a password; None if it cannot."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return ["env"]
    if shutil.which("sudo") and output_of(["sudo", "-n", "true"]) is not None:
        return ["sudo", "-n", "env"]
    return None


def apt_install(*packages: str) -> bool:
    prefix = apt_prefix()
    if prefix is None:
        return False
    say(f"用 apt 安装 {' '.join(packages)}，可能要一两分钟", "installing with apt, a minute or two")
    TOOLS.mkdir(exist_ok=True)
    log = TOOLS / "apt.log"
    apt = [*prefix, "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]
    with log.open("wb") as sink:
        for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            done = subprocess.run([*apt, *command], stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT)
            # A failed update may concern another source only: the installation decides.
            if done.returncode != 0 and command[0] == "install":
                say(f"apt 没有成功，见 {log.relative_to(ROOT)}", "apt did not succeed, see the log")
                return False
    return True
