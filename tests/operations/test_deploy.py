"""What lies in deploy/ fits the program: names, paths, settings, numbers."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.domain.pulse import Pulse, Waiting
from bot.gateway.metrics import Metrics
from bot.settings import ROOT, Settings
from tests.integration.fixtures_database import missing

DEPLOY = ROOT / "deploy"
SETTINGS = {f"ANFU_{field.name.upper()}" for field in dataclasses.fields(Settings)} | {"ANFU_SECRET", "ANFU_DATA_KEYS"}
UNITS = sorted((DEPLOY / "systemd").iterdir())


# Settings


def program(name: str) -> str:
    """Where it is; CI must have it."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    return found or missing(name)


def files_with_settings() -> Iterator[Path]:
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file() and path.suffix != ".json":
            yield path


@pytest.mark.parametrize("path", list(files_with_settings()), ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"ANFU_[A-Z_]+\b", path.read_text(encoding="utf-8")))
    assert named <= SETTINGS, path


def test_the_example_of_an_env_file_gives_no_key_away() -> None:
    for line in (DEPLOY / "anfu.env.example").read_text(encoding="utf-8").splitlines():
        name, _, value = line.lstrip("#").partition("=")
        if re.search(r"SECRET|KEYS?$|TOKEN|PASSWORD", name):
            assert not value, name


# The image


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined."""
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#")).replace("\\\n", " ")
    parted = (line.partition(" ") for line in text.splitlines() if line.strip())
    return [(word, rest.strip()) for word, _, rest in parted]


def test_the_image_has_only_instructions_that_exist_and_begins_with_one_of_python() -> None:
    known = {
        "FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT",
        "CMD",
    }  # fmt: skip
    found = instructions()
    assert {word for word, _ in found} <= known
    images = [rest.split()[0] for word, rest in found if word == "FROM"]
    assert found[0][0] == "FROM" and set(images) == {"python:3.11-slim"}
    for word, rest in found:
        if word in ("ENTRYPOINT", "CMD"):
            assert json.loads(rest), "without a shell, so that signals arrive"


def test_what_the_image_copies_is_there_and_is_sent_to_the_builder() -> None:
    sent = [line[1:] for line in ignored() if line.startswith("!")]
    for word, rest in instructions():
        if word == "COPY" and "--from" not in rest:
            *sources, _ = rest.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert source in sent, f"{source} is kept from the builder by Dockerfile.dockerignore"


def ignored() -> list[str]:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_no_data_and_no_key_gets_into_the_image() -> None:
    patterns = ignored()
    assert patterns[0] == "*", "what is not named stays outside"
    for name in ("var", ".git", ".venv", "models", "deploy", "tests"):
        assert not any(fnmatch(name, pattern[1:]) for pattern in patterns if pattern.startswith("!")), name


def test_the_image_runs_as_nobody_special_and_says_whether_it_is_ready() -> None:
    after_last_stage = instructions()[[word for word, _ in instructions()].index("FROM", 1) :]
    words = [word for word, _ in after_last_stage]
    assert dict(after_last_stage)["USER"] not in ("root", "0")
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert "/readyz" in dict(after_last_stage)["HEALTHCHECK"]


def test_the_image_installs_what_is_locked_with_its_hashes_and_trains_the_model() -> None:
    ran = " ".join(rest for word, rest in instructions() if word == "RUN")
    assert "--require-hashes requirements.lock" in ran and "anfu train" in ran


# compose


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
    return loaded


def test_compose_holds_two_nodes_and_what_they_need(compose: dict[str, Any]) -> None:
    known = {
        "image", "build", "env_file", "environment", "volumes", "read_only", "tmpfs", "cap_drop", "security_opt",
        "mem_limit", "stop_grace_period", "restart", "depends_on", "networks", "healthcheck", "command", "ports",
    }  # fmt: skip
    services = compose["services"]
    assert set(services) == {"anfu-1", "anfu-2", "postgres", "redis", "nginx"}
    for name, service in services.items():
        assert set(service) <= known, name
        assert ":" in service["image"] or service.get("build"), f"{name}: an image without a version changes by itself"
        for other, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert services[other].keys() & {"healthcheck", "build"}, f"{other} does not say whether it is healthy"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            is_here = source.startswith("./")
            assert is_here or source in compose["volumes"], volume
        for network in service["networks"]:
            assert network in compose["networks"]


def test_compose_and_nginx_agree_on_where_the_nodes_are(compose: dict[str, Any]) -> None:
    services = compose["services"]
    told = re.findall(r"server (\d+\.\d+\.\d+\.\d+):8080", (DEPLOY / "nginx" / "anfu.conf").read_text(encoding="utf-8"))
    nodes = [services[name]["networks"]["inside"]["ipv4_address"] for name in ("anfu-1", "anfu-2")]
    assert told == nodes * 2, "each once more, as a backup"
    proxy = services["nginx"]["networks"]["inside"]["ipv4_address"]
    for name in ("anfu-1", "anfu-2"):
        assert services[name]["environment"]["ANFU_TRUSTED_PROXIES"] == proxy


def test_docker_itself_takes_the_compose_file(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    file, env = tmp_path / "deploy" / "compose.yml", tmp_path / "deploy" / "anfu.env"
    env.write_text((DEPLOY / "anfu.env.example").read_text() + "POSTGRES_PASSWORD=x\n")
    docker = shutil.which("docker")
    if docker and not subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        command = [docker, "compose"]
    else:
        command = [program("docker-compose")]
        # The one that Debian has is older than the field, and knows the rest.
        file.write_text(re.sub(r"^name: .*\n", "", file.read_text(), flags=re.MULTILINE))
    done = subprocess.run(
        [*command, "-f", str(file), "--env-file", str(env), "config", "--quiet"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


# systemd


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/anfu", str(ROOT))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", *(str(tmp_path / unit.name) for unit in UNITS)], capture_output=True, text=True
    )
    complaints = [line for line in done.stderr.splitlines() if "anfu" in line]
    assert done.returncode == 0 and not complaints, done.stderr


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_units_run_commands_that_exist_and_may_do_little(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    [command] = re.findall(r"^ExecStart=/opt/anfu/\.venv/bin/anfu (.+)$", text, re.MULTILINE)
    assert command.split()[0] in ("serve", "backup")
    for line in ("User=anfu", "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "UMask=0077"):
        assert f"\n{line}\n" in text, line


# Numbers


@pytest.fixture(scope="module")
def numbers() -> set[str]:
    """The names of all series that /metrics may tell."""
    metrics = Metrics()
    metrics.show(Pulse(outbox={"wechat": Waiting(1, 1.0)}, token_seconds={"wechat:1": 1.0}))
    found = set()
    for line in metrics.tell().decode().splitlines():
        if match := re.match(r"# TYPE (\w+) (\w+)", line):
            name, kind = match.groups()
            found |= {f"{name}_{end}" for end in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return found


def named_numbers(path: Path) -> set[str]:
    if path.suffix == ".json":
        board = json.loads(path.read_text(encoding="utf-8"))
        told = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
        told += [one["expr"] for one in board["annotations"]["list"]]
    else:
        groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        told = [rule["expr"] for group in groups for rule in group["rules"]]
    return set(re.findall(r"\banfu_\w+", " ".join(told)))


@pytest.mark.parametrize(
    "arguments",
    [["check", "config", "--syntax-only", "prometheus.yml"], ["check", "rules", "alerts.yml"]],
    ids=" ".join,
)
def test_prometheus_takes_its_files(arguments: list[str]) -> None:
    done = subprocess.run(
        [program("promtool"), *arguments], cwd=DEPLOY / "prometheus", capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["grafana/anfu.json", "prometheus/alerts.yml"])
def test_every_number_that_is_watched_is_told(name: str, numbers: set[str]) -> None:
    named = named_numbers(DEPLOY / name)
    assert named and named <= numbers, named - numbers


def test_every_number_that_is_told_is_shown(numbers: set[str]) -> None:
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in named_numbers(DEPLOY / "grafana" / "anfu.json")}
    told = {re.sub(r"_(bucket|sum|count)$", "", name) for name in numbers}
    assert {name for name in told if not name.endswith("_created")} == shown


def test_every_alert_says_in_chinese_what_is_wrong_and_what_to_do() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert re.fullmatch(r"\d+m", rule["for"])
        for words in (rule["annotations"]["summary"], rule["annotations"]["description"]):
            assert re.search("[\u4e00-\u9fff]", words), rule["alert"]


def test_the_dashboard_has_a_panel_in_each_place() -> None:
    panels = json.loads((DEPLOY / "grafana" / "anfu.json").read_text(encoding="utf-8"))["panels"]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels) == len({panel["id"] for panel in panels})
