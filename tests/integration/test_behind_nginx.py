"""`deploy/nginx/anfu.conf` as it is shipped: nginx takes it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.fixtures_database import ROOT, missing

CONF = ROOT / "deploy" / "nginx" / "anfu.conf"
FRAME = """
daemon off;
error_log stderr;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {conf}
}}
"""


@pytest.fixture
def nginx() -> str:
    """Where nginx is."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    return found or missing("nginx")


def certificate(folder: Path) -> dict[str, str]:
    """A certificate that nobody trusts, in place of the real one."""
    kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=kefu.example.com"]
    places = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", "req", *kind, *places], check=True, capture_output=True)
    return {
        "/etc/nginx/certs/kefu.example.com.pem": str(folder / "cert.pem"),
        "/etc/nginx/certs/kefu.example.com.key": str(folder / "key.pem"),
    }


def write_conf(folder: Path, changes: dict[str, str]) -> Path:
    """The shipped file with other addresses, within what a distribution's own file says."""
    conf = CONF.read_text()
    for shipped, here in changes.items():
        assert shipped in conf, f"{CONF.name} no longer has {shipped}"
        conf = conf.replace(shipped, here)
    path = folder / "nginx.conf"
    path.write_text(FRAME.format(folder=folder, conf=conf))
    return path


def test_nginx_takes_the_shipped_file(nginx: str, tmp_path: Path) -> None:
    path = write_conf(tmp_path, certificate(tmp_path))
    checked = subprocess.run([nginx, "-t", "-p", tmp_path, "-c", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr
