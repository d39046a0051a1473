#!/usr/bin/env python3
"""Prepare a fresh machine for this project: uv, Python 3.11, `.venv`, and a browser for the tests.

Runs on whatever Python 3.6 or later the machine has, with the standard library alone: nothing else can be taken for
granted before `.venv` exists.

    python3 scripts/prepare.py setup [--dev]
    python3 scripts/prepare.py browser
"""

import argparse
import base64
import configparser
import ctypes
import fcntl
import glob
import hashlib
import html.parser
import json
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, NoReturn, Optional, Tuple

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".anfu-setup.json"
TOOLS = ROOT / ".tools"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
PYTHON_SERIES = "3.11"
OLDEST_UV = (0, 5)
DEFAULT_INDEX = "https://pypi.org/simple"
SPACE_NEEDED = 5 * 1024**3
CA_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


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


# --- the machine's own settings: pip's configuration and certificates -------------------------------------------------


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


# --- Debian's packages ------------------------------------------------------------------------------------------------


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


# --- uv ---------------------------------------------------------------------------------------------------------------


def version_of(text: str) -> Tuple[int, ...]:
    found = re.match(r"(\d+(?:\.\d+)*)$", text)
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()


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


class Candidate(NamedTuple):
    version: Tuple[int, ...]
    name: str
    address: str
    sha256: str


class LinkParser(html.parser.HTMLParser):
    """The links of a simple index that speaks HTML only."""

    def __init__(self) -> None:
        super().__init__()
        self.links: List[Tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.links.append((values["href"] or "", "data-yanked" in values))

    def error(self, message: str) -> None:
        raise SetupError(message)


def open_address(address: str, accept: str) -> Any:
    parts = urllib.parse.urlsplit(address)
    headers = {"Accept": accept, "User-Agent": "anfu-setup"}
    if parts.username:
        # urllib sends no credentials that stand in the address.
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    context = ssl.create_default_context(cafile=certificates())
    request = urllib.request.Request(parts.geturl(), headers=headers)
    return urllib.request.urlopen(request, timeout=60, context=context)


def without_credentials(address: str) -> str:
    return re.sub(r"//[^/@]*@", "//", address)


def candidate(name: str, address: str, sha256: str) -> Optional[Candidate]:
    machine = re.escape(platform.machine())
    found = re.match(r"uv-([^-]+)-py3-none-(?:[^-]*\.)?manylinux[^.-]*_%s(?:\.[^-]*)?\.whl$" % machine, name)
    version = version_of(found.group(1)) if found else ()
    return Candidate(version, name, address, sha256) if version >= OLDEST_UV else None


def folder_of(place: str) -> Optional[Path]:
    """The local folder that a file: address or a plain path names; None for an address on the network."""
    parts = urllib.parse.urlsplit(place)
    if parts.scheme == "file":
        return Path(urllib.request.url2pathname(parts.path))
    return None if parts.scheme else Path(place).expanduser()


def candidates_in(index: str) -> List[Candidate]:
    folder = folder_of(index)
    if folder is not None:
        wheels = [*folder.glob("uv-*.whl"), *(folder / "uv").glob("uv-*.whl")]
        page = folder / "uv" / "index.html"
        listed = links_of(page.read_text(encoding="utf-8"), page.as_uri()) if page.is_file() else []
        return listed + [c for w in wheels for c in [candidate(w.name, w.resolve().as_uri(), "")] if c]
    accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
    with open_address(index.rstrip("/") + "/uv/", accept) as answer:
        content, base = answer.read().decode("utf-8"), answer.geturl()
        asked, answered = urllib.parse.urlsplit(index), urllib.parse.urlsplit(base)
        if asked.username and asked.netloc.rpartition("@")[2] == answered.netloc:
            # The files of a mirror that wants credentials want them too.
            base = answered._replace(netloc=asked.netloc).geturl()
        speaks_json = "json" in (answer.headers.get("Content-Type") or "")
    if not speaks_json:
        return links_of(content, base)
    found = []
    for entry in json.loads(content)["files"]:
        if not entry.get("yanked"):
            address = urllib.parse.urljoin(base, entry["url"])
            wheel = candidate(entry["filename"], address, entry["hashes"].get("sha256", ""))
            found += [wheel] if wheel else []
    return found


def links_of(page: str, base: str) -> List[Candidate]:
    parser = LinkParser()
    parser.feed(page)
    found = []
    for link, yanked in parser.links:
        address, fragment = urllib.parse.urldefrag(urllib.parse.urljoin(base, link))
        sha256 = fragment[len("sha256=") :] if fragment.startswith("sha256=") else ""
        name = urllib.parse.unquote(address.rsplit("/", 1)[-1])
        wheel = None if yanked else candidate(name, address, sha256)
        found += [wheel] if wheel else []
    return found


def indexes() -> Iterator[str]:
    """Where uv may be had, in the order of preference: local folders, the configured mirror, other indexes, PyPI."""
    seen = set()
    environment = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
    mirror = next((os.environ[name] for name in environment if os.environ.get(name)), pip_setting("index-url"))
    for places in (pip_setting("find-links"), mirror or DEFAULT_INDEX, pip_setting("extra-index-url"), DEFAULT_INDEX):
        for place in places.split():
            if place not in seen:
                seen.add(place)
                yield place


def wheel_from_indexes(folder: str) -> str:
    if certificates() is None:
        apt_install("ca-certificates")
    problems = []
    for index in indexes():
        shown = without_credentials(index)
        try:
            found = candidates_in(index)
            if not found:
                problems.append(f"{shown}: 没有适用的 uv / no uv for this machine")
                continue
            best = max(found)
            local = folder_of(best.address) is not None
            if not best.sha256 and not local:
                problems.append(f"{shown}: 没有给出 sha256 / gives no sha256")
                continue
            return download(best, folder)
        except (OSError, ValueError, KeyError, SetupError) as error:
            problems.append(f"{shown}: {error}")
    raise SetupError(
        "没有取到 uv。请检查网络，或设置 PIP_INDEX_URL 指向可用的镜像，或自行安装 uv 后重试。\n"
        "Could not get uv. Check the network, set PIP_INDEX_URL to a mirror, or install uv yourself.\n  "
        + "\n  ".join(problems)
    )


def download(wheel: Candidate, folder: str) -> str:
    target = os.path.join(folder, wheel.name)
    digest, done, last = hashlib.sha256(), 0, 0.0
    with open_address(wheel.address, "*/*") as answer, open(target, "wb") as sink:
        total = int(answer.headers.get("Content-Length") or 0)
        for block in iter(lambda: answer.read(1 << 18), b""):
            sink.write(block)
            digest.update(block)
            done += len(block)
            if time.monotonic() - last > 2 or done == total:
                last = time.monotonic()
                share = f"{done * 100 // total}%" if total else f"{done >> 20} MB"
                say(f"下载 uv {share}", wheel.name)
    if wheel.sha256 and digest.hexdigest() != wheel.sha256:
        raise SetupError(f"{wheel.name}: sha256 不符 / sha256 mismatch")
    return target


# --- Python 3.11 and .venv --------------------------------------------------------------------------------------------


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


# --- a browser for the end-to-end tests -------------------------------------------------------------------------------


def has_browser() -> bool:
    if any(shutil.which(name) for name in BROWSERS):
        return True
    code = (
        "import os; from playwright.sync_api import sync_playwright as start\n"
        "with start() as p: raise SystemExit(not os.path.exists(p.chromium.executable_path))"
    )
    return output_of([str(VENV_PYTHON), "-c", code]) is not None


def has_chinese_font() -> bool:
    if shutil.which("fc-list"):
        return bool(output_of(["fc-list", ":lang=zh"]))
    return any(glob.glob(f"/usr/share/fonts/**/*{part}*", recursive=True) for part in ("CJK", "wqy", "cjk"))


def has_libatomic() -> bool:
    """Playwright's driver is a Node.js that needs this library; small systems come without it."""
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        return False
    return True


def browser() -> None:
    missing = [] if has_libatomic() else ["libatomic1"]
    missing += [] if has_browser() else ["chromium"]
    missing += [] if has_chinese_font() else ["fonts-noto-cjk"]
    if not missing:
        return
    apt_install(*missing)
    if not has_libatomic():
        say("缺少 libatomic，Playwright 无法启动；请安装 libatomic1", "Playwright cannot start: install libatomic1")
    elif not has_browser():
        say("由 Playwright 下载 Chromium", "Playwright downloads Chromium")
        succeeds([str(VENV_PYTHON), "-m", "playwright", "install", "chromium"], dict(os.environ))
    if not has_chinese_font():
        say("没有中文字体，截图里的汉字会是方框；请安装 fonts-noto-cjk", "no Chinese font: install fonts-noto-cjk")
    if not has_browser():
        message = (
            "没有 Chromium，网页测试跑不了。请安装软件包 chromium 和 fonts-noto-cjk 后重试。\n"
            "No Chromium for the browser tests: install the package chromium (and fonts-noto-cjk), then run make again."
        )
        # On a developer's machine the browser tests skip; CI must not lose them silently.
        if os.environ.get("CI"):
            raise SetupError(message)
        say(message.split("\n")[0], message.split("\n")[1])


def main() -> None:
    if sys.version_info < (3, 6):
        sys.exit("Python 3.6 or later is needed to prepare the environment.")
    parser = argparse.ArgumentParser(description="Prepare this machine for the project.")
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
        except SetupError as error:
            fail(str(error))
        except KeyboardInterrupt:
            fail("已中断，可以随时重新运行 make。\nInterrupted: run make again at any time.")


if __name__ == "__main__":
    main()
