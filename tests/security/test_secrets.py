"""No secret lies in the project, in none of its files and at no time before."""

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from bot.settings import ROOT
from tests.integration.fixtures_database import missing

PATTERNS = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY",
    "cloud key": r"\b(?:AKIA|ASIA|LTAI|AKID)[0-9A-Za-z]{16,}\b",
    "code host token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}|glpat-[\w-]{20,})",
    "chat token": r"\bxox[abprs]-[0-9A-Za-z-]{10,}",
    "API key": r"\b(?:sk-[A-Za-z0-9_-]{20,}|AIza[0-9A-Za-z_-]{35})",
    "signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{10,}",
    "webhook with key": r"weixin\.qq\.com/cgi-bin/webhook/send\?key=[0-9a-f-]{36}|hooks\.slack\.com/services/\w+",
    "password in an address": r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\"{}<>|()]*:[^\s:/@'\"{}<>|()]+@[\w.\[-]+",
    "secret in source": (
        r"(?i)\b\w*(?:secret|passw(?:or)?d|token|api_?key|aes_?key)[a-z]*\b[\"']?\s*[:=]\s*"
        r"[\"'](?P<value>[A-Za-z0-9+/=_-]{16,})[\"']"
    ),
    "AppSecret of WeChat": r"(?i)secret\W{1,5}(?P<value>[0-9a-f]{32})\b",
}  # fmt: skip

PLACEHOLDERS = (
    r"simulator", r"example", r"user(?:name)?:pass(?:word)?@|u:p@|u:a-password@", r"密码|口令", r"hunter2",
    r"@mail\.x\.cn", r"mail\.x\.cn:port", r"desk-of-the-day", r"secret-of-the-account",
    r"[ -]of[ -]the[ -](?:\w+-)?tests",
    r"eyJhbGciOiJIUzI1NiJ9\.eyJzdWIiOiI2YzFmIn0\.", r"5d1f0c8d9b7a63524f1e0c8d9b7a6352", r"another secret",
    r"[\"']/api/",
)  # fmt: skip
"""What documents and tests say in a secret's place, and opens nothing anywhere."""

RANDOM = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{32,}={0,2}(?![\w+/=-])")
RANDOM_BITS = 4.3
"""Bits for a character above which letters and digits look as a machine drew them."""
NOT_SECRET = ("requirements.lock", "requirements-dev.lock", "scripts/prepare/")
"""Their long numbers are digests of packages, for everybody to compare."""
HARMLESS_RANDOM = frozenset({"ENCApHxnGDNAVNY4AaSJKj4Tb5mwsEMzxhFmHVGcra996NR"})
"""The token of an event in WeChat's own documentation."""

_MAYBE = re.compile(r"[\w+/-]{16}|://|PRIVATE", re.ASCII)
"""Most lines are passed over by this alone."""
_SEARCHES = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}
_PLACEHOLDER = re.compile("|".join(PLACEHOLDERS), re.IGNORECASE)


def git(*command: str) -> str:
    try:
        done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, check=True, timeout=120)
    except (OSError, subprocess.CalledProcessError):
        missing("git with the project's history")
    return done.stdout.decode("utf-8", errors="replace")


def secrets_in(lines: Iterable[str]) -> Iterator[str]:
    for line in filter(_MAYBE.search, lines):
        for name, search in _SEARCHES.items():
            for found in search.finditer(line):
                if not _PLACEHOLDER.search(found[0]) and not any(word in found[0] for word in HARMLESS_RANDOM):
                    yield f"{name}: {found[0][:24]}…"
        for word in RANDOM.findall(line) if len(line) < 2000 else ():
            if is_random(word) and word not in HARMLESS_RANDOM:
                yield f"random: {word[:8]}…"


def is_random(word: str) -> bool:
    kinds = sum(bool(re.search(kind, word)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    counts = Counter(word).values()
    return kinds == 3 and -sum(n / len(word) * math.log2(n / len(word)) for n in counts) > RANDOM_BITS


def test_no_file_holds_a_secret() -> None:
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    found = []
    for name in filter(None, names):
        path = ROOT / name
        if not path.is_file() or name.startswith(NOT_SECRET) or path.stat().st_size > 5_000_000:
            continue
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            found += [f"{name}: {what}" for what in secrets_in(content.decode("utf-8", errors="replace").splitlines())]
    assert len(names) > 500
    assert found == []


def test_no_secret_was_ever_committed() -> None:
    found, name = [], ""
    for line in git("log", "-p", "--all", "--no-color", "--no-ext-diff", "-U0").splitlines():
        if line.startswith("+++ b/"):
            name = line.removeprefix("+++ b/")
        elif line.startswith("+") and not name.startswith(NOT_SECRET):
            found += [f"{name}: {what}" for what in secrets_in([line[1:]])]
    assert found == []


@pytest.mark.parametrize("name", [".env", "id_rsa", "server.key", "cert.pem", "var/secret", "var/anfu.db"])
def test_what_holds_secrets_by_its_nature_is_not_part_of_the_project(name: str) -> None:
    assert git("ls-files", "--", name, f"*/{name}") == ""


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "key = AKIA" + "ABCDEFGHIJKLMNOP",
        "ghp_" + "a1B2" * 10,
        "ANFU_DATABASE=postgresql://anfu:" + "s3cret@db.corp.lan/anfu",
        'WECHAT_SECRET = "' + "0f1e2d3c4b5a69788796a5b4c3d2e1f0" + '"',
        '"token": "' + "Zk9xQ2mW7rT4vB1nL8pD" + '"',
        "x " + "q7Zk9xQ2mW7rT4vB1" + "nL8pDf3Gh6Js0Ac5",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=" + "693a91f6-7c0b-4bc4-97a0-0ec2abfa5aaa",
    ],
)  # fmt: skip
def test_a_secret_would_be_found(line: str) -> None:
    assert list(secrets_in([line]))
