"""What is installed is written down, with what is known to be wrong with it."""

import importlib.util
import re
import tomllib
from types import ModuleType

import pytest

from bot.settings import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
DOCUMENT = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def dependencies() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dependencies", ROOT / "scripts" / "dependencies.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_list_is_that_of_the_lock(dependencies: ModuleType) -> None:
    locked = {name: version for name, (version, _) in dependencies.locked(LOCK).items()}
    assert dependencies.listed(DOCUMENT) == locked, "run .venv/bin/python scripts/dependencies.py"
    assert len(locked) == len(re.findall(r"^\S+==", LOCK, re.MULTILINE))


def test_every_version_in_the_review_is_the_one_that_is_locked(dependencies: ModuleType) -> None:
    locked = dependencies.locked(LOCK)
    review = DOCUMENT.partition("## 已知漏洞")[2].partition("## 清单")[0]
    reviewed = [row.split("|")[1] for row in review.splitlines() if row.startswith("| ")]
    for name, version in re.findall(r"([a-z0-9-]+) ([0-9]+(?:\.[0-9]+)+)", " ".join(reviewed)):
        assert locked[name][0] == version, name


def test_whatever_we_ask_for_ourselves_has_a_reason(dependencies: ModuleType) -> None:
    reasons = DOCUMENT.partition("## 为什么需要")[2].partition("## 已知漏洞")[0]
    for wanted in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]:
        name = re.split(r"[<>=\[]", wanted)[0]
        assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", reasons), name


def test_every_package_is_installed_as_its_authors_made_it() -> None:
    for package in re.split(r"\n(?=\S)", LOCK.strip()):
        assert "--hash=sha256:" in package, package.splitlines()[0]
