"""A model is loaded only where training put it, as training wrote it, and where nobody else can have changed it."""

import ast
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters import model_archive
from bot.adapters.model_archive import manifest_of, require_trusted, seal
from bot.adapters.training import model_path
from bot.commands.model import ensure_model
from bot.domain.errors import EngineFailure
from bot.settings import ROOT, Settings

RUNS = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle", "skops.io"}


def pack(archive: Path, *members: tarfile.TarInfo) -> Path:
    """An archive with a plain file and these members."""
    with tarfile.open(archive, "w:gz") as tar:
        plain = tarfile.TarInfo("metadata.json")
        plain.size = 2
        tar.addfile(plain, io.BytesIO(b"{}"))
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size) if member.isreg() else None)
    return archive


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir(mode=0o755)
    return folder


@pytest.fixture
def archive(folder: Path) -> Path:
    archive = pack(folder / "anfu-1.tar.gz")
    seal(archive)
    return archive


def test_what_was_trained_here_is_loaded(archive: Path, folder: Path) -> None:
    require_trusted(archive, folder)


def test_the_manifest_is_one_that_operators_can_check_themselves(archive: Path, folder: Path) -> None:
    subprocess.run(["sha256sum", "-c", manifest_of(archive).name], cwd=folder, check=True, capture_output=True)
    assert manifest_of(archive).stat().st_mode & 0o777 == 0o644


def test_a_deployed_model_that_nobody_may_write_is_loaded_also_by_way_of_a_link_to_its_folder(
    archive: Path, folder: Path, tmp_path: Path
) -> None:
    for file in (archive, manifest_of(archive)):
        file.chmod(0o444)
    folder.chmod(0o555)
    (tmp_path / "current").symlink_to(folder)
    try:
        require_trusted(tmp_path / "current" / archive.name, tmp_path / "current")
    finally:
        folder.chmod(0o755)


def changed_byte(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)


def another(archive: Path) -> None:
    pack(archive, member("more"))


def cut_short(archive: Path) -> None:
    os.truncate(archive, archive.stat().st_size - 1)


def without_manifest(archive: Path) -> None:
    manifest_of(archive).unlink()


def manifest_of_another(archive: Path) -> None:
    other = pack(archive.with_name("anfu-2.tar.gz"))
    seal(other)
    manifest_of(other).replace(manifest_of(archive))


def linked(archive: Path) -> None:
    real = archive.with_name("real.tar.gz")
    archive.rename(real)
    archive.symlink_to(real)


def linked_from_outside(archive: Path) -> None:
    outside = archive.parents[1] / archive.name
    archive.rename(outside)
    archive.symlink_to(outside)


def linked_manifest(archive: Path) -> None:
    real = archive.with_name("real.sha256")
    manifest_of(archive).rename(real)
    manifest_of(archive).symlink_to(real)


def writable(archive: Path) -> None:
    archive.chmod(0o646)


def writable_manifest(archive: Path) -> None:
    manifest_of(archive).chmod(0o666)


def writable_folder(archive: Path) -> None:
    archive.parent.chmod(0o777)


def sealed_rubbish(archive: Path) -> None:
    archive.write_bytes(b"no archive")
    seal(archive)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (changed_byte, "校验值不一致"), (another, "校验值不一致"), (cut_short, "校验值不一致"),
        (manifest_of_another, "校验值不一致"), (without_manifest, "缺少文件"), (linked_manifest, "缺少文件"),
        (linked, "不是模型文件夹"), (linked_from_outside, "不是模型文件夹"),
        (writable, "chmod o-w"), (writable_manifest, "chmod o-w"), (writable_folder, "chmod o-w"),
        (sealed_rubbish, "不是完整的模型文件"),
    ],
)  # fmt: skip
def test_what_may_have_been_changed_is_refused_with_what_to_do(
    archive: Path, folder: Path, harm: Callable[[Path], None], said: str
) -> None:
    harm(archive)
    with pytest.raises(EngineFailure, match=said) as refused:
        require_trusted(archive, folder)
    assert "anfu train" in str(refused.value)


def test_a_model_from_elsewhere_is_refused(archive: Path, folder: Path, tmp_path: Path) -> None:
    for place in (tmp_path, folder / "below"):
        place.mkdir(exist_ok=True)
        copied = Path(shutil.copy(archive, place))
        seal(copied)
        with pytest.raises(EngineFailure, match="不是模型文件夹"):
            require_trusted(copied, folder)
    with pytest.raises(EngineFailure, match="不是模型文件夹"):
        require_trusted(folder / ".." / archive.name, folder)


@pytest.mark.parametrize(
    "bad",
    [
        member("../outside"), member("/etc/outside"), member("in/../../outside"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"), member("link", tarfile.LNKTYPE, "metadata.json"),
        member("device", tarfile.CHRTYPE), member("pipe", tarfile.FIFOTYPE),
    ],
    ids=["parent", "absolute", "by a detour", "symbolic link", "hard link", "device", "pipe"],
)  # fmt: skip
def test_an_archive_that_reaches_outside_is_refused_whoever_sealed_it(folder: Path, bad: tarfile.TarInfo) -> None:
    archive = pack(folder / "anfu-1.tar.gz", bad)
    seal(archive)
    with pytest.raises(EngineFailure, match="不该有的内容"):
        require_trusted(archive, folder)


def test_an_archive_that_fills_the_disk_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_archive, "MOST_UNPACKED_BYTES", 1000)
    big = member("big")
    big.size = 1001
    archive = pack(folder / "anfu-1.tar.gz", big)
    seal(archive)
    with pytest.raises(EngineFailure, match="太大"):
        require_trusted(archive, folder)


def test_commands_refuse_a_changed_model_instead_of_loading_it(folder: Path) -> None:
    archive = pack(model_path(ROOT, folder))
    seal(archive)
    settings = Settings(data_dir=folder.parent, models_dir=folder)
    assert ensure_model(settings) == archive
    changed_byte(archive)
    with pytest.raises(EngineFailure, match="校验值不一致"):
        ensure_model(settings)


def test_a_place_without_model_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineFailure, match="写不进去"):
        ensure_model(Settings(data_dir=tmp_path, models_dir=tmp_path / "file" / "models"))


def test_nothing_is_read_that_could_run() -> None:
    """What is kept on disk is arrays, JSON and plain YAML: no pickle in any dress, no YAML that makes objects."""
    sources = [path for room in ("bot", "actions") for path in (ROOT / room).rglob("*.py")]
    assert len(sources) > 100
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    assert {name.name for name in names}.isdisjoint(RUNS), path
                case ast.ImportFrom(module=module):
                    assert module not in RUNS, path
                case ast.Call(func=ast.Name(id=called)):
                    assert called not in ("eval", "exec", "compile", "__import__"), path
                case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr="load"), keywords=keywords):
                    assert [ast.unparse(keyword) for keyword in keywords] == ["allow_pickle=False"], path
                case ast.Attribute(value=ast.Name(id="yaml" | "torch"), attr=attr):
                    assert attr not in ("load", "load_all", "unsafe_load", "full_load", "UnsafeLoader", "Loader"), path


def test_a_cache_that_somebody_else_put_into_the_shared_folder_is_not_read(tmp_path: Path) -> None:
    """jieba reads its cache with `marshal`; a wrong one would stop it, or worse."""
    (tmp_path / "jieba.cache").write_bytes(b"planted")
    os.utime(tmp_path / "jieba.cache", (2**31, 2**31))
    script = "from bot.nlu import words; print(words.is_word('洗衣机'), words.commonness('planted') < 0)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], cwd=ROOT, env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.split() == ["True", "True"], done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["jieba.cache"]
    assert (tmp_path / "jieba.cache").read_bytes() == b"planted"
