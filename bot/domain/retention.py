"""How long each kind of data is kept, why, and what becomes of it then (E10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.domain.errors import ContentError

THREE_YEARS = 1095
HALF_A_YEAR = 180


class Then(StrEnum):
    """What becomes of what is kept no longer."""

    DELETE = "delete"
    ANONYMISE = "anonymise"
    KEEP = "keep"


_NAMES = {Then.DELETE: "删除", Then.ANONYMISE: "去掉能认出人的部分", Then.KEEP: "仍留着"}

KINDS: Mapping[str, tuple[Then, int]] = {
    "states": (Then.DELETE, 1),
    "drafts": (Then.DELETE, 1),
    "sign_in_failures": (Then.DELETE, HALF_A_YEAR),
    "sessions": (Then.DELETE, 1),
    "questions": (Then.DELETE, 1),
    "firings": (Then.DELETE, 30),
    "notices": (Then.DELETE, 30),
    "evidence": (Then.ANONYMISE, 30),
    "attachments": (Then.DELETE, 365),
    "messages": (Then.DELETE, 365),
    "conversations": (Then.ANONYMISE, 365),
    "tickets": (Then.ANONYMISE, THREE_YEARS),
    "orders": (Then.ANONYMISE, THREE_YEARS),
    "customers": (Then.DELETE, 365),
    "audit": (Then.KEEP, THREE_YEARS),
}
"""What may become of each kind, beside being kept, and the fewest days that the law or the work leaves."""


@dataclass(frozen=True)
class Period:
    """How long one kind is kept."""

    kind: str
    name: str
    days: int
    then: Then
    basis: str

    @property
    def action_name(self) -> str:
        """What becomes of it, in words."""
        return _NAMES[self.then]


def read_periods(raw: Any) -> Sequence[Period]:
    """The periods out of their file.

    Raises:
        ContentError: one is wrong, too short, or missing.
    """
    periods = []
    for number, one in enumerate(raw if isinstance(raw, list) else (), start=1):
        try:
            period = Period(str(one["kind"]), str(one["name"]), int(one["days"]), Then(one["then"]), str(one["basis"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ContentError(f"retention.yml 第 {number} 条：{error} 缺失或写错，请对照文件开头的说明改正") from error
        then, least = KINDS.get(period.kind, (None, 0))
        if then is None:
            raise ContentError(f"retention.yml：不认识 {period.kind}，可以写 {'、'.join(KINDS)}")
        if period.then not in (then, Then.KEEP):
            raise ContentError(f"retention.yml：{period.kind} 只能写 {then} 或 {Then.KEEP}")
        if period.days < least:
            raise ContentError(f"retention.yml：{period.kind} 至少要保存 {least} 天")
        periods.append(period)
    if missing := set(KINDS) - {period.kind for period in periods}:
        raise ContentError(f"retention.yml：还缺 {'、'.join(sorted(missing))}，不清的写 then: {Then.KEEP}")
    return periods
