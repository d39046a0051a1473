"""A trained model is code: its archive names the classes to load. Only what training wrote here, unchanged, is loaded.

Beside each archive lies a manifest, `NAME.sha256` as `sha256sum -c` reads it, which only its owner may change. It is no
signature with the installation's secret: a model is trained once and goes with its manifest to machines that have
other secrets and may not write, and who may write the folder could as well change the program. It tells apart what was
trained from what was copied over it, cut short or damaged.
"""

import hashlib
import os
import stat
import tarfile
from pathlib import Path, PurePosixPath

from bot.domain.errors import EngineFailure

MOST_UNPACKED_BYTES = 2 * 1024**3
"""A model of ours unpacks to a few dozen MiB."""
_MANIFEST_MODE = 0o644
_RETRAIN = "请运行 anfu train --force 重新训练，或从可信的来源重新复制模型和校验文件"


def manifest_of(archive: Path) -> Path:
    """Where an archive's manifest lies."""
    return archive.with_name(archive.name + ".sha256")


def seal(archive: Path) -> None:
    """Write the manifest of an archive that was trained just now, in one step."""
    manifest = manifest_of(archive)
    coming = manifest.with_suffix(".coming")
    coming.unlink(missing_ok=True)
    with os.fdopen(os.open(coming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MANIFEST_MODE), "w") as file:
        file.write(f"{_digest(archive)}  {archive.name}\n")
    coming.replace(manifest)


def remove(archive: Path) -> None:
    """Take a model away with its manifest."""
    archive.unlink(missing_ok=True)
    manifest_of(archive).unlink(missing_ok=True)


def require_trusted(archive: Path, folder: Path) -> None:
    """See that a model may be loaded.

    Args:
        folder: where models lie; it may itself be reached through a link.

    Raises:
        EngineFailure: the archive lies outside of the folder or is a link, others could have written any of it, it is
            not what training wrote, or it unpacks to something else than plain files.
    """
    if archive.is_symlink() or archive.resolve().parent != folder.resolve():
        raise EngineFailure(f"模型 {archive} 不是模型文件夹 {folder} 里的普通文件，不载入。{_RETRAIN}")
    _require_ours(folder.resolve())
    for file in (archive, manifest_of(archive)):
        if not file.is_file() or file.is_symlink():
            raise EngineFailure(f"模型缺少文件 {file}，不载入。{_RETRAIN}")
        _require_ours(file)
    if manifest_of(archive).read_bytes() != f"{_digest(archive)}  {archive.name}\n".encode():
        raise EngineFailure(f"模型 {archive} 和训练时记下的校验值不一致，可能被改动或没有复制完整，不载入。{_RETRAIN}")
    _require_plain(archive)


def _require_ours(place: Path) -> None:
    """See that nobody but the owner (us, or root who installed us) and the owner's group can change it."""
    status = place.stat()
    if status.st_uid not in (os.geteuid(), 0):
        raise EngineFailure(
            f"{place} 属于别的系统用户，不载入其中的模型。请用运行客服的用户（或 root）来训练和放置模型"
        )
    if status.st_mode & stat.S_IWOTH:
        raise EngineFailure(
            f"{place} 任何人都能改写，不载入其中的模型。请运行 chmod o-w {place}，再运行 anfu train --force"
        )


def _require_plain(archive: Path) -> None:
    """See that the archive unpacks to files and folders below where it is unpacked, and not to too many bytes."""
    unpacked = 0
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                unpacked += member.size
                if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
                    raise EngineFailure(
                        f"模型 {archive} 里有不该有的内容（链接，或会写到外面的路径），不载入。{_RETRAIN}"
                    )
                if unpacked > MOST_UNPACKED_BYTES:
                    raise EngineFailure(f"模型 {archive} 解开后太大，不载入。{_RETRAIN}")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise EngineFailure(f"模型 {archive} 不是完整的模型文件，不载入。{_RETRAIN}") from error


def _digest(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
