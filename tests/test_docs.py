"""The documents are true: what exists is described, and what is described exists (invariant 12)."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = README + "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("setting", [field.name for field in dataclasses.fields(Settings)])
def test_every_setting_is_described(setting: str) -> None:
    assert f"| `{setting}` | `ANFU_{setting.upper()}` |" in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*DOMAIN["intents"], *DOMAIN["actions"], *DOMAIN["forms"]])
def test_every_intent_action_and_form_is_described(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "docs" / "dialogue.md").read_text(encoding="utf-8")


def test_every_command_in_the_docs_exists_and_every_command_is_in_the_docs() -> None:
    told = set(re.findall(r"anfu ((?:scripts|tickets|users) [a-z]+|[a-z]+)", DOCS))
    listing = subprocess.run([sys.executable, "-m", "bot", "--help"], capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"^    ([a-z]+)(?: |$)", listing, re.MULTILINE))
    assert commands, listing
    assert {command.split()[0] for command in told} == commands


def test_every_file_that_the_docs_name_exists() -> None:
    for named in re.findall(r"`((?:bot|data|docs|actions|tests|bench|deploy)/[\w./-]+)`", DOCS):
        assert (ROOT / named).exists(), named


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make ([a-z-]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_picture_in_the_readme_exists() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).is_file(), picture
