"""Files on disk beside the database: counted as they come, whole or not there, readable to the owner only.

They lie in `<folder>/<first two digits of SHA-256>/<id>`; half ones in `<folder>/coming/<id>`.
"""

import errno
import hashlib
import os
import re
import shutil
from datetime import datetime
from pathlib import Path
from types import TracebackType

import filetype

from bot.domain.attachment import MOST_BYTES
from bot.domain.errors import StorageFull, TooLong

HEAD_BYTES = 8192
"""What is looked at to tell what a file is."""
KEPT_FREE = 256 * 1024 * 1024
"""Bytes of the disk that files leave to the database: whoever fills it with files stops no conversation."""
_COMING = "coming"
_NO_PLACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_MARKUP = re.compile(rb"<\s*(?:!doctype|html|script|svg|iframe|object|embed|\?xml|head|body)", re.IGNORECASE)
_ENCODINGS = ("utf-8", "gb18030")


class Files:
    """Implements `ports.FileStore` in a folder of the data directory."""

    def __init__(self, folder: Path, most: int = MOST_BYTES, kept_free: int = KEPT_FREE) -> None:
        self._folder = folder
        self._most = most
        self._kept_free = kept_free

    def receive(self, file_id: str) -> "Coming":
        """A new file; it is gone when its block ends, unless it was kept."""
        return Coming(self._folder, file_id, self._most, self._kept_free)

    def path(self, file_id: str, digest: str) -> str | None:
        """Where a file lies; None where it is not there."""
        path = _place(self._folder, file_id, digest)
        return str(path) if path.is_file() else None

    def remove(self, file_id: str, digest: str) -> None:
        """Take a file away, if it is there."""
        _place(self._folder, file_id, digest).unlink(missing_ok=True)

    def older_than(self, moment: datetime) -> list[tuple[str, str]]:
        """Ids and first digits of the digests of files that came before; half ones of that age are cleared away."""
        found = []
        for path in self._folder.glob("*/*"):
            if path.stat().st_mtime >= moment.timestamp():
                continue
            if path.parent.name == _COMING:
                path.unlink(missing_ok=True)
            else:
                found.append((path.name, path.parent.name))
        return found


class Coming:
    """Implements `ports.Upload`."""

    def __init__(self, folder: Path, file_id: str, most: int, kept_free: int = KEPT_FREE) -> None:
        self._folder = folder
        self._id = file_id
        self._most = most
        self._kept_free = kept_free
        self._path = folder / _COMING / file_id
        self._hash = hashlib.sha256()
        self._head = b""
        self._kept = False
        self.size = 0

    def __enter__(self) -> "Coming":
        with _refusing_when_full():
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if shutil.disk_usage(self._path.parent).free < self._kept_free + self._most:
                raise OSError(errno.ENOSPC, "what is left belongs to the database")
            self._file = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if not self._kept:
            self._path.unlink(missing_ok=True)

    def write(self, piece: bytes) -> None:
        """Add a piece; what would make it too long is never written."""
        if self.size + len(piece) > self._most:
            raise TooLong(f"文件超过 {self._most // 1024 // 1024} MB，请压缩后再传")
        with _refusing_when_full():
            left = memoryview(piece)
            while left:  # a raw file may take less than it was given
                left = left[self._file.write(left) :]
        self._hash.update(piece)
        self.size += len(piece)
        if len(self._head) < HEAD_BYTES:
            self._head = (self._head + piece)[:HEAD_BYTES]

    @property
    def digest(self) -> str:
        """SHA-256 of what came so far."""
        return self._hash.hexdigest()

    def kind(self) -> str | None:
        """What is in it, by its content; text only where nothing in it could be a page."""
        if guessed := filetype.guess_mime(self._head):
            return str(guessed)
        return "text/plain" if self.size and self._is_text() else None

    def keep(self) -> None:
        """Put it in its place in one step."""
        place = _place(self._folder, self._id, self.digest)
        with _refusing_when_full():
            os.fsync(self._file.fileno())
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.replace(self._path, place)
        self._kept = True

    def _is_text(self) -> bool:
        if b"\x00" in self._head or _MARKUP.search(self._path.read_bytes()):
            return False
        return any(_decodes(self._head, encoding) for encoding in _ENCODINGS)


class _refusing_when_full:
    """Says plainly that the disk is full."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError) and error.errno in _NO_PLACE:
            raise StorageFull("附件存不下了：服务器磁盘已满，请联系管理员清理后再传，文字消息不受影响") from error


def _decodes(head: bytes, encoding: str) -> bool:
    # The head may end within a character: up to three bytes are left out.
    for end in range(len(head), max(len(head) - 4, 0), -1):
        try:
            head[:end].decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _place(folder: Path, file_id: str, digest: str) -> Path:
    return folder / digest[:2] / file_id
