"""The smallest complete channel, to be copied by who connects another one: a folder in place of a platform.

What a customer should read becomes a file in `<folder>/<customer>/`, one a message. It takes the same message twice
without harm, because the file has the message's name.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

from bot.domain.errors import ChannelFailure, MediaGone
from bot.domain.incoming import Media
from bot.domain.reach import Limits
from bot.services.ports.channels import SENT, Check, Envelope, Outcome, Receipt

PIECE_BYTES = 64 * 1024


class FolderChannel:
    """Implements `ports.Channel` with files."""

    name = "folder"
    limits = Limits({}, repeats=True)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __aenter__(self) -> "FolderChannel":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def send(self, envelope: Envelope) -> Receipt:
        """Write the message into the customer's folder; a folder that cannot be written is tried again later."""
        place = self._folder / envelope.external_id
        try:
            await asyncio.to_thread(_write, place / f"{envelope.id}.txt", envelope.text)
        except OSError as error:
            return Receipt(Outcome.LATER, f"写不进文件夹：{error.strerror}")
        return SENT

    async def show_typing(self, external_id: str) -> None:
        """A folder shows nothing."""

    async def fetch(self, media: Media) -> AsyncIterator[bytes]:
        """A customer's file, in pieces.

        Raises:
            MediaGone: there is none of that name. ChannelFailure: the folder cannot be read now.
        """
        try:
            with (self._folder / "files" / media.id).open("rb") as file:
                while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                    yield piece
        except FileNotFoundError:
            raise MediaGone("文件已经不在了") from None
        except OSError as error:
            raise ChannelFailure(f"读不了文件夹：{error.strerror}") from None

    async def check(self) -> list[Check]:
        """Whether the folder is there."""
        return [Check("文件夹", self._folder.is_dir(), str(self._folder))]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
