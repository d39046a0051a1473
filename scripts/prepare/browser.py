"""A browser for the end-to-end tests, with what it needs to show Chinese."""

import ctypes
import glob
import os
import shutil

from machine import VENV_PYTHON, SetupError, apt_install, output_of, say, succeeds

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


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
