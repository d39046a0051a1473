"""The import rule: folder names are the order of dependency."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MAY_IMPORT = {
    "bot.domain": {"bot.domain"},
    "bot.services": {"bot.services", "bot.domain"},
    "bot.nlu": {"bot.nlu", "bot.domain"},
    "bot.adapters": {"bot.adapters", "bot.domain", "bot.services.ports"},
    "bot.gateway": {"bot.gateway", "bot.services", "bot.domain"},
    "bot.workers": {"bot.workers", "bot.services", "bot.domain"},
    "bot.evaluation": {"bot.evaluation", "bot.domain", "bot.settings"},
    "bot.simulator": {"bot.simulator", "bot.domain", "bot.adapters.channels"},
    "actions": {"actions", "bot.services", "bot.domain", "bot.bootstrap"},
    "bot.bootstrap": {"bot.domain", "bot.services", "bot.nlu", "bot.adapters", "bot.settings", "bot.accounts"},
    "bot.accounts": {"bot.domain", "bot.adapters", "bot.settings"},
    "bot.settings": set(),
}

ONLY_IN = {
    "argon2": {"bot.adapters.passwords"},
    "pyotp": {"bot.adapters.second_factor"},
    "segno": {"bot.adapters.second_factor"},
    "sqlalchemy": {"bot.adapters", "bot.bootstrap"},
    "rasa": {
        "bot.nlu",
        "bot.adapters.engine",
        "bot.adapters.dialogue",
        "bot.adapters.own_actions",
        "bot.adapters.rasa_speed",
        "bot.adapters.training",
        "bot.evaluation.stock",
    },
    # `own_actions` is where the one hands over to the other.
    "rasa_sdk": {"actions", "bot.adapters.own_actions", "bot.commands.model"},
    "aiohttp": {
        "bot.gateway",
        "bot.commands.node",
        "bot.simulator",
        "bot.adapters.channels",
        "bot.adapters.couriers.subscriber",
        "bot.adapters.couriers.webhook",
    },
}


def modules() -> Iterator[tuple[str, Path]]:
    for folder in ("bot", "actions"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def within(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


@pytest.mark.parametrize(
    ("module", "path"), list(modules()), ids=lambda value: str(value) if isinstance(value, str) else ""
)
def test_each_room_imports_only_what_it_may(module: str, path: Path) -> None:
    room = next((package for package in MAY_IMPORT if within(module, {package})), None)
    for imported in imports(path):
        if room and within(imported, {"bot", "actions"}):
            assert within(imported, MAY_IMPORT[room]), f"{module} imports {imported}"
        library = imported.split(".")[0]
        if library in ONLY_IN:
            assert within(module, ONLY_IN[library]), f"{module} imports {library}"


def test_the_domain_needs_nothing_but_the_standard_library() -> None:
    import sys

    for module, path in modules():
        if within(module, {"bot.domain"}):
            strangers = {i.split(".")[0] for i in imports(path)} - set(sys.stdlib_module_names) - {"bot"}
            assert not strangers, f"{module} imports {strangers}"
