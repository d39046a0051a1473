"""Telling customers what we do with personal data, and what they may ask for (E10)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.domain.errors import ContentError
from bot.domain.examples import squeezed
from bot.domain.text import ADDRESS

WORKING_DAYS = 15
"""Within so many a request is answered."""


class Wish(StrEnum):
    """What a person may ask for."""

    COPY = "copy"
    DELETE = "delete"


_WORDS = {
    Wish.COPY: frozenset(
        {
            "我要我的个人信息", "我要个人信息副本", "导出我的个人信息", "导出我的信息", "查看我的个人信息",
            "我要我的信息", "给我一份我的个人信息",
        }
    ),
    Wish.DELETE: frozenset(
        {
            "删除我的信息", "删除我的个人信息", "删除个人信息", "删掉我的信息", "把我的信息删了", "把我的信息删掉",
            "注销我的信息", "撤回同意", "我要撤回同意", "不同意你们用我的信息",
        }
    ),
}  # fmt: skip
_SIMPLIFIED = str.maketrans("刪個導給註銷", "删个导给注销")
_BEFORE = re.compile(r"^(?:请|麻烦|帮我|给我|我想要|我想|我要|申请|要求)+")
_AFTER = re.compile(r"(?:一下|吧|谢谢|[。！!，, ])+$")
"""What people put around a wish without wishing for anything else."""
_PHONE = re.compile(r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")


def wish_in(text: str) -> Wish | None:
    """What a text asks for, where it is nothing but the words for it, politely or not; else None."""
    words = _AFTER.sub("", squeezed(text).translate(_SIMPLIFIED))
    bare = _BEFORE.sub("", words)
    return next((wish for wish, known in _WORDS.items() if words in known or bare in known), None)


def tells_of_a_person(text: str) -> bool:
    """Whether a message brings a phone number or an address."""
    return bool(_PHONE.search(text) or ADDRESS.search(text))


@dataclass(frozen=True)
class Section:
    """A part of the page that tells customers."""

    title: str
    lines: Sequence[str]


@dataclass(frozen=True)
class PrivacyNotice:
    """How the company tells customers; `asks` are the scripts that ask for personal data."""

    version: str
    asks: frozenset[str]
    who: str
    contact: str
    sections: Sequence[Section]


def read_notice(raw: Mapping[str, Any], scripts: Sequence[str]) -> PrivacyNotice:
    """The notice out of its file.

    Raises:
        ContentError: something is missing, or it names a script that there is not.
    """
    try:
        sections = [Section(str(one["title"]), [str(line) for line in one["lines"]]) for one in raw["sections"]]
        notice = PrivacyNotice(
            str(raw["version"]), frozenset(raw["asks"]), str(raw["who"]), str(raw["contact"]), sections
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise ContentError(f"privacy.yml：{error} 缺失或写错，请对照文件里的说明改正") from error
    if unknown := sorted(notice.asks - set(scripts)):
        raise ContentError(f"privacy.yml：asks 里没有这条话术：{'、'.join(unknown)}")
    if not sections:
        raise ContentError("privacy.yml：sections 至少要有一节")
    return notice
