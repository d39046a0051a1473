"""One customer in several channels, joined by what only they can show (E10)."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.examples import squeezed

VALID_FOR = timedelta(minutes=10)
DIGITS = 8
MOST_TOGETHER = 8
"""Conversations that may be one customer's."""
WRONG_WITHIN = timedelta(hours=1)
MOST_WRONG = 5
"""Wrong codes that one conversation may try in that time."""
MOST_WRONG_BY_ALL = 500
"""Wrong codes that all together may try: with a hundred codes open, one try in a million hits."""

_BIND = frozenset({"绑定", "绑定微信", "绑定网站", "绑定官网", "绑定公众号", "我要绑定"})
_UNBIND = frozenset(
    {"解绑", "解除绑定", "取消绑定", "解绑微信", "解除微信绑定", "删除绑定信息", "删除我的绑定信息", "删除绑定"}
)
_CODE = re.compile(r"绑定([0-9]{4,12})")
_SIMPLIFIED = str.maketrans("綁網號眾刪", "绑网号众删")


class Wish(StrEnum):
    """What a customer asks for with the words of binding."""

    BIND = "bind"
    TAKE_UP = "take_up"
    UNBIND = "unbind"


@dataclass(frozen=True)
class Command:
    """A wish, and the code that came with it."""

    wish: Wish
    code: str = ""


def command_in(text: str) -> Command | None:
    """What a text asks for, where it is nothing but the words for it: 「绑定 1234 5678」; else None."""
    words = squeezed(text).translate(_SIMPLIFIED)
    if words in _BIND:
        return Command(Wish.BIND)
    if words in _UNBIND:
        return Command(Wish.UNBIND)
    with_code = _CODE.fullmatch(words)
    return Command(Wish.TAKE_UP, with_code[1]) if with_code else None


class Refusal(StrEnum):
    """Why two conversations are not joined; each has its sentence, `binding.` and the name."""

    WRONG = "wrong"
    EXPIRED = "expired"
    USED = "used"
    TOO_OFTEN = "too_often"
    ALREADY = "already"
    FULL = "full"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Offer:
    """A conversation that offers itself to be joined by whoever shows its code, once.

    Attributes:
        code_digest: SHA-256 of the code; the code itself is stored nowhere.
    """

    id: str
    conversation_id: str
    code_digest: str
    expires_at: datetime
    used_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it may still be taken up."""
        return self.used_at is None and now < self.expires_at

    def refusal(self, now: datetime) -> Refusal | None:
        """Why it may not be taken up; None where it may."""
        if self.used_at is not None:
            return Refusal.USED
        return None if now < self.expires_at else Refusal.EXPIRED


def new_code() -> str:
    """A code that a person can read off and type."""
    return "".join(secrets.choice("0123456789") for _ in range(DIGITS))


def new_long_code() -> str:
    """A code that nobody reads, for a link."""
    return secrets.token_urlsafe(24)


def digest(code: str) -> str:
    """What is stored of a code."""
    return hashlib.sha256(b"anfu binding\0" + code.encode()).hexdigest()
