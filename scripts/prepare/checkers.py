"""nginx and what else takes the files of deploy/: on CI only, since installing them starts servers."""

import os
import shutil

from machine import SetupError, apt_install

PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
PACKAGES = {
    "nginx": "nginx", "docker-compose": "docker-compose", "promtool": "prometheus", "systemd-analyze": "systemd"
}  # fmt: skip
"""By program, the package that it is in."""


def checkers() -> None:
    if not os.environ.get("CI"):
        return
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program, path=PLACES)]
    if missing:
        apt_install(*missing)
    for program, package in PACKAGES.items():
        if not shutil.which(program, path=PLACES):
            raise SetupError(
                f"没有 {program}，deploy/ 里文件的测试跑不了。请安装软件包 {package} 后重试。\n"
                f"No {program} to try the files of deploy/ with: install the package {package}, then run make again."
            )
