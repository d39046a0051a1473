"""忌语: phrases that no one may say to a customer, each with a better wording (A4)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Forbidden:
    """A phrase, why it hurts, and what to say in its place."""

    phrase: str
    why: str
    better: str


def forbidden_in(text: str, forbidden: Sequence[Forbidden]) -> list[Forbidden]:
    """Every forbidden phrase that the text contains, in the list's order."""
    return [entry for entry in forbidden if entry.phrase in text]


class Concern(StrEnum):
    """What is wrong with a sentence. A `FORBIDDEN` phrase needs a reason to be sent; the others are hints."""

    FORBIDDEN = "forbidden"
    PROMISE = "promise"
    NUMBER = "number"


@dataclass(frozen=True)
class Remark:
    """Something to change before a sentence is sent; `phrase` is what stands in it."""

    concern: Concern
    phrase: str
    why: str
    better: str


_PROMISE = re.compile(
    r"(?:\d+|[一二两三四五六七八九十半]+)\s*(?:个?小时|分钟|天|日|个?工作日)(?:之?内|以内|就)(?!都?可|都?能)[^，。！？\s]{0,6}"
    r"|一定(?!程度)|保证|绝对|百分之?百"
    r"|(?:肯定|马上就|立马|立刻)[能会可]|(?:全额|双倍|十倍)(?:退|赔)[^，。！？\s]{0,4}|赔(?:您|你)?\s*\d+(?:\.\d+)?\s*元"
)
"""Words that bind us to what no policy, deadline or approval may back (A11)."""
_DIGITS = re.compile(r"(?<![\d*])(?:\d[ -]?){14,18}[\dXx](?!\d)")


def remarks_on(text: str, forbidden: Sequence[Forbidden]) -> tuple[Remark, ...]:
    """What to think over before a person's own words go to a customer (A4, A11, E10)."""
    rude = [Remark(Concern.FORBIDDEN, entry.phrase, entry.why, entry.better) for entry in forbidden_in(text, forbidden)]
    return (*rude, *_promises_in(text, [remark.phrase for remark in rude]), *_numbers_in(text))


def _promises_in(text: str, told: Sequence[str]) -> Iterator[Remark]:
    for match in _PROMISE.finditer(text):
        if not any(match[0] in phrase for phrase in told):
            better = "换成工单上答应的时间或已批准的办法；还没定的，说“有结果就告诉您”"
            yield Remark(Concern.PROMISE, match[0], "像是承诺，要有工单时限或审批支持（A11）", better)


def _numbers_in(text: str) -> Iterator[Remark]:
    for match in _DIGITS.finditer(text):
        digits = re.sub(r"[ -]", "", match[0])
        kind = "身份证号" if _is_identity(digits) else "银行卡号" if _is_card(digits) else None
        if kind:
            why = f"像是{kind}，不该出现在聊天里（E10）"
            yield Remark(Concern.NUMBER, match[0], why, f"只留后四位：尾号 {digits[-4:]}")


def _is_card(digits: str) -> bool:
    """Whether the last digit checks the others, as on every bank card."""
    if len(digits) < 15 or not digits.isdigit():
        return False
    doubled = [int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _is_identity(digits: str) -> bool:
    """Whether the last character checks the others, as on every identity card."""
    if len(digits) != 18 or not digits[:17].isdigit():
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=False)) % 11] == digits[-1].upper()
