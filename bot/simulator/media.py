"""Files that lie with the platform for three days (W5)."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.simulator.refusals import BAD_FILE_SIZE, BAD_MEDIA_ID, BAD_MEDIA_TYPE, Refused

KEPT = timedelta(days=3)
MEGABYTE = 1024 * 1024
MOST_BYTES = {
    "image": 10 * MEGABYTE, "voice": 2 * MEGABYTE, "video": 10 * MEGABYTE, "file": 20 * MEGABYTE, "thumb": 64 * 1024,
}  # fmt: skip


@dataclass(frozen=True)
class StoredMedia:
    """A file at the platform."""

    id: str
    kind: str
    name: str
    type: str
    content: bytes
    stored_at: datetime


class MediaStore:
    """The platform's files."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._files: dict[str, StoredMedia] = {}
        self._numbers = itertools.count(1)

    def add(self, kind: str, name: str, type_: str, content: bytes) -> StoredMedia:
        """Keep a file.

        Raises:
            Refused: a kind that there is not, nothing in it, or too much.
        """
        if kind not in MOST_BYTES:
            raise Refused(BAD_MEDIA_TYPE, kind)
        if not 0 < len(content) <= MOST_BYTES[kind]:
            raise Refused(BAD_FILE_SIZE, f"{len(content)} bytes")
        media = StoredMedia(f"media-{kind}-{next(self._numbers):06}", kind, name, type_, content, self._now())
        self._files[media.id] = media
        return media

    def get(self, media_id: str) -> StoredMedia:
        """A file.

        Raises:
            Refused: there is none of that id, or its three days are over.
        """
        media = self._files.get(media_id)
        if media is None or self._now() - media.stored_at >= KEPT:
            raise Refused(BAD_MEDIA_ID, media_id)
        return media
