"""Fetch uv's wheel from package indexes with the standard library alone, for machines whose pip cannot."""

import base64
import hashlib
import html.parser
import json
import os
import platform
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

from machine import SetupError, apt_install, certificates, pip_setting, say

OLDEST_UV = (0, 5)
DEFAULT_INDEX = "https://pypi.org/simple"


def version_of(text: str) -> Tuple[int, ...]:
    found = re.match(r"(\d+(?:\.\d+)*)$", text)
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()


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
