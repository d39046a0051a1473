"""Rewrites the lists in docs/dependencies.md from requirements.lock and what the installed packages say of themselves.

Run `.venv/bin/python scripts/dependencies.py` after `make lock`; the review of known holes stays what people wrote.
"""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "dependencies.md"
BEGIN, END = "<!-- 以下由 scripts/dependencies.py 生成 -->", "<!-- 生成到此为止 -->"
MOST_LICENCE_CHARS = 40

_PIN = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^ ;\\]+)")
_VIA = re.compile(r"    #   (?:via )?(\S+)|    # via (\S+)")


def locked(lock: str) -> dict[str, tuple[str, list[str]]]:
    """The packages of a lock file: name → version, and the packages that ask for it."""
    found: dict[str, tuple[str, list[str]]] = {}
    asked_by: list[str] = []
    for line in lock.splitlines():
        if pin := _PIN.match(line):
            asked_by = []
            found[_name(pin[1])] = (pin[2], asked_by)
        elif (via := _VIA.fullmatch(line)) and (by := via[1] or via[2]):
            asked_by.append(by)
    return found


def listed(document: str) -> dict[str, str]:
    """The packages that the document lists: name → version."""
    generated = document.partition(BEGIN)[2].partition(END)[0]
    rows = (line.split("|") for line in generated.splitlines() if line.startswith("| ") and "==" not in line)
    return {row[1].strip(): row[2].strip() for row in rows if row[1].strip() not in ("包", "---")}


def generated(lock: str, project: str) -> str:
    """Both lists: what we ask for ourselves, and what comes with it."""
    packages = locked(lock)
    wanted = tomllib.loads(project)["project"]["dependencies"]
    own = {_name(re.split(r"[<>=!~\[; ]", one, maxsplit=1)[0]) for one in wanted}
    lines = ["", f"直接依赖 {len(own)} 个：", "", "| 包 | 版本 | 许可证 |", "|---|---|---|"]
    lines += [f"| {name} | {version} | {_licence(name)} |" for name, (version, _) in packages.items() if name in own]
    lines += [
        "",
        f"由它们带来的 {len(packages) - len(own)} 个：",
        "",
        "| 包 | 版本 | 许可证 | 谁要它 |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {version} | {_licence(name)} | {'、'.join(by)} |"
        for name, (version, by) in packages.items()
        if name not in own
    ]
    return "\n".join(lines) + "\n\n"


def _name(written: str) -> str:
    return re.sub(r"[-_.]+", "-", written).lower()


def _licence(name: str) -> str:
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return "（未安装）"
    classes = [c.rpartition("::")[2].strip() for c in told.get_all("Classifier") or [] if c.startswith("License ::")]
    classes = [c for c in classes if c != "OSI Approved"]
    first = (told["License"] or "").strip().partition("\n")[0]
    licence = told["License-Expression"] or "、".join(classes) or first
    return licence.replace("|", "/")[:MOST_LICENCE_CHARS] or "未写明"


def main() -> None:
    """Rewrite the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    lists = generated(
        (ROOT / "requirements.lock").read_text(encoding="utf-8"), (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    )
    DOCUMENT.write_text(f"{before}{BEGIN}\n{lists}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
