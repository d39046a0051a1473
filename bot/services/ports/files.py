"""Where files lie."""

from datetime import datetime
from types import TracebackType
from typing import Protocol


class AttachmentMarks(Protocol):
    """Which tickets have files, and which files are known."""

    def mark(self, ticket: str | None, conversation_id: str | None) -> None: ...
    def known_ids(self, ids: list[str]) -> set[str]: ...


class Upload(Protocol):
    """A file that is coming in, in pieces; what is not kept is gone when the block ends."""

    def __enter__(self) -> "Upload": ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, piece: bytes) -> None:
        """Add a piece.

        Raises:
            TooLong: there is more than may come. StorageFull: the disk has no place for it.
        """
        ...

    def kind(self) -> str | None:
        """What is in it, by its content; None where that is nothing known."""
        ...

    @property
    def size(self) -> int: ...
    @property
    def digest(self) -> str: ...
    def keep(self) -> None:
        """Put it in its place, whole.

        Raises:
            StorageFull: the disk has no place for it.
        """
        ...


class FileStore(Protocol):
    """Keeps files, out of reach of every address of the gateway."""

    def receive(self, file_id: str) -> Upload: ...
    def path(self, file_id: str, digest: str) -> str | None:
        """Where a file lies; None where it is not there."""
        ...

    def remove(self, file_id: str, digest: str) -> None: ...
    def older_than(self, moment: datetime) -> list[tuple[str, str]]:
        """Ids and digests of files that came before; half ones are cleared away."""
        ...
