"""A customer's file: who it is, what they like, what care they need (G17, A13)."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from bot.domain.errors import InvalidInput

PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}")


class Tier(StrEnum):
    """How much service somebody gets beside what everybody gets (G21)."""

    NORMAL = "normal"
    APPROPRIATE = "appropriate"
    SPECIAL = "special"
    FULL = "full"


@dataclass(frozen=True)
class Customer:
    """Somebody who buys from the company.

    Attributes:
        preferences: what they like, such as when to be called.
        special_care: whether they are old, ill, disabled or a minor (A13).
    """

    id: str
    name: str
    created_at: datetime
    phone: str | None = None
    tier: Tier = Tier.NORMAL
    birthday: date | None = None
    preferences: str = ""
    note: str = ""
    special_care: bool = False
    version: int = 0

    def with_phone(self, phone: str | None) -> "Customer":
        """The customer under this phone.

        Raises:
            InvalidInput: it cannot be a phone.
        """
        if phone and not PHONE.fullmatch(phone):
            raise InvalidInput("电话应是 11 位手机号，或带区号的座机号")
        return replace(self, phone=phone or None)


def hidden_phone(phone: str | None) -> str | None:
    """A phone of which the last four digits are to be seen (E10): 13800138000 → `*******8000`."""
    return phone and "*" * (len(phone) - 4) + phone[-4:]
