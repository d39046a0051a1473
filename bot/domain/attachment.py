"""Files that belong to a ticket or a conversation: which may come, and under which name."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.dates import SHANGHAI
from bot.domain.errors import InvalidInput

MOST_BYTES = 10 * 1024 * 1024
MOST_FILES = 20
"""On one ticket, and in one conversation."""
LONGEST_NAME = 80
LONGEST_ENDING = 10

ENDINGS: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/gif": ("gif",),
    "application/pdf": ("pdf",),
    "text/plain": ("txt",),
}
"""What may come, by what is in it, with the endings that say so. SVG and HTML may not: they can hold scripts."""
ALLOWED = "jpg、png、webp、gif、pdf、txt"
FETCHED: Mapping[str, tuple[str, ...]] = {**ENDINGS, "audio/amr": ("amr",), "video/mp4": ("mp4",)}
"""What may come from other people's platforms: also what phones record there."""
FETCHED_WORDS: Mapping[str, str] = {"image": "图片", "voice": "语音", "video": "视频", "file": "文件"}
"""How people call a file that lies with a platform, by its kind there."""

_PATH = re.compile(r"[\\/:]")
_FORBIDDEN = re.compile(r'[<>"|?*\x00-\x1f\x7f]')
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Attachment:
    """One file.

    Attributes:
        ticket: the ticket that it was put on; None where a customer sent it in a conversation.
        conversation_id: the conversation that it came through.
        type: what is in it, as its content tells.
        size: bytes.
        digest: SHA-256 of its content, in hexadecimal digits.
        added_by: a person's name, or `customer`.
    """

    id: str
    ticket: str | None
    conversation_id: str | None
    name: str
    type: str
    size: int
    digest: str
    added_by: str
    added_at: datetime
    version: int = 0

    @property
    def is_image(self) -> bool:
        """Whether it can be looked at in the page."""
        return self.type.startswith("image/")


def clean_name(raw: str) -> str:
    """A file's name as people may read it: without folders, and without what is invisible or turns text round."""
    name = _PATH.split(unicodedata.normalize("NFC", raw))[-1]
    name = "".join(c for c in name if unicodedata.category(c) not in _INVISIBLE)
    name = _SPACES.sub(" ", _FORBIDDEN.sub("_", name)).rstrip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > LONGEST_ENDING:
        return name.lstrip(" .")[:LONGEST_NAME] or "附件"
    return f"{stem.lstrip(' .')[: LONGEST_NAME - len(ending) - 1] or '附件'}.{ending}"


def type_for(name: str, found: str | None) -> str:
    """The type of a file by its content, which its ending must not contradict.

    Args:
        found: what its content tells; None where that is nothing known.

    Raises:
        InvalidInput: it may not come, or is not what it says.
    """
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if found is None or found not in ENDINGS:
        raise InvalidInput(f"不能收这种文件，可以收的是：{ALLOWED}；请换一种格式再传")
    if ending not in ENDINGS[found]:
        raise InvalidInput(f"文件内容和扩展名“{ending[:10]}”对不上，请用原来的格式另存后再传")
    return found


def fetched_type(found: str | None) -> str:
    """The type of a file from a platform, by its content alone: the customer has not chosen what it is called there.

    Raises:
        InvalidInput: it may not come.
    """
    if found is None or found not in FETCHED:
        raise InvalidInput("这种文件不能收")
    return found


def fetched_name(name: str, kind: str, type_: str, at: datetime) -> str:
    """What a file from a platform is called, with the ending of what is in it.

    Args:
        name: as the platform calls it; empty where it does not say.
        kind: what it is there: `image`, `voice`, `video` or `file`.
        at: when it came; a file without a name is called after that.
    """
    endings = FETCHED[type_]
    if not name:
        return f"{FETCHED_WORDS[kind]}-{at.astimezone(SHANGHAI):%H%M%S}.{endings[0]}"
    cleaned = clean_name(name)
    stem, dot, ending = cleaned.rpartition(".")
    if dot and ending.lower() in endings:
        return cleaned
    return clean_name(f"{stem or cleaned}.{endings[0]}")
