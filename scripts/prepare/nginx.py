"""nginx, for the test that tries the shipped configuration: on CI only, since installing it starts a server."""

import os
import shutil

from machine import SetupError, apt_install

PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def nginx() -> None:
    if not os.environ.get("CI") or shutil.which("nginx", path=PLACES):
        return
    apt_install("nginx")
    if not shutil.which("nginx", path=PLACES):
        raise SetupError(
            "没有 nginx，配置文件的测试跑不了。请安装软件包 nginx 后重试。\n"
            "No nginx to try the configuration with: install the package nginx, then run make again."
        )
